//! Private screening over HTTP: members find what they may know, keys are rotated, and what is wrong is refused.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use bongsu_deliver::Deliver;
use bongsu_deliver::private::{Epochs, Filter, FilterError, Private, Settings, router};
use gate::{Gate, NodeKey, NoteError, NoteKey, Submission, Submitted};
use http::{Method, Request as HttpRequest, StatusCode, header};
use line::{Options, Store};
use policy::{Caller, Channel, Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use serde_json::{Value as Json, json};
use stix::{Timestamp, Tlp};
use tower::ServiceExt as _;
use uuid::Uuid;
use watch::private::{Answer, ELEMENTS_MAX, PrivateError, Question, Request};
use watch::{Kind, Lists, Value, normalise};

const A: MemberId = MemberId::new(Uuid::from_u128(1));
const B: MemberId = MemberId::new(Uuid::from_u128(2));
const READER: MemberId = MemberId::new(Uuid::from_u128(3));
const REGION: CircleId = CircleId::new(Uuid::from_u128(11));
const PAIR: CircleId = CircleId::new(Uuid::from_u128(12));
const DAY_US: i64 = 86_400 * 1_000_000;
/// The tenth day of an epoch of thirty days.
const START_DAY: i64 = 20_730 + 10;

struct World {
    gate: Gate,
    private: Arc<Private>,
    clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

impl World {
    /// A is in both circles, B in one, and one member only reads.
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_DAY * DAY_US));
        let time = Arc::clone(&clock);
        let now = Arc::new(move || time.load(Ordering::SeqCst));
        let store = Store::open(dir.path(), &Options::default(), now.clone()).unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        for (id, handle, level) in
            [(A, "a", Level::Exchange), (B, "b", Level::Detect), (READER, "r", Level::Read)]
        {
            let member = Member { level, clearance: Tlp::Red, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        for (id, handle, members) in [(REGION, "region", vec![A, B, READER]), (PAIR, "pair", vec![A])] {
            let circle = Circle { ceiling: Tlp::Amber, members, ..Circle::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        }
        let now = Arc::new(move || Timestamp::from_micros(now()));
        let deliver = Arc::new(Deliver::new(gate.clone(), Some(Lists::none()), "tower.test".to_owned(), now));
        let mut settings = Settings {
            kinds: Kind::ALL.into_iter().filter(|kind| kind.screens()).collect(),
            epochs: Epochs { rotate_days: 30, overlap_days: 7 },
            burst: 10_000,
            per_hour: 10_000,
            values_max: 100_000,
        };
        change(&mut settings);
        let private = Arc::new(Private::new(deliver, [9; 32], settings, Arc::new(|| Some([5; 32]))));
        Self { gate, private, clock, _dir: dir }
    }

    fn share(&self, circle: CircleId, number: u128, values: &[String]) {
        let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        let id = format!("indicator--{}", Uuid::from_u128(0x8000_4000_8000_0000_0000_0000 + number));
        let now = Timestamp::from_micros(self.clock.load(Ordering::SeqCst));
        let raw = json!({
            "type": "indicator", "spec_version": "2.1", "id": id, "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z", "pattern_type": "stix", "valid_from": now.to_string(), "confidence": 90,
            "pattern": format!("[domain-name:value IN ({})]", values.join(", ")),
        });
        let raw = raw.to_string();
        let head = stix::read_head(&raw).unwrap();
        let done =
            self.gate.submit(A, circle, &Terms::default(), vec![Submission { raw, head }], now).unwrap();
        assert!(matches!(done[..], [Submitted::Appended { .. }]), "{done:?}");
    }

    fn pass(&self, days: i64) {
        self.clock.fetch_add(days * DAY_US, Ordering::SeqCst);
    }

    fn ask(
        &self,
        caller: Caller,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Vec<u8>, Option<String>) {
        let mut request = HttpRequest::builder().method(method).uri(path).body(body.into()).unwrap();
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Channel { encrypted: true, looked_at: false });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = router(Arc::clone(&self.private)).oneshot(request).await.unwrap();
            let (status, after) = (response.status(), response.headers().get(header::RETRY_AFTER).cloned());
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
            (status, body, after.map(|after| after.to_str().unwrap().to_owned()))
        })
    }

    fn get(&self, member: MemberId, path: &str) -> (StatusCode, Vec<u8>, Option<String>) {
        self.ask(Caller::Member(member), Method::GET, path, Body::empty())
    }

    fn filter(&self, member: MemberId) -> Filter {
        let (status, body, _) = self.get(member, "/private/filter");
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        Filter::read(&body, Some(&NoteKey::of(self.gate.key()))).unwrap()
    }

    fn evaluate(&self, member: MemberId, request: &Request) -> (StatusCode, Vec<u8>, Option<String>) {
        self.ask(
            Caller::Member(member),
            Method::POST,
            "/private/evaluate",
            serde_json::to_vec(request).unwrap(),
        )
    }

    /// Which of the names are found, asked for as a member does.
    fn found<'n>(&self, member: MemberId, filter: &Filter, names: &[&'n str]) -> Vec<&'n str> {
        let values: Vec<Value> = names.iter().map(|name| normalise(Kind::Domain, name).unwrap()).collect();
        let question = Question::new(&values, [1; 32]).unwrap();
        let request = Request { epoch: filter.header.epoch, elements: question.elements().to_vec() };
        let (status, body, _) = self.evaluate(member, &request);
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        let answer: Answer = serde_json::from_slice(&body).unwrap();
        let outputs = question.outputs(&answer, &filter.header.public).unwrap();
        names.iter().zip(outputs).filter(|(_, output)| filter.has(*output)).map(|(name, _)| *name).collect()
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{prefix}{at}.evil.top")).collect()
}

