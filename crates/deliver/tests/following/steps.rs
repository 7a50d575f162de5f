//! What one member adds at once beyond a limit, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::{Basis, Deliver, StepLimit, StepVerdict};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, Entry, Level, Member, MemberId, Terms};
use serde_json::{Value, json};
use stix::Timestamp;

use super::world::{CIRCLES, MEMBERS, START_S, World, basis, id};

const LIMIT: StepLimit = StepLimit { count_max: 3, percent_max: 10, window_s: 60 };
const WINDOW_MICROS: i64 = 61_000_000;

/// A world with ten indicators of one sender, which has begun a new window since.
fn filled() -> World {
    let world = World::new();
    world.deliver.judge_by(Basis { step_limit: LIMIT, ..basis() });
    for number in 0..10 {
        share(&world, 0, &indicator(number, 0, &one(&format!("a{number}.evil.top"))));
    }
    assert_eq!(names(&world).len(), 10);
    assert_eq!(world.deliver.steps().unwrap(), []);
    world.clock.fetch_add(WINDOW_MICROS, Ordering::SeqCst);
    world
}

fn one(domain: &str) -> String {
    format!("[domain-name:value = '{domain}']")
}

/// A pattern that holds as many domains.
fn many(name: &str, count: usize) -> String {
    let domains: Vec<String> = (0..count).map(|number| format!("'{name}{number}.evil.top'")).collect();
    format!("[domain-name:value IN ({})]", domains.join(","))
}

fn indicator(number: u128, version: i64, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id("indicator", number).to_string(),
        "created": "2026-01-01T00:00:00.000Z",
        "modified": Timestamp::from_micros((START_S + version) * 1_000_000).to_string(),
        "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z", "confidence": 80,
    })
}

fn share(world: &World, by: usize, object: &Value) {
    world.submit(by, 0, &Terms::default(), object);
}

fn names(world: &World) -> Vec<String> {
    let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    gathered.entries().map(|entry| entry.value().to_string()).collect()
}

/// What is held, by which rule.
fn held(world: &World) -> Vec<(String, &'static str)> {
    let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    gathered.held(0).map(|held| (held.value.to_string(), held.hold.rule)).collect()
}

/// How many values go out, and how many are held.
fn counts(world: &World) -> (usize, usize) {
    (names(world).len(), held(world).len())
}

/// A sender that brings much at once is held from where it goes beyond the limit, until an operator has confirmed it; others go
/// on, what is withdrawn goes out of it, and what is refused stays held, whatever the node's memory of it.
#[test]
fn what_comes_beyond_the_limit_of_a_step_waits_for_an_operator() {
    let world = filled();
    let share = |number: u128, by: usize, version: i64, domain: &str| {
        share(&world, by, &indicator(number, version, &one(domain)));
    };
    let (names, held) = (|| names(&world), || held(&world));
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
    step.settle(&world.gate, MemberId::NODE, StepVerdict::Confirmed).unwrap();
    assert_eq!(held(), []);
    assert_eq!(names().len(), 15, "{:?}", names());
    // What comes to it later waits again; refused, it is held for good, though another node's memory begins anew.
    share(16, 0, 0, "d.evil.top");
    assert_eq!(held(), [("d.evil.top".to_owned(), "step-limit")]);
    let step = world.deliver.steps().unwrap().remove(0);
    assert_eq!((step.waiting, step.verdict), (1, Some(StepVerdict::Confirmed)));
    let late = bongsu_deliver::Step { first: step.last, ..step };
    late.settle(&world.gate, MemberId::NODE, StepVerdict::Refused).unwrap();
    let clock = Arc::clone(&world.deliver.now);
    let other = Deliver::new(world.gate.clone(), None, "tower.test".to_owned(), clock);
    other.judge_by(Basis { step_limit: LIMIT, ..basis() });
    for deliver in [&world.deliver, &other] {
        let gathered = deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        let held: Vec<String> = gathered.held(0).map(|held| held.hold.message).collect();
        assert_eq!(held.len(), 1);
        assert!(held[0].starts_with("an operator has refused the step region."), "{held:?}");
        assert_eq!(deliver.steps().unwrap()[0].waiting, 0);
    }
}

/// An indicator counts by its values: those that its sender had not said with the version before.
#[test]
fn an_indicator_of_many_values_is_much_at_once() {
    let world = filled();
    share(&world, 0, &indicator(20, 0, &many("b", 2)));
    // Quotes elsewhere are no values.
    let mut quoted = indicator(21, 0, &one("c.evil.top"));
    quoted["name"] = "'".repeat(11).into();
    share(&world, 0, &quoted);
    assert_eq!(counts(&world), (13, 0));
    share(&world, 1, &indicator(22, 0, &many("d", 4)));
    assert_eq!(counts(&world), (13, 4));
    share(&world, 1, &indicator(23, 0, &one("e.evil.top")));
    assert_eq!(counts(&world), (13, 5), "what comes behind it in the window waits as well");
    let steps = world.deliver.steps().unwrap();
    assert_eq!((steps.len(), steps[0].sender, steps[0].count), (1, MEMBERS[1], 2));
    steps[0].settle(&world.gate, MemberId::NODE, StepVerdict::Confirmed).unwrap();
    assert_eq!(counts(&world), (18, 0));
    // The large one with three more, in another window: three are new.
    world.clock.fetch_add(WINDOW_MICROS, Ordering::SeqCst);
    share(&world, 1, &indicator(22, 1, &many("d", 7)));
    assert_eq!(counts(&world), (21, 0));
    share(&world, 1, &indicator(22, 2, &many("d", 8)));
    assert_eq!(counts(&world), (14, 8), "the version that goes beyond waits whole");
}

