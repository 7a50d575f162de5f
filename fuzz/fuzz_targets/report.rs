#![no_main]
//! Reports in text, HTML and PDF: each value is in normal form and named once; the list for a person, read back, says what the
//! guard said; and of what is accepted each has its object.

use std::collections::HashSet;

use exchange::read::Options;
use exchange::read::report::{decisions, objects, review, survey};
use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use watch::{Context, Guard, Lists, normalise};

fuzz_target!(|data: &[u8]| {
    let now = Timestamp::from_micros(1_700_000_000_000_000);
    let (guard, _) = Guard::new::<&str>(Lists::builtin(), &[]);
    let Ok(found) = survey(data, &guard, &Context::new(now, 0)) else { return };
    let mut seen = HashSet::new();
    for candidate in &found.candidates {
        let value = &candidate.value;
        assert_eq!(normalise(value.kind(), value.text()).as_ref(), Ok(value));
        assert!(seen.insert(value.clone()), "{value} is named twice");
        assert!(candidate.count > 0 && !candidate.context.contains('\n'));
    }
    let (accepted, findings) = decisions(&found, &review(&found));
    assert_eq!(findings, [], "the list is not what is read back");
    let passed: HashSet<_> =
        found.candidates.iter().filter(|one| !one.is_held()).map(|one| one.value.clone()).collect();
    assert_eq!(accepted, passed);
    let batch = objects(&found, &accepted, &Options::new(now));
    assert_eq!(batch.findings, []);
    for object in &batch.objects {
        assert_eq!(stix::read_head(&object.raw).as_ref(), Ok(&object.head), "{}", object.raw);
    }
});
