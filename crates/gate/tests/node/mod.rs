//! A gate over a store in a folder of its own, with one circle and three members.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_gate::{DryRun, Gate, NodeKey, Query, Reader, Submission, Submitted};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Reach, Request, Rule, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

pub(crate) const A: MemberId = MemberId::new(Uuid::from_u128(0xa));
pub(crate) const B: MemberId = MemberId::new(Uuid::from_u128(0xb));
pub(crate) const C: MemberId = MemberId::new(Uuid::from_u128(0xc));
pub(crate) const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(0xcc));

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub(crate) struct Node {
    pub(crate) gate: Gate,
    pub(crate) now: Timestamp,
    pub(crate) clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

fn open(dir: &tempfile::TempDir, clock: &Arc<AtomicI64>) -> Gate {
    let time = Arc::clone(clock);
    let store =
        Store::open(dir.path(), &Options::default(), Arc::new(move || time.load(Ordering::SeqCst))).unwrap();
    Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap()
}

pub(crate) fn circle() -> Circle {
    Circle {
        title: "C".to_owned(),
        ceiling: Tlp::AmberStrict,
        members: vec![A, B, C],
        ..Circle::new(CIRCLE, "c")
    }
}

impl Node {
    /// A and B are cleared for everything, C for AMBER; the ceiling is AMBER+STRICT; what is unmarked here is GREEN.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(990_000_000));
        let gate = open(&dir, &clock);
        for (id, handle, clearance) in [(A, "a", Tlp::Red), (B, "b", Tlp::Red), (C, "c", Tlp::Amber)] {
            let member = Member { level: Level::Exchange, clearance, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        gate.record(MemberId::NODE, Entry::Circle(circle())).unwrap();
        clock.store(1_000_000_000, Ordering::SeqCst);
        Self { gate, now: at(1_000), clock, dir }
    }

    pub(crate) fn reopened(self) -> Self {
        let Self { gate, now, clock, dir } = self;
        drop(gate);
        Self { gate: open(&dir, &clock), now, clock, dir }
    }

    pub(crate) fn request(&self, member: MemberId, wanted: Level) -> Request {
        Request { member, circle: CIRCLE, wanted, encrypted: true, now: self.now, reach: Reach::Member }
    }

    pub(crate) fn reader(&self, member: MemberId) -> Reader {
        self.gate.reader(self.request(member, Level::Exchange)).unwrap()
    }

    pub(crate) fn try_share(&self, by: MemberId, terms: &Terms, objects: &[Value]) -> Vec<Submitted> {
        self.gate.submit(by, CIRCLE, terms, submissions(objects), self.now).unwrap()
    }

    pub(crate) fn share(&self, by: MemberId, terms: &Terms, objects: &[Value]) {
        for told in self.try_share(by, terms, objects) {
            assert!(matches!(told, Submitted::Appended { .. }), "{told:?}");
        }
    }

    pub(crate) fn dry_run(&self, terms: &Terms, objects: &[Value]) -> DryRun {
        self.gate.dry_run(&[CIRCLE], A, terms, &submissions(objects), self.now).unwrap()
    }

    /// The numbers of what a member sees, sorted, each as often as it is seen.
    pub(crate) fn sees(&self, member: MemberId) -> Vec<u128> {
        let mut numbers = Vec::new();
        let reader = self.reader(member);
        let mut on = |object: policy::Released<bongsu_gate::Object>| {
            numbers.push(number(&object.get().id));
            std::ops::ControlFlow::Continue(())
        };
        reader.each(&[], &mut on).unwrap();
        numbers.sort_unstable();
        numbers
    }

    pub(crate) fn held(&self, member: MemberId) -> Vec<(u128, Rule)> {
        let items = self.reader(member).explain(None, 0, 100).unwrap().items;
        let mut held: Vec<_> = items.iter().map(|item| (number(&item.id), item.rule)).collect();
        held.sort_unstable();
        held
    }

    pub(crate) fn text(&self, member: MemberId, object_type: &str, number: u128) -> String {
        let ids = vec![ObjectId::parse(&id(object_type, number)).unwrap()];
        let page = self.reader(member).page(&Query { ids, limit: 1, ..Query::default() }).unwrap();
        page.items.into_iter().next().unwrap().into_inner().raw
    }
}

fn submissions(objects: &[Value]) -> Vec<Submission> {
    let submission = |object: &Value| {
        let raw = object.to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    };
    objects.iter().map(submission).collect()
}

pub(crate) fn id(object_type: &str, number: u128) -> String {
    format!("{object_type}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

pub(crate) fn number(id: &ObjectId) -> u128 {
    id.uuid().as_u128() - 0x4000_8000_0000_0000_0000
}

pub(crate) fn object(object_type: &str, number: u128, more: Value) -> Value {
    let mut object = json!({
        "type": object_type, "spec_version": "2.1", "id": id(object_type, number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

pub(crate) fn indicator(number: u128) -> Value {
    object(
        "indicator",
        number,
        json!({"pattern": "[domain-name:value = 'a.example']", "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00.000Z"}),
    )
}

pub(crate) fn marked(mut object: Value, tlp: Tlp) -> Value {
    object["object_marking_refs"] = json!([tlp.definition_id().to_string()]);
    object
}
