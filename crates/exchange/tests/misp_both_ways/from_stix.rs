//! STIX to MISP to STIX: values, types, marks, times and relations of every object come back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value as Json;
use stix::{ObjectId, Timestamp, Tlp};

use super::data::{pairs, plain, to_misp, to_stix};
use super::limits::{STIX_PROPERTIES, STIX_WHOLE};

fn sets() -> Vec<(String, Vec<Json>)> {
    let all = pairs("stix21->misp").into_iter();
    all.map(|pair| (pair["from"].to_string(), pair["stix"]["objects"].as_array().unwrap().clone())).collect()
}

fn text<'a>(object: &'a Json, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn seconds(object: &Json, name: &str) -> Option<i64> {
    Timestamp::parse(object[name].as_str()?).ok().map(|at| at.seconds())
}

fn micros(object: &Json, name: &str) -> Option<i64> {
    Timestamp::parse(object[name].as_str()?).ok().map(|at| at.micros())
}

/// The TLP that an object is marked with.
fn marks(object: &Json) -> BTreeSet<Tlp> {
    let refs = object["object_marking_refs"].as_array().cloned().unwrap_or_default();
    refs.iter().filter_map(|id| Tlp::of(&ObjectId::parse(id.as_str()?).ok()?)).collect()
}

fn strings(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::String(text) => found.push(text.to_lowercase()),
        Json::Number(number) => found.push(number.to_string()),
        Json::Array(all) => all.iter().for_each(|one| strings(one, found)),
        Json::Object(all) => all.values().for_each(|one| strings(one, found)),
        _ => {}
    }
}

/// What of one object did not come back.
fn lost(before: &Json, after: Option<&Json>, whole: &str) -> Vec<String> {
    let kind = text(before, "type");
    let Some(after) = after else { return vec!["the object".into()] };
    let mut lost = Vec::new();
    let mut same = |name: &str, fine: bool| {
        if !fine {
            lost.push(name.to_owned());
        }
    };
    same("marks", marks(before).is_subset(&marks(after)));
    let labels = |object: &Json| object["labels"].as_array().cloned().unwrap_or_default();
    same("labels", labels(before).iter().all(|label| labels(after).contains(label)));
    let held = |name: &str| {
        text(before, name).is_empty()
            || whole
                .contains(&serde_json::to_string(text(before, name)).unwrap().trim_matches('"').to_owned())
    };
    match kind {
        "indicator" => {
            let parsed = |object: &Json| stix::pattern::parse(text(object, "pattern")).ok();
            let values = |object: &Json| {
                let parsed = parsed(object);
                parsed.map(|pattern| {
                    let all: BTreeSet<String> = pattern
                        .equalities()
                        .iter()
                        .map(|one| one.value.to_lowercase().trim_end_matches('/').to_owned())
                        .collect();
                    all
                })
            };
            same("pattern", parsed(before) == parsed(after) || values(before) == values(after));
            same("valid_from", micros(before, "valid_from") == micros(after, "valid_from"));
            same("valid_until", micros(before, "valid_until") == micros(after, "valid_until"));
            same(
                "modified",
                seconds(before, "modified") == seconds(after, "modified")
                    || seconds(after, "modified") >= seconds(before, "modified"),
            );
            same("name", held("name"));
            same("description", held("description"));
            let types = |object: &Json| object["indicator_types"].as_array().cloned().unwrap_or_default();
            same("indicator_types", types(before).iter().all(|word| types(after).contains(word)));
            same("confidence", before["confidence"].is_null() || before["confidence"] == after["confidence"]);
        }
        "observed-data" => {
            same("first_observed", micros(before, "first_observed") == micros(after, "first_observed"));
            same("last_observed", micros(before, "last_observed") == micros(after, "last_observed"));
        }
        "relationship" => {
            for name in ["relationship_type", "source_ref", "target_ref"] {
                same(name, before[name] == after[name]);
            }
            same("description", held("description"));
        }
        "sighting" => {
            same("sighting_of_ref", before["sighting_of_ref"] == after["sighting_of_ref"]);
            same("last_seen", seconds(before, "last_seen") == seconds(after, "last_seen"));
        }
        "report" | "grouping" => {
            for name in ["name", "description"] {
                same(name, text(before, name).is_empty() || before[name] == after[name]);
            }
            same("published", seconds(before, "published") == seconds(after, "published"));
            same("modified", seconds(before, "modified") == seconds(after, "modified"));
            let urls = |object: &Json| {
                let all = object["external_references"].as_array().cloned().unwrap_or_default();
                all.iter()
                    .map(|one| {
                        (
                            text(one, "source_name").to_owned(),
                            text(one, "url").to_owned(),
                            text(one, "description").to_owned(),
                        )
                    })
                    .collect::<BTreeSet<_>>()
            };
            same("external_references", urls(before).is_subset(&urls(after)));
        }
        "note" | "opinion" => same("content", held("content") && held("explanation")),
        // Everything else is a cluster: every property is the same.
        _ => {
            for (name, value) in before.as_object().unwrap() {
                same(
                    name,
                    *value == after[name] || matches!(name.as_str(), "labels" | "object_marking_refs"),
                );
            }
        }
    }
    lost
}

