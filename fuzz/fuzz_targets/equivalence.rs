#![no_main]
//! Equivalence: an object has the key that it has, whatever its id and whatever its white space.

use libfuzzer_sys::fuzz_target;
use stix::{equivalence_key, read_head};

fuzz_target!(|raw: &str| {
    let Ok(head) = read_head(raw) else { return };
    let key = equivalence_key(raw, &head);
    let Ok(serde_json::Value::Object(mut object)) = serde_json::from_str(raw) else { return };
    let other = format!("{}--00000000-0000-4000-8000-000000000000", head.object_type());
    object.insert("id".to_owned(), other.into());
    let again = serde_json::Value::Object(object).to_string();
    let Ok(head) = read_head(&again) else { return };
    assert_eq!(equivalence_key(&again, &head), key, "{again}");
});
