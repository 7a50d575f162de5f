//! `attributes/describeTypes`: types and categories of attributes, which clients ask for when they start.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::error::Answer;
use super::json;
use crate::misp::vocab::{CATEGORIES, default_of};

/// Which types may stand in which category.
const TYPES: &str = include_str!("types.txt");

fn mappings() -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = TYPES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(category, types)| (category, types.split(", ").collect()))
        .collect()
}

pub(super) fn describe() -> Answer {
    let mappings = mappings();
    let types: BTreeSet<&str> = mappings.values().flatten().copied().collect();
    let default = |kind: &&str| {
        let (category, to_ids) = default_of(kind).unwrap_or(("Other", false));
        ((*kind).to_owned(), json!({ "default_category": category, "to_ids": u8::from(to_ids) }))
    };
    let defaults: Map<String, Json> = types.iter().map(default).collect();
    Ok(json(&json!({ "result": {
        "sane_defaults": defaults, "types": types, "categories": CATEGORIES, "category_type_mappings": mappings,
    } })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_may_stand_where_it_stands_by_default() {
        let mappings = mappings();
        assert_eq!(mappings.len(), CATEGORIES.len());
        for kind in mappings.values().flatten() {
            let (category, _) = default_of(kind).unwrap_or_else(|| panic!("{kind} has no default"));
            assert!(mappings[category].contains(kind), "{kind} in {category}");
        }
    }

    /// What a client has in its package is what it gets here.
    #[test]
    fn the_answer_is_misps() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/misp/vocab/describeTypes.json");
        let theirs: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let theirs = &theirs["result"];
        let ours = mappings();
        for (category, types) in theirs["category_type_mappings"].as_object().unwrap() {
            let mut types: Vec<&str> =
                types.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
            types.sort_unstable();
            assert_eq!(ours[category.as_str()], types, "{category}");
        }
        for (kind, default) in theirs["sane_defaults"].as_object().unwrap() {
            let (category, to_ids) = default_of(kind).unwrap();
            assert_eq!(default["default_category"], category, "{kind}");
            assert_eq!(default["to_ids"], u64::from(to_ids), "{kind}");
        }
    }
}
