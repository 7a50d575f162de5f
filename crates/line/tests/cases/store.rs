//! The store through its public face, wherever it keeps its lines.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_line::{Draft, LineId, Outcome, RecordKind, Refusal, Seq, Store, verify};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use crate::home::Home;

const SENDER: Uuid = Uuid::from_u128(7);
const CIRCLE: LineId = LineId::new(Uuid::from_u128(0xc1));

fn open(home: &Home) -> Store {
    // A clock that stands still and steps back: order must not depend on it.
    let ticks = Arc::new(AtomicI64::new(1_000));
    let store = home.open(Arc::new(move || ticks.fetch_sub(1, Ordering::Relaxed))).unwrap();
    store.ensure_line(CIRCLE);
    store
}

fn id(kind: &str, number: u128) -> String {
    ObjectId::new(kind, Uuid::from_u128(number)).unwrap().to_string()
}

fn draft(raw: &str) -> Draft {
    let head = stix::read_head(raw).unwrap_or_else(|finding| panic!("{finding}: {raw}"));
    Draft::object(SENDER, None, raw.as_bytes().to_vec(), head)
}

fn indicator(number: u128, modified: &str, extra: &str) -> String {
    let id = id("indicator", number);
    format!(
        r#"{{"type":"indicator","id":"{id}","spec_version":"2.1","created":"2026-01-01T00:00:00Z","modified":"2026-01-0{modified}T00:00:00Z"{extra}}}"#
    )
}

fn relationship(number: u128, source: u128, target: u128) -> String {
    let (id, source, target) = (id("relationship", number), id("indicator", source), id("malware", target));
    format!(
        r#"{{"type":"relationship","id":"{id}","spec_version":"2.1","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","relationship_type":"indicates","source_ref":"{source}","target_ref":"{target}"}}"#
    )
}

fn one(store: &Store, raw: &str) -> Outcome {
    store.append(CIRCLE, vec![draft(raw)]).unwrap().remove(0)
}