const ASKED: [&str; 4] = ["a0.evil.top", "a1.evil.top", "p0.evil.top", "other.top"];

#[test]
fn a_member_finds_what_it_may_know_and_nothing_else() {
    let world = World::new(|_| {});
    world.share(REGION, 1, &names("a", 2));
    world.share(PAIR, 2, &names("p", 1));
    let (a, b) = (world.filter(A), world.filter(B));
    assert_eq!(world.found(A, &a, &ASKED), ["a0.evil.top", "a1.evil.top", "p0.evil.top"]);
    assert_eq!(world.found(B, &b, &ASKED), ["a0.evil.top", "a1.evil.top"]);
    assert_eq!((a.header.values, b.header.values), (3, 2), "its filter lacks what it may not know");
    assert_eq!(
        (a.header.circles.len(), b.header.circles.get("region"), b.header.member.as_str()),
        (2, Some(&1), "b")
    );
    assert!(!String::from_utf8_lossy(&world.get(B, "/private/filter").1).contains("pair"));
    world.share(REGION, 3, &["later.top".to_owned()]);
    assert_eq!(
        world.found(B, &world.filter(B), &["later.top"]),
        ["later.top"],
        "what is new is in the next one"
    );
}

#[test]
fn a_kind_that_is_not_offered_is_not_in_the_filter() {
    let world = World::new(|settings| settings.kinds = BTreeSet::from([Kind::Wallet]));
    world.share(REGION, 1, &names("a", 2));
    let filter = world.filter(A);
    assert_eq!((filter.header.values, filter.kinds.len()), (0, 1));
    assert!(world.found(A, &filter, &ASKED).is_empty());
}

#[test]
fn who_may_not_ask_is_told_why() {
    let world = World::new(|_| {});
    for path in ["/private/filter", "/private/key"] {
        let (status, body, _) = world.ask(Caller::Operator, Method::GET, path, Body::empty());
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(String::from_utf8_lossy(&body).contains("as a member"));
    }
    let (status, body, _) = world.get(READER, "/private/filter");
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(String::from_utf8_lossy(&body).contains("above your level"));
    let request = Request {
        epoch: 0,
        elements: Question::new(&[normalise(Kind::Domain, "a.top").unwrap()], [1; 32])
            .unwrap()
            .elements()
            .to_vec(),
    };
    assert_eq!(world.evaluate(READER, &request).0, StatusCode::FORBIDDEN);
    assert_eq!(world.get(A, "/private/values").0, StatusCode::NOT_FOUND);
}

