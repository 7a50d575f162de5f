#![no_main]
//! Positions, which come back as `Last-Event-ID`: what is read is written as it was read, but for how numbers and ids are
//! spelled and for a circle that stood there twice, and is one line of letters, digits, `;` and `:`.

use deliver::push::Position;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(position) = text.parse::<Position>() else { return };
    let written = position.to_string();
    assert!(
        written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b';' | b':')),
        "{written}"
    );
    assert_eq!(written.parse().as_ref(), Ok(&position));
});
