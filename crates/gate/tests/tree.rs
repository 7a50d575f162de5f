//! The public tree: what its members can compute of it, and what they can't.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_gate::commitment::Opening;
use bongsu_gate::{Checkpoint, Gate, NodeKey, NoteKey, Query, REDACTION, Submission, commitment_of};
use line::merkle::tile::Tile;
use line::merkle::{verify_consistency, verify_inclusion};
use line::{LineId, Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Reach, Request, Terms};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

const SOURCE: MemberId = MemberId::new(Uuid::from_u128(1));
const READER: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

fn open(folder: &std::path::Path) -> Gate {
    let clock = AtomicI64::new(1_000_000_000_000);
    let store =
        Store::open(folder, &Options::default(), Arc::new(move || clock.fetch_add(7, Ordering::Relaxed)))
            .unwrap();
    Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap()
}

fn place(folder: &std::path::Path) -> Gate {
    let gate = open(folder);
    for id in [SOURCE, READER] {
        let handle = format!("m{}", id.uuid().as_u128());
        let member = Member { level: Level::Exchange, ..Member::new(id, handle) };
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle =
        Circle { ceiling: Tlp::AmberStrict, members: vec![SOURCE, READER], ..Circle::new(CIRCLE, "c") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    gate
}

fn id(object_type: &str, number: u64) -> String {
    format!("{object_type}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number)))
}

fn tool(number: u64, more: &Value) -> String {
    let mut object = json!({
        "type": "tool", "spec_version": "2.1", "id": id("tool", number), "name": "t",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object.to_string()
}

fn share(gate: &Gate, terms: &Terms, objects: &[String]) {
    let submission = |raw: &String| Submission { head: stix::read_head(raw).unwrap(), raw: raw.clone() };
    gate.submit(SOURCE, CIRCLE, terms, objects.iter().map(submission).collect(), NOW).unwrap();
}

fn reader(gate: &Gate, member: MemberId) -> bongsu_gate::Reader {
    let (wanted, reach) = (Level::Exchange, Reach::Member);
    gate.reader(Request { member, circle: CIRCLE, wanted, encrypted: true, now: NOW, reach }).unwrap()
}

fn openings(gate: &Gate, member: MemberId, numbers: std::ops::Range<u64>) -> Vec<Opening> {
    let wanted: Vec<_> = numbers.map(|at| (ObjectId::parse(&id("tool", at)).unwrap(), None)).collect();
    let (found, more) = reader(gate, member).openings(&wanted).unwrap();
    assert!(!more);
    found.into_iter().map(policy::Released::into_inner).collect()
}

#[test]
fn what_a_member_gets_is_in_the_tree_and_a_copy_is_bound_to_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let gate = place(folder.path());
    let line = LineId::new(CIRCLE.uuid());
    let marks = json!([{ "marking_ref": Tlp::AmberStrict.definition_id().to_string(), "selectors": ["description"] }]);
    let cut = tool(0, &json!({ "description": "canary", "granular_markings": marks }));
    let hidden = tool(1, &json!({ "object_marking_refs": [Tlp::AmberStrict.definition_id().to_string()] }));
    share(&gate, &Terms::default(), &[cut, hidden]);
    share(&gate, &Terms::default(), &(2..300).map(|at| tool(at, &json!({}))).collect::<Vec<_>>());
    let checkpoint = gate.checkpoint(line).unwrap();
    assert_eq!(Checkpoint::read(&checkpoint.note, &NoteKey::of(gate.key())).unwrap(), checkpoint);
    assert_eq!(checkpoint.size, 300);
    let given = openings(&gate, READER, 0..300);
    assert_eq!(given.len(), 299, "what is hidden is not opened");
    let page = reader(&gate, READER).page(&Query { limit: 1_000, ..Query::default() }).unwrap();
    for item in &page.items {
        let object = item.get();
        let opening = given.iter().find(|opening| opening.id == object.id).unwrap();
        let path = gate.inclusion(line, opening.seq, 300).unwrap().unwrap();
        assert!(verify_inclusion(&opening.leaf(), opening.seq.0 - 1, 300, &path, &checkpoint.root));
        let hash = Sha256::digest(&object.raw).into();
        assert_eq!((opening.is_of(&hash), opening.content_salt.is_some()), (object.whole, object.whole));
        if !object.whole {
            let key = NoteKey::of(gate.key());
            assert_eq!(commitment_of(&object.raw, &key), Some(opening.content));
            assert_eq!(commitment_of(&object.raw.replace("\"t\"", "\"u\""), &key), None, "changed");
            assert!(!object.raw.contains("canary") && object.raw.contains(REDACTION));
        }
    }
    let own = openings(&gate, SOURCE, 0..2);
    assert!(own.len() == 2 && own.iter().all(|opening| opening.content_salt.is_some()), "its own, whole");
}

#[test]
fn the_tree_goes_on_after_a_start_and_is_the_same_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let line = LineId::new(CIRCLE.uuid());
    let gate = place(folder.path());
    share(&gate, &Terms::default(), &(0..700).map(|at| tool(at, &json!({}))).collect::<Vec<_>>());
    let first = gate.checkpoint(line).unwrap();
    gate.keep_trees().unwrap();
    drop(gate);
    let gate = open(folder.path());
    assert_eq!(gate.checkpoint(line).unwrap(), first);
    share(&gate, &Terms::default(), &(700..900).map(|at| tool(at, &json!({}))).collect::<Vec<_>>());
    let second = gate.checkpoint(line).unwrap();
    let proof = gate.consistency(line, first.size, second.size).unwrap().unwrap();
    assert!(verify_consistency(first.size, second.size, &first.root, &second.root, &proof));
    let tile = Tile { level: 0, index: 3, width: 132 };
    let hashes = gate.tile(line, &tile).unwrap().unwrap();
    drop(gate);
    std::fs::remove_dir_all(folder.path().join("trees")).unwrap();
    let gate = open(folder.path());
    assert_eq!(gate.tree_lag(line).unwrap(), 900);
    assert_eq!(gate.checkpoint(line).unwrap(), second);
    assert_eq!(gate.tile(line, &tile).unwrap(), Some(hashes.clone()));
    // A leaf of the stored tree, which who guesses the record could compute, is none of the public one.
    let record = gate.store().records(line, line::Seq(768), 1).unwrap().remove(0);
    let hash = Sha256::digest(&record.body).into();
    let data = line::merkle::leaf_data(
        record.kind,
        record.sender,
        record.added,
        None,
        record.terms.as_deref(),
        &hash,
    );
    assert!(!hashes.contains(&line::merkle::leaf(&data)) && !hashes.contains(&hash));
}

/// After an old backup was put back, a tree that has gone another way must not be taken for the line's.
#[test]
fn a_tree_of_another_history_is_made_anew() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let line = LineId::new(CIRCLE.uuid());
    let gate = place(one.path());
    share(&gate, &Terms::default(), &(0..40).map(|at| tool(at, &json!({}))).collect::<Vec<_>>());
    gate.checkpoint(line).unwrap();
    gate.keep_trees().unwrap();
    drop(gate);
    let other = place(two.path());
    share(&other, &Terms::default(), &(100..160).map(|at| tool(at, &json!({}))).collect::<Vec<_>>());
    let right = other.checkpoint(line).unwrap();
    drop(other);
    let (from, to) = (one.path().join("trees"), two.path().join("trees"));
    std::fs::remove_dir_all(&to).unwrap();
    std::fs::rename(from, to).unwrap();
    assert_eq!(open(two.path()).checkpoint(line).unwrap(), right);
}
