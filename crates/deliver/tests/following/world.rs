//! A small world of members, circles and a clock, and what can happen in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::{Basis, Deliver, StepLimit, StepVerdict};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use proptest::prelude::*;
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;
use watch::Lists;

pub(crate) const MEMBERS: [MemberId; 4] = [member(1), member(2), member(3), member(4)];
/// The first of them share; all get.
pub(crate) const SENDERS: usize = 3;
pub(crate) const CIRCLES: [CircleId; 2] =
    [CircleId::new(Uuid::from_u128(11)), CircleId::new(Uuid::from_u128(12))];
/// 2026-01-01T00:00:00Z.
pub(crate) const START_S: i64 = 1_767_225_600;
pub(crate) const VALUES: [&str; 9] = [
    "[domain-name:value = 'a.evil.top']",
    "[domain-name:value = 'b.evil.top']",
    "[ipv4-addr:value = '45.10.20.30']",
    "[url:value = 'http://b.evil.top/']",
    "[url:value = 'http://c.evil.top/'] OR [domain-name:value = 'a.evil.top']",
    "[domain-name:value IN ('b.evil.top', 'd.evil.top', 'port.example.org')]",
    "[ipv4-addr:value = '10.0.0.1']",
    "[email-addr:value = 'x@evil.top']",
    "[process:command_line = 'x']",
];

pub(crate) const fn member(number: u128) -> MemberId {
    MemberId::new(Uuid::from_u128(number))
}

pub(crate) struct World {
    pub(crate) gate: Gate,
    pub(crate) deliver: Deliver,
    pub(crate) clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

pub(crate) fn profile(number: usize) -> Member {
    Member {
        level: Level::Exchange,
        clearance: [Tlp::Red, Tlp::Red, Tlp::Amber, Tlp::Amber][number],
        confidence_min: [0, 40, 40, 40][number],
        ..Member::new(MEMBERS[number], format!("m{number}"))
    }
}

/// A limit that little goes beyond.
pub(crate) const LIMIT: StepLimit = StepLimit { count_max: 2, percent_max: 60, window_s: 300 };

pub(crate) fn basis() -> Basis {
    Basis { lists: Some(Lists::none()), step_limit: LIMIT, ..Basis::default() }
}

impl World {
    /// The last two members are cleared for the same, and should have the same.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
        let time = Arc::clone(&clock);
        let store =
            Store::open(dir.path(), &Options::default(), Arc::new(move || time.load(Ordering::SeqCst)))
                .unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        for number in 0..MEMBERS.len() {
            gate.record(MemberId::NODE, Entry::Member(profile(number))).unwrap();
        }
        for (id, handle) in CIRCLES.into_iter().zip(["region", "pair"]) {
            let members = MEMBERS.to_vec();
            let circle = Circle { ceiling: Tlp::AmberStrict, members, ..Circle::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        }
        let time = Arc::clone(&clock);
        let now = Arc::new(move || Timestamp::from_micros(time.load(Ordering::SeqCst)));
        let deliver = Deliver::new(gate.clone(), None, "tower.test".to_owned(), now);
        deliver.judge_by(basis());
        Self { gate, deliver, clock, _dir: dir }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.deliver.now)()
    }

    pub(crate) fn take(&self, action: &Action) {
        match action {
            Action::Share(shared) => self.share(shared),
            Action::Define(number, by) => self.define(*number, *by),
            Action::Settle(at, verdict) => {
                let steps = self.deliver.steps().unwrap();
                if let Some(step) = steps.get(*at) {
                    step.settle(&self.gate, MemberId::NODE, *verdict).unwrap();
                }
            }
            Action::See(seen) => self.see(seen),
            Action::Withdraw { number, by, circle, kind } => {
                let ids = [id(kind, *number)];
                drop(self.gate.withdraw(MEMBERS[*by], CIRCLES[*circle], &ids, "test"));
            }
            Action::Wait(seconds) => {
                self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
                self.gate.announce_due(self.now()).unwrap();
            }
            Action::Clear(number, clearance) => {
                let clearance = [Tlp::Green, Tlp::Amber, Tlp::Red][*clearance];
                let member = Member { clearance, ..profile(*number) };
                self.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
            }
            Action::Own(number) => {
                let member = Member { own_assets: vec!["example.org".to_owned()], ..profile(*number) };
                self.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
            }
            Action::Term(circle, seconds) => {
                let ends = Timestamp::from_micros(self.now().micros() + seconds * 1_000_000);
                let circle = Circle {
                    ceiling: Tlp::AmberStrict,
                    members: MEMBERS.to_vec(),
                    ends: Some(ends),
                    ..Circle::new(CIRCLES[*circle], ["region", "pair"][*circle])
                };
                self.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
            }
        }
    }

