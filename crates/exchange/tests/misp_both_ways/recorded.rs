//! What is kept, against what the MISP project's converter recorded: values, types, labels, marks, times, relations. Not
//! the shape, which is a matter of choice, and not the ids that the converter makes up.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use stix::{ObjectId, Timestamp, Tlp};

use super::data::{events_in, json as read_json, pairs, path, plain, to_misp, to_stix};
use super::limits::RECORDED;

fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_default()
}

fn uuid_of(id: &str) -> &str {
    id.split_once("--").map_or(id, |(_, uuid)| uuid)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(&text.to_lowercase()).unwrap().trim_matches('"').to_owned()
}

/// Whether a text is somewhere in `whole`; a date in whatever form it is written.
fn is_in(whole: &str, wanted: &str) -> bool {
    let date = wanted.get(..19).filter(|_| {
        let rest = wanted.get(4..).unwrap_or_default();
        rest.starts_with('-') && wanted.matches(':').count() >= 2
    });
    match date {
        Some(date) => {
            whole.contains(&date.to_lowercase().replace(' ', "t"))
                || whole.contains(&date.to_lowercase().replace('T', " "))
        }
        None => whole.contains(&quoted(wanted)),
    }
}

/// Every scalar in an observable but its ids.
fn values(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::String(text) if !text.contains("--") => {
            found.insert(text.clone());
        }
        Json::Array(all) => all.iter().for_each(|one| values(one, found)),
        Json::Object(all) => {
            for (name, one) in all {
                let is_set = [
                    "type",
                    "spec_version",
                    "mime_type",
                    "encryption_algorithm",
                    "decryption_key",
                    "protocols",
                    "content_disposition",
                ];
                if !is_set.contains(&name.as_str()) {
                    values(one, found);
                }
            }
        }
        _ => {}
    }
}

fn marks(object: &Json) -> BTreeSet<Tlp> {
    list(object, "object_marking_refs")
        .iter()
        .filter_map(|id| Tlp::of(&ObjectId::parse(id.as_str()?).ok()?))
        .collect()
}

fn seconds(object: &Json, name: &str) -> Option<i64> {
    Timestamp::parse(object[name].as_str()?).ok().map(|at| at.seconds())
}

/// What of the recorded objects ours don't keep.
fn unkept(recorded: &[Json], ours: &[Json], misp: &Json) -> Vec<String> {
    let whole = Json::from(ours.to_vec()).to_string().to_lowercase();
    let mut lost = Vec::new();
    let dated = misp.to_string();
    for object in recorded {
        let (kind, id) = (text(object, "type"), text(object, "id"));
        let mut wanted = BTreeSet::new();
        if stix::id::is_observable(kind) {
            values(object, &mut wanted);
        }
        if let Ok(pattern) = stix::pattern::parse(text(object, "pattern")) {
            let own = |value: &&str| {
                ![
                    "ipv4-addr",
                    "ipv6-addr",
                    "domain-name",
                    "tcp",
                    "application/zip",
                    "infected",
                    "mime-type-indicated",
                ]
                .contains(value)
            };
            wanted.extend(pattern.equalities().iter().map(|one| one.value).filter(own).map(str::to_owned));
        }
        for name in ["x_misp_value", "x_misp_comment", "description", "name"] {
            wanted.extend(object[name].as_str().map(str::to_owned));
        }
        let own = |label: &str| !label.starts_with("misp:") && label != "Threat-Report";
        let labels = list(object, "labels").iter().filter_map(Json::as_str).filter(|label| own(label));
        wanted.extend(labels.map(str::to_owned));
        for value in wanted {
            if !is_in(&whole, &value) {
                lost.push(format!("{kind} value {id} {value}"));
            }
        }
        if kind == "relationship" && text(object, "relationship_type") != "based-on" {
            let ends = (uuid_of(text(object, "source_ref")), uuid_of(text(object, "target_ref")));
            let related = ours.iter().any(|one| {
                text(one, "source_ref").ends_with(ends.0) && text(one, "target_ref").ends_with(ends.1)
                    || text(one, "id").ends_with(ends.0) && one.to_string().contains(ends.1)
            });
            if !related {
                lost.push(format!("relation {id} {ends:?}"));
            }
        }
        let Some(own) = ours.iter().find(|own| text(own, "id") == id) else { continue };
        if !marks(object).is_subset(&marks(own)) && marks(object).iter().max() != marks(own).iter().max() {
            lost.push(format!("marks {id}"));
        }
        // Without a timestamp the converter takes the clock's; with one before the event's date, that date is ours.
        let at = |name| (seconds(object, name), seconds(own, name));
        let (theirs, mine) = at("modified");
        let is_given = theirs.is_some_and(|at| dated.contains(&at.to_string()));
        // An object is as new as the newest attribute in it: readers who have it would not take it again otherwise.
        let is_newer = mine > theirs && mine.is_some_and(|at| dated.contains(&at.to_string()));
        if is_given && theirs != mine && mine != seconds(own, "created") && !is_newer {
            lost.push(format!("modified {id} {theirs:?} {mine:?}"));
        }
        let (theirs, mine) = at("first_observed");
        if list(misp, "Attribute").iter().any(|one| !text(one, "first_seen").is_empty())
            && theirs.is_some()
            && theirs != mine
        {
            lost.push(format!("first_observed {id} {theirs:?} {mine:?}"));
        }
    }
    lost
}

