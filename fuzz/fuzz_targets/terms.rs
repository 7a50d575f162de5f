#![no_main]
//! Terms: what is read is stored in one canonical form, which reads back as the same terms.

use libfuzzer_sys::fuzz_target;
use policy::Terms;

fuzz_target!(|text: &str| {
    let Ok(terms) = Terms::from_json(text) else { return };
    let stored = terms.to_json();
    let mut again = Terms::from_json(&stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
    assert_eq!(again.to_json(), stored);
    assert_eq!(again.is_default(), stored == "{}");
    again.recipients.clone_from(&terms.recipients);
    assert_eq!(again, terms, "stored as {stored}");
});
