//! Laws of redaction, whatever the object.

use std::collections::{HashMap, HashSet};

use bongsu_policy::{Removal, named, redact};
use proptest::prelude::*;
use serde_json::{Map, Value};
use stix::ObjectId;
use uuid::Uuid;

fn id(number: u8) -> ObjectId {
    ObjectId::new("identity", Uuid::from_u128(number.into())).unwrap()
}

/// Objects 0 to 5; 0 and 1 are to go, 2 stands under a pseudonym, which is 9.
fn removal(selectors: Vec<String>) -> Removal {
    let (references, pseudonyms) = (HashSet::from([id(0), id(1)]), HashMap::from([(id(2), id(9))]));
    Removal { selectors, references, pseudonyms }
}

/// A JSON text for `text` with those characters escaped that the mask says, and in either case of letters.
fn spelt(text: &str, mask: u64) -> String {
    let letter = |(at, char): (usize, char)| {
        let char = if mask >> (at % 61) & 4 == 0 { char } else { char.to_ascii_uppercase() };
        // Type names have one spelling; UUIDs may be written in either case.
        let char = if at < "identity--".len() { char.to_ascii_lowercase() } else { char };
        if mask >> (at % 64) & 1 == 0 { char.to_string() } else { format!("\\u{:04x}", u32::from(char)) }
    };
    format!("\"{}\"", text.chars().enumerate().map(letter).collect::<String>())
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "object_refs", "x_ref", "y_refs", "granular", "_ref"])
}

/// JSON values as texts, with ids spelt in every way.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..6_u8, any::<u64>()).prop_map(|(number, mask)| spelt(&id(number).to_string(), mask)),
        prop::sample::select(vec!["1.50", "true", "null", "\"\\u00e9\"", "{ }", "[]"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(", "))),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::btree_map(key(), (value, any::<u64>()), 0..5).prop_map(|entries| {
        let entry = |(key, (value, mask)): (&str, (String, u64))| {
            let key: String = key
                .chars()
                .enumerate()
                .map(|(at, char)| match mask >> at & 1 {
                    0 => char.to_string(),
                    _ => format!("\\u{:04X}", u32::from(char)),
                })
                .collect();
            format!("\"{key}\" :{value}")
        };
        format!("{{{}}}", entries.into_iter().map(entry).collect::<Vec<_>>().join(" ,"))
    })
}

fn selector() -> impl Strategy<Value = String> {
    let step = prop_oneof![key().prop_map(str::to_owned), (0..3_usize).prop_map(|at| format!("[{at}]"))];
    prop::collection::vec(step, 1..4).prop_map(|steps| steps.join("."))
}

/// The slow plain version, over values.
fn plain(value: &Value, paths: &[Vec<&str>], removal: &Removal, is_reference: bool) -> Option<Value> {
    let below = |step: &str| {
        let rest = paths.iter().filter(|path| path.first() == Some(&step));
        let rest: Vec<Vec<&str>> = rest.map(|path| path[1..].to_vec()).collect();
        rest.iter().all(|path| !path.is_empty()).then_some(rest)
    };
    match value {
        Value::Object(entries) => {
            let kept: Map<String, Value> = entries
                .iter()
                .filter_map(|(key, value)| {
                    let is_reference = key.ends_with("_ref") || key.ends_with("_refs");
                    Some((key.clone(), plain(value, &below(key)?, removal, is_reference)?))
                })
                .collect();
            (!kept.is_empty() || entries.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(values) => {
            let kept: Vec<Value> = values
                .iter()
                .enumerate()
                .filter_map(|(at, value)| plain(value, &below(&format!("[{at}]"))?, removal, is_reference))
                .collect();
            (!kept.is_empty() || values.is_empty()).then_some(Value::Array(kept))
        }
        Value::String(text) if is_reference => match ObjectId::parse(text) {
            Ok(id) => match removal.pseudonyms.get(&id) {
                Some(pseudonym) => Some(pseudonym.to_string().into()),
                None => (!removal.references.contains(&id)).then(|| value.clone()),
            },
            Err(_) => Some(value.clone()),
        },
        leaf => Some(leaf.clone()),
    }
}

proptest! {
    #[test]
    fn a_copy_is_json_that_names_nothing_that_was_to_go(
        raw in object(json()),
        selectors in prop::collection::vec(selector(), 0..6),
    ) {
        let removal = removal(selectors);
        if let Some(copy) = redact(&raw, &removal).unwrap() {
            serde_json::from_str::<Value>(&copy).unwrap();
            let named = named(&copy).unwrap();
            for gone in 0..3 {
                prop_assert!(!named.contains(&id(gone)), "{copy} still names {}", id(gone));
            }
            let again = redact(&copy, &Removal { selectors: Vec::new(), ..removal });
            prop_assert_eq!(again.unwrap().unwrap(), copy, "what is done is done");
        }
    }

    #[test]
    fn a_copy_is_what_the_slow_plain_version_makes(
        raw in object(json()),
        selectors in prop::collection::vec(selector(), 0..6),
    ) {
        let removal = removal(selectors);
        let paths: Vec<Vec<&str>> = removal.selectors.iter().map(|path| path.split('.').collect()).collect();
        let value: Value = serde_json::from_str(&raw).unwrap();
        let mut expected = plain(&value, &paths, &removal, false);
        // A list of objects that is empty now, and was not taken out by name, takes its object with it.
        let taken = paths.iter().any(|path| path == &["object_refs"]);
        if !taken && value.get("object_refs").is_some()
            && expected.as_ref().is_none_or(|left| left.get("object_refs").is_none())
        {
            expected = None;
        }
        let copy = redact(&raw, &removal).unwrap();
        prop_assert_eq!(copy.map(|copy| serde_json::from_str::<Value>(&copy).unwrap()), expected);
    }

    #[test]
    fn where_nothing_is_to_go_the_text_stays(raw in object(json())) {
        prop_assert_eq!(redact(&raw, &Removal::default()).unwrap().unwrap(), raw);
    }
}
