//! Changes of lists since a number: the whole of then with the changes is the whole of now, whatever came in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::list::Form;
use bongsu_deliver::{Artefact, Deliver, DeliverError, Options};
use gate::{Gate, NodeKey, Submission};
use line::Store;
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use proptest::prelude::*;
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;
use watch::{Kind, Lists};

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const GETS: [MemberId; 2] = [MemberId::new(Uuid::from_u128(2)), MemberId::new(Uuid::from_u128(3))];
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(4));
/// 2026-01-01T00:00:00Z.
const START_S: i64 = 1_767_225_600;

struct World {
    deliver: Deliver,
    clock: Arc<AtomicI64>,
    version: AtomicI64,
    _dir: tempfile::TempDir,
}

#[derive(Debug, Clone)]
enum Action {
    Share {
        number: u128,
        value: usize,
        confidence: u8,
        valid_for: Option<i64>,
        expires: Option<i64>,
        green: bool,
    },
    Withdraw(u128),
    Wait(i64),
    /// The second member's clearance.
    Clear(bool),
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
        let time = Arc::clone(&clock);
        let store =
            Store::open(dir.path(), &line::Options::default(), Arc::new(move || time.load(Ordering::SeqCst)))
                .unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        let sender = Member { level: Level::Exchange, ..Member::new(SENDER, "sender") };
        for member in [sender, gets(0, Tlp::Amber), gets(1, Tlp::Amber)] {
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        let members = vec![SENDER, GETS[0], GETS[1]];
        let circle = Circle { members, ..Circle::new(CIRCLE, "region") };
        gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let time = Arc::clone(&clock);
        let now = Arc::new(move || Timestamp::from_micros(time.load(Ordering::SeqCst)));
        let deliver = Deliver::new(gate, Some(Lists::none()), "tower.test".to_owned(), now);
        Self { deliver, clock, version: AtomicI64::new(0), _dir: dir }
    }

    fn after(&self, seconds: i64) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst) + seconds * 1_000_000)
    }

    fn take(&self, action: &Action) {
        match *action {
            Action::Share { number, value, confidence, valid_for, expires, green } => {
                let version = START_S + self.version.fetch_add(1, Ordering::SeqCst);
                let values = ["a.evil.top", "b.evil.top", "c.evil.top", "d.evil.top"];
                let tlp = if green { Tlp::Green } else { Tlp::Amber };
                let mut object = json!({
                    "type": "indicator", "spec_version": "2.1", "id": id(number).to_string(),
                    "created": "2026-01-01T00:00:00.000Z",
                    "modified": Timestamp::from_micros(version * 1_000_000).to_string(),
                    "pattern": format!("[domain-name:value = '{}'] OR [ipv4-addr:value = '45.10.20.{value}']", values[value]),
                    "pattern_type": "stix", "confidence": confidence, "valid_from": "2026-01-01T00:00:00Z",
                    "object_marking_refs": [tlp.definition_id().to_string()],
                });
                if let Some(seconds) = valid_for {
                    object["valid_until"] = self.after(seconds).to_string().into();
                }
                let raw = object.to_string();
                let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
                let terms = Terms { expires: expires.map(|seconds| self.after(seconds)), ..Terms::default() };
                self.deliver.gate.submit(SENDER, CIRCLE, &terms, vec![submission], self.after(0)).unwrap();
            }
            Action::Withdraw(number) => {
                drop(self.deliver.gate.withdraw(SENDER, CIRCLE, &[id(number)], "test"));
            }
            Action::Wait(seconds) => {
                self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
                self.deliver.gate.announce_due(self.after(0)).unwrap();
            }
            Action::Clear(amber) => {
                let clearance = if amber { Tlp::Amber } else { Tlp::Green };
                self.deliver.gate.record(MemberId::NODE, Entry::Member(gets(1, clearance))).unwrap();
            }
        }
    }

    fn list(&self, member: usize, form: Form, since: Option<&str>) -> Result<Artefact, DeliverError> {
        let options = Options { since: since.map(str::to_owned), ..Options::default() };
        let kind = (form == Form::Plain).then_some(Kind::Domain);
        self.deliver.list_with(GETS[member], (kind, form), &options, true)
    }
}

fn gets(number: usize, clearance: Tlp) -> Member {
    Member { level: Level::List, clearance, ..Member::new(GETS[number], format!("gets{number}")) }
}

fn id(number: u128) -> ObjectId {
    ObjectId::new("indicator", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)).unwrap()
}

/// The lines of a list that are no comments, or a table's rows without its head, each with how often it stands there.
fn rows(artefact: &Artefact) -> BTreeMap<String, i64> {
    let text = std::str::from_utf8(&artefact.body).unwrap();
    let is_table = artefact.content_type.starts_with("text/csv");
    let mut rows = BTreeMap::new();
    for line in text.lines().skip(usize::from(is_table)).filter(|line| !line.starts_with('#')) {
        *rows.entry(line.to_owned()).or_default() += 1;
    }
    rows
}

