//! MISP to STIX to MISP: every field of every element comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use bongsu_exchange::misp::wire::Event;
use serde_json::{Value as Json, json};
use stix::Severity;

use super::data::{events_in, json, pairs, path, plain, to_misp, to_stix};
use super::limits::MISP_FIELDS;

/// Events of all sets, with where they are from.
fn events() -> Vec<(String, Json)> {
    let mut all = Vec::new();
    let mut files: Vec<PathBuf> = vec![path("events/stalkerware/misp_event.json.gz")];
    for folder in [
        "events/pymisp",
        "events/pymisp/mispevent_testfiles",
        "events/pymisp/mispevent_testfiles/overwrite_file",
        "events/pymisp/reportlab_testfiles",
        "stix-mapping/tests",
    ] {
        files.extend(fs::read_dir(path(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    for file in files.iter().filter(|file| file.to_string_lossy().trim_end_matches(".gz").ends_with(".json"))
    {
        all.extend(events_in(&json(file)).into_iter().map(|event| (file.display().to_string(), event)));
    }
    for pair in pairs("misp->stix21") {
        all.extend(events_in(&pair["misp"]).into_iter().map(|event| (pair["from"].to_string(), event)));
    }
    all.extend(mapped());
    all
}

/// An event for each object and galaxy of the mapping documents.
fn mapped() -> Vec<(String, Json)> {
    let mut all = Vec::new();
    for (file, list) in [
        ("misp_objects_to_stix21", "Object"),
        ("misp_galaxies_to_stix21", "Galaxy"),
        ("misp_custom_attributes_to_stix21", "Attribute"),
    ] {
        let documents = json(&path(&format!("stix-mapping/mapping/{file}.json")));
        for (at, (name, case)) in documents.as_object().unwrap().iter().enumerate() {
            let elements = match &case["MISP"] {
                Json::Array(all) => all.clone(),
                one => vec![one.clone()],
            };
            let uuid = format!("00000000-0000-4000-8000-{at:012}");
            let event = json!({ "uuid": uuid, "info": name, "date": "2020-10-25", "timestamp": "1603642920", "published": false, list: elements });
            all.push((format!("{file}: {name}"), event));
        }
    }
    all
}

/// Whether a value says nothing.
fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(all) => all.is_empty(),
        Json::Object(all) => all.values().all(is_nothing),
        Json::Number(_) | Json::Bool(true) => false,
    }
}

/// The element of `all` that `one` should have come back as: the very same, the same content, or the same UUID.
fn counterpart<'a>(one: &Json, all: &'a [Json], taken: &[String]) -> Option<&'a Json> {
    let deleted = one["deleted"] == json!(true);
    let alike = |names: &[&str], other: &Json| {
        let names = || names.iter().filter(|name| !is_nothing(&one[**name]));
        names().count() > 0 && names().all(|name| other[*name] == one[*name] || deleted && *name == "value")
    };
    let found = |names: &[&str]| all.iter().find(|other| alike(names, other));
    all.iter()
        .find(|other| *other == one)
        .or_else(|| {
            found(&["uuid", "type", "value", "name", "object_relation", "comment"])
                .filter(|_| !one["uuid"].is_null())
        })
        .or_else(|| found(&["uuid"]).filter(|_| !taken.contains(&one["uuid"].to_string())))
        .or_else(|| found(&["type", "value", "name", "object_relation", "comment", "date_sighting"]))
}

/// Collects, under the field's path without places, what of `before` is not in `after`.
fn compare(before: &Json, after: &Json, path: &str, taken: &[String], lost: &mut Vec<String>) {
    match (before, after) {
        (Json::Object(before), _) => {
            let deleted = before.get("deleted") == Some(&json!(true));
            for (name, value) in before.iter().filter(|(_, value)| !is_nothing(value)) {
                let listed = MISP_FIELDS.iter().any(|(field, why)| {
                    field == name
                        && (!matches!(*field, "value" | "comment" | "Tag")
                            || deleted && why.contains("deleted"))
                });
                // What is no UUID, or stands on two elements, can't be an object's id in STIX.
                let is_new =
                    name == "uuid" && path.starts_with("Event.") && taken.contains(&value.to_string());
                if !listed && !is_new {
                    compare(value, &after[name], &format!("{path}.{name}"), taken, lost);
                }
            }
        }
        (Json::Array(before), Json::Array(after)) => {
            for one in before {
                match one {
                    Json::Object(_) => match counterpart(one, after, taken) {
                        Some(other) => compare(one, other, path, taken, lost),
                        None => lost.push(format!("{path}: {one}")),
                    },
                    other if after.contains(other) => {}
                    other => lost.push(format!("{path}: {other}")),
                }
            }
        }
        _ if before == after => {}
        _ => lost.push(format!("{path}: {before} is {after}")),
    }
}