    pub(crate) fn share(&self, shared: &Share) {
        let after = |seconds: i64| Timestamp::from_micros(self.now().micros() + seconds * 1_000_000);
        let mut object = json!({
            "type": "indicator", "spec_version": "2.1", "id": id("indicator", shared.number).to_string(),
            "created": "2026-01-01T00:00:00.000Z",
            "modified": Timestamp::from_micros((START_S + shared.version) * 1_000_000).to_string(),
            "pattern": VALUES[shared.value], "pattern_type": "stix", "confidence": shared.confidence,
            "valid_from": after(shared.valid_from).to_string(),
        });
        if let Some(seconds) = shared.valid_for {
            object["valid_until"] = after(shared.valid_from + seconds).to_string().into();
        }
        match shared.mark {
            Mark::None => {}
            Mark::Tlp(tlp) => object["object_marking_refs"] = json!([tlp.definition_id().to_string()]),
            Mark::Definition(number) => {
                object["object_marking_refs"] = json!([id("marking-definition", number).to_string()]);
            }
            Mark::Pattern(tlp) => object["granular_markings"] = of_pattern(&tlp.definition_id()),
            Mark::PatternDefinition(number) => {
                object["granular_markings"] = of_pattern(&id("marking-definition", number));
            }
        }
        let terms = Terms {
            expires: shared.expires.map(after),
            embargo_until: shared.embargo.map(after),
            pseudonymise: shared.pseudonymise,
            ..Terms::default()
        };
        self.submit(shared.by, shared.circle, &terms, &object);
    }

    pub(crate) fn see(&self, sight: &Sight) {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).to_string();
        let mut object = json!({
            "type": "sighting", "spec_version": "2.1", "id": id("sighting", sight.number).to_string(),
            "created": at(START_S), "modified": at(START_S + sight.version), "revoked": sight.revoked,
            "sighting_of_ref": id("indicator", sight.of).to_string(),
        });
        if let Some(ago) = sight.ago {
            object["last_seen"] = at(self.now().seconds() - ago).into();
        }
        if let Some(count) = sight.count {
            object["count"] = count.into();
        }
        if let Some(tlp) = sight.tlp {
            object["object_marking_refs"] = json!([tlp.definition_id().to_string()]);
        }
        self.submit(sight.by, sight.circle, &Terms::default(), &object);
    }

    /// A definition of FIRST's IEP that ends after some weeks.
    pub(crate) fn define(&self, number: u128, by: usize) {
        let ends = Timestamp::from_micros(self.now().micros() + 4_000_000_000_000).to_string();
        let object = json!({
            "type": "marking-definition", "spec_version": "2.1",
            "id": id("marking-definition", number).to_string(), "created": "2026-01-01T00:00:00.000Z",
            "definition_type": "iep", "definition": {"name": "p", "end_date": ends},
        });
        for circle in 0..CIRCLES.len() {
            self.submit(by, circle, &Terms::default(), &object);
        }
    }

    pub(crate) fn submit(&self, by: usize, circle: usize, terms: &Terms, object: &serde_json::Value) {
        let raw = object.to_string();
        let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
        // An agreement that has ended takes nothing.
        drop(self.gate.submit(MEMBERS[by], CIRCLES[circle], terms, vec![submission], self.now()));
    }
}

/// A granular marking of the pattern.
pub(crate) fn of_pattern(marking: &ObjectId) -> serde_json::Value {
    json!([{"marking_ref": marking.to_string(), "selectors": ["pattern"]}])
}

pub(crate) fn id(object_type: &str, number: u128) -> ObjectId {
    ObjectId::new(object_type, Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)).unwrap()
}

#[derive(Debug, Clone)]
pub(crate) enum Mark {
    None,
    Tlp(Tlp),
    Definition(u128),
    Pattern(Tlp),
    PatternDefinition(u128),
}

#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) number: u128,
    pub(crate) by: usize,
    pub(crate) circle: usize,
    pub(crate) version: i64,
    pub(crate) value: usize,
    pub(crate) confidence: u8,
    pub(crate) valid_from: i64,
    pub(crate) valid_for: Option<i64>,
    pub(crate) mark: Mark,
    pub(crate) expires: Option<i64>,
    pub(crate) embargo: Option<i64>,
    pub(crate) pseudonymise: bool,
}

