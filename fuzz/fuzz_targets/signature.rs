#![no_main]
//! Signatures: whatever is signed verifies, in its own bytes and written anew, and comes out as it went in; what was bent by the
//! fuzzer verifies only if it says the same; a text without the extension has no signature.

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use stix::Timestamp;
use stix::signature::{EXTENSION, PublicKey, SecretKey, is_signed, read, sign, unsigned};

fuzz_target!(|text: &str| {
    let key = SecretKey::new(&[7; 32]);
    let verifies = |raw: &str| read(raw).is_ok_and(|found| found.is_some_and(|found| found.verify(key.public()).is_ok()));
    if let Ok(key) = PublicKey::read(text) {
        assert_eq!(PublicKey::read(&key.jwk().to_string()).as_ref(), Ok(&key));
        assert_eq!(PublicKey::read(&key.text()).as_ref(), Ok(&key));
    }
    // Nobody but the fuzzer has this key's secret, and what it bends is one of the seeds.
    if verifies(text) {
        let bare = unsigned(text).expect("a signature that is read stands in an extension");
        let again = sign(&bare, &key, Timestamp::from_micros(0)).expect("what was signed can be signed");
        assert!(verifies(&again));
    }
    match sign(text, &key, Timestamp::from_micros(1_790_000_000_000_000)) {
        Ok(signed) => {
            assert!(verifies(&signed) && is_signed(&signed), "{signed}");
            let anew: Value = serde_json::from_str(&signed).expect("it is JSON");
            assert!(verifies(&anew.to_string()), "{signed}");
            let bare = unsigned(&signed).expect("it is signed");
            let had_none = serde_json::from_str::<Value>(text).is_ok_and(|value| value["extensions"] == Value::Null);
            assert!(!had_none || bare == text, "{text} became {bare}");
        }
        Err(_) => assert!(read(text).is_err() || read(text).is_ok_and(|found| found.is_none() || is_signed(text))),
    }
    if !text.contains(EXTENSION) && !text.contains("\\u") {
        assert!(matches!(read(text), Ok(None)));
    }
});