/// More values than the catalogue counts are more than may come.
#[test]
fn quotes_without_number_are_read() {
    let world = filled();
    share(&world, 0, &indicator(20, 0, &many("b", 40_000)));
    assert_eq!(world.deliver.steps().unwrap()[0].waiting, 1);
    let mut quoted = indicator(21, 0, &one("c.evil.top"));
    quoted["name"] = "'".repeat(70_000).into();
    share(&world, 1, &quoted);
    assert_eq!(world.deliver.steps().unwrap().len(), 1);
    assert_eq!(names(&world).len(), 11);
}

/// What waits goes on waiting when its sender says it again later; a rule of another kind is new when it says something else.
#[test]
fn what_is_said_again_stands_where_it_stood() {
    let world = filled();
    share(&world, 0, &indicator(20, 0, &many("b", 4)));
    let rule = |number, version, text: &str| {
        let mut object = indicator(number, version, text);
        object["pattern_type"] = "sigma".into();
        share(&world, 1, &object);
    };
    rule(30, 0, "title: a");
    assert_eq!(counts(&world), (10, 4));
    world.clock.fetch_add(WINDOW_MICROS, Ordering::SeqCst);
    share(&world, 0, &indicator(20, 1, &many("b", 4)));
    assert_eq!(counts(&world), (10, 4), "within the limit of its window, but the same");
    share(&world, 0, &indicator(20, 2, &many("b", 3)));
    assert_eq!(counts(&world), (10, 3), "less of the same");
    share(&world, 0, &indicator(20, 3, &one("c.evil.top")));
    assert_eq!(counts(&world), (11, 0), "another one, within the limit");
    for number in 31..34 {
        rule(number, 0, "title: b");
    }
    rule(30, 1, "title: a");
    assert_eq!(world.deliver.steps().unwrap().len(), 1);
    rule(30, 2, "title: c");
    let steps = world.deliver.steps().unwrap();
    assert_eq!((steps.len(), steps[0].sender, steps[0].count), (2, MEMBERS[1], 1));
}

/// Another limit holds and frees at once, whatever others still keep of what was held by the one before.
#[test]
fn another_limit_counts_for_all_that_is_there() {
    let world = filled();
    for number in 20..26 {
        share(&world, 0, &indicator(number, 0, &one(&format!("b{number}.evil.top"))));
    }
    assert_eq!(counts(&world), (13, 3));
    let kept = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    for (count_max, waiting) in [(5, 1), (0, 0), (2, 4), (3, 3)] {
        let step_limit = StepLimit { count_max, ..LIMIT };
        world.deliver.judge_by(Basis { step_limit, ..basis() });
        assert_eq!(counts(&world), (16 - waiting, waiting), "{count_max}");
        let counted: u64 = world.deliver.steps().unwrap().iter().map(|step| step.waiting).sum();
        assert_eq!(counted, waiting as u64);
    }
    assert_eq!((kept.len(), kept.held_len()), (13, 3));
}

/// A storage that fails for a while is told, and changes nothing of what is decided when it is there again.
#[test]
fn a_failing_storage_counts_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
    let time = Arc::clone(&clock);
    let micros = move || time.load(Ordering::SeqCst);
    // Each reading opens the file.
    let store =
        Store::open(dir.path(), &Options { readers: 0, ..Options::default() }, Arc::new(micros.clone()))
            .unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    let member = Member { level: Level::Exchange, ..Member::new(MEMBERS[0], "m0") };
    let circle = Circle { members: vec![MEMBERS[0]], ..Circle::new(CIRCLES[0], "region") };
    gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    let now = move || Timestamp::from_micros(micros());
    let share = |number: u128, version: i64, domain: &str| {
        let raw = indicator(number, version, &one(domain)).to_string();
        let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
        gate.submit(MEMBERS[0], CIRCLES[0], &Terms::default(), vec![submission], now()).unwrap();
    };
    let deliver = || {
        let made = Deliver::new(gate.clone(), None, "tower.test".to_owned(), Arc::new(now.clone()));
        made.judge_by(Basis { step_limit: LIMIT, ..basis() });
        made
    };
    for number in 0..10 {
        share(number, 0, &format!("a{number}.evil.top"));
    }
    clock.fetch_add(WINDOW_MICROS, Ordering::SeqCst);
    let failing = deliver();
    for number in 20..24 {
        share(number, 0, &format!("b{number}.evil.top"));
    }
    assert_eq!(failing.steps().unwrap()[0].waiting, 1);
    // Said again, beyond what may come: only its bytes tell that it says no more.
    share(0, 1, "a0.evil.top");
    share(24, 0, "c.evil.top");
    let (file, away) = (dir.path().join("bongsu.sqlite"), dir.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    for _ in 0..40 {
        assert!(failing.steps().is_err());
    }
    std::fs::rename(&away, &file).unwrap();
    // A tenth of more than forty would be more than the three that may come.
    clock.fetch_add(WINDOW_MICROS, Ordering::SeqCst);
    for number in 30..34 {
        share(number, 0, &format!("d{number}.evil.top"));
    }
    let steps = failing.steps().unwrap();
    assert_eq!(steps, deliver().steps().unwrap());
    let waiting: Vec<u64> = steps.iter().map(|step| step.waiting).collect();
    assert_eq!(waiting, [1, 2]);
}