#[test]
fn every_object_comes_back_with_what_both_formats_can_hold() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut all, mut exceptions, mut listed, mut dangling) = (0, 0, 0, 0);
    for (from, objects) in sets() {
        let raws: Vec<String> = objects.iter().map(Json::to_string).collect();
        let (events, findings) = to_misp(&raws);
        let misp = Json::Array(events.into_iter().map(plain).collect()).to_string();
        let (after, _) = to_stix(&misp);
        let whole = after.join("\n");
        let whole_lower = whole.to_lowercase();
        let by_id: HashMap<String, Json> = after
            .iter()
            .map(|raw| serde_json::from_str::<Json>(raw).unwrap())
            .map(|object| (text(&object, "id").to_owned(), object))
            .collect();
        for object in &objects {
            let (kind, id) = (text(object, "type"), text(object, "id"));
            if matches!(kind, "marking-definition" | "extension-definition") {
                continue;
            }
            // A relation to something that is not there relates nothing.
            let ends = [text(object, "source_ref"), text(object, "target_ref")];
            if kind == "relationship"
                && ends.iter().any(|end| !objects.iter().any(|other| text(other, "id") == *end))
            {
                dangling += 1;
                continue;
            }
            all += 1;
            let mut lost = if stix::id::is_observable(kind) {
                let mut values = Vec::new();
                strings(object, &mut values);
                values.retain(|value| !value.contains("--") && value != kind && value != "2.1");
                values
                    .into_iter()
                    .filter(|value| {
                        !whole_lower
                            .contains(&serde_json::to_string(value).unwrap().trim_matches('"').to_owned())
                    })
                    .map(|value| format!("value {value}"))
                    .collect()
            } else {
                lost(object, by_id.get(id), &whole)
            };
            let before = lost.len();
            lost.retain(|name| {
                !STIX_PROPERTIES.iter().any(|(of, property, _)| *of == kind && name.starts_with(property))
            });
            listed += usize::from(lost.len() < before);
            if !lost.is_empty()
                && STIX_WHOLE
                    .iter()
                    .any(|(file, of, _)| from.contains(file) && (of.is_empty() || id.contains(of)))
            {
                exceptions += 1;
                continue;
            }
            // What could not be held was said so.
            let told = findings.iter().any(|finding| finding.path == id);
            for name in lost {
                println!("{from}: {id}: {name}{}", if told { " (told)" } else { "" });
                *kinds.entry(format!("{kind}.{}", name.split(' ').next().unwrap())).or_default() += 1;
            }
        }
    }
    println!(
        "{all} objects, {exceptions} exceptions, {listed} with properties that are listed, {dangling} relations to nothing"
    );
    assert!(all > 900, "{all} objects are too few to tell");
    assert!(kinds.is_empty(), "lost: {kinds:#?}");
    assert!(exceptions * 100 <= all * 3, "{exceptions} exceptions of {all}");
}

#[test]
fn the_order_of_objects_does_not_show() {
    for (from, objects) in sets() {
        let mut raws: Vec<String> = objects.iter().map(Json::to_string).collect();
        let ids: BTreeSet<&str> = objects.iter().map(|object| text(object, "id")).collect();
        let (before, _) = to_misp(&raws);
        raws.reverse();
        let (after, _) = to_misp(&raws);
        // Of two objects with one id and one date neither is the later.
        assert!(before == after || ids.len() < objects.len(), "{from}");
    }
}
