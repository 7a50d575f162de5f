//! Copies, lines made anew from them, and what is refused while more waits than may.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use bongsu_line::restoring::RestoreError;
use bongsu_line::{LineId, Outcome, Seq, Since, StorageError, Store};
use proptest::prelude::*;
use serde_json::json;

use crate::erasing::{CANARY, CIRCLE, SENDER, add, draft, id, identity, open, withdraw};
use crate::home::{CASES, Home};

/// Size and root of the circle's line and the node's.
type Roots = [(u64, [u8; 32]); 2];

fn roots(store: &Store) -> Roots {
    [CIRCLE, LineId::NODE].map(|line| store.root(line).unwrap())
}

/// The time of the last record of the circle's line.
fn time(store: &Store) -> i64 {
    store.look(CIRCLE, |catalogue| catalogue.head_added().0).unwrap()
}

fn whole(store: &Store, folder: &Path) -> PathBuf {
    let path = folder.join("whole.sqlite");
    store.backup(&path).unwrap();
    path
}

fn since(store: &Store, earlier: &Path, folder: &Path, name: &str) -> (PathBuf, Since) {
    let path = folder.join(name);
    let since = store.backup_since(earlier, &path).unwrap();
    (path, since)
}

fn restored(copies: &[PathBuf], until: Option<i64>) -> (Home, Store, Roots) {
    let home = Home::new();
    home.restore(copies, until).unwrap();
    assert!(home.verify().is_sound());
    let store = open(&home);
    let roots = roots(&store);
    (home, store, roots)
}

#[test]
fn lines_are_made_anew_as_they_stood_at_any_time() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let store = open(&home);
    for number in 0..60 {
        add(&store, CIRCLE, &identity(number, 1, if number == 9 { CANARY } else { "a" }));
    }
    let first = whole(&store, folder.path());
    let (early, at_first) = (time(&store), roots(&store));
    for number in 60..80 {
        add(&store, CIRCLE, &identity(number, 1, "b"));
    }
    let (middle, at_middle) = (time(&store), roots(&store));
    withdraw(&store, CIRCLE, &id("identity", 9));
    store.erase(SENDER, &json!({"why": "asked"}), &[(CIRCLE, Seq(10))]).unwrap();
    add(&store, CIRCLE, &identity(80, 1, "c"));
    let (second, came) = since(&store, &first, folder.path(), "1.sqlite");
    assert_eq!(came, Since { records: 23, erased: 1 });
    let (third, came) = since(&store, &second, folder.path(), "2.sqlite");
    assert_eq!(came, Since::default(), "nothing came");
    add(&store, CIRCLE, &identity(81, 1, "d"));
    let (fourth, came) = since(&store, &third, folder.path(), "3.sqlite");
    assert_eq!(came.records, 1);
    let at_last = roots(&store);
    drop(store);
    let copies = [first.clone(), second, third, fourth];

    // All of it, with what is erased erased.
    let (place, store, found) = restored(&copies, None);
    assert_eq!(found, at_last);
    assert!(store.look(CIRCLE, |catalogue| catalogue.entry(Seq(10)).unwrap().erased()).unwrap());
    assert!(!place.holds(CANARY));
    add(&store, CIRCLE, &identity(82, 1, "e"));
    // The first alone is what was, also what was erased since.
    let (place, _, found) = restored(&copies[..1], None);
    assert_eq!(found, at_first);
    assert!(place.holds(CANARY));
    assert_eq!(restored(&copies[..1], Some(early)).2, at_first);
    // Before the erasure, and yet erased, which the node's line says once more.
    let place = Home::new();
    let told = place.restore(&copies, Some(middle)).unwrap();
    assert_eq!(told.erased_later, 1);
    assert_eq!(told.lines.iter().map(|line| line.left_out).sum::<u64>(), 4);
    let store = open(&place);
    let [circle, node] = roots(&store);
    assert_eq!(circle, at_middle[0]);
    assert_eq!(node.0, at_middle[1].0 + 1);
    assert!(!place.holds(CANARY));
    assert!(store.look(CIRCLE, |catalogue| catalogue.entry(Seq(10)).unwrap().erased()).unwrap());
    assert!(place.verify().is_sound());
}

