//! Erasure through the public face: what goes, what stays, and what is found out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_line::{Draft, EraseError, LineId, Outcome, RecordKind, Seq, Store};
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use stix::ObjectId;
use uuid::Uuid;

use crate::home::Home;

pub(crate) const SENDER: Uuid = Uuid::from_u128(7);
pub(crate) const CIRCLE: LineId = LineId::new(Uuid::from_u128(0xc1));
const OTHER: LineId = LineId::new(Uuid::from_u128(0xc2));
pub(crate) const CANARY: &str = "goldfinch.canary";

pub(crate) fn open(home: &Home) -> Store {
    let ticks = Arc::new(AtomicI64::new(1_000));
    let clock = Arc::new(move || ticks.fetch_add(1, Ordering::Relaxed));
    let store = home.open(clock).unwrap();
    [CIRCLE, OTHER].into_iter().for_each(|line| store.ensure_line(line));
    store
}

pub(crate) fn id(object_type: &str, number: u128) -> ObjectId {
    ObjectId::new(object_type, Uuid::from_u128(number)).unwrap()
}

pub(crate) fn identity(number: u128, day: u32, name: &str) -> String {
    let id = id("identity", number);
    json!({"type": "identity", "id": id.to_string(), "spec_version": "2.1", "created": "2026-01-01T00:00:00Z",
           "modified": format!("2026-01-{day:02}T00:00:00Z"), "name": name,
           "contact_information": format!("{name}@example.test, {}", "x".repeat(300))})
    .to_string()
}

fn relationship(number: u128, target: u128) -> String {
    json!({"type": "relationship", "id": id("relationship", number).to_string(), "spec_version": "2.1",
           "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "relationship_type": "uses",
           "source_ref": id("identity", target).to_string(), "target_ref": id("identity", target + 1).to_string(),
           "description": CANARY})
    .to_string()
}

pub(crate) fn draft(raw: &str) -> Draft {
    Draft::object(SENDER, None, raw.as_bytes().to_vec(), stix::read_head(raw).unwrap())
}

fn seq(outcome: &Outcome) -> Seq {
    match outcome {
        Outcome::Appended { seq, .. } => *seq,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn add(store: &Store, line: LineId, raw: &str) -> Seq {
    seq(&store.append(line, vec![draft(raw)]).unwrap()[0])
}

pub(crate) fn withdraw(store: &Store, line: LineId, id: &ObjectId) {
    store.append(line, vec![Draft::withdrawal(SENDER, id, "wrong")]).unwrap();
}

/// Lines that grow beside each other, so that pages are split and rows moved; one object in each is about the canary.
fn grown(store: &Store) -> Vec<(LineId, Seq)> {
    let mut canaries = Vec::new();
    for round in 0..40_u128 {
        for line in [CIRCLE, OTHER, LineId::NODE] {
            let name = if round % 8 == 3 { CANARY } else { "nobody" };
            let at = add(store, line, &identity(round, 1, name));
            canaries.extend((name == CANARY).then_some((line, at)));
        }
    }
    canaries
}

#[test]
fn what_is_erased_is_on_the_disk_no_more_and_the_line_is_the_same_line() {
    let home = Home::new();
    let store = open(&home);
    let canaries = grown(&store);
    for (line, at) in &canaries {
        let gone = store.look(*line, |catalogue| catalogue.entry(*at).unwrap().id().unwrap()).unwrap();
        withdraw(&store, *line, &gone);
    }
    let roots = [CIRCLE, OTHER].map(|line| store.root(line).unwrap());
    assert!(home.holds(CANARY));
    let erased = store.erase(SENDER, &json!({"why": "a request"}), &canaries).unwrap();
    assert_eq!(erased.len(), canaries.len());
    assert_eq!(store.erase(SENDER, &json!({}), &canaries).unwrap(), [], "once is enough");
    assert!(store.has_remains().unwrap());
    store.scrub().unwrap();
    assert!(!store.has_remains().unwrap());
    assert!(!home.holds(CANARY));
    assert_eq!([CIRCLE, OTHER].map(|line| store.root(line).unwrap()), roots);
    let (line, at) = canaries[0];
    let record = store.records(line, Seq(at.0 - 1), 1).unwrap().remove(0);
    let body: [u8; 32] = Sha256::digest(identity(3, 1, CANARY)).into();
    assert_eq!((record.erased, record.body_hash(), record.body.len()), (Some(body), body, 0));
    let mut given = 0;
    store.bodies(line, &[at], &mut |_, _, _| given += 1).unwrap();
    assert_eq!(given, 0, "nothing is given in its place");
    drop(store);
    let report = home.verify();
    assert!(report.is_sound(), "{report:?}");
    let store = open(&home);
    assert_eq!([CIRCLE, OTHER].map(|line| store.root(line).unwrap()), roots);
    let entry = store.look(line, |catalogue| {
        let entry = catalogue.entry(at).unwrap();
        (entry.erased(), entry.counts(), entry.id().unwrap())
    });
    assert_eq!(entry.unwrap(), (true, false, id("identity", 3)));
}

#[test]
fn what_counts_is_not_erased_nor_what_others_announced_again() {
    let home = Home::new();
    let store = open(&home);
    let waiting = add(&store, CIRCLE, &relationship(1, 50));
    add(&store, CIRCLE, &identity(50, 1, "a"));
    add(&store, CIRCLE, &identity(51, 1, "b"));
    let announced = store.look(CIRCLE, |catalogue| {
        let object = catalogue.object(&id("relationship", 1)).unwrap();
        catalogue.latest(object).unwrap()
    });
    assert_ne!(announced.unwrap(), waiting, "it was announced again");
    let refused = store.erase(SENDER, &json!({}), &[(CIRCLE, waiting)]);
    assert!(matches!(refused, Err(EraseError::Counts { .. })), "its bytes are in use under another number");
    withdraw(&store, CIRCLE, &id("relationship", 1));
    assert_eq!(store.erase(SENDER, &json!({}), &[(CIRCLE, waiting)]).unwrap().len(), 1);
    let last = store.root(CIRCLE).unwrap().0;
    for (line, at) in [(CIRCLE, Seq(last)), (CIRCLE, Seq(last + 1)), (CIRCLE, Seq(0)), (LineId::NODE, Seq(1))]
    {
        let refused = store.erase(SENDER, &json!({}), &[(line, at)]);
        assert!(matches!(refused, Err(EraseError::NotErasable { .. })), "{at:?} of {line}: {refused:?}");
    }
    drop(store);
    open(&home);
}

/// What happens to a line of few objects.
#[derive(Debug, Clone)]
enum Step {
    Add(u128, u32),
    Relate(u128, u128),
    Withdraw(u128),
    Erase(u128),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6_u128, 1..6_u32).prop_map(|(number, day)| Step::Add(number, day)),
        2 => (0..4_u128, 0..5_u128).prop_map(|(number, target)| Step::Relate(number, target)),
        2 => (0..6_u128).prop_map(Step::Withdraw),
        2 => (0..6_u128).prop_map(Step::Erase),
    ]
}

