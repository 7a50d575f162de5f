#![no_main]
//! Markings: a definition says the same however its JSON is laid out, never less than its id says, and a word that is read
//! as a mark prints as one.

use bongsu_fuzz::plain::value;
use libfuzzer_sys::fuzz_target;
use stix::marking::{Definition, read_definition, read_granular};
use stix::{ObjectId, Tlp};

fuzz_target!(|text: &str| {
    if let Ok(tlp) = text.parse::<Tlp>() {
        assert_eq!(tlp.to_string().parse(), Ok(tlp));
    }
    let Some(value) = value(text) else { return };
    let laid_out = serde_json::to_string_pretty(&value).unwrap_or_default();
    // What fails names lines and columns, which differ.
    assert_eq!(read_definition(text).ok(), read_definition(&laid_out).ok());
    assert_eq!(read_granular(text).ok(), read_granular(&laid_out).ok());
    for part in read_granular(text).into_iter().flatten() {
        assert!(!part.selectors.is_empty() && (part.marking.is_some() || part.lang.is_some()));
    }
    let id = value["id"].as_str().and_then(|id| ObjectId::parse(id).ok());
    if let (Some(least), Ok(definition)) = (id.as_ref().and_then(Tlp::of), read_definition(text)) {
        let kept = match definition {
            Definition::Tlp(tlp) => tlp >= least,
            Definition::Iep(iep) => iep.tlp.is_some_and(|tlp| tlp >= least),
            _ => false,
        };
        assert!(kept, "the id says {least}, the definition less");
    }
});
