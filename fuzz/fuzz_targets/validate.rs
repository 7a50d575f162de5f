#![no_main]
//! Validation: how an object is laid out changes nothing of what is found in it, each finding is of a known rule and can be
//! printed, and a bundle of one object is found to have what the object has. Text that is no JSON comes to an end.

use std::collections::BTreeSet;

use bongsu_fuzz::plain::value;
use libfuzzer_sys::fuzz_target;
use stix::Finding;
use stix::validate::{CODES, validate_bundle};
use stix::{read_head, validate};

fuzz_target!(|text: &str| {
    let found = findings(text);
    if read_head(text).is_err() {
        validate_bundle(text, &mut |finding| printable(&finding));
        return;
    }
    let Some(value) = value(text) else { return };
    let laid_out = serde_json::to_string_pretty(&value).unwrap_or_default();
    assert_eq!(found, findings(&laid_out), "the same object, laid out otherwise");
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[{text}]}}"#
    );
    let mut within = BTreeSet::new();
    validate_bundle(&bundle, &mut |finding| {
        within.insert((finding.code, finding.path));
    });
    let expected: BTreeSet<_> = found
        .into_iter()
        .map(|(code, path)| Finding::error(code, path, "").within("objects[0]"))
        .map(|finding| (finding.code, finding.path))
        .collect();
    assert_eq!(within, expected, "the same object in a bundle");
});

/// What is found, without its words, which may show a value as it was laid out.
fn findings(text: &str) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    validate(text, &mut |finding| {
        printable(&finding);
        let rule = CODES.iter().find(|rule| rule.name == finding.code);
        assert_eq!(rule.map(|rule| rule.severity), Some(finding.severity), "{finding}");
        found.insert((finding.code, finding.path));
    });
    found
}

fn printable(finding: &Finding) {
    assert!(finding.message.len() < 2_000, "{} bytes", finding.message.len());
    assert!(!finding.message.contains(|character: char| character.is_control()), "{finding:?}");
}
