#![no_main]
//! Strict JSON: `check_json` takes what `serde_json` takes, but no key twice and nothing deeper than the limit.
//! `property` finds what `serde_json::Value` finds.

use bongsu_fuzz::plain::{Tree, value};
use libfuzzer_sys::fuzz_target;
use stix::head::{check_json, property};
use stix::json::DEPTH_MAX;

fuzz_target!(|text: &str| {
    let tree = Tree::of(text);
    let strict = tree.as_ref().is_some_and(|tree| !tree.repeats() && tree.depth() <= DEPTH_MAX);
    assert_eq!(check_json(text).is_ok(), strict, "{tree:?}");
    if let Some(value) = value(text) {
        for name in ["id", "type", "modified"] {
            assert_eq!(property(text, name).as_deref(), value.get(name).and_then(|value| value.as_str()));
        }
    }
});
