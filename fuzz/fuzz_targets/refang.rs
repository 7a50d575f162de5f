#![no_main]
//! Defanged spellings: refanging twice changes nothing more, never makes a text longer, and leaves plain text alone.

use libfuzzer_sys::fuzz_target;
use watch::refang;

fuzz_target!(|text: &str| {
    let once = refang(text);
    assert_eq!(refang(&once), once);
    assert!(once.len() <= text.len());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() && !b"hHmMfF".contains(&b));
    if plain {
        assert_eq!(once, text);
    }
});