/// A sighting of an indicator.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    pub(crate) number: u128,
    pub(crate) of: u128,
    pub(crate) by: usize,
    pub(crate) circle: usize,
    pub(crate) version: i64,
    /// Seconds before it is said; negative for a date to come.
    pub(crate) ago: Option<i64>,
    pub(crate) count: Option<u32>,
    pub(crate) revoked: bool,
    pub(crate) tlp: Option<Tlp>,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Share(Share),
    Define(u128, usize),
    See(Sight),
    Settle(usize, StepVerdict),
    Withdraw { number: u128, by: usize, circle: usize, kind: &'static str },
    Wait(i64),
    Clear(usize, usize),
    Own(usize),
    Term(usize, i64),
}

pub(crate) fn shares() -> impl Strategy<Value = Share> {
    let tlp = prop_oneof![Just(Tlp::Clear), Just(Tlp::Green), Just(Tlp::AmberStrict)];
    let mark = prop_oneof![
        4 => Just(Mark::None),
        3 => tlp.clone().prop_map(Mark::Tlp),
        4 => Just(Mark::Definition(0)),
        2 => tlp.prop_map(Mark::Pattern),
        2 => Just(Mark::PatternDefinition(0)),
    ];
    let seconds = || prop_oneof![4 => Just(None), 1 => (1_i64..600).prop_map(Some)];
    let object = (0_u128..5, 0..SENDERS, 0..CIRCLES.len(), 0_i64..4, 0..VALUES.len(), 0_u8..=100);
    let valid = (prop_oneof![3 => Just(-10_i64), 1 => 1_i64..300], seconds());
    (object, valid, mark, seconds(), seconds(), prop::bool::weighted(0.2)).prop_map(
        |((number, by, circle, version, value, confidence), valid, mark, expires, embargo, pseudonymise)| {
            Share {
                number,
                by,
                circle,
                version,
                value,
                confidence,
                valid_from: valid.0,
                valid_for: valid.1,
                mark,
                expires,
                embargo,
                pseudonymise,
            }
        },
    )
}

pub(crate) fn sights() -> impl Strategy<Value = Sight> {
    let object = (0_u128..3, 0_u128..5, 0..SENDERS, 0..CIRCLES.len(), 0_i64..4);
    let ago = prop_oneof![
        1 => Just(None),
        3 => (0_i64..5_000_000).prop_map(Some),
        1 => (-50_000_000_i64..0).prop_map(Some),
    ];
    let count = prop_oneof![3 => Just(None), 1 => (0_u32..3).prop_map(Some)];
    let tlp = prop_oneof![2 => Just(None), 1 => Just(Some(Tlp::Green)), 1 => Just(Some(Tlp::AmberStrict))];
    (object, ago, count, prop::bool::weighted(0.1), tlp).prop_map(
        |((number, of, by, circle, version), ago, count, revoked, tlp)| Sight {
            number,
            of,
            by,
            circle,
            version,
            ago,
            count,
            revoked,
            tlp,
        },
    )
}

pub(crate) fn actions() -> impl Strategy<Value = Action> {
    let verdict = prop_oneof![2 => Just(StepVerdict::Confirmed), 1 => Just(StepVerdict::Refused)];
    let kind = prop_oneof![2 => Just("indicator"), 1 => Just("marking-definition"), 1 => Just("sighting")];
    let withdraw = (0_u128..3, 0..SENDERS, 0..CIRCLES.len(), kind);
    prop_oneof![
        10 => shares().prop_map(Action::Share),
        2 => (0..SENDERS).prop_map(|by| Action::Define(0, by)),
        4 => sights().prop_map(Action::See),
        2 => (0_usize..2, verdict).prop_map(|(at, verdict)| Action::Settle(at, verdict)),
        4 => withdraw.prop_map(|(number, by, circle, kind)| Action::Withdraw { number, by, circle, kind }),
        4 => prop_oneof![1_i64..200, 86_400_i64..8_640_000].prop_map(Action::Wait),
        1 => (0..MEMBERS.len(), 0_usize..3).prop_map(|(number, clearance)| Action::Clear(number, clearance)),
        1 => (0..MEMBERS.len()).prop_map(Action::Own),
        1 => (0..CIRCLES.len(), 1_i64..400).prop_map(|(circle, seconds)| Action::Term(circle, seconds)),
    ]
}

impl Share {
    /// Says that a domain is evil, from now on.
    pub(crate) fn plain(number: u128, mark: Mark) -> Self {
        Self {
            number,
            by: 0,
            circle: 0,
            version: 0,
            value: 0,
            confidence: 80,
            valid_from: -10,
            valid_for: None,
            mark,
            expires: None,
            embargo: None,
            pseudonymise: false,
        }
    }
}