#[test]
fn an_old_filter_works_for_an_overlap_and_then_is_to_be_fetched_again() {
    let world = World::new(|_| {});
    world.share(REGION, 1, &names("a", 2));
    let old = world.filter(B);
    let keys = |world: &World| -> Json { serde_json::from_slice(&world.get(B, "/private/key").1).unwrap() };
    assert_eq!(keys(&world)["keys"].as_array().unwrap().len(), 1);
    world.pass(15);
    assert_eq!(world.filter(B).header, old.header, "nothing has changed");
    world.pass(10);
    let new = world.filter(B);
    assert_ne!((new.header.epoch, new.header.public), (old.header.epoch, old.header.public));
    assert_ne!(new.header.set_sha256, old.header.set_sha256);
    for filter in [&old, &new] {
        assert_eq!(world.found(B, filter, &ASKED), ["a0.evil.top", "a1.evil.top"]);
    }
    let told = keys(&world);
    let note = NoteKey::of(world.gate.key()).open(told["note"].as_str().unwrap()).unwrap().to_owned();
    for (at, filter) in [&new, &old].into_iter().enumerate() {
        let key = &told["keys"][at];
        assert_eq!(
            (&key["epoch"], &key["until"]),
            (&filter.header.epoch.into(), &filter.header.until.clone().into())
        );
        assert_eq!(key["public"], serde_json::to_value(filter.header.public).unwrap());
        assert!(note.contains(key["public"].as_str().unwrap()));
    }
    world.pass(6);
    let elements =
        Question::new(&[normalise(Kind::Domain, "a.top").unwrap()], [1; 32]).unwrap().elements().to_vec();
    for epoch in [old.header.epoch, new.header.epoch + 30, new.header.epoch + 1] {
        let (status, body, _) = world.evaluate(B, &Request { epoch, elements: elements.clone() });
        assert_eq!(status, StatusCode::GONE);
        assert!(String::from_utf8_lossy(&body).contains("fetch the filter again"));
    }
    assert_eq!(world.found(B, &new, &ASKED[..1]), ["a0.evil.top"]);
    assert_eq!(keys(&world)["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn more_than_the_allowance_is_for_later() {
    let world = World::new(|settings| (settings.burst, settings.per_hour) = (1_024, 3_600));
    world.share(REGION, 1, &names("a", 2));
    let filter = world.filter(B);
    let values: Vec<Value> =
        names("q", ELEMENTS_MAX).iter().map(|name| normalise(Kind::Domain, name).unwrap()).collect();
    let whole = Question::new(&values, [1; 32]).unwrap().elements().to_vec();
    let request = Request { epoch: filter.header.epoch, elements: whole };
    assert_eq!(world.evaluate(B, &request).0, StatusCode::OK);
    let few = Request { elements: request.elements[..16].to_vec(), ..request.clone() };
    let (status, body, after) = world.evaluate(B, &few);
    assert_eq!((status, after.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("16")));
    assert!(String::from_utf8_lossy(&body).contains("ask again in 16 s"));
    assert_eq!(world.evaluate(A, &few).0, StatusCode::OK, "another member has its own");
    world.clock.fetch_add(16_000_000, Ordering::SeqCst);
    assert_eq!(world.evaluate(B, &few).0, StatusCode::OK);
}

#[test]
fn what_is_no_question_is_refused_and_says_which_element() {
    let world = World::new(|_| {});
    let post = |body: String| world.ask(Caller::Member(B), Method::POST, "/private/evaluate", body);
    let epoch = START_DAY / 30 * 30;
    let zero = "A".repeat(43) + "=";
    let told =
        |answer: (StatusCode, Vec<u8>, Option<String>)| (answer.0, String::from_utf8(answer.1).unwrap());
    let (status, text) = told(post(json!({"epoch": epoch, "elements": [zero]}).to_string()));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("element 0") && text.contains("identity"), "{text}");
    let (status, text) = told(post("{}".to_owned()));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("That is no question") && text.contains("epoch"), "{text}");
    let (status, text) =
        told(post(json!({"epoch": epoch, "elements": vec![zero; ELEMENTS_MAX + 1]}).to_string()));
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("ask in several parts"), "{text}");
    let (status, text) = told(post(" ".repeat(Request::BYTES_MAX + 1)));
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("ask in several parts"), "{text}");
}

#[test]
fn a_filter_that_was_changed_is_not_taken() {
    let world = World::new(|_| {});
    world.share(REGION, 1, &names("a", 20));
    let whole = world.get(B, "/private/filter").1;
    let key = NoteKey::of(world.gate.key());
    assert!(Filter::read(&whole, Some(&key)).is_ok() && Filter::read(&whole, None).is_ok());
    let other = NoteKey::of(&NodeKey::new("tower.test", &[8; 32]));
    assert!(matches!(Filter::read(&whole, Some(&other)), Err(FilterError::Note(NoteError::OtherKey))));
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(Filter::read(&changed, Some(&key)).is_err(), "byte {at}");
        assert!(Filter::read(&whole[..at], Some(&key)).is_err(), "cut at {at}");
    }
    assert!(Filter::read(&[whole.as_slice(), b"x"].concat(), Some(&key)).is_err());
}

#[test]
fn a_node_that_answers_with_another_key_is_seen() {
    let world = World::new(|_| {});
    world.share(REGION, 1, &names("a", 2));
    let filter = world.filter(B);
    let question = Question::new(&[normalise(Kind::Domain, "a0.evil.top").unwrap()], [1; 32]).unwrap();
    let key = watch::private::Key::derive(&[8; 32], filter.header.epoch).unwrap();
    let answer = key.evaluate(question.elements(), [2; 32]).unwrap();
    assert_eq!(question.outputs(&answer, &filter.header.public), Err(PrivateError::Proof));
}

#[test]
fn much_is_evaluated_in_the_background_and_a_step_costs_what_is_new() {
    let world = World::new(|_| {});
    for number in 0..3 {
        world.share(REGION, number, &names(&format!("a{number}-"), 500));
    }
    let (status, body, after) = world.get(B, "/private/filter");
    assert_eq!((status, after.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert!(String::from_utf8_lossy(&body).contains("1500 values are still to be evaluated"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| world.private.follow(&stop));
        let begun = Instant::now();
        while world.get(B, "/private/filter").0 != StatusCode::OK {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is never ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        world.gate.store().wake();
    });
    assert_eq!(world.filter(B).header.values, 1_500);
    assert_eq!(world.filter(A).header.values, 1_500, "what one member's filter took serves all");
    world.share(REGION, 9, &names("new", 3));
    assert_eq!(world.filter(B).header.values, 1_503, "only three are evaluated while it waits");
}

#[test]
fn more_values_than_are_put_up_with_are_refused() {
    let world = World::new(|settings| settings.values_max = 10);
    world.share(REGION, 1, &names("a", 11));
    let (status, body, _) = world.get(B, "/private/filter");
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(String::from_utf8_lossy(&body).contains("more values than it is set up"));
}
