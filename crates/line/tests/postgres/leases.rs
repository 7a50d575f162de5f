//! What nodes keep beside lines: leases under contention, with fences, by the database's clock; and values by keys.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bongsu_line::store::RECORDS_MAX;
use bongsu_line::{Beside, Draft, Fence, LineId, Outcome, RecordKind, Seq, StorageError, Store, Taken};
use uuid::Uuid;

use crate::erasing::{CIRCLE, SENDER};
use crate::home::Home;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// A store whose clock has stopped long ago: nothing here may go by it.
fn store(home: &Home) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = home.open_beside(folder.path(), Arc::new(|| 1_000)).unwrap();
    store.ensure_line(CIRCLE);
    (folder, store)
}

fn beside(store: &Store) -> &Beside {
    store.beside().unwrap()
}

fn held(taken: Taken) -> Fence {
    match taken {
        Taken::Held(fence) => fence,
        Taken::Others(left) => panic!("another has it for {left:?}"),
    }
}

fn note(text: &str) -> Vec<Draft> {
    vec![Draft::note(RecordKind::Setting, SENDER, text.as_bytes().to_vec())]
}

fn texts(store: &Store) -> Vec<String> {
    let records = store.records(CIRCLE, Seq(0), RECORDS_MAX).unwrap();
    records.into_iter().map(|record| String::from_utf8(record.body).unwrap()).collect()
}

#[test]
fn of_many_that_ask_at_once_one_has_a_lease() {
    let home = Home::new();
    let stores: Vec<_> = (0..3).map(|_| store(&home)).collect();
    let holders: BTreeSet<i64> = std::thread::scope(|scope| {
        let ask = |at: usize| {
            let store = &stores[at % 3].1;
            scope.spawn(move || {
                match beside(store).take("work", Uuid::from_u128(at as u128 + 1), LONG).unwrap() {
                    Taken::Held(fence) => Some(fence.token()),
                    Taken::Others(left) => {
                        assert!(left > Duration::ZERO && left <= LONG, "{left:?}");
                        None
                    }
                }
            })
        };
        let threads: Vec<_> = (0..24).map(ask).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(holders, BTreeSet::from([1]), "one, and it is the first");
    let other = beside(&stores[0].1).take("other work", Uuid::from_u128(9), LONG).unwrap();
    assert_eq!(held(other).token(), 1, "leases of other names are apart");
}

#[test]
fn a_lease_is_kept_by_taking_it_again_and_goes_when_its_term_is_over_or_when_it_is_let_go() {
    let home = Home::new();
    let (_folder, store) = store(&home);
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let take = |holder, term| beside(&store).take("work", holder, term).unwrap();
    // A disk that others write to may take long.
    let term = SHORT * 10;
    let first = held(take(one, term));
    for _ in 0..5 {
        std::thread::sleep(term / 4);
        assert_eq!(held(take(one, term)), first, "the same number as long as it is not lost");
        assert!(matches!(take(other, term), Taken::Others(_)));
    }
    std::thread::sleep(term + term / 4);
    let second = held(take(other, LONG));
    assert_eq!(second.token(), first.token() + 1);
    assert!(matches!(take(one, LONG), Taken::Others(_)));
    // Who lets go what it has not any more ends nothing.
    beside(&store).let_go(&first).unwrap();
    assert!(matches!(take(one, LONG), Taken::Others(_)));
    beside(&store).let_go(&second).unwrap();
    let third = held(take(one, SHORT));
    assert_eq!(third.token(), second.token() + 1);
    // Also the same holder has another number when nobody vouches for the time between.
    std::thread::sleep(SHORT + SHORT / 3);
    assert_eq!(held(take(one, LONG)).token(), third.token() + 1);
    // By the database's clock, whatever the store's says.
    let left: i64 = home
        .client()
        .query_one(
            "SELECT until - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM lease WHERE name = 'work'",
            &[],
        )
        .unwrap()
        .get(0);
    assert!((1..=60_000_000).contains(&left), "{left}");
}

#[test]
fn a_holder_that_slept_through_its_term_writes_nothing_once_another_has_begun() {
    let home = Home::new();
    let stores = [store(&home), store(&home)];
    let [(_, one), (_, other)] = &stores;
    let old = held(beside(one).take("work", Uuid::from_u128(1), SHORT).unwrap());
    assert!(matches!(old.within(|| one.append(CIRCLE, note("a"))).unwrap()[..], [Outcome::Appended { .. }]));
    let room = beside(one).room("things");
    old.within(|| room.put("key", b"a")).unwrap();
    std::thread::sleep(SHORT + SHORT / 3);
    // Nobody has begun: it is still the only one.
    assert!(old.within(|| one.append(CIRCLE, note("b"))).is_ok());
    let new = held(beside(other).take("work", Uuid::from_u128(2), LONG).unwrap());
    let version = room.get("key").unwrap().unwrap().version;
    let refused = |outcome: Result<(), StorageError>| assert!(matches!(outcome, Err(StorageError::Fenced)));
    refused(old.within(|| one.append(CIRCLE, note("late"))).map(drop));
    refused(old.within(|| room.put("key", b"late")));
    refused(old.within(|| room.swap("key", Some(b"late"), Some(version))).map(drop));
    refused(old.within(|| room.remove("key")).map(drop));
    // What others write at the same time is not held up by it, in whatever group it is.
    std::thread::scope(|scope| {
        for at in 0..16 {
            let (old, one) = (&old, &one);
            scope.spawn(move || match at % 2 {
                0 => assert!(matches!(
                    old.within(|| one.append(CIRCLE, note("late"))),
                    Err(StorageError::Fenced)
                )),
                _ => drop(one.append(CIRCLE, note(&format!("free {at}"))).unwrap()),
            });
        }
    });
    new.within(|| other.append(CIRCLE, note("c"))).unwrap();
    new.within(|| room.put("key", b"c")).unwrap();
    let texts = texts(other);
    assert_eq!(texts.iter().filter(|text| text.starts_with("free")).count(), 8);
    assert!(texts.iter().all(|text| text != "late"), "{texts:?}");
    assert_eq!((&*texts[0], &*texts[1], texts.last().unwrap().as_str()), ("a", "b", "c"));
    assert_eq!(room.get("key").unwrap().unwrap().value, b"c");
    // Under two leases both must be held.
    let second = held(beside(one).take("second", Uuid::from_u128(1), LONG).unwrap());
    refused(second.within(|| old.within(|| one.append(CIRCLE, note("late")))).map(drop));
    second.within(|| one.append(CIRCLE, note("d"))).unwrap();
    assert!(home.verify().is_sound());
}

#[test]
fn what_is_done_alone_is_done_one_after_another_by_all() {
    const EACH: usize = 10;
    let home = Home::new();
    let stores: Vec<_> = (0..3).map(|_| store(&home)).collect();
    let inside = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for at in 0..6 {
            let (store, inside) = (&stores[at % 3].1, &inside);
            scope.spawn(move || {
                let room = beside(store).room("counts");
                for _ in 0..EACH {
                    let done = beside(store).alone("count", (LONG, LONG), || {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "nobody else is in here");
                        let kept = room.get("count").unwrap();
                        let count =
                            kept.map_or(0, |kept| String::from_utf8(kept.value).unwrap().parse().unwrap());
                        let count: usize = count;
                        room.put("count", (count + 1).to_string().as_bytes()).unwrap();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    });
                    done.unwrap();
                }
            });
        }
    });
    let room = beside(&stores[0].1).room("counts");
    assert_eq!(room.get("count").unwrap().unwrap().value, (6 * EACH).to_string().as_bytes());
    // Who has it for too long is not waited for.
    let held = beside(&stores[0].1).alone("count", (LONG, LONG), || {
        beside(&stores[1].1).alone("count", (LONG, Duration::from_millis(50)), || ())
    });
    assert!(matches!(held, Ok(Err(StorageError::Contended))));
}

