//! Laws: the order of members does not matter, nothing panics, cost grows with the text alone.

use bongsu_stix as stix;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{data, findings};

/// Any JSON value, small.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_-]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn samples() -> Vec<Value> {
    let text = std::fs::read_to_string(data("stix-vectors/validation.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["object"].clone()).collect()
}

/// The object with its members in another order, with white space and escapes that mean nothing.
fn rewritten(object: &Map<String, Value>, turn: usize) -> String {
    let mut members: Vec<(&String, &Value)> = object.iter().collect();
    let turn = turn % members.len().max(1);
    members.rotate_left(turn);
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| {
            format!("\n  {}\t: {}", Value::from(key.as_str()), serde_json::to_string_pretty(value).unwrap())
        })
        .collect();
    format!(" {{{} }} ", members.join(" ,"))
}

#[test]
fn the_order_of_members_and_white_space_change_nothing() {
    for object in samples() {
        let sorted = |raw: &str| {
            let mut found: Vec<String> =
                findings(raw).iter().map(|found| format!("{} {}", found.code, found.path)).collect();
            found.sort();
            found
        };
        let Some(members) = object.as_object().filter(|_| object["type"] != "bundle") else { continue };
        let plain = sorted(&object.to_string());
        for turn in 0..members.len() {
            // Of several faults `read_head` names the first it meets, so that only what it takes can be compared.
            let raw = rewritten(members, turn);
            if stix::read_head(&raw).is_ok() {
                assert_eq!(sorted(&raw), plain, "{raw}");
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_stands_in_a_property_is_judged_and_nothing_panics(
        at in any::<prop::sample::Index>(), key in any::<prop::sample::Index>(), value in value(),
    ) {
        let samples = samples();
        let mut object = samples[at.index(samples.len())].clone();
        let members = object.as_object_mut().unwrap();
        let names: Vec<String> = members.keys().cloned().collect();
        members.insert(names[key.index(names.len())].clone(), value);
        let raw = object.to_string();
        for finding in findings(&raw) {
            prop_assert!(!finding.message.is_empty());
        }
        stix::validate(&raw, &mut |_| {});
    }

    #[test]
    fn text_that_is_no_json_comes_to_an_end(text in "[{}\\[\\]:,\"\\\\a-z0-9 é.-]{0,60}") {
        stix::validate(&text, &mut |_| {});
        stix::validate::validate_bundle(&text, &mut |_| {});
    }
}

/// Each selector was first looked up by itself: ten thousand into a list of ten thousand took minutes.
#[test]
fn many_selectors_into_a_long_list_are_followed_in_one_walk() {
    let count = 20_000;
    let labels: Vec<String> = (0..count).map(|number| format!("l{number}")).collect();
    let selectors: Vec<String> = (0..=count).rev().map(|number| format!("labels.[{number}]")).collect();
    let raw = json!({
        "type": "tool", "spec_version": "2.1", "id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "name": "x",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "labels": labels,
        "granular_markings": [{"lang": "en", "selectors": selectors}],
    })
    .to_string();
    let found = findings(&raw);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].code, &*found[0].path), ("selector-absent", "granular_markings[0].selectors[0]"));
}
