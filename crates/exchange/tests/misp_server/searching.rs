//! What is found is the same in every form, and the same as what is found one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::node::{Node, OTHER, REGION, Told, mixed};

/// Everything that the events hold as they are viewed one by one: each attribute with its event and its object.
fn viewed(node: &Node, uuids: &[String]) -> Vec<(Json, Json, Json)> {
    let mut all = Vec::new();
    for uuid in uuids {
        let event = node.event(OTHER, uuid);
        for attribute in event["Attribute"].as_array().unwrap() {
            all.push((event.clone(), attribute.clone(), Json::Null));
        }
        for object in event["Object"].as_array().unwrap() {
            for attribute in object["Attribute"].as_array().unwrap() {
                all.push((event.clone(), attribute.clone(), object.clone()));
            }
        }
    }
    all
}

fn attributes(told: Told) -> Vec<Json> {
    told.fine()["response"]["Attribute"].as_array().unwrap().clone()
}

fn texts(rows: &[Json], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn attributes_are_found_as_they_stand_in_their_events() {
    let (node, uuids) = mixed();
    let found =
        attributes(node.search("attributes", &json!({ "includeContext": true, "withAttachments": true })));
    let viewed = viewed(&node, &uuids);
    assert_eq!((found.len(), viewed.len()), (5 * 14 - 1, 5 * 14 - 1));
    for (row, (event, attribute, _)) in found.iter().zip(&viewed) {
        let mut bare = row.clone();
        let context = bare.as_object_mut().unwrap().remove("Event").unwrap();
        let mut attribute = attribute.clone();
        attribute["event_uuid"] = event["uuid"].clone();
        assert_eq!(bare, attribute);
        for name in ["id", "uuid", "info", "distribution", "date", "timestamp", "published", "Orgc", "Tag"] {
            assert_eq!(context[name], event[name], "{name}");
        }
    }
    // A page is a part of the whole, wherever it begins.
    for (limit, page) in [(1, 1), (5, 2), (20, 3), (50, 2), (50, 3)] {
        let body = json!({ "includeContext": true, "withAttachments": true, "limit": limit, "page": page });
        let told = node.search("attributes", &body);
        assert_eq!(told.headers["x-result-count"], found.len().to_string());
        let part: Vec<Json> = found.iter().skip(limit * (page - 1)).take(limit).cloned().collect();
        assert_eq!(attributes(told), part, "{limit} {page}");
    }
}

#[test]
fn objects_are_found_as_they_stand_in_their_events() {
    let (node, uuids) = mixed();
    let whole: Vec<Json> =
        uuids.iter().flat_map(|uuid| node.event(OTHER, uuid)["Object"].as_array().unwrap().clone()).collect();
    let found = |body: Json| {
        let rows = node.search("objects", &body).fine()["response"].take();
        rows.as_array().unwrap().iter().map(|row| row["Object"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({})), whole);
    assert_eq!(found(json!({ "limit": 3, "page": 2 })), whole[3..6]);
    assert_eq!(found(json!({ "limit": 3, "page": 9 })), Vec::<Json>::new());
}

#[test]
fn what_the_event_must_be_holds_for_its_attributes() {
    let (node, uuids) = mixed();
    let viewed = viewed(&node, &uuids);
    let check = |body: Json, is_meant: &dyn Fn(&Json) -> bool| {
        let found = texts(&attributes(node.search("attributes", &body)), "uuid");
        let meant = viewed.iter().filter(|(event, ..)| is_meant(event));
        let meant: Vec<String> = meant.map(|(_, one, _)| one["uuid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found, meant, "{body}");
        assert!(!meant.is_empty() && meant.len() < viewed.len(), "{body}");
    };
    for distribution in ["1", "2", "3", "4"] {
        check(json!({ "distribution": distribution }), &|event| event["distribution"] == distribution);
    }
    check(json!({ "distribution": ["1", "3"] }), &|event| {
        event["distribution"] == "1" || event["distribution"] == "3"
    });
    check(json!({ "event_tags": "event:3" }), &|event| event["Tag"].to_string().contains("event:3"));
    check(json!({ "org": "CERT 2" }), &|event| event["Orgc"]["name"] == "CERT 2");
    check(json!({ "published": true }), &|event| event["published"] == true);
    check(json!({ "eventid": uuids[3] }), &|event| event["uuid"] == uuids[3].as_str());
    check(json!({ "searchall": "event 3%" }), &|event| {
        event["info"].as_str().unwrap().starts_with("Event 3")
    });
    let all = attributes(node.search("attributes", &json!({ "sharinggroup": REGION.to_string() })));
    assert_eq!(all.len(), viewed.len(), "all stand in this circle");
    // Tags count with those of the event, and what must not be there is looked for in both.
    let found = attributes(node.search("attributes", &json!({ "tags": { "AND": ["event:3", "part:1"] } })));
    assert_eq!(found.len(), 4);
    let found = attributes(node.search("attributes", &json!({ "tags": ["event:3", "!part:1"] })));
    assert_eq!(found.len(), 10);
}

#[test]
fn what_a_table_says_of_an_event_is_what_the_event_says() {
    let (node, uuids) = mixed();
    let viewed = viewed(&node, &uuids);
    let told = node.search("attributes", &json!({ "returnFormat": "csv", "includeContext": true }));
    let mut lines = csv::Reader::from_reader(told.body.as_slice());
    let rows: Vec<BTreeMap<String, String>> = lines.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), viewed.len());
    let names = |tags: &Json| {
        let names: Vec<&str> =
            tags.as_array().into_iter().flatten().map(|tag| tag["name"].as_str().unwrap()).collect();
        names.join(",")
    };
    for (row, (event, attribute, object)) in rows.iter().zip(&viewed) {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        for (column, expected) in [
            ("uuid", text(&attribute["uuid"])),
            ("value", text(&attribute["value"])),
            ("event_id", text(&event["id"])),
            ("object_uuid", text(&object["uuid"])),
            ("attribute_tag", names(&attribute["Tag"])),
            ("event_info", text(&event["info"])),
            ("event_source_org", text(&event["Orgc"]["name"])),
            ("event_distribution", text(&event["distribution"])),
            ("event_threat_level_id", text(&event["threat_level_id"])),
            ("event_date", text(&event["date"])),
        ] {
            assert_eq!(row[column], expected, "{column}");
        }
        let sorted = |names: &str| names.split(',').map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&row["event_tag"]), sorted(&names(&event["Tag"])));
    }
}

