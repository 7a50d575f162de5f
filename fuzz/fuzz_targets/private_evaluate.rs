#![no_main]
//! Questions of private screening: what is read is within its limits and is written back as the same; what is evaluated has as many
//! elements as were asked for, each one that can be asked for again, and says nothing of an element that is none.

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use watch::private::{Answer, ELEMENTS_MAX, Key, PrivateError, Request};

fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::derive(&[7; 32], 30).unwrap_or_else(|error| panic!("{error}")))
}

fuzz_target!(|data: &[u8]| {
    let _as_answer = serde_json::from_slice::<Answer>(data);
    let Ok(request) = Request::read(data) else { return };
    assert!((1..=ELEMENTS_MAX).contains(&request.elements.len()));
    let written = serde_json::to_vec(&request).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(Request::read(&written).as_ref(), Ok(&request));
    let some = &request.elements[..request.elements.len().min(4)];
    match key().evaluate(some, [1; 32]) {
        Ok(answer) => {
            assert_eq!(answer.elements.len(), some.len());
            assert!(key().evaluate(&answer.elements, [2; 32]).is_ok(), "what is evaluated is an element");
        }
        Err(PrivateError::Element(at)) => assert!(at < some.len()),
        Err(error) => panic!("{error}"),
    }
});