/// The whole of then with what is said to have changed.
fn applied(then: &Artefact, changes: &Artefact) -> BTreeMap<String, i64> {
    let mut rows_then = rows(then);
    for line in rows(changes).into_keys() {
        let (sign, row) = line.split_at(1);
        let row = row.strip_prefix(',').unwrap_or(row);
        *rows_then.entry(row.to_owned()).or_default() += if sign == "+" { 1 } else { -1 };
    }
    rows_then.retain(|_, count| *count != 0);
    rows_then
}

fn actions() -> impl Strategy<Value = Action> {
    let seconds = || prop_oneof![3 => Just(None), 1 => (1_i64..60).prop_map(Some)];
    let share = (0_u128..6, 0_usize..4, 30_u8..=100, seconds(), seconds(), any::<bool>()).prop_map(
        |(number, value, confidence, valid_for, expires, green)| Action::Share {
            number,
            value,
            confidence,
            valid_for,
            expires,
            green,
        },
    );
    prop_oneof![
        6 => share,
        2 => (0_u128..6).prop_map(Action::Withdraw),
        2 => (1_i64..40).prop_map(Action::Wait),
        1 => any::<bool>().prop_map(Action::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_whole_of_then_with_the_changes_is_the_whole_of_now(
        steps in prop::collection::vec((actions(), 0_usize..3), 1..30)
    ) {
        let world = World::new();
        let mut known: Vec<(usize, Form, Artefact)> = Vec::new();
        for (action, looks) in &steps {
            world.take(action);
            for member in 0..*looks {
                for form in [Form::Plain, Form::Csv] {
                    let now = world.list(member, form, None).unwrap();
                    for (_, _, then) in known.iter().filter(|(whose, same, _)| (*whose, *same) == (member, form)) {
                        let number = then.number.as_deref();
                        match world.list(member, form, number) {
                            Ok(changes) => {
                                prop_assert_eq!(applied(then, &changes), rows(&now), "member {} after {:?}", member, action);
                                prop_assert_eq!(&changes.number, &now.number);
                            }
                            // Other rights have a history of their own.
                            Err(DeliverError::NumberUnknown(_)) => prop_assert_eq!(member, 1),
                            Err(other) => panic!("{other}"),
                        }
                    }
                    known.push((member, form, now));
                }
            }
        }
    }
}

fn share(number: u128, value: usize) -> Action {
    Action::Share { number, value, confidence: 80, valid_for: None, expires: None, green: true }
}

#[test]
fn a_number_is_good_for_who_was_given_it_on_the_node_that_gave_it() {
    let world = World::new();
    world.take(&share(1, 0));
    let first = world.list(0, Form::Plain, None).unwrap();
    let number = first.number.unwrap();
    assert!(std::str::from_utf8(&first.body).unwrap().contains(&format!("\n# Number {number}\n")));
    world.take(&share(2, 1));
    let unknown = |result| matches!(result, Err(DeliverError::NumberUnknown(_)));
    assert!(unknown(world.list(1, Form::Plain, Some(&number))), "it was never given that number");
    assert!(unknown(World::new().list(0, Form::Plain, Some(&number))), "another run");
    for wrong in ["", "1", "x-y", "0-1", "-1", "🔥"] {
        assert!(unknown(world.list(0, Form::Plain, Some(wrong))), "{wrong}");
    }
    let changes = world.list(0, Form::Plain, Some(&number)).unwrap();
    assert_eq!(rows(&changes).into_keys().collect::<Vec<_>>(), ["+b.evil.top"]);
    assert!(matches!(world.list(0, Form::Hosts, Some(&number)), Err(DeliverError::NotFor(_))));
}

#[test]
fn a_list_that_stays_keeps_its_number_and_its_tag() {
    let world = World::new();
    world.take(&share(1, 0));
    let list = || world.list(0, Form::Plain, None).unwrap();
    let first = list();
    world.take(&Action::Wait(5));
    assert_eq!((list().number, list().etag()), (first.number.clone(), first.etag()));
    world.take(&Action::Withdraw(1));
    let gone = list();
    assert_ne!((&gone.number, gone.etag()), (&first.number, first.etag()));
    world.take(&share(3, 0));
    let back = list();
    assert_ne!(back.number, first.number);
    assert_eq!(back.etag(), first.etag(), "the number alone makes no other content");
    let none = world.list(0, Form::Plain, first.number.as_deref()).unwrap();
    assert_eq!(none.entries, 0, "what went and came back is no change");
}

#[test]
fn what_was_kept_too_long_ago_is_fetched_whole() {
    let world = World::new();
    world.take(&share(1, 0));
    let first = world.list(0, Form::Bare, None).unwrap().number;
    for number in 0..1_001 {
        world.take(&if number % 2 == 0 { Action::Withdraw(1) } else { share(1, 0) });
        world.list(0, Form::Bare, None).unwrap();
    }
    assert!(matches!(world.list(0, Form::Bare, first.as_deref()), Err(DeliverError::NumberUnknown(_))));
}