/// All that readers can ask of a line's catalogue about its entries, erased or not.
fn told(store: &Store) -> Vec<String> {
    store
        .look(CIRCLE, |catalogue| {
            let entries = (1..=catalogue.head().0).filter_map(|number| catalogue.entry(Seq(number)));
            let one = |entry: bongsu_line::Entry<'_>| {
                let object = entry.object().unwrap();
                let needed: Vec<_> = entry
                    .references()
                    .filter(|(_, essential)| *essential)
                    .map(|(needed, _)| catalogue.id(needed))
                    .collect();
                format!(
                    "{:?}",
                    (
                        (entry.seq, entry.added(), entry.kind(), entry.id(), entry.version(), entry.counts()),
                        (
                            entry.revoked(),
                            entry.withdrawn(),
                            entry.granular(),
                            entry.spec_version(),
                            entry.sender()
                        ),
                        (
                            catalogue.class(entry.class()),
                            needed,
                            catalogue.latest(object),
                            catalogue.versions(object)
                        ),
                    )
                )
            };
            entries.map(one).collect()
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::home::CASES))]

    /// Two stores do the same, and one erases: it has the same root, and tells the same of everything, before and after a start.
    #[test]
    fn erasing_changes_nothing_but_bytes(steps in proptest::collection::vec(step(), 1..40)) {
        let (with, without) = (Home::new(), Home::new());
        let stores = [open(&with), open(&without)];
        let tick = |draft: Draft| stores.iter().for_each(|store| drop(store.append(CIRCLE, vec![draft.clone()]).unwrap()));
        let mut erased = 0;
        for step in &steps {
            match step {
                Step::Add(number, day) => tick(draft(&identity(*number, *day, CANARY))),
                Step::Relate(number, target) => tick(draft(&relationship(*number, *target))),
                Step::Withdraw(number) => tick(Draft::withdrawal(SENDER, &id("identity", *number), "wrong")),
                Step::Erase(number) => {
                    let all = stores[0].look(CIRCLE, |catalogue| {
                        let object = catalogue.object(&id("identity", *number));
                        let versions = object.into_iter().flat_map(|object| catalogue.all_versions(object));
                        let gone = versions.filter(|entry| entry.kind() == RecordKind::Object && !entry.erased());
                        gone.map(|entry| (CIRCLE, entry.seq)).collect::<Vec<_>>()
                    }).unwrap();
                    for one in all {
                        match stores[0].erase(SENDER, &json!({}), &[one]) {
                            Ok(done) => erased += done.len(),
                            Err(error) => prop_assert!(matches!(error, EraseError::Counts { .. }), "{error}"),
                        }
                    }
                    // The clock of the other goes on as well.
                    let note = || Draft::note(RecordKind::Setting, SENDER, Vec::new());
                    while stores[1].root(LineId::NODE).unwrap().0 < stores[0].root(LineId::NODE).unwrap().0 {
                        stores[1].append(LineId::NODE, vec![note()]).unwrap();
                    }
                }
            }
        }
        // Times differ by how often each clock was asked; numbers and all else do not.
        let strip = |told: Vec<String>| told.into_iter().map(|one| {
            let (before, rest) = one.split_once("Added(").unwrap();
            format!("{before}{}", rest.split_once(')').unwrap().1)
        }).collect::<Vec<_>>();
        prop_assert_eq!(strip(told(&stores[0])), strip(told(&stores[1])));
        let root = stores[0].root(CIRCLE).unwrap();
        let before = told(&stores[0]);
        drop(stores);
        let again = open(&with);
        prop_assert_eq!(again.root(CIRCLE).unwrap(), root);
        prop_assert_eq!(told(&again), before);
        drop(again);
        let report = with.verify();
        prop_assert!(report.is_sound(), "{:?} after {} erasures", report, erased);
    }
}
