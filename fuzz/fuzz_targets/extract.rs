#![no_main]
//! Values in prose: each stands at its place in the text, in order and apart from the others, is in normal form, and is
//! what its own place alone spells, unless more was needed to see it. What URLs name is in normal form too.

use libfuzzer_sys::fuzz_target;
use watch::{Kind, extract, mentions, normalise};

fuzz_target!(|text: &str| {
    let mut end = 0;
    for found in extract(text) {
        let value = &found.value;
        assert_eq!(normalise(value.kind(), value.text()).as_ref(), Ok(value));
        assert!(end <= found.range.start && found.range.start < found.range.end, "{found:?} after {end}");
        end = found.range.end;
        let part = text.get(found.range.clone()).unwrap_or_else(|| panic!("{found:?} cuts a character"));
        // Some URLs are written without their scheme; a key may have a `>` after its hive; a value may end within a spelling.
        let whole = !part.ends_with([']', ')', '}', '>', '/']);
        if whole && !matches!(value.kind(), Kind::Url | Kind::RegistryKey) {
            assert_eq!(normalise(value.kind(), part).as_ref(), Ok(value), "at {part:?}");
        }
        for named in mentions(value) {
            assert_eq!(normalise(named.kind(), named.text()).as_ref(), Ok(&named), "in {value}");
        }
    }
});
