//! What an event holds for fewer than itself: it goes out under its own mark, and nothing that goes further tells of it.

use serde_json::{Value as Json, json};
use stix::Tlp;

use super::data::{plain, to_misp, to_stix};

/// Stands in everything that only some may see.
const SECRET: &str = "canary-7";

fn uuid(number: u32) -> String {
    format!("5f3e7f7c-1c5c-4d8b-9a53-{number:012}")
}

/// An attribute of all, with what an analyst says about it alone and to all.
fn attribute(number: u32) -> Json {
    json!({"uuid": uuid(number), "type": "domain", "category": "Network activity", "to_ids": true,
    "value": format!("evil-{number}.top"), "timestamp": "1780000000",
    "Note": [
        {"uuid": uuid(number + 1), "note": SECRET, "distribution": "0", "created": "2026-05-01 10:00:00",
         "modified": "2026-05-01 10:00:00"},
        {"uuid": uuid(number + 2), "note": "known to all", "distribution": "1",
         "created": "2026-05-01 10:00:00", "modified": "2026-05-01 10:00:00",
         "Note": [{"uuid": uuid(number + 3), "note": SECRET, "distribution": "0"}]},
    ]})
}

fn deleted(number: u32, more: &Json) -> Json {
    let mut attribute = json!({"uuid": uuid(number), "type": "domain", "category": "Network activity", "to_ids": true,
        "value": "gone.top", "timestamp": "1780000000", "deleted": true});
    attribute.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    attribute
}

fn event() -> Json {
    let red = json!([{"name": "tlp:red"}]);
    let mut tagged = attribute(20);
    tagged["Tag"] =
        json!([{"name": SECRET, "local": true}, {"name": SECRET, "exportable": false}, {"name": "seen"}]);
    json!({"uuid": uuid(1), "info": "Paper Lantern", "date": "2026-05-01", "timestamp": "1780000000",
        "published": true, "distribution": "1",
        "Tag": [{"name": "tlp:green"}, {"name": SECRET, "local": true},
                {"name": format!("misp-galaxy:threat-actor=\"{SECRET}\"")}],
        "Attribute": [attribute(10), tagged, deleted(30, &json!({"Tag": red.clone()})),
                      deleted(31, &json!({"distribution": "0"})), deleted(32, &json!({}))],
        "Object": [
            {"uuid": uuid(40), "name": "file", "meta-category": "file", "deleted": true, "distribution": "0",
             "timestamp": "1780000000", "comment": SECRET, "Attribute": [deleted(41, &json!({}))]},
            {"uuid": uuid(42), "name": "file", "meta-category": "file", "timestamp": "1780000000",
             "Attribute": [
                {"uuid": uuid(43), "type": "md5", "object_relation": "md5", "to_ids": true, "timestamp": "1780000000",
                 "value": "d41d8cd98f00b204e9800998ecf8427e", "category": "Payload delivery"},
                deleted(44, &json!({"Tag": red.clone(), "object_relation": "filename", "type": "filename"}))],
             "Opinion": [{"uuid": uuid(45), "opinion": "10", "comment": SECRET, "distribution": "0",
                          "created": "2026-05-01 10:00:00", "modified": "2026-05-01 10:00:00"}]}],
        "EventReport": [
            {"uuid": uuid(50), "name": SECRET, "content": SECRET, "distribution": "0", "timestamp": "1780000000"},
            {"uuid": uuid(51), "name": SECRET, "content": SECRET, "Tag": red, "timestamp": "1780000000"},
            {"uuid": uuid(52), "name": "gone", "content": SECRET, "deleted": true, "timestamp": "1780000000"},
            {"uuid": uuid(53), "name": "for all", "content": "what happened", "timestamp": "1780000000"}],
        "Relationship": [{"uuid": uuid(60), "relationship_type": SECRET, "related_object_uuid": uuid(10),
                          "related_object_type": "Attribute", "distribution": "0"}],
        "Galaxy": [{"type": "threat-actor", "uuid": uuid(70), "GalaxyCluster": [
            {"uuid": uuid(71), "type": "threat-actor", "value": SECRET, "distribution": "0",
             "description": SECRET, "tag_name": format!("misp-galaxy:threat-actor=\"{SECRET}\"")}]}],
    })
}

/// What is made of an event, and of that what is not marked TLP:RED.
fn made(event: &Json) -> (Vec<String>, Vec<String>) {
    let (made, _) = to_stix(&event.to_string());
    let red = Tlp::Red.definition_id().to_string();
    let open = made.iter().filter(|raw| !raw.contains(&red)).cloned().collect();
    (made, open)
}

/// Neither what only some may see nor that there was something.
fn assert_tells_nothing(open: &[String]) {
    assert!(open.len() >= 6, "{open:#?}");
    for raw in open {
        assert!(!raw.contains(SECRET), "{raw}");
        for number in [30, 31, 40, 41, 44, 50, 51] {
            assert!(!raw.contains(&uuid(number)), "{number}: {raw}");
        }
    }
}

#[test]
fn nothing_tells_more_than_its_mark_lets_it() {
    let (_, open) = made(&event());
    assert_tells_nothing(&open);
    // What all may know is there: a deleted attribute, a report, a note, and that a report was deleted.
    let whole = open.concat();
    for said in [uuid(32).as_str(), "what happened", "known to all", uuid(52).as_str(), "\"seen\""] {
        assert!(whole.contains(said), "{said}");
    }
}

#[test]
fn who_may_see_it_gets_it_back_in_its_place_and_can_edit_the_event() {
    let (events, _) = to_misp(&made(&event()).0);
    let event = plain(events.into_iter().next().unwrap());
    let reports = event["EventReport"].as_array().unwrap();
    let secret: Vec<&Json> = reports.iter().filter(|report| report["content"] == SECRET).collect();
    assert_eq!(secret.len(), 2, "{reports:#?}");
    assert!(secret.iter().all(|report| report["Tag"][0]["name"] == "tlp:red"), "{secret:#?}");
    let notes =
        event["Attribute"].as_array().unwrap().iter().filter_map(|one| one["Note"].as_array()).flatten();
    let notes: Vec<&Json> = notes.filter(|note| note["note"] == SECRET).collect();
    assert!(notes.len() == 2 && notes.iter().all(|note| note["distribution"] == "0"), "{notes:#?}");
    assert_eq!(event["Galaxy"][0]["GalaxyCluster"][0]["value"], SECRET);
    // It marks itself; the event is as open as before, also after its owner has sent it back.
    let tags = event["Tag"].as_array().unwrap();
    assert!(tags.iter().all(|tag| tag["name"] != "tlp:red"), "{tags:#?}");
    assert_tells_nothing(&made(&event).1);
}
