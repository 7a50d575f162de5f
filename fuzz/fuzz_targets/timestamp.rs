#![no_main]
//! Timestamps: printing and reading keep the instant and its digits, and an independent library reads the same instant.
//! Any number of microseconds can be printed; beyond the years 0000 to 9999 it becomes the nearest instant within.

use libfuzzer_sys::fuzz_target;
use stix::Timestamp;

fuzz_target!(|data: &[u8]| {
    if let Some(bytes) = data.first_chunk::<8>() {
        any_number(i64::from_le_bytes(*bytes));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(at) = Timestamp::parse(text) else { return };
    let printed = at.to_string();
    let again = Timestamp::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!((again, again.to_string()), (at, printed.clone()));
    assert!(printed.starts_with(&at.date()));
    let fraction = text[19..].trim_matches(['.', 'Z']);
    if (3..=9).contains(&fraction.len()) {
        assert_eq!(printed, text, "the sender's digits are lost");
    }
    // The other library leaves room for offsets at either end of time.
    let theirs = text.parse::<jiff::Timestamp>();
    if fraction.len() <= 9 && (0..253_402_207_200).contains(&at.seconds()) {
        let theirs = theirs.unwrap_or_else(|error| panic!("{text}: {error}"));
        let ours = i128::from(at.seconds()) * 1_000_000_000 + i128::from(at.nanos());
        assert_eq!(ours, theirs.as_nanosecond(), "{text}");
    }
    assert_eq!(Timestamp::from_micros(at.micros()).micros(), at.micros());
});

fn any_number(micros: i64) {
    const FIRST: i64 = -62_167_219_200_000_000;
    const LAST: i64 = 253_402_300_799_999_999;
    let at = Timestamp::from_micros(micros);
    assert_eq!(at.micros(), micros.clamp(FIRST, LAST));
    let printed = at.to_string();
    assert_eq!(Timestamp::parse(&printed), Ok(at));
    if (FIRST..253_402_207_200_000_000).contains(&micros) {
        let theirs = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
        assert_eq!(printed, format!("{theirs:.6}"));
    }
}