/// The objects of a bundle by their ids.
fn objects(bundle: &Json) -> BTreeMap<String, Json> {
    let all = bundle["objects"].as_array().into_iter().flatten();
    all.map(|object| (object["id"].as_str().unwrap().to_owned(), object.clone())).collect()
}

#[test]
fn a_bundle_of_attributes_is_the_bundles_of_each_together() {
    let (node, uuids) = mixed();
    let bundle = |body: Json| node.search("attributes", &body).fine();
    let all = bundle(json!({ "returnFormat": "stix2", "type": "domain" }));
    let mut each = BTreeMap::new();
    let mut ids = BTreeSet::from([all["id"].as_str().unwrap().to_owned()]);
    for attribute in attributes(node.search("attributes", &json!({ "type": "domain" }))) {
        let one = bundle(json!({ "returnFormat": "stix2", "attributeid": attribute["uuid"] }));
        assert!(ids.insert(one["id"].as_str().unwrap().to_owned()), "what differs has ids that differ");
        each.extend(objects(&one));
    }
    // What is not to be looked for is observed data with what was observed.
    assert_eq!(objects(&all).len(), 5 * 8 - 1 + 5 * 4);
    assert_eq!(all["objects"].as_array().unwrap().len(), objects(&all).len(), "each once");
    assert_eq!(objects(&all), each);
    let again = bundle(json!({ "returnFormat": "stix2", "type": "domain" }));
    assert_eq!(again, all);
    let events = node.search("events", &json!({ "returnFormat": "stix2" })).fine();
    assert!(objects(&events).len() > each.len() + uuids.len());
    assert!(each.iter().all(|(id, object)| objects(&events).get(id) == Some(object)));
}

#[test]
fn an_attribute_of_an_object_is_the_object_in_stix() {
    let (node, uuids) = mixed();
    let event = node.event(OTHER, &uuids[0]);
    let object = &event["Object"][0];
    let asked = json!({ "returnFormat": "stix2", "attributeid": object["Attribute"][0]["uuid"] });
    let bundle = objects(&node.search("attributes", &asked).fine());
    let uuid = object["uuid"].as_str().unwrap();
    assert!(!bundle.is_empty() && bundle.keys().all(|id| id.ends_with(uuid)), "{uuid}: {bundle:#?}");
}

/// STIX 2.1, section 2.12: empty lists are prohibited. Section 8: a bundle's objects are optional.
#[test]
fn a_bundle_of_nothing_has_no_list() {
    let (node, _) = mixed();
    for what in ["events", "attributes"] {
        let told = node.search(what, &json!({ "returnFormat": "stix2", "value": "nowhere.example" }));
        assert_eq!(told.headers["x-result-count"], "0");
        let bundle = told.fine();
        let names: Vec<&String> = bundle.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "type"], "{bundle}");
    }
}
