#![no_main]
//! Heads: whatever `read_head` says of an object, `serde_json::Value` says too, and no strict JSON object is refused as
//! if it were none. Markings of parts are seen by the head whenever they can be read.

use bongsu_fuzz::plain::{Tree, value};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use stix::head::check_json;
use stix::marking::read_granular;
use stix::{Head, ObjectId, SpecVersion, Timestamp, read_head};

fuzz_target!(|text: &str| {
    match read_head(text) {
        Ok(head) => {
            assert!(check_json(text).is_ok(), "a head of what is no strict JSON");
            if let Some(value) = value(text) {
                agrees(&head, &value);
            }
            granular(text, &head);
        }
        Err(finding) if finding.code == "json" => {
            let object = matches!(Tree::of(text), Some(Tree::Object(_)));
            assert!(!object || check_json(text).is_err(), "it is a strict JSON object: {finding}");
        }
        Err(finding) if finding.code == "key-twice" => {
            assert!(Tree::of(text).is_none_or(|tree| tree.repeats()), "no key stands twice: {finding}");
        }
        Err(_) => {}
    }
});

fn agrees(head: &Head, value: &Value) {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let id = |name: &str| text(name).and_then(|text| ObjectId::parse(text).ok());
    let time = |name: &str| text(name).and_then(|text| Timestamp::parse(text).ok());
    assert_eq!(Some(&head.id), id("id").as_ref());
    assert_eq!(Some(head.object_type()), text("type"));
    assert_eq!((head.created, head.modified), (time("created"), time("modified")));
    assert_eq!(head.revoked, value.get("revoked") == Some(&Value::Bool(true)));
    assert_eq!(head.created_by, id("created_by_ref"));
    assert_eq!(ids(value.get("object_marking_refs")), head.markings);
    match text("spec_version") {
        Some(version) => assert_eq!(head.spec_version.as_str(), version),
        None => assert!(head.spec_version == SpecVersion::V20 || stix::id::is_observable(head.object_type())),
    }
    let ours = ["created_by_ref", "object_marking_refs", "granular_markings"];
    let mut expected = Vec::new();
    for (key, value) in
        value.as_object().into_iter().flatten().filter(|(key, _)| !ours.contains(&key.as_str()))
    {
        named(value, is_reference(key), &mut expected);
    }
    let mut found: Vec<ObjectId> = head.references.iter().map(|reference| reference.id.clone()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

fn is_reference(key: &str) -> bool {
    key.ends_with("_ref") || key.ends_with("_refs")
}

/// The ids that stand under references in a value, at any depth.
fn named(value: &Value, is_under_reference: bool, ids: &mut Vec<ObjectId>) {
    match value {
        Value::String(text) if is_under_reference => ids.extend(ObjectId::parse(text)),
        Value::Array(parts) => parts.iter().for_each(|part| named(part, is_under_reference, ids)),
        Value::Object(parts) => parts.iter().for_each(|(key, part)| named(part, is_reference(key), ids)),
        _ => {}
    }
}

/// The ids in a text or a list.
fn ids(value: Option<&Value>) -> Vec<ObjectId> {
    let texts = match value {
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().filter_map(|text| ObjectId::parse(text).ok()).collect()
}

/// Where the head sees no marked parts, there are none; where it sees some, they are read or refused.
fn granular(text: &str, head: &Head) {
    match (head.granular, read_granular(text)) {
        (true, Ok(parts)) => assert!(!parts.is_empty(), "the head sees parts that are not there"),
        (false, Ok(parts)) => assert!(parts.is_empty(), "the head does not see the marked parts"),
        (true, Err(_)) => {}
        (false, Err(finding)) => panic!("malformed markings of parts are not seen by the head: {finding}"),
    }
}
