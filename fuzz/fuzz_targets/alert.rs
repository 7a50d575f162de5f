//! Alerts of sensors about the test entry: whatever comes is an alert about the test's names, or says why it is none.
#![no_main]

use deliver::level_up::{Names, alert};
use libfuzzer_sys::fuzz_target;
use stix::Timestamp;

fuzz_target!(|text: &str| {
    let name = |text: &str| text.to_owned();
    let names = Names {
        refuse: name("refuse.k3.top"),
        below: name("ab12.refuse.k3.top"),
        allow: name("ab12.allow.k3.top"),
    };
    if let Ok(seen) = alert::read(text, &names, Timestamp::from_micros(1_780_315_200_000_000)) {
        assert!(seen.name == names.refuse || seen.name == names.below);
        assert!(text.to_ascii_lowercase().contains("refuse") || text.contains("\\u"));
    }
});
