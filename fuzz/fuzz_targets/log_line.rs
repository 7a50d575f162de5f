#![no_main]
//! Lines of logs: a date that is read is one that can be written; a line that was blanked mentions no address of the inside; what was
//! found in it still stands there.

use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use watch::guard::special_purpose;
use watch::hunt::{Blanking, Mention, mentions, whole_words, written};

fuzz_target!(|data: &[u8]| {
    if let Some(at) = written(data) {
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
    }
    let blanking = Blanking::of(&["own.net".to_owned()]).unwrap_or_default();
    let blanked = blanking.blanked(data, &(0..0));
    mentions(&blanked, |mention| {
        if let Mention::Address(address) = mention {
            assert_eq!(special_purpose(address), None, "{:?}", String::from_utf8_lossy(&blanked));
        }
    });
    let keep = data.len() / 3..data.len() / 3 + data.len() / 4;
    let excerpt = whole_words(data, keep.start / 2..(keep.end + data.len()) / 2, &keep);
    assert!(excerpt.start <= keep.start && keep.end <= excerpt.end);
    let kept = blanking.blanked(data, &keep);
    let found = &data[keep];
    assert!(found.is_empty() || kept.windows(found.len()).any(|part| part == found));
});
