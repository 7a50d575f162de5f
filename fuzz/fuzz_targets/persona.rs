#![no_main]
//! Applications: what is read is in normal form, so that reading an identifier again changes nothing; limits hold; an application
//! compared with a persona that has all of it is told with reasons that make its score, and one source never crosses.

use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use watch::persona::{
    APPLICATIONS_MAX, Builder, Identifier, Signature, VALUES_MAX, Weights, check, check_all, read, score,
};

/// A persona, so that there is something to be like.
const PERSONA: &str = r#"{"type":"identity","spec_version":"2.1","id":"identity--00000000-0000-4000-8000-000000000001","created":"2026-10-01T00:00:00.000Z","modified":"2026-10-01T00:00:00.000Z","name":"Casper Lindqvist","labels":["it-worker"],"extensions":{"extension-definition--6d0ab6a4-4c0f-4f25-9f57-2c8e1f6e0b3d":{"emails":["pony.jackal77@gmail.com"],"accounts":["github/ponyjackal"],"phones":["+12015550123"],"devices":["SN-4711"]}}}"#;
/// Applications that are compared with one another.
const COMPARED: usize = 50;

fuzz_target!(|data: &[u8]| {
    let Ok(told) = read(data) else { return };
    assert!(told.applications.len() <= APPLICATIONS_MAX);
    assert_eq!(Ok(&told), read(data).as_ref(), "the same bytes are the same applications");
    let (weights, now) = (Weights::default(), Timestamp::from_micros(1_793_000_000_000_000));
    let mut builder = Builder::default();
    if let Ok(head) = stix::read_head(PERSONA) {
        let _one = builder.add(PERSONA, &head, Some("alpha"), head.version());
    }
    let personas = builder.build(&weights);
    let some = told.applications.get(..COMPARED).unwrap_or(&told.applications);
    for application in some {
        assert!(application.identifiers().len() <= VALUES_MAX);
        for identifier in application.identifiers() {
            let again = Identifier::read(identifier.kind(), identifier.text());
            assert_eq!(again.as_ref(), Ok(identifier), "a normal form changes");
        }
        let outcome = check(application, &personas, &weights, now);
        assert_eq!(score(&outcome.reasons, &weights), outcome.score);
    }
    for outcome in check_all(some, &personas, &weights, now) {
        assert_eq!(score(&outcome.reasons, &weights), outcome.score);
        let is_one = |who: &str| outcome.reasons.iter().all(|reason| reason.source.who == who);
        assert!(!outcome.crosses || !(is_one("alpha") || is_one("the employer")), "one source alone");
    }
    if let Ok(text) = str::from_utf8(data) {
        let signature = Signature::of(text);
        assert_eq!(signature.as_ref().and_then(|one| Signature::parse(&one.to_string())), signature);
    }
});