fn seq(outcome: &Outcome) -> Seq {
    match outcome {
        Outcome::Appended { seq, .. } | Outcome::Present { seq } => *seq,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

#[test]
fn bytes_come_back_as_they_went_in_and_times_strictly_increase() {
    let home = Home::new();
    let store = open(&home);
    let raws: Vec<_> = (0..500).map(|n| indicator(n, "1", &format!(r#","n":1.{n}e0 , "z":{n}"#))).collect();
    let outcomes = store.append(CIRCLE, raws.iter().map(|raw| draft(raw)).collect()).unwrap();
    let seqs: Vec<_> = outcomes.iter().map(seq).collect();
    let (mut back, mut times) = (Vec::new(), Vec::new());
    store
        .bodies(CIRCLE, &seqs, &mut |_, added, body| {
            back.push(String::from_utf8(body.to_vec()).unwrap());
            times.push(added);
        })
        .unwrap();
    assert_eq!(back, raws);
    assert!(times.is_sorted_by(|a, b| a < b));
}

#[test]
fn what_is_there_already_is_present_and_what_contradicts_it_is_refused() {
    let home = Home::new();
    let store = open(&home);
    let first = one(&store, &indicator(1, "2", ""));
    assert_eq!(one(&store, &indicator(1, "2", "")), Outcome::Present { seq: seq(&first) });
    assert_eq!(one(&store, &indicator(1, "2", r#","name":"x""#)), Outcome::Refused(Refusal::VersionConflict));
    let other = indicator(1, "3", "").replace(r#""created":"2026-01-01"#, r#""created":"2025-01-01"#);
    assert_eq!(one(&store, &other), Outcome::Refused(Refusal::OriginChanged));
    let older = one(&store, &indicator(1, "1", ""));
    let newer = one(&store, &indicator(1, "3", r#","revoked":true"#));
    assert_eq!(one(&store, &indicator(1, "4", "")), Outcome::Refused(Refusal::Revoked));
    let object = ObjectId::parse(&id("indicator", 1)).unwrap();
    store
        .look(CIRCLE, |catalogue| {
            let ix = catalogue.object(&object).unwrap();
            assert_eq!(catalogue.latest(ix), Some(seq(&newer)));
            assert_eq!(catalogue.versions(ix), [seq(&older), seq(&first), seq(&newer)]);
            assert!(!catalogue.entry(seq(&first)).unwrap().last());
        })
        .unwrap();
}

#[test]
fn a_withdrawn_object_is_gone_until_its_sender_brings_a_newer_version() {
    let home = Home::new();
    let store = open(&home);
    one(&store, &indicator(1, "1", ""));
    let object = ObjectId::parse(&id("indicator", 1)).unwrap();
    let stranger = store.append(CIRCLE, vec![Draft::withdrawal(Uuid::from_u128(9), &object, "no")]).unwrap();
    assert_eq!(stranger, [Outcome::Refused(Refusal::Unknown)], "what others brought is not there for it");
    seq(&store.append(CIRCLE, vec![Draft::withdrawal(SENDER, &object, "wrong")]).unwrap()[0]);
    let latest = |store: &Store| {
        store.look(CIRCLE, |catalogue| catalogue.latest(catalogue.object(&object).unwrap())).unwrap()
    };
    assert_eq!(latest(&store), None);
    assert_eq!(one(&store, &indicator(1, "1", "")), Outcome::Refused(Refusal::Withdrawn));
    let newer = one(&store, &indicator(1, "2", ""));
    assert_eq!(latest(&store), Some(seq(&newer)));
}

/// As [`draft`], by another member.
fn by(sender: u128, terms: Option<&str>, raw: &str) -> Draft {
    let head = stix::read_head(raw).unwrap();
    Draft::object(Uuid::from_u128(sender), terms.map(Into::into), raw.as_bytes().to_vec(), head)
}

fn tell(store: &Store, draft: Draft) -> Outcome {
    store.append(CIRCLE, vec![draft]).unwrap().remove(0)
}

#[test]
fn each_member_has_its_own_versions_and_learns_nothing_of_the_others() {
    let home = Home::new();
    let store = open(&home);
    let first = one(&store, &indicator(1, "2", ""));
    // Another's version is no conflict, no end, no withdrawal of the first's.
    for raw in [indicator(1, "2", r#","name":"x""#), indicator(1, "3", r#","revoked":true"#)] {
        assert!(matches!(tell(&store, by(9, None, &raw)), Outcome::Appended { .. }));
    }
    let object = ObjectId::parse(&id("indicator", 1)).unwrap();
    tell(&store, Draft::withdrawal(Uuid::from_u128(9), &object, "mine"));
    assert!(matches!(one(&store, &indicator(1, "4", "")), Outcome::Appended { .. }));
    let check = |store: &Store| {
        store
            .look(CIRCLE, |catalogue| {
                assert!(catalogue.entry(seq(&first)).unwrap().counts());
                let object = catalogue.object(&object).unwrap();
                assert!(catalogue.is_of_several(object));
                assert_eq!(catalogue.versions(object).len(), 2);
            })
            .unwrap();
    };
    check(&store);
    drop(store);
    let store = open(&home);
    check(&store);
    // The node withdraws whatever anybody brought.
    tell(&store, Draft::withdrawal(Uuid::nil(), &object, "all"));
    let left = store.look(CIRCLE, |catalogue| catalogue.latest(catalogue.object(&object).unwrap())).unwrap();
    assert_eq!(left, None);
}

#[test]
fn what_was_withdrawn_stays_so_when_a_newer_version_comes() {
    let home = Home::new();
    let store = open(&home);
    let first = one(&store, &indicator(1, "1", ""));
    let object = ObjectId::parse(&id("indicator", 1)).unwrap();
    tell(&store, Draft::withdrawal(SENDER, &object, "wrong"));
    one(&store, &indicator(1, "2", ""));
    store.look(CIRCLE, |catalogue| assert!(!catalogue.entry(seq(&first)).unwrap().counts())).unwrap();
}

#[test]
fn the_same_bytes_under_other_terms_are_a_record_of_their_own() {
    let home = Home::new();
    let store = open(&home);
    let raw = format!(r#"{{"type":"domain-name","id":"{}","value":"a.example"}}"#, id("domain-name", 1));
    let first = one(&store, &raw);
    assert_eq!(one(&store, &raw), Outcome::Present { seq: seq(&first) });
    assert!(matches!(tell(&store, by(9, None, &raw)), Outcome::Appended { .. }), "another's is its own");
    let second = tell(&store, by(7, Some("{}"), &raw));
    assert!(matches!(second, Outcome::Appended { .. }));
    store.look(CIRCLE, |catalogue| assert!(!catalogue.entry(seq(&first)).unwrap().counts())).unwrap();
    let object = ObjectId::parse(&id("domain-name", 1)).unwrap();
    tell(&store, Draft::withdrawal(SENDER, &object, "no"));
    let again = one(&store, &raw);
    assert!(matches!(again, Outcome::Appended { .. }), "shared anew after it was withdrawn: {again:?}");
}

#[test]
fn a_marking_definition_says_what_it_said_first() {
    let home = Home::new();
    let store = open(&home);
    let definition = |more: &str| {
        format!(
            r#"{{"type":"marking-definition","id":"{}","spec_version":"2.1"{more}}}"#,
            id("marking-definition", 1)
        )
    };
    seq(&one(&store, &definition(r#","created":"2026-01-01T00:00:00Z""#)));
    for other in [r#","created":"2026-01-02T00:00:00Z""#, r#","name":"TLP:CLEAR""#] {
        assert!(matches!(one(&store, &definition(other)), Outcome::Refused(_)), "{other}");
    }
}

#[test]
fn versions_of_one_object_have_a_limit() {
    let home = Home::new();
    let store = open(&home);
    let version = |n: u32| {
        let modified = format!(r#""modified":"2026-01-01T00:{:02}:{:02}Z""#, n / 60, n % 60);
        indicator(1, "1", "").replace(r#""modified":"2026-01-01T00:00:00Z""#, &modified)
    };
    let outcomes = store.append(CIRCLE, (0..1_001).map(|n| draft(&version(n))).collect()).unwrap();
    assert_eq!(outcomes[1_000], Outcome::Refused(Refusal::TooManyVersions));
    assert!(outcomes[..1_000].iter().all(|outcome| matches!(outcome, Outcome::Appended { .. })));
}

#[test]
fn what_waited_for_its_ends_is_announced_again_once_they_are_there() {
    let home = Home::new();
    let store = open(&home);
    let early = one(&store, &relationship(1, 10, 20));
    one(&store, &indicator(10, "1", ""));
    let count = |store: &Store| store.look(CIRCLE, |catalogue| catalogue.head()).unwrap();
    assert_eq!(count(&store), Seq(2), "one end is still missing");
    let malware = indicator(20, "1", "").replace("indicator", "malware");
    one(&store, &malware);
    assert_eq!(count(&store), Seq(4));
    let check = |store: &Store| {
        store
            .look(CIRCLE, |catalogue| {
                assert!(!catalogue.entry(seq(&early)).unwrap().counts());
                assert!(catalogue.entry(Seq(4)).unwrap().last());
                assert_eq!(catalogue.entry(Seq(4)).unwrap().references().count(), 2);
            })
            .unwrap();
        let mut body = Vec::new();
        store.bodies(CIRCLE, &[Seq(4)], &mut |_, _, bytes| body = bytes.to_vec()).unwrap();
        assert_eq!(body, relationship(1, 10, 20).as_bytes());
    };
    check(&store);
    drop(store);
    check(&open(&home));
    // Both ends first: nothing is announced.
    let store = open(&home);
    assert_eq!(seq(&one(&store, &relationship(2, 10, 20))), Seq(5));
    assert_eq!(count(&store), Seq(5));
}

#[test]
fn what_follows_an_announcement_comes_behind_it_however_long_it_is() {
    let home = Home::new();
    let store = open(&home);
    one(&store, &relationship(1, 10, 20));
    one(&store, &indicator(10, "1", ""));
    one(&store, &indicator(20, "1", "").replace("indicator", "malware"));
    let long: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number; 512 * 1024]).collect();
    for body in &long {
        let draft = Draft::note(RecordKind::Setting, SENDER, body.clone());
        store.append(CIRCLE, vec![draft]).unwrap();
    }
    let seqs: Vec<Seq> = (4..=24).map(Seq).collect();
    for most in [1, 2, 5, 12, 21, 30] {
        let mut given = Vec::new();
        let mut on = |seq, _, body: Cow<'_, [u8]>| {
            given.push((seq, body.into_owned()));
            if given.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        store.bodies_while(CIRCLE, &seqs, &mut on).unwrap();
        assert_eq!(given.len(), most.min(21));
        for (at, (seq, body)) in given.into_iter().enumerate() {
            assert_eq!(seq, seqs[at]);
            let wanted =
                at.checked_sub(1).map_or_else(|| relationship(1, 10, 20).into_bytes(), |at| long[at].clone());
            assert!(body == wanted, "{at} of {most}");
        }
    }
}

#[test]
fn a_store_has_one_owner_and_opens_again_after_it() {
    let home = Home::new();
    let store = open(&home);
    one(&store, &indicator(1, "1", ""));
    let root = store.root(CIRCLE).unwrap();
    let second = home.open(Arc::new(|| 0));
    assert!(second.err().unwrap().to_string().contains("in use"));
    drop(store);
    assert_eq!(open(&home).root(CIRCLE).unwrap(), root);
}

#[test]
fn a_cursor_sees_each_record_once_whatever_many_writers_do() {
    let home = Home::new();
    let store = open(&home);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for writer in 0..8_u128 {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    one(&store, &indicator(writer * 1_000 + number, "1", ""));
                }
            });
        }
        let (mut cursor, mut grown) = (Seq(0), 0);
        while seen.len() < 400 {
            let page = store.records(CIRCLE, cursor, 7).unwrap();
            match page.last() {
                Some(last) => cursor = last.seq,
                // What came between the look and the wait counts: a growth that is missed would be waited for in vain.
                None => grown = store.wait_for_growth(grown, std::time::Duration::from_secs(60)),
            }
            seen.extend(page.into_iter().map(|record| record.seq.0));
        }
    });
    assert_eq!(seen, (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_copy_made_while_it_is_written_is_sound() {
    let home = Home::new();
    let copy = tempfile::tempdir().unwrap();
    let store = open(&home);
    std::thread::scope(|scope| {
        let writer = store.clone();
        scope.spawn(move || {
            for number in 0..200 {
                one(&writer, &indicator(number, "1", ""));
            }
        });
        store.backup(&copy.path().join("bongsu.sqlite")).unwrap();
    });
    assert!(verify(copy.path(), None, &mut |_, _| {}).unwrap().is_sound());
}

#[test]
fn one_version_is_withdrawn_and_the_others_stay() {
    let home = Home::new();
    let store = open(&home);
    let (first, second) = (indicator(1, "1", ""), indicator(1, "2", ""));
    for raw in [&first, &second] {
        seq(&one(&store, raw));
    }
    let object = ObjectId::parse(&id("indicator", 1)).unwrap();
    let at = stix::read_head(&second).unwrap().version();
    let counting = |store: &Store| {
        store
            .look(CIRCLE, |catalogue| {
                let known = catalogue.object(&object).unwrap();
                (catalogue.versions(known).len(), catalogue.latest(known))
            })
            .unwrap()
    };
    assert_eq!(counting(&store), (2, Some(Seq(2))));
    let stranger = Draft::withdrawal_of(Uuid::from_u128(9), &object, "no", &[at]);
    assert_eq!(tell(&store, stranger), Outcome::Refused(Refusal::Unknown));
    let unknown = Draft::withdrawal_of(SENDER, &object, "no", &[Timestamp::from_micros(7)]);
    assert_eq!(tell(&store, unknown), Outcome::Refused(Refusal::Unknown));
    let this = || Draft::withdrawal_of(SENDER, &object, "wrong", &[at]);
    assert!(matches!(tell(&store, this()), Outcome::Appended { .. }));
    assert!(matches!(tell(&store, this()), Outcome::Present { .. }));
    assert_eq!(counting(&store), (1, Some(Seq(1))), "the older one is the newest now");
    assert_eq!(one(&store, &second), Outcome::Refused(Refusal::Withdrawn), "it does not come back");
    assert_eq!(one(&store, &first), Outcome::Present { seq: Seq(1) });
    drop(store);
    let store = open(&home);
    assert_eq!(counting(&store), (1, Some(Seq(1))), "after a start as well");
    assert!(matches!(tell(&store, Draft::withdrawal(SENDER, &object, "all")), Outcome::Appended { .. }));
    assert_eq!(counting(&store), (0, None));
    assert!(
        matches!(one(&store, &indicator(1, "3", "")), Outcome::Appended { .. }),
        "a newer version may come"
    );
}

/// The bound holds however the quotes are written, and is there again after a start.
#[test]
fn the_catalogue_knows_how_many_literals_an_object_can_hold() {
    let home = Home::new();
    let store = open(&home);
    let extra = |pattern: &str| format!(r#","pattern":"{pattern}""#);
    let two = r"[a:b = 'x' OR a:b = \u0027y\u0027]";
    let many = "'x',".repeat(32_768);
    for (number, pattern) in [(1, "[a:b = 1]"), (2, two), (3, "[a:b IN ('x','y','z')]"), (4, many.as_str())] {
        one(&store, &indicator(number, "1", &extra(pattern)));
    }
    let known = |store: &Store| -> Vec<Option<u16>> {
        let entry =
            |catalogue: &bongsu_line::Catalogue, seq| catalogue.entry(Seq(seq)).unwrap().literals_max();
        store.look(CIRCLE, |catalogue| (1..=4).map(|seq| entry(catalogue, seq)).collect()).unwrap()
    };
    assert_eq!(known(&store), [Some(0), Some(2), Some(3), None]);
    drop(store);
    assert_eq!(known(&open(&home)), [Some(0), Some(2), Some(3), None]);
}

#[test]
fn large_records_come_in_several_goes() {
    let home = Home::new();
    let store = open(&home);
    for number in 0..5 {
        store.append(CIRCLE, vec![Draft::note(RecordKind::Setting, SENDER, vec![number; 6 << 20])]).unwrap();
    }
    let (mut after, mut goes) = (Seq(0), Vec::new());
    loop {
        let records = store.records(CIRCLE, after, 10_000).unwrap();
        let Some(last) = records.last() else { break };
        after = last.seq;
        goes.push(records.len());
    }
    assert_eq!((after, goes), (Seq(5), vec![3, 2]));
}
