//! Edits and additions: many at a time come to the same as one by one.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use super::node::{Node, OTHER, OWNER, mixed, uuid};

fn domains(range: std::ops::Range<u32>) -> Vec<Json> {
    range.map(|at| json!({ "uuid": uuid(at), "type": "domain", "value": format!("n{at}.example") })).collect()
}

/// An attribute without what differs by when it was added.
fn timeless(mut attribute: Json) -> Json {
    attribute.as_object_mut().unwrap().remove("timestamp");
    attribute
}

#[test]
fn a_list_of_attributes_is_added_as_one_by_one() {
    let event = json!({ "uuid": uuid(1), "info": "x", "distribution": "1",
        "Attribute": [{ "uuid": uuid(2), "type": "domain", "value": "there.example" }] });
    let (together, apart) = (Node::new(), Node::new());
    together.add(OWNER, &event);
    apart.add(OWNER, &event);
    let mut sent = domains(10..40);
    sent.push(json!({ "type": "domain", "value": "there.example" }));
    let path = format!("/attributes/add/{}", uuid(1));
    let told = together.post(OWNER, &path, &Json::from(sent.clone())).fine();
    let doubled = told["errors"].as_array().unwrap();
    assert_eq!(doubled.len(), 1);
    assert!(doubled[0].as_str().unwrap().starts_with("there.example: "), "{doubled:?}");
    let told: Vec<Json> = told["Attribute"].as_array().unwrap().iter().cloned().map(timeless).collect();
    let mut singly = Vec::new();
    for one in &sent[..30] {
        singly.push(timeless(apart.post(OWNER, &path, one).fine()["Attribute"].take()));
    }
    assert_eq!(told, singly);
    apart.post(OWNER, &path, &sent[30]).refused(403);
    let parts = |node: &Node| {
        let event = node.event(OTHER, &uuid(1));
        event["Attribute"].as_array().unwrap().iter().cloned().map(timeless).collect::<Vec<_>>()
    };
    assert_eq!(parts(&together), parts(&apart));
}

#[test]
fn an_edit_changes_what_was_sent_and_nothing_else() {
    let (node, uuids) = mixed();
    let before = node.event(OWNER, &uuids[1]);
    let mut sent = before.clone();
    sent.as_object_mut().unwrap().remove("timestamp");
    let all = sent["Attribute"].as_array_mut().unwrap();
    // In another order and spelling, with one changed and one new.
    all.reverse();
    for one in all.iter_mut() {
        one["uuid"] = one["uuid"].as_str().unwrap().to_ascii_uppercase().into();
        if one["value"] == "h4.e2.example" {
            one["comment"] = "seen again".into();
            one.as_object_mut().unwrap().remove("timestamp");
        }
    }
    all.push(json!({ "uuid": uuid(290), "type": "domain", "value": "new.example" }));
    let told = node.post(OWNER, &format!("/events/edit/{}", uuids[1]), &sent).fine();
    assert!(told.get("errors").is_none(), "{told}");
    let mut expected = before;
    let parts = |event: &Json| event["Attribute"].as_array().unwrap().clone();
    let after = node.event(OWNER, &uuids[1]);
    let new = parts(&after).into_iter().find(|one| one["uuid"] == uuid(290).as_str()).unwrap();
    assert_eq!(new["value"], "new.example");
    for one in expected["Attribute"].as_array_mut().unwrap() {
        if one["value"] == "h4.e2.example" {
            let now = parts(&after).into_iter().find(|now| now["uuid"] == one["uuid"]).unwrap();
            assert!(now["timestamp"].as_str() > one["timestamp"].as_str());
            one["timestamp"] = now["timestamp"].clone();
            one["comment"] = "seen again".into();
        }
    }
    let by_uuid = |mut all: Vec<Json>| {
        all.sort_by_key(|one| one["uuid"].as_str().unwrap().to_owned());
        all
    };
    let kept: Vec<Json> = parts(&after).into_iter().filter(|one| one["uuid"] != uuid(290).as_str()).collect();
    assert_eq!(by_uuid(kept), by_uuid(parts(&expected)));
    assert_eq!(after["Object"], expected["Object"]);
}

#[test]
fn several_events_are_deleted_at_once() {
    let (node, uuids) = mixed();
    let number = node.event(OWNER, &uuids[2])["id"].clone();
    // The third twice, by UUID and by number; one that is not there.
    let ids = json!({ "id": [uuids[0], uuids[2], number, uuid(9_999)] });
    let told = node.post(OWNER, "/events/delete", &ids).fine();
    assert_eq!(told["message"], "2 of 4 events deleted.");
    let left = node.get(OTHER, "/events/index/minimal:1").fine();
    let left = left.as_array().unwrap().iter().map(|event| event["uuid"].as_str().unwrap());
    // Organisations that no event names any longer stand by themselves.
    let left: Vec<&str> = left.filter(|uuid| uuids.iter().any(|known| known == uuid)).collect();
    assert_eq!(left, [&uuids[1], &uuids[3], &uuids[4]]);
    assert_eq!(node.post(OTHER, "/events/delete", &json!({ "id": [uuids[1], uuids[3]] })).status, 403);
}

#[test]
fn packed_bodies_are_unpacked_up_to_the_limit() {
    let (node, _) = mixed();
    let packed = |body: &[u8]| {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(body).unwrap();
        writer.finish().unwrap()
    };
    let search = json!({ "eventinfo": "Event 1%" });
    let plain = node.search("events", &search).fine();
    let told = node.post_packed(OTHER, "/events/restSearch", packed(search.to_string().as_bytes()));
    assert_eq!(told.fine(), plain);
    assert_eq!(plain["response"].as_array().unwrap().len(), 1);
    let told = node.post_packed(OTHER, "/events/restSearch", packed(&vec![b' '; (1 << 20) + 1]));
    assert_eq!(told.refused(413)["message"], "A request may have 1048576 bytes. Split it.");
    let told = node.post_packed(OTHER, "/events/restSearch", b"{}".to_vec()).refused(400);
    assert!(told["message"].as_str().unwrap().starts_with("The body can't be unpacked: "), "{told}");
}
