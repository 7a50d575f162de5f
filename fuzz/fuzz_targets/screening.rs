#![no_main]
//! What is asked of screening over HTTP: any body is read or refused with a reason, within limits, and each question is read as
//! something or said why not.

use deliver::screening::http::{asked, asked_of_entities};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let types = ["application/json", "text/plain; charset=utf-8", "application/x-ndjson", "image/png"];
    let read = match usize::from(*first) % (types.len() + 1) {
        at if at < types.len() => asked(types[at], body),
        _ => asked_of_entities(body),
    };
    let questions = match read {
        Ok(questions) => questions,
        Err(why) => return assert!(!why.is_empty()),
    };
    for question in questions.iter().take(32) {
        if let Err(why) = question.values() {
            assert!(!why.is_empty());
        }
    }
});
