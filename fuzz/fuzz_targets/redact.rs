#![no_main]
//! Redaction: the copy is what a slow version over `serde_json::Value` makes, names nobody whom it must not name, and is
//! the text itself where a removal finds nothing. The first line holds selectors, the rest is the object.

use std::collections::{HashMap, HashSet};

use bongsu_fuzz::plain::value;
use libfuzzer_sys::fuzz_target;
use policy::{Removal, named, redact};
use serde_json::{Map, Value};
use stix::{ObjectId, read_head};
use uuid::Uuid;

fuzz_target!(|text: &str| {
    let Some((selectors, raw)) = text.split_once('\n') else { return };
    // Only what has a head comes into a line.
    if read_head(raw).is_err() {
        return;
    }
    let Some(object) = value(raw) else { return };
    let nothing = redact(raw, &Removal::default());
    assert_eq!(nothing.as_ref().ok().and_then(Option::as_deref), Some(raw), "nothing was to be removed");
    let selectors: Vec<String> = selectors.split(' ').map(str::to_owned).collect();
    let removal = Removal {
        selectors: selectors.into_iter().filter(|part| !part.is_empty()).collect(),
        references: HashSet::from([id("malware", 1), id("identity", 2)]),
        pseudonyms: HashMap::from([(id("identity", 3), id("identity", 4))]),
    };
    let Ok(copy) = redact(raw, &removal) else { return };
    let expected = plain(&object, &removal);
    let read = copy.as_deref().map(|copy| value(copy).unwrap_or_else(|| panic!("no JSON: {copy}")));
    assert_eq!(read, expected);
    let Some(copy) = copy else { return };
    if read.as_ref() == Some(&object) {
        assert_eq!(copy, raw, "nothing was removed");
    }
    // What marks a part names no object.
    if object.get("granular_markings").is_none() {
        for named in named(&copy).unwrap_or_else(|error| panic!("{error}: {copy}")) {
            assert!(!removal.references.contains(&named), "still names {named}");
            assert!(!removal.pseudonyms.contains_key(&named), "still names the source");
        }
    }
});

fn id(object_type: &str, number: u128) -> ObjectId {
    ObjectId::new(object_type, Uuid::from_u128(number)).unwrap_or_else(|error| panic!("{error}"))
}

type Paths<'p> = Vec<&'p [&'p str]>;

fn plain(object: &Value, removal: &Removal) -> Option<Value> {
    let paths: Vec<Vec<&str>> =
        removal.selectors.iter().map(|selector| selector.split('.').collect()).collect();
    let paths: Paths<'_> = paths.iter().map(Vec::as_slice).collect();
    let mut copy = Map::new();
    for (key, value) in object.as_object()? {
        let names = key != "granular_markings";
        let kept =
            below(&paths, key).and_then(|paths| left(value, &paths, removal, names, is_reference(key)));
        match kept {
            Some(value) => drop(copy.insert(key.clone(), value)),
            None if key == "object_refs" && below(&paths, key).is_some() => return None,
            None => {}
        }
    }
    Some(Value::Object(copy))
}

fn is_reference(key: &str) -> bool {
    key.ends_with("_ref") || key.ends_with("_refs")
}

/// What remains of the paths below a step; `None` if one ends there.
fn below<'p>(paths: &[&'p [&'p str]], step: &str) -> Option<Paths<'p>> {
    let below: Paths<'p> =
        paths.iter().filter(|path| path.first() == Some(&step)).map(|path| &path[1..]).collect();
    if below.iter().any(|rest| rest.is_empty()) { None } else { Some(below) }
}

/// What is left of a value; `None` if it goes, or all that was in it.
fn left(
    value: &Value,
    paths: &[&[&str]],
    removal: &Removal,
    names: bool,
    is_reference: bool,
) -> Option<Value> {
    match value {
        Value::Object(entries) => {
            let kept: Map<String, Value> = entries
                .iter()
                .filter_map(|(key, value)| {
                    let paths = below(paths, key)?;
                    Some((key.clone(), left(value, &paths, removal, names, self::is_reference(key))?))
                })
                .collect();
            (!kept.is_empty() || entries.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(parts) => {
            let kept: Vec<Value> = parts
                .iter()
                .enumerate()
                .filter_map(|(at, part)| {
                    let paths = below(paths, &format!("[{at}]"))?;
                    left(part, &paths, removal, names, is_reference)
                })
                .collect();
            (!kept.is_empty() || parts.is_empty()).then_some(Value::Array(kept))
        }
        Value::String(text) if names && is_reference => match ObjectId::parse(text) {
            Ok(id) if removal.references.contains(&id) => None,
            Ok(id) => {
                Some(removal.pseudonyms.get(&id).map_or(value.clone(), |other| other.to_string().into()))
            }
            Err(_) => Some(value.clone()),
        },
        leaf => Some(leaf.clone()),
    }
}
