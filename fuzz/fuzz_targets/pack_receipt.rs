#![no_main]
//! Receipts of offline packs: what is read is written back the same, and holds with no secret but its own.

use deliver::pack::{Back, read_back};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let Ok(back) = read_back(&text) else { return };
    assert!(back.check(&[7; 32]).is_err(), "nobody knows the secret");
    let made = Back::new(back.body.clone(), back.manifest.clone(), back.note.clone(), &[7; 32]);
    assert!(made.check(&[7; 32]).is_ok() && made.check(&[8; 32]).is_err());
    let Ok(written) = made.written() else { return };
    let read = read_back(&written).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read, made);
    assert!(read.check(&[7; 32]).is_ok());
});