/// UUIDs of elements that are none, or that several elements have.
fn unusable(event: &Json) -> Vec<String> {
    let list = |json: &Json, name: &str| json[name].as_array().cloned().unwrap_or_default();
    let objects = list(event, "Object");
    let mut all: Vec<Json> = list(event, "Attribute");
    all.extend(objects.iter().flat_map(|object| list(object, "Attribute")));
    all.extend(objects);
    let uuids: Vec<String> = all.iter().map(|one| one["uuid"].to_string()).collect();
    let is_uuid = |text: &str| text.len() == 38 && text.matches('-').count() == 4;
    let many = |text: &&String| !is_uuid(text) || uuids.iter().filter(|other| other == text).count() > 1;
    uuids.iter().filter(many).cloned().collect()
}

fn count(event: &Json, name: &str) -> usize {
    event[name].as_array().map_or(0, Vec::len)
}

#[test]
fn every_event_comes_back_as_it_was() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = 0;
    for (from, event) in events() {
        let wire: Event = serde_json::from_value(event.clone()).unwrap();
        let before = plain(wire);
        let (stix, _) = to_stix(&event.to_string());
        let (after, _) = to_misp(&stix);
        assert_eq!(after.len(), 1, "{from}: one event is one event");
        let after = plain(after.into_iter().next().unwrap());
        let mut lost = Vec::new();
        compare(&before, &after, "Event", &unusable(&before), &mut lost);
        for list in ["Attribute", "Object", "Galaxy", "Tag", "EventReport"] {
            if count(&before, list) != count(&after, list) {
                lost.push(format!("{list}: {} are {}", count(&before, list), count(&after, list)));
            }
        }
        all += 1;
        for one in &lost {
            println!("{from}: {}", one.chars().take(300).collect::<String>());
            *kinds.entry(one.split(':').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    println!("{all} events");
    assert!(all > 100, "{all} events are too few to tell");
    assert!(kinds.is_empty(), "lost: {kinds:#?}");
}

/// The MUSTs that objects break, each once.
fn errors(made: &[String]) -> Vec<String> {
    let mut errors = BTreeSet::new();
    for raw in made {
        stix::validate(raw, &mut |finding| {
            if finding.severity == Severity::Error {
                errors.insert(finding.to_string());
            }
        });
    }
    errors.into_iter().collect()
}

/// A member whose intake refuses what breaks STIX lost the reports of its own events: MISP writes nulls and empty lists.
#[test]
fn no_event_becomes_what_breaks_a_must() {
    let mut broken = Vec::new();
    for (from, event) in events() {
        let (made, _) = to_stix(&event.to_string());
        broken.extend(errors(&made).into_iter().map(|error| format!("{from}: {error}")));
    }
    assert!(broken.is_empty(), "{} errors:\n{}", broken.len(), broken.join("\n"));
}

/// Values of types that misp-stix turns into what STIX does not allow: headers as single values, locations without a
/// scheme, ids that the CVE programme never gives, lists without elements.
#[test]
fn nothing_that_is_made_breaks_a_must() {
    let attributes: Vec<Json> = [
        ("email-reply-to", "answer@evil-k3.top"),
        ("email-x-mailer", "Mutt/1.5.23"),
        ("uri", "/a/b?c=1"),
        ("url", "evil-k3.top/a"),
        ("url", "ftp://evil-k3.top/a"),
        ("vulnerability", "CVE-2022-000012"),
        ("vulnerability", "cve-2021-44228"),
        ("domain|ip", "evil-k3.top|45.114.129.7"),
        ("malware-sample", "it's.exe|d41d8cd98f00b204e9800998ecf8427e"),
    ]
    .into_iter()
    .flat_map(|(kind, value)| [(kind, value, true), (kind, value, false)])
    .enumerate()
    .map(|(at, (kind, value, to_ids))| {
        let uuid = format!("c0a80101-0000-4000-8000-1000000000{at:02}");
        json!({"uuid": uuid, "type": kind, "category": "Other", "value": value, "to_ids": to_ids})
    })
    .collect();
    let event = json!({"info": "All", "date": "2026-01-02", "uuid": "c0a80101-0000-4000-8000-000000000001",
                       "Attribute": attributes, "Object": [{"name": "x", "Attribute": []}]});
    let (made, _) = to_stix(&event.to_string());
    assert_eq!(errors(&made), Vec::<String>::new());
    let (events, _) = to_misp(&made);
    assert_eq!(events[0].attributes.all.len(), attributes.len());
    // What another's tool made has its values too: a list of headers is as many attributes.
    let mail = json!({"type": "email-message", "spec_version": "2.1", "is_multipart": false,
        "id": "email-message--c0a80101-0000-4000-8000-000000000002",
        "additional_header_fields": {"X-Mailer": ["Mutt", "Pine"]}});
    let seen = json!({"type": "observed-data", "spec_version": "2.1", "number_observed": 1,
        "id": "observed-data--c0a80101-0000-4000-8000-000000000003", "object_refs": [mail["id"]],
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z"});
    let (events, findings) = to_misp(&[mail.to_string(), seen.to_string()]);
    let text = serde_json::to_string(&events).unwrap();
    assert!(text.contains("\"Mutt\"") && text.contains("\"Pine\""), "{text}: {findings:?}");
}
