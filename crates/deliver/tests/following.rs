//! What a member gets, kept up to date change by change, is what a reading of everything would give.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking"
)]

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::{Basis, Deliver, Gathered, StepLimit, StepVerdict};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Seq, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use proptest::prelude::*;
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;
use watch::{Acts as _, Context, Guard, Kind, Lists, Value, actionable};

const MEMBERS: [MemberId; 4] = [member(1), member(2), member(3), member(4)];
/// The first of them share; all get.
const SENDERS: usize = 3;
const CIRCLES: [CircleId; 2] = [CircleId::new(Uuid::from_u128(11)), CircleId::new(Uuid::from_u128(12))];
/// 2026-01-01T00:00:00Z.
const START_S: i64 = 1_767_225_600;
const VALUES: [&str; 9] = [
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

const fn member(number: u128) -> MemberId {
    MemberId::new(Uuid::from_u128(number))
}

struct World {
    gate: Gate,
    deliver: Deliver,
    clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

fn profile(number: usize) -> Member {
    Member {
        level: Level::Exchange,
        clearance: [Tlp::Red, Tlp::Red, Tlp::Amber, Tlp::Amber][number],
        confidence_min: [0, 40, 40, 40][number],
        ..Member::new(MEMBERS[number], format!("m{number}"))
    }
}

/// A limit that little goes beyond.
const LIMIT: StepLimit = StepLimit { count_max: 2, percent_max: 60, window_s: 300 };

fn basis() -> Basis {
    Basis { lists: Some(Lists::none()), step_limit: LIMIT, ..Basis::default() }
}

impl World {
    /// The last two members are cleared for the same, and should have the same.
    fn new() -> Self {
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

    fn now(&self) -> Timestamp {
        (self.deliver.now)()
    }

    fn take(&self, action: &Action) {
        match action {
            Action::Share(shared) => self.share(shared),
            Action::Define(number, by) => self.define(*number, *by),
            Action::Settle(at, verdict) => {
                let steps = self.deliver.steps().unwrap();
                if let Some(step) = steps.get(*at) {
                    step.settle(&self.gate, *verdict).unwrap();
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

    fn share(&self, shared: &Share) {
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

    fn see(&self, sight: &Sight) {
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
    fn define(&self, number: u128, by: usize) {
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

    fn submit(&self, by: usize, circle: usize, terms: &Terms, object: &serde_json::Value) {
        let raw = object.to_string();
        let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
        // An agreement that has ended takes nothing.
        drop(self.gate.submit(MEMBERS[by], CIRCLES[circle], terms, vec![submission], self.now()));
    }
}

/// A granular marking of the pattern.
fn of_pattern(marking: &ObjectId) -> serde_json::Value {
    json!([{"marking_ref": marking.to_string(), "selectors": ["pattern"]}])
}

fn id(object_type: &str, number: u128) -> ObjectId {
    ObjectId::new(object_type, Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)).unwrap()
}

#[derive(Debug, Clone)]
enum Mark {
    None,
    Tlp(Tlp),
    Definition(u128),
    Pattern(Tlp),
    PatternDefinition(u128),
}

#[derive(Debug, Clone)]
struct Share {
    number: u128,
    by: usize,
    circle: usize,
    version: i64,
    value: usize,
    confidence: u8,
    valid_from: i64,
    valid_for: Option<i64>,
    mark: Mark,
    expires: Option<i64>,
    embargo: Option<i64>,
    pseudonymise: bool,
}

/// A sighting of an indicator.
#[derive(Debug, Clone)]
struct Sight {
    number: u128,
    of: u128,
    by: usize,
    circle: usize,
    version: i64,
    /// Seconds before it is said; negative for a date to come.
    ago: Option<i64>,
    count: Option<u32>,
    revoked: bool,
    tlp: Option<Tlp>,
}

#[derive(Debug, Clone)]
enum Action {
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

fn shares() -> impl Strategy<Value = Share> {
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

fn sights() -> impl Strategy<Value = Sight> {
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

fn actions() -> impl Strategy<Value = Action> {
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

/// One value as it is handed out: the value, its indicator, the stated confidence, the mark, the circle.
type Row = (Value, ObjectId, Option<u8>, Tlp, String);

/// What is handed out, what a resolver may refuse, and what was kept out by which rule.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    entries: Vec<Row>,
    refusable: Vec<Value>,
    held: Vec<(Value, &'static str)>,
    tlp: Tlp,
}

fn told(gathered: &Gathered) -> Told {
    let row = |entry: &bongsu_deliver::Entry| {
        let found = entry.indicator();
        let circle = entry.circle().to_owned();
        (entry.value().clone(), found.object.clone(), found.confidence, entry.tlp(), circle)
    };
    let mut refusable: Vec<Value> = gathered.refusable().cloned().collect();
    refusable.sort_unstable();
    let entries: Vec<Row> = gathered.entries().map(row).collect();
    assert_eq!(entries.len(), gathered.len());
    for kind in Kind::ALL {
        assert_eq!(gathered.of_kind(kind).count(), gathered.count(kind), "{kind}");
    }
    let held: Vec<_> = gathered.held(0).map(|held| (held.value, held.hold.rule)).collect();
    assert_eq!(held.len(), gathered.held_len());
    assert!(gathered.held(1).map(|held| held.value).eq(held.iter().skip(1).map(|(value, _)| value.clone())));
    Told { entries, refusable, held, tlp: gathered.tlp() }
}

/// The indicators that came beyond the limit and are not confirmed, with when they were added: by all arrivals, counted anew.
fn limited(world: &World, circle: CircleId) -> Vec<(ObjectId, i64)> {
    let (arrivals, _) = world.gate.arrivals(circle, "indicator", Seq(0), u64::MAX).unwrap();
    let values = |seq: Seq| {
        let mut values = Vec::new();
        let line = line::LineId::new(circle.uuid());
        let mut on = |_, _, body: &[u8]| {
            let raw = std::str::from_utf8(body).unwrap();
            let found = actionable(raw, &stix::read_head(raw).unwrap());
            values = found.map(|found| found.values.to_vec()).unwrap_or_default();
        };
        world.gate.store().bodies(line, &[seq], &mut on).unwrap();
        values
    };
    // What of the arrivals is held, and since when its sender's step goes.
    let mut held: HashMap<(ObjectId, i64), (MemberId, i64, i64)> = HashMap::new();
    let mut windows: HashMap<MemberId, (i64, u64, u64, Option<i64>)> = HashMap::new();
    let mut had = 0;
    for arrival in arrivals {
        let at = arrival.added.0;
        if arrival.first_added != arrival.added {
            if let Some(before) = held.get(&(arrival.id.clone(), arrival.first_added.0)).copied() {
                held.insert((arrival.id, at), before);
            }
            continue;
        }
        let most = if had < 2 { u64::MAX } else { (had * 60 / 100).max(2) };
        let window = windows.entry(arrival.sender).or_insert((at, most, 0, None));
        if at - window.0 >= 300_000_000 {
            *window = (at, most, 0, None);
        }
        window.2 += 1;
        had += u64::from(arrival.before.is_none());
        if window.2 <= window.1 {
            continue;
        }
        let known = arrival.before.filter(|(seq, _)| {
            let before = values(*seq);
            values(arrival.seq).iter().all(|value| before.contains(value))
        });
        match known {
            Some((_, before)) => {
                if let Some(before) = held.get(&(arrival.id.clone(), before.0)).copied() {
                    held.insert((arrival.id, at), before);
                }
            }
            None => {
                let first = *window.3.get_or_insert(at);
                held.insert((arrival.id, at), (arrival.sender, first, at));
            }
        }
    }
    let book = world.gate.book();
    let said: Vec<serde_json::Value> =
        book.settings("guard.step.").map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let is_confirmed = |(sender, _, at): &(MemberId, i64, i64)| {
        let of = said.iter().filter(|said| {
            said["circle"] == circle.uuid().to_string()
                && said["sender"] == sender.uuid().to_string()
                && said["first"].as_i64().unwrap() <= *at
                && *at <= said["through"].as_i64().unwrap()
        });
        let verdicts: Vec<&str> = of.map(|said| said["verdict"].as_str().unwrap()).collect();
        verdicts.contains(&"confirmed") && !verdicts.contains(&"refused")
    };
    held.into_iter().filter(|(_, held)| !is_confirmed(held)).map(|(row, _)| row).collect()
}

/// When each indicator was seen last, by all sightings read: no later than they were said.
fn sightings(reader: &gate::Reader) -> HashMap<String, Timestamp> {
    let mut seen: HashMap<String, Timestamp> = HashMap::new();
    let mut on = |object: policy::Released<gate::Object>| {
        let object = object.into_inner();
        let said: serde_json::Value = serde_json::from_str(&object.raw).unwrap();
        if said["count"] != json!(0) && said["revoked"] != json!(true) {
            let at = said["last_seen"].as_str().or(said["created"].as_str()).unwrap();
            let at = Timestamp::parse(at).unwrap().min(Timestamp::from_micros(object.added.0));
            let last = seen.entry(said["sighting_of_ref"].as_str().unwrap().to_owned()).or_insert(at);
            *last = at.max(*last);
        }
        ControlFlow::Continue(())
    };
    reader.each(&["sighting"], &mut on).unwrap();
    seen
}

/// All objects read, all values judged, nothing kept.
fn read(world: &World, number: usize, wanted: Level) -> Told {
    let (book, now, id) = (world.gate.book(), world.now(), MEMBERS[number]);
    let assets: Vec<String> =
        MEMBERS.iter().flat_map(|id| book.member(*id).unwrap().own_assets.clone()).collect();
    let (guard, _) = Guard::new(Lists::none(), &assets);
    let context = Context::new(now, book.member(id).unwrap().confidence_min);
    let (mut entries, mut held, mut refusable) = (Vec::new(), Vec::new(), Vec::new());
    for reader in world.gate.readers(id, wanted, true, now) {
        let circle = book.circle(reader.request().circle).unwrap();
        let seen = sightings(&reader);
        let limited = limited(world, circle.id);
        let mut on = |object: policy::Released<gate::Object>| {
            let tlp = object.tlp();
            let added = object.get().added.0;
            let raw = object.into_inner().raw;
            let Some(found) = actionable(&raw, &stix::read_head(&raw).unwrap()) else {
                return ControlFlow::Continue(());
            };
            let rank = (std::cmp::Reverse(found.confidence), circle.id, found.object.uuid());
            let context = Context { seen_last: seen.get(&found.object.to_string()).copied(), ..context };
            let stopped = limited.iter().any(|row| row == &(found.object.clone(), added));
            for each in found.each() {
                let value = each.value();
                match guard.admit(each, &context).map_err(|hold| hold.rule) {
                    Ok(_) if stopped => held.push((value.clone(), rank, "step-limit")),
                    Ok(_) => {
                        refusable.extend(
                            guard.host(value, &context.of(&found)).ok().map(|host| host.get().clone()),
                        );
                        if matches!(value.kind(), Kind::Domain | Kind::Ipv4 | Kind::Ipv6) {
                            refusable.push(value.clone());
                        }
                        let row = (
                            value.clone(),
                            found.object.clone(),
                            found.confidence,
                            tlp,
                            circle.handle.clone(),
                        );
                        entries.push((value.clone(), rank, row));
                    }
                    Err(rule) => held.push((value.clone(), rank, rule)),
                }
            }
            ControlFlow::Continue(())
        };
        reader.each(&["indicator"], &mut on).unwrap();
    }
    entries.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    entries.dedup_by(|b, a| a.0 == b.0);
    held.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    held.dedup_by(|b, a| a.0 == b.0);
    refusable.sort_unstable();
    refusable.dedup();
    let entries: Vec<Row> = entries.into_iter().map(|(_, _, row)| row).collect();
    let held = held.into_iter().map(|(value, _, rule)| (value, rule)).collect();
    let tlp = entries.iter().map(|row| row.3).max().unwrap_or(Tlp::Clear);
    Told { entries, refusable, held, tlp }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_a_full_reading_gives(actions in prop::collection::vec((actions(), any::<bool>()), 1..40)) {
        let world = World::new();
        let mut before: Vec<Option<(Gathered, Told)>> = vec![None; MEMBERS.len() * 2];
        for (action, look) in &actions {
            world.take(action);
            // A view that was not looked at for a while has more to catch up with.
            if !look {
                continue;
            }
            for (number, member) in MEMBERS.into_iter().enumerate() {
                for (at, wanted) in [Level::List, Level::Detect].into_iter().enumerate() {
                    let kept = world.deliver.gather(member, wanted, true).unwrap();
                    let now = told(&kept);
                    prop_assert_eq!(&now, &read(&world, number, wanted), "member {} after {:?}", number, action);
                    let place = &mut before[number * 2 + at];
                    if let Some((earlier, was)) = place {
                        let between = kept.refusable_since(earlier);
                        let lacks = |of: &Told, value: &&Value| !of.refusable.contains(value);
                        prop_assert!(between.gone.iter().eq(was.refusable.iter().filter(|value| lacks(&now, value))));
                        prop_assert!(between.new.iter().eq(now.refusable.iter().filter(|value| lacks(was, value))));
                    }
                    *place = Some((kept, now));
                }
            }
        }
    }
}

impl Share {
    /// Says that a domain is evil, from now on.
    fn plain(number: u128, mark: Mark) -> Self {
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

/// An indicator whose marking was withdrawn is held, though nothing was said of the indicator itself; so it is when the marking
/// ends, and when it is a part of the indicator that it marks.
#[test]
fn what_another_object_held_up_goes_with_it() {
    for mark in [Mark::Definition(0), Mark::PatternDefinition(0)] {
        let world = World::new();
        let count = || world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap().len();
        world.share(&Share::plain(1, mark.clone()));
        assert_eq!(count(), 0, "{mark:?}: what it says is not known yet");
        world.define(0, 0);
        assert_eq!(count(), 1, "{mark:?}");
        world.gate.withdraw(MEMBERS[0], CIRCLES[0], &[id("marking-definition", 0)], "test").unwrap();
        assert_eq!(count(), 0, "{mark:?}: withdrawn");
        world.define(1, 0);
        let other = match mark {
            Mark::Definition(_) => Mark::Definition(1),
            _ => Mark::PatternDefinition(1),
        };
        world.share(&Share::plain(2, other.clone()));
        assert_eq!(count(), 1, "{other:?}");
        world.take(&Action::Wait(4_000_000));
        assert_eq!(count(), 0, "{other:?}: its policy has ended");
    }
}

/// Members that may have the same have it once, whoever asks first and whatever came in between.
#[test]
fn members_with_the_same_rights_share_one_view() {
    let world = World::new();
    let share = |number: u128, mark: Mark| world.share(&Share::plain(number, mark));
    let gather = |number: usize, wanted| world.deliver.gather(MEMBERS[number], wanted, true).unwrap();
    share(1, Mark::None);
    share(2, Mark::Tlp(Tlp::Amber));
    assert!(gather(2, Level::List).is_same(&gather(3, Level::List)));
    assert!(
        gather(2, Level::List).is_same(&gather(3, Level::Block)),
        "the form matters only if a rule says so"
    );
    assert!(!gather(1, Level::List).is_same(&gather(0, Level::List)), "another threshold");
    share(3, Mark::Tlp(Tlp::AmberStrict));
    assert!(gather(3, Level::List).is_same(&gather(2, Level::List)));
    assert!(!gather(3, Level::List).is_same(&gather(1, Level::List)), "it may have less");
    share(4, Mark::Tlp(Tlp::Clear));
    assert!(gather(3, Level::List).is_same(&gather(2, Level::Detect)));
}

/// What fades comes back when it is seen again, and fades again counted from then; a date to come moves nothing beyond the day on
/// which it was said, what was not seen nothing at all, and what has expired stays so.
#[test]
fn a_sighting_resets_the_age() {
    const DAY_S: i64 = 86_400;
    let world = World::new();
    let rows = || -> Vec<(Value, ObjectId)> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.entries().map(|entry| (entry.value().clone(), entry.indicator().object.clone())).collect()
    };
    let sight = |number, of, ago, count| {
        let (by, circle, version, revoked, tlp) = (0, 0, 0, false, None);
        world.see(&Sight { number, of, by, circle, version, ago: Some(ago), count, revoked, tlp });
    };
    // An address of confidence 80, of which a member that takes 40 and above has half of 180 days.
    world.share(&Share { value: 2, ..Share::plain(1, Mark::None) });
    world.share(&Share { value: 0, valid_for: Some(91 * DAY_S), ..Share::plain(2, Mark::None) });
    assert_eq!(rows().len(), 2);
    world.take(&Action::Wait(91 * DAY_S));
    assert_eq!(rows().len(), 0, "one has faded, one has expired");
    let held = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    assert_eq!(held.held(0).map(|held| held.hold.rule).collect::<Vec<_>>(), ["expired", "confidence"]);
    sight(1, 1, 0, Some(0));
    sight(2, 2, 0, None);
    assert_eq!(rows().len(), 0, "not seen; seen, but expired");
    let held = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    let seen: Vec<bool> = held.held(0).map(|held| held.seen_last == Some(world.now())).collect();
    assert_eq!(seen, [true, false]);
    sight(3, 1, -1_000 * DAY_S, None);
    assert_eq!(rows().len(), 1);
    world.take(&Action::Wait(89 * DAY_S));
    assert_eq!(rows().len(), 1, "counted from the sighting");
    world.take(&Action::Wait(2 * DAY_S));
    assert_eq!(rows().len(), 0, "and not from the date that it says");
    sight(4, 1, 10 * DAY_S, None);
    assert_eq!(rows().len(), 1);
    world.gate.withdraw(MEMBERS[0], CIRCLES[0], &[id("sighting", 4)], "test").unwrap();
    assert_eq!(rows().len(), 0, "nobody says any more that it was seen");
}

/// Other lists and models count at once, for whoever asks next; and so do they when they are taken back.
#[test]
fn what_values_are_judged_by_can_change() {
    use watch::guard::{Decay, Models};
    let world = World::new();
    world.share(&Share::plain(1, Mark::None));
    world.share(&Share { value: 2, ..Share::plain(2, Mark::None) });
    let values = || -> Vec<String> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.entries().map(|entry| entry.value().to_string()).collect()
    };
    assert_eq!(values(), ["a.evil.top", "45.10.20.30"]);
    let list = r#"{"name":"ours","type":"hostname","list":["a.evil.top"]}"#;
    let lists = Some(Arc::new(Lists::with(&[list]).0));
    world.deliver.judge_by(Basis { lists: lists.clone(), ..Basis::default() });
    assert_eq!(values(), ["45.10.20.30"]);
    let mut models = Models::default();
    models.set(Kind::Ipv4, "an hour", Decay { lifetime_days: 0.05, ..Decay::of(Kind::Ipv4) }).unwrap();
    let basis = Basis { models: Arc::new(models), ..Basis::default() };
    world.take(&Action::Wait(3_600));
    world.deliver.judge_by(basis);
    assert_eq!(values(), ["a.evil.top"]);
    let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    let about = gathered.about(&watch::normalise(Kind::Ipv4, "45.10.20.30").unwrap());
    assert_eq!(about.len(), 1);
    assert_eq!(about[0].hold.as_ref().map(|hold| hold.rule), Some("confidence"));
    // 80 × (1 − 3,610 s / 4,320 s)
    assert!((about[0].score - 80.0 * (1.0 - 3_610.0 / 4_320.0)).abs() < 0.01, "{}", about[0].score);
    world.deliver.judge_by(Basis { lists: Some(Lists::none()), ..Basis::default() });
    assert_eq!(values(), ["a.evil.top", "45.10.20.30"]);
}

/// A sender that brings much at once is held from where it goes beyond the limit, until an operator has confirmed it; others go
/// on, what is withdrawn goes out of it, and what is refused stays held, whatever the node's memory of it.
#[test]
fn what_comes_beyond_the_limit_of_a_step_waits_for_an_operator() {
    let world = World::new();
    let limit = StepLimit { count_max: 3, percent_max: 10, window_s: 60 };
    world.deliver.judge_by(Basis { step_limit: limit, ..basis() });
    let share = |number: u128, by: usize, version: i64, domain: &str| {
        let object = json!({
            "type": "indicator", "spec_version": "2.1", "id": id("indicator", number).to_string(),
            "created": "2026-01-01T00:00:00.000Z",
            "modified": Timestamp::from_micros((START_S + version) * 1_000_000).to_string(),
            "pattern": format!("[domain-name:value = '{domain}']"), "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z", "confidence": 80,
        });
        world.submit(by, 0, &Terms::default(), &object);
    };
    let names = || -> Vec<String> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.entries().map(|entry| entry.value().to_string()).collect()
    };
    let held = || -> Vec<(String, &'static str)> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.held(0).map(|held| (held.value.to_string(), held.hold.rule)).collect()
    };
    // The first filling: ten of one sender.
    for number in 0..10 {
        share(number, 0, 0, &format!("a{number}.evil.top"));
    }
    assert_eq!(names().len(), 10);
    assert_eq!(world.deliver.steps().unwrap(), []);
    world.take(&Action::Wait(61));
    // Five more at once: three may come.
    for number in 10..15 {
        share(number, 0, 0, &format!("b{number}.evil.top"));
    }
    share(20, 1, 0, "c.evil.top");
    assert_eq!(names().len(), 14);
    let waits = vec![("b13.evil.top".to_owned(), "step-limit"), ("b14.evil.top".to_owned(), "step-limit")];
    assert_eq!(held(), waits);
    let steps = world.deliver.steps().unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(
        (steps[0].sender, steps[0].count, steps[0].waiting, steps[0].verdict),
        (MEMBERS[0], 2, 2, None)
    );
    // Said again with the same value: what went out stays out, what waits still waits. With another one, it waits.
    share(0, 0, 1, "a0.evil.top");
    share(13, 0, 1, "b13.evil.top");
    share(1, 0, 1, "other.evil.top");
    assert!(names().contains(&"a0.evil.top".to_owned()));
    assert_eq!(held().len(), 3, "{:?}", held());
    assert!(!names().contains(&"other.evil.top".to_owned()));
    // What is withdrawn is gone from what waits as well.
    world.gate.withdraw(MEMBERS[0], CIRCLES[0], &[id("indicator", 14)], "test").unwrap();
    assert_eq!(held().len(), 2);
    let step = world.deliver.steps().unwrap().remove(0);
    step.settle(&world.gate, StepVerdict::Confirmed).unwrap();
    assert_eq!(held(), []);
    assert_eq!(names().len(), 15, "{:?}", names());
    // What comes to it later waits again; refused, it is held for good, though another node's memory begins anew.
    share(16, 0, 0, "d.evil.top");
    assert_eq!(held(), [("d.evil.top".to_owned(), "step-limit")]);
    let step = world.deliver.steps().unwrap().remove(0);
    assert_eq!((step.waiting, step.verdict), (1, Some(StepVerdict::Confirmed)));
    let late = bongsu_deliver::Step { first: step.last, ..step };
    late.settle(&world.gate, StepVerdict::Refused).unwrap();
    let clock = Arc::clone(&world.deliver.now);
    let other = Deliver::new(world.gate.clone(), None, "tower.test".to_owned(), clock);
    other.judge_by(Basis { step_limit: limit, ..basis() });
    for deliver in [&world.deliver, &other] {
        let gathered = deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        let held: Vec<String> = gathered.held(0).map(|held| held.hold.message).collect();
        assert_eq!(held.len(), 1);
        assert!(held[0].starts_with("an operator has refused the step region."), "{held:?}");
        assert_eq!(deliver.steps().unwrap()[0].waiting, 0);
    }
}
