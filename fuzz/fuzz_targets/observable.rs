#![no_main]
//! Ids of observables: they depend on content alone, not on the order of keys or on what does not contribute.

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use stix::id::{is_observable, observable_id};

fuzz_target!(|text: &str| {
    let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else { return };
    let Some(id) = observable_id(&object) else { return };
    assert_eq!(Some(id.object_type()), object.get("type").and_then(Value::as_str));
    assert!(is_observable(id.object_type()));
    let mut other: Map<String, Value> = object.into_iter().rev().collect();
    other.insert("id".to_owned(), id.to_string().into());
    other.insert("x_more".to_owned(), 1.into());
    assert_eq!(observable_id(&other).as_ref(), Some(&id));
    let printed = serde_json::to_string(&other).unwrap_or_default();
    let again: Map<String, Value> = serde_json::from_str(&printed).unwrap_or_default();
    assert_eq!(observable_id(&again), Some(id), "printed as {printed}");
});