#[test]
fn copies_that_do_not_belong_together_or_were_changed_are_refused() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let store = open(&home);
    let grow = |from: u128| {
        (from..from + 9).for_each(|n| {
            add(&store, CIRCLE, &identity(n, 1, CANARY));
        })
    };
    grow(0);
    let first = whole(&store, folder.path());
    grow(10);
    let second = since(&store, &first, folder.path(), "1.sqlite").0;
    grow(20);
    let third = since(&store, &second, folder.path(), "2.sqlite").0;
    let refused = |copies: &[&PathBuf]| {
        let copies: Vec<PathBuf> = copies.iter().map(|path| (*path).clone()).collect();
        Home::new().restore(&copies, None).unwrap_err()
    };
    assert!(matches!(refused(&[]), RestoreError::NoCopy));
    assert!(matches!(refused(&[&first, &third]), RestoreError::Damaged { .. }), "one is missing");
    assert!(matches!(refused(&[&third]), RestoreError::Damaged { .. }));
    assert!(matches!(refused(&[&first, &third, &second]), RestoreError::Gap { .. }));
    assert!(matches!(refused(&[&first, &folder.path().join("none")]), RestoreError::Backend(_)));
    // A copy of other lines is none to go on from.
    let other = Home::new();
    let stranger = open(&other);
    (0..9).for_each(|n| {
        add(&stranger, CIRCLE, &identity(n, 1, "other"));
    });
    let foreign = stranger.backup_since(&first, &folder.path().join("x.sqlite"));
    assert!(foreign.unwrap_err().to_string().contains("another line"));
    let place = Home::new();
    place.restore(std::slice::from_ref(&first), None).unwrap();
    assert!(matches!(place.restore(std::slice::from_ref(&first), None), Err(RestoreError::NotEmpty)));
    // One letter.
    let mut bytes = std::fs::read(&second).unwrap();
    let at = bytes.windows(CANARY.len()).position(|window| window == CANARY.as_bytes()).unwrap();
    bytes[at] = b'G';
    std::fs::write(&second, bytes).unwrap();
    assert!(matches!(refused(&[&first, &second, &third]), RestoreError::Damaged { .. }));
}

/// What happens to lines.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Add,
    Withdraw(u128),
    Erase(u64),
    Copy,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Add),
        1 => (0..20_u128).prop_map(Deed::Withdraw),
        1 => (1..20_u64).prop_map(Deed::Erase),
        2 => Just(Deed::Copy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES.min(12), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, and whenever copies were made: each moment up to the last copy comes back with its root.
    #[test]
    fn each_moment_comes_back(deeds in prop::collection::vec(deed(), 1..40), moment in any::<prop::sample::Index>()) {
        let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
        let store = open(&home);
        add(&store, CIRCLE, &identity(100, 1, "a"));
        let mut copies = vec![whole(&store, folder.path())];
        let mut moments = vec![(time(&store), roots(&store)[0])];
        let mut number = 0;
        for deed in deeds.into_iter().chain([Deed::Copy]) {
            match deed {
                Deed::Add => { add(&store, CIRCLE, &identity(number, 1, "a")); number += 1; }
                Deed::Withdraw(which) if which < number => withdraw(&store, CIRCLE, &id("identity", which)),
                // What still counts is not erased.
                Deed::Erase(seq) => drop(store.erase(SENDER, &json!({}), &[(CIRCLE, Seq(seq))])),
                Deed::Copy => {
                    let name = format!("{}.sqlite", copies.len());
                    copies.push(since(&store, copies.last().unwrap(), folder.path(), &name).0);
                }
                Deed::Withdraw(_) => {}
            }
            moments.push((time(&store), roots(&store)[0]));
        }
        let all = roots(&store);
        drop(store);
        prop_assert_eq!(restored(&copies, None).2, all);
        let (until, root) = moments[moment.index(moments.len())];
        prop_assert_eq!(restored(&copies, Some(until)).2[0], root);
    }
}

#[test]
fn what_is_too_much_is_refused_and_the_rest_is_kept() {
    let home = Home::new();
    let store = home.open_with(16 << 10).unwrap();
    store.ensure_line(CIRCLE);
    add(&store, CIRCLE, &identity(1_000, 1, "a"));
    let (told, outcomes) = mpsc::channel();
    let bring = |number: u128| {
        let told = told.clone();
        let drafts = vec![draft(&identity(number, 1, "a"))];
        store.append_then(CIRCLE, drafts, Box::new(move |outcome| drop(told.send((number, outcome)))));
    };
    let refused = home.stalled(|| {
        // The writer takes the first, and waits with it; what comes after it fills the queue.
        bring(0);
        while store.load().appends > 0 {
            std::thread::yield_now();
        }
        (1..100).for_each(bring);
        let load = store.load();
        let refused: Vec<_> = outcomes.try_iter().collect();
        assert!(load.bytes > load.bytes_max && load.bytes < 2 * load.bytes_max, "{load:?}, {refused:?}");
        assert!(refused.iter().all(|(_, outcome)| matches!(outcome, Err(StorageError::Busy))), "{refused:?}");
        refused.len()
    });
    assert!((1..100).contains(&refused), "{refused}");
    let taken: Vec<_> =
        (refused..100).map(|_| outcomes.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
    assert!(taken.iter().all(|(_, outcome)| matches!(outcome.as_deref(), Ok([Outcome::Appended { .. }]))));
    assert_eq!(store.root(CIRCLE).unwrap().0, 1 + taken.len() as u64);
    // Who can wait does.
    store.wait_for_room();
    add(&store, CIRCLE, &identity(2_000, 1, "a"));
    assert_eq!((store.load().appends, store.load().bytes), (0, 0));
    store.check().unwrap();
    assert!(store.bytes().unwrap() > 0);
}
