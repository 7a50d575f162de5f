//! What must hold of a store, whatever happened to it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use bongsu_line::record::RecordKind;
use bongsu_line::store::FILE;
use bongsu_line::{Added, LineId, Outcome, Seq, Store, verify};

use crate::work::{self, Append};

/// What was acknowledged: of each place in a line, the number of the record and its time.
pub(crate) type Acknowledged = BTreeMap<(LineId, Seq), (u64, Added)>;

/// Checks the store in `folder` from outside, opens it, and checks that all that was acknowledged is there as it was acknowledged,
/// that nothing is there which was never sent, and that it goes on. Gives the store, and all that is in it.
pub(crate) fn whole(
    folder: &Path,
    acknowledged: &Acknowledged,
    was_sent: impl Fn(u64) -> bool,
    next: u64,
) -> (Store, Acknowledged) {
    // Whoever was ended at once has no file yet.
    if !acknowledged.is_empty() || folder.join(FILE).exists() {
        let report = verify(folder, None, &mut |_, _| ()).unwrap();
        assert!(report.is_sound(), "{report:?}");
    }
    // A day behind whatever wrote it.
    let store = work::open(folder, -2);
    let mut there = Acknowledged::new();
    for line in work::lines() {
        read(&store, line, &was_sent, &mut there);
    }
    for (place, told) in acknowledged {
        let kept = there.get(place);
        assert_eq!(kept, Some(told), "acknowledged at {place:?}, and there is {kept:?}");
    }
    for (at, line) in work::lines().into_iter().enumerate() {
        let append = Append { line, first: next + 7 * at as u64, count: 2 };
        let before = there.range((line, Seq(0))..=(line, Seq(u64::MAX))).next_back();
        let (last, time) = before.map_or((Seq(0), Added(0)), |((_, seq), (_, added))| (*seq, *added));
        let outcomes = store.append(line, append.drafts()).unwrap();
        for (number, outcome) in (append.first..).zip(outcomes) {
            let Outcome::Appended { seq, added } = outcome else { panic!("{outcome:?}") };
            // What is announced again has its number behind both.
            assert!(seq > last && added > time, "{seq:?} {added:?} behind {last:?} {time:?}");
            there.insert((line, seq), (number, added));
        }
    }
    (store, there)
}

/// Reads a line: numbers without gaps, times that grow, bytes that were sent, each once.
fn read(store: &Store, line: LineId, was_sent: &impl Fn(u64) -> bool, there: &mut Acknowledged) {
    let (size, _) = store.root(line).unwrap();
    let (mut at, mut time, mut seen) = (Seq(0), Added(i64::MIN), HashSet::new());
    while at.0 < size {
        for record in store.records(line, at, 1_000).unwrap() {
            assert_eq!(record.seq, Seq(at.0 + 1), "no gap");
            assert!(record.added > time, "times grow");
            (at, time) = (record.seq, record.added);
            if record.kind == RecordKind::Again {
                assert!(record.of.is_some_and(|of| of < record.seq) && record.body.is_empty());
                continue;
            }
            let text = String::from_utf8(record.body).unwrap();
            let said: serde_json::Value = serde_json::from_str(&text).unwrap();
            let number = said["number"].as_u64().unwrap();
            assert_eq!(text, work::body(line, number), "the bytes that were sent");
            assert!(was_sent(number) && seen.insert(number), "{number} was sent, once");
            there.insert((line, record.seq), (number, record.added));
        }
    }
    assert_eq!(at.0, size);
}
