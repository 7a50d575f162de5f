//! What others say of an event stays theirs, and what can't be taken is told with its reason.

use serde_json::{Value as Json, json};

use super::node::{Node, OTHER, OWNER, uuid};

/// An event with an attribute, one that STIX has no type for, and an object.
fn node() -> Node {
    let node = Node::new();
    node.add(
        OWNER,
        &json!({ "uuid": uuid(1), "info": "Paper Lantern", "distribution": "1", "Attribute": [
            { "uuid": uuid(2), "type": "domain", "value": "evil.example", "to_ids": true },
            { "uuid": uuid(3), "type": "comment", "value": "said in a call" },
            { "uuid": uuid(4), "type": "ip-dst", "value": "198.51.100.7", "to_ids": true }],
            "Object": [{ "uuid": uuid(5), "name": "file", "meta-category": "file", "Attribute": [
                { "uuid": uuid(6), "type": "md5", "object_relation": "md5", "value": "0f".repeat(16), "to_ids": true }] }] }),
    );
    node
}

fn note(number: u32, about: u32, kind: &str, text: &str) -> Json {
    json!({ "Note": { "uuid": uuid(number), "object_uuid": uuid(about), "object_type": kind, "note": text,
        "authors": "them", "created": "2026-09-20 10:00:00", "modified": "2026-09-20 10:00:00", "distribution": "1" } })
}

