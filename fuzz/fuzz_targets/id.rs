#![no_main]
//! Identifiers: what is read prints back as itself in lower case, and is the id made of its two parts.

use libfuzzer_sys::fuzz_target;
use stix::id::TYPE_BYTES_MAX;
use stix::{ObjectId, Tlp};

fuzz_target!(|text: &str| {
    let Ok(id) = ObjectId::parse(text) else { return };
    let printed = id.to_string();
    assert_eq!(printed, text.to_ascii_lowercase());
    assert_eq!(ObjectId::parse(&printed).as_ref(), Ok(&id));
    assert_eq!(ObjectId::new(id.object_type(), id.uuid()).as_ref(), Ok(&id));
    assert!((1..=TYPE_BYTES_MAX).contains(&id.object_type().len()));
    if let Some(tlp) = Tlp::of(&id) {
        assert_eq!(id.object_type(), "marking-definition");
        assert_eq!(Tlp::of(&tlp.definition_id()), Some(tlp));
    }
});