/// Cases of one direction: what goes in, and what was recorded.
fn from_misp() -> Vec<(String, Json, Vec<Json>)> {
    let mut all: Vec<(String, Json, Vec<Json>)> = pairs("misp->stix21")
        .iter()
        .map(|pair| {
            (text(pair, "from").to_owned(), pair["misp"].clone(), list(&pair["stix"], "objects").to_vec())
        })
        .collect();
    for (file, element) in [("misp_objects_to_stix21", "Object"), ("misp_galaxies_to_stix21", "Galaxy")] {
        for (name, case) in
            read_json(&path(&format!("stix-mapping/mapping/{file}.json"))).as_object().unwrap()
        {
            let many = |json: &Json| json.as_array().cloned().unwrap_or_else(|| vec![json.clone()]);
            let event = json!({ "uuid": "00000000-0000-4000-8000-000000000000", "info": name, "date": "2020-10-25", "timestamp": "1603642920", element: many(&case["MISP"]) });
            all.push((name.clone(), event, many(&case["STIX"])));
        }
    }
    for part in ["events", "attributes", "objects"] {
        for at in 1..=2 {
            let file = path(&format!("stix-mapping/tests/test_{part}_collection_{at}.json"));
            let expected = path(&format!("stix-mapping/tests/test_event{at}_stix21.json"));
            let recorded =
                if part == "events" { list(&read_json(&expected), "objects").to_vec() } else { Vec::new() };
            all.push((format!("{part} {at}"), read_json(&file), recorded));
        }
    }
    all
}

#[test]
fn misp_becomes_what_the_projects_converter_keeps() {
    let (mut objects, mut exceptions, mut failed) = (0, 0, Vec::new());
    for (from, misp, recorded) in from_misp() {
        let (stix, _) = to_stix(&misp.to_string());
        let ours: Vec<Json> = stix.iter().map(|raw| serde_json::from_str(raw).unwrap()).collect();
        assert!(!ours.is_empty(), "{from}");
        objects += recorded.len();
        let event = events_in(&misp).into_iter().next().unwrap_or_default();
        for lost in unkept(&recorded, &ours, &event) {
            match RECORDED.iter().find(|(file, what, _)| from.contains(file) && lost.contains(what)) {
                Some(_) => exceptions += 1,
                None => failed.push(format!("{from}: {}", lost.chars().take(240).collect::<String>())),
            }
        }
    }
    println!("{objects} objects, {exceptions} exceptions");
    assert!(objects > 1_000, "{objects} objects are too few to tell");
    assert!(failed.is_empty(), "{} lost:\n{}", failed.len(), failed.join("\n"));
    assert!(exceptions * 100 <= objects * 3, "{exceptions} exceptions of {objects}");
}

/// The attributes of an event, in objects too.
fn attributes(event: &Json) -> Vec<&Json> {
    let of_objects = list(event, "Object").iter().flat_map(|object| list(object, "Attribute"));
    list(event, "Attribute").iter().chain(of_objects).collect()
}

fn tags(json: &Json) -> BTreeSet<String> {
    list(json, "Tag")
        .iter()
        .map(|tag| text(tag, "name").to_lowercase().replace("tlp:white", "tlp:clear"))
        .collect()
}

#[test]
fn stix_becomes_what_the_projects_converter_keeps() {
    let (mut all, mut exceptions, mut failed) = (0, 0, Vec::new());
    for pair in pairs("stix21->misp") {
        let from = text(&pair, "from");
        let raws: Vec<String> = list(&pair["stix"], "objects").iter().map(Json::to_string).collect();
        let ours: Vec<Json> = to_misp(&raws).0.into_iter().map(plain).collect();
        let whole = Json::from(ours.clone()).to_string().to_lowercase();
        let mine: Vec<&Json> = ours.iter().flat_map(attributes).collect();
        let mut fail = |what: String| match RECORDED
            .iter()
            .find(|(file, part, _)| from.contains(file) && what.contains(part))
        {
            Some(_) => exceptions += 1,
            None => failed.push(format!("{from}: {}", what.chars().take(240).collect::<String>())),
        };
        for event in events_in(&pair["misp"]) {
            for theirs in attributes(&event) {
                all += 1;
                let value = text(theirs, "value");
                let same: Vec<&&Json> =
                    mine.iter().filter(|own| text(own, "value").eq_ignore_ascii_case(value)).collect();
                if same.is_empty() && !whole.contains(&quoted(value)) {
                    fail(format!("{} {value}", text(theirs, "type")));
                }
                let sought = theirs["to_ids"] == true;
                let fits = |own: &&&Json| {
                    text(own, "type") == text(theirs, "type") && (own["to_ids"] == true) == sought
                };
                if !same.is_empty() && sought && !same.iter().any(fits) {
                    fail(format!("type of {value}: {}", text(theirs, "type")));
                }
                let held = ours
                    .iter()
                    .map(tags)
                    .chain(same.iter().map(|own| tags(own)))
                    .flatten()
                    .collect::<BTreeSet<_>>();
                if sought && !same.is_empty() && !tags(theirs).is_subset(&held) {
                    fail(format!("tags of {value}: {:?}", tags(theirs)));
                }
                let seen = text(theirs, "first_seen");
                if sought && !seen.is_empty() && !is_in(&whole, seen) {
                    fail(format!("first_seen of {value}: {seen}"));
                }
            }
            for galaxy in list(&event, "Galaxy") {
                for cluster in list(galaxy, "GalaxyCluster") {
                    all += 1;
                    if !whole.contains(&quoted(text(cluster, "value"))) {
                        fail(format!("cluster {}", text(cluster, "value")));
                    }
                }
            }
        }
    }
    println!("{all} elements, {exceptions} exceptions");
    assert!(all > 700, "{all} elements are too few to tell");
    assert!(failed.is_empty(), "{} lost:\n{}", failed.len(), failed.join("\n"));
    assert!(exceptions * 100 <= all * 3, "{exceptions} exceptions of {all}");
}