/// The parts of MISP that the event's objects carry, as one text.
fn carried(node: &Node) -> String {
    let bundle = node.search("events", &json!({ "returnFormat": "stix2", "uuid": uuid(1) })).fine();
    let objects = bundle["objects"].as_array().unwrap();
    let parts = objects.iter().flat_map(|object| {
        ["x_misp_attribute", "x_misp_object", "x_misp_event"].map(|name| object[name].to_string())
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// How often an event says something.
fn times(event: &Json, said: &str) -> usize {
    event.to_string().matches(&format!("\"uuid\":\"{said}\"")).count()
}

#[test]
fn an_edit_leaves_what_others_said_to_them() {
    let node = node();
    let see = |member, number: u32, kind: &str, of: u32| {
        let sighting = json!({ "uuid": uuid(number), "type": kind, "source": "sensor" });
        node.post(member, &format!("/sightings/add/{}", uuid(of)), &sighting).fine()
    };
    see(OTHER, 21, "0", 2);
    see(OTHER, 22, "1", 2);
    see(OTHER, 23, "0", 6);
    see(OWNER, 31, "0", 2);
    for (number, about, kind) in [(24, 1, "Event"), (25, 2, "Attribute"), (26, 5, "Object")] {
        node.post(OTHER, "/analyst_data/pushAnalystData", &note(number, about, kind, "theirs")).fine();
    }
    node.post(OWNER, "/analyst_data/pushAnalystData", &note(32, 2, "Attribute", "the owner's")).fine();
    let theirs: Vec<String> = (21..=26).map(uuid).collect();
    let all: Vec<String> = theirs.iter().cloned().chain([uuid(31), uuid(32)]).collect();
    let seen = node.event(OWNER, &uuid(1));
    assert!(all.iter().all(|said| times(&seen, said) == 1), "{seen}");

    // The owner sends back all that it sees, with changes of its own in everything.
    let mut sent = seen;
    sent["info"] = "Paper Lantern, second wave".into();
    for list in ["/Attribute", "/Object", "/Object/0/Attribute"] {
        for one in sent.pointer_mut(list).unwrap().as_array_mut().unwrap() {
            one["comment"] = "changed".into();
            one.as_object_mut().unwrap().remove("timestamp");
        }
    }
    sent.as_object_mut().unwrap().remove("timestamp");
    let told = node.post(OWNER, &format!("/events/edit/{}", uuid(1)), &sent).fine();
    assert!(told.get("errors").is_none(), "{told}");
    let after = node.event(OTHER, &uuid(1));
    assert_eq!(after.to_string().matches("\"comment\":\"changed\"").count(), 5, "{after}");
    for said in &all {
        assert_eq!(times(&after, said), 1, "{said} in {after}");
    }
    let carried = carried(&node);
    for said in &theirs {
        assert!(!carried.contains(said), "{said} in {carried}");
    }
    assert!(carried.contains(&uuid(31)) && carried.contains(&uuid(32)), "{carried}");

    // So it goes when the one who said it takes it back.
    node.post(OTHER, &format!("/sightings/delete/{}", uuid(21)), &Json::Null).fine();
    let after = node.event(OWNER, &uuid(1));
    let left: Vec<&String> = all.iter().filter(|said| times(&after, said) == 1).collect();
    assert_eq!(left, all[1..].iter().collect::<Vec<_>>(), "{after}");
}

#[test]
fn what_another_said_is_not_changed_by_an_edit() {
    let node = node();
    node.post(OTHER, "/analyst_data/pushAnalystData", &note(25, 2, "Attribute", "as they said it")).fine();
    let mut note = note(25, 2, "Attribute", "as the owner would have it");
    let sent =
        json!({ "info": "changed", "Attribute": [{ "uuid": uuid(2), "Note": [note["Note"].take()] }] });
    let told = node.post(OWNER, &format!("/events/edit/{}", uuid(1)), &sent).fine();
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = errors[0].as_str().unwrap();
    assert!(
        error.contains(&format!("Note {}", uuid(25))) && error.contains("another member said it"),
        "{error}"
    );
    let event = node.event(OTHER, &uuid(1));
    assert_eq!(event["info"], "changed");
    assert!(event.to_string().contains("as they said it"), "{event}");
    assert!(!event.to_string().contains("as the owner would have it"), "{event}");
}

#[test]
fn a_sighting_that_can_not_be_kept_is_refused_with_the_reason() {
    let node = node();
    let refused = |body: Json| {
        let told = node.post(OTHER, "/sightings/add", &body).refused(403);
        assert_eq!(told["saved"], false);
        let message = told["message"].as_str().unwrap().to_owned();
        let reason = message.strip_prefix("Could not add the Sighting. Reason: ").unwrap();
        assert_eq!(told["errors"], json!([reason]));
        reason.to_owned()
    };
    assert_eq!(
        refused(json!({ "value": "said in a call" })),
        "Sightings are kept in STIX, where an attribute of the type comment is nothing that can be sighted."
    );
    assert_eq!(refused(json!({ "value": "nowhere.example" })), "No valid attributes found.");
    assert!(refused(json!({ "value": "evil.example", "type": "2" })).contains("none of the type 2"));
    // Of several values those are taken that can be.
    let several = json!({ "values": ["said in a call", "evil.example", "198.51.100.7"], "uuid": uuid(21) });
    let told = node.post(OTHER, "/sightings/add", &several).fine();
    assert_eq!(told["Sighting"]["attribute_uuid"], uuid(4));
    let event = node.event(OWNER, &uuid(1));
    let counts: Vec<usize> = event["Attribute"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["Sighting"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(counts, [1, 1, 0], "{event}");
    let known = event["Attribute"][0]["Sighting"][0]["uuid"].as_str().unwrap();
    let again = json!({ "value": "evil.example", "uuid": known });
    assert_eq!(refused(again), format!("A sighting with the UUID {known} is there already."));
}

#[test]
fn a_tag_that_names_another_circle_is_told_and_not_followed() {
    let node = node();
    let edit = |tag: &str| {
        let sent = json!({ "info": format!("with {tag}"), "Tag": [{ "name": tag }] });
        let told = node.post(OWNER, &format!("/events/edit/{}", uuid(1)), &sent).fine();
        assert_eq!(told["Event"]["info"], format!("with {tag}"), "the rest is taken");
        assert!(!told["Event"]["Tag"].to_string().contains("bongsu:circle"), "{told}");
        told["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(edit("bongsu:circle=\"region\""), Vec::<String>::new());
    let elsewhere = edit("bongsu:circle=\"coast\"");
    assert_eq!(elsewhere.len(), 1);
    assert!(elsewhere[0].contains("an event stays in the circle that it is in"), "{elsewhere:?}");
    let nowhere = edit("bongsu:circle=\"nowhere\"");
    assert_eq!(nowhere, [elsewhere[0].replace("coast", "nowhere")], "absent and another are one answer");
    let tag = json!({ "uuid": uuid(1), "tag": "bongsu:circle=\"coast\"" });
    let told = node.post(OWNER, "/tags/attachTagToObject", &tag).refused(403);
    assert!(told["message"].as_str().unwrap().contains("in its circle already"), "{told}");
}