#[test]
fn values_are_compared_and_set() {
    let home = Home::new();
    let stores = [store(&home), store(&home)];
    let [one, other] = [0, 1].map(|at| beside(&stores[at].1).room("things"));
    assert_eq!(one.get("a").unwrap(), None);
    let first = one.swap("a", Some(b"1"), None).unwrap().unwrap();
    assert_eq!(other.swap("a", Some(b"2"), None).unwrap(), None, "it is there");
    assert_eq!(other.get("a").unwrap().unwrap().value, b"1");
    let second = other.swap("a", Some(b"2"), Some(first)).unwrap().unwrap();
    assert!(second > first);
    assert_eq!(one.swap("a", Some(b"3"), Some(first)).unwrap(), None, "it was changed since");
    assert_eq!(one.swap("a", None, Some(first)).unwrap(), None);
    assert_eq!(one.swap("a", None, Some(second)).unwrap(), Some(0));
    assert_eq!(one.get("a").unwrap(), None);
    let third = one.swap("a", Some(b"4"), None).unwrap().unwrap();
    assert!(third > second, "a version is of one value alone, also when it was away meanwhile");
    for key in ["b", "c", "d"] {
        one.put(key, key.as_bytes()).unwrap();
    }
    beside(&stores[0].1).room("others").put("e", b"").unwrap();
    let keys = |after| other.page(after, 2).unwrap().into_iter().map(|kept| kept.key).collect::<Vec<_>>();
    assert_eq!(
        (keys(""), keys("b"), keys("d")),
        (vec!["a".into(), "b".into()], vec!["c".into(), "d".into()], vec![])
    );
    assert_eq!(one.sweep(LONG).unwrap(), 0);
    std::thread::sleep(SHORT * 10);
    other.put("b", b"again").unwrap();
    assert_eq!(one.sweep(SHORT * 5).unwrap(), 3);
    assert_eq!(keys(""), ["b"]);
    // In a file a node is alone: there is nothing to share.
    let file = tempfile::tempdir().unwrap();
    let alone = Store::open(file.path(), &Default::default(), Arc::new(|| 0)).unwrap();
    assert!(alone.beside().is_none());
    // Of those that are kept the latest stay, whatever was put first.
    for key in ["f", "g", "b"] {
        other.put(key, key.as_bytes()).unwrap();
    }
    assert_eq!(one.trim(3).unwrap(), 0);
    assert_eq!(one.trim(2).unwrap(), 1);
    assert_eq!(keys(""), ["b", "g"]);
    assert_eq!(
        beside(&stores[0].1).room("others").page("", 9).unwrap().len(),
        1,
        "other rooms are left alone"
    );
}

#[test]
fn tables_of_the_version_before_get_what_they_lack() {
    let home = Home::new();
    let (_folder, before) = store(&home);
    before.append(CIRCLE, note("a")).unwrap();
    drop(before);
    home.client()
        .batch_execute("DROP TABLE lease; DROP TABLE kept; DELETE FROM tables WHERE version = 2")
        .unwrap();
    let (_folder, after) = store(&home);
    assert_eq!(texts(&after), ["a"]);
    held(beside(&after).take("work", Uuid::from_u128(1), LONG).unwrap());
    beside(&after).room("things").put("a", b"1").unwrap();
    assert_eq!(after.root(LineId::NODE).unwrap().0, 0);
}
