//! What is found is what a look at everything that may be seen finds, for everyone, in order and page by page.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_search::{Asked, Cursor, FILE, Looking, Search};
use gate::{Gate, NodeKey, Submission};
use line::{LineId, Options, Seq, Store};
use policy::{Caller, Circle, CircleId, Entry, Level, Member, MemberId, Reach, Request, Terms};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

const A: MemberId = MemberId::new(Uuid::from_u128(0xa));
const B: MemberId = MemberId::new(Uuid::from_u128(0xb));
const C: MemberId = MemberId::new(Uuid::from_u128(0xc));
const CIRCLES: [CircleId; 2] = [CircleId::new(Uuid::from_u128(0xcc1)), CircleId::new(Uuid::from_u128(0xcc2))];

struct Node {
    gate: Gate,
    search: Search,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

impl Node {
    /// A and B are cleared for everything and in both circles, C for GREEN and in the first alone.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_764_000_000_000_000));
        let time = Arc::clone(&clock);
        let options = Options::default();
        let store = Store::open(dir.path(), &options, Arc::new(move || time.load(Ordering::SeqCst))).unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        for (id, handle, clearance) in [(A, "a", Tlp::Red), (B, "b", Tlp::Red), (C, "c", Tlp::Green)] {
            let member = Member { level: Level::Exchange, clearance, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        for (id, handle, members) in [(CIRCLES[0], "one", vec![A, B, C]), (CIRCLES[1], "two", vec![A, B])] {
            let circle = Circle { ceiling: Tlp::Red, members, ..Circle::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        }
        let search = Search::new(gate.clone(), dir.path().join(FILE));
        Self { gate, search, clock, dir }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    fn looking(&self, caller: Caller) -> Looking {
        Looking { caller, encrypted: true, now: self.now() }
    }

    fn share(&self, by: MemberId, circle: CircleId, terms: &Terms, object: &Value) {
        self.clock.fetch_add(1_000, Ordering::SeqCst);
        let raw = object.to_string();
        let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
        self.gate.submit(by, circle, terms, vec![submission], self.now()).unwrap();
    }

    fn withdraw(&self, by: MemberId, circle: CircleId, number: u128) {
        self.clock.fetch_add(1_000, Ordering::SeqCst);
        // What is not there, or another's, can't be withdrawn.
        let _answer = self.gate.withdraw(by, circle, &[id(number)], "it was wrong");
    }

    /// The places of what is found, page by page.
    fn finds(&self, caller: Caller, asked: &Asked) -> Vec<(CircleId, u64)> {
        let (mut all, mut before) = (Vec::new(), asked.before);
        loop {
            let asked = Asked { before, ..asked.clone() };
            let made = |seen: &bongsu_search::Seen<'_>| (seen.circle, seen.object.seq.0);
            let found = self.search.find(&self.looking(caller), &asked, &made).unwrap();
            assert_eq!(found.behind, 0);
            assert!(found.items.len() <= asked.limit);
            all.extend(found.items);
            match found.next {
                Some(next) => before = Some(next),
                None => return all,
            }
        }
    }

    fn find(&self, caller: Caller, text: &str) -> Vec<u64> {
        let asked = Asked { text: text.to_owned(), limit: 10, ..Asked::default() };
        self.finds(caller, &asked).into_iter().map(|(_, seq)| seq).collect()
    }

    /// Everything that may be seen, with what it counts as, the latest first.
    fn sees(&self, caller: Caller) -> Vec<(i64, CircleId, u64, String, Option<Tlp>)> {
        let mut all = Vec::new();
        for circle in CIRCLES {
            match caller {
                Caller::Operator => {
                    let line = LineId::new(circle.uuid());
                    let store = self.gate.store();
                    let seqs = store.look(line, |catalogue| {
                        let entries = (1..=catalogue.head().0).filter_map(|seq| catalogue.entry(Seq(seq)));
                        entries
                            .filter(|one| one.last() && one.counts())
                            .map(|one| one.seq)
                            .collect::<Vec<_>>()
                    });
                    let mut on = |seq: Seq, added: line::Added, body: &[u8]| {
                        let raw = String::from_utf8(body.to_vec()).unwrap();
                        all.push((added.0, circle, seq.0, raw, None));
                    };
                    store.bodies(line, &seqs.unwrap(), &mut on).unwrap();
                }
                Caller::Member(member) => {
                    let (wanted, now) = (Level::Exchange, self.now());
                    let request =
                        Request { member, circle, wanted, encrypted: true, now, reach: Reach::Member };
                    let Ok(reader) = self.gate.reader(request) else { continue };
                    let mut on = |released: policy::Released<gate::Object>| {
                        let tlp = released.tlp();
                        let object = released.into_inner();
                        all.push((object.added.0, circle, object.seq.0, object.raw, Some(tlp)));
                        ControlFlow::Continue(())
                    };
                    reader.each(&[], &mut on).unwrap();
                }
            }
        }
        all.sort_unstable_by_key(|one| std::cmp::Reverse(one.0));
        all
    }
}

fn id(number: u128) -> ObjectId {
    ObjectId::new("malware", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)).unwrap()
}

const WORDS: [&str; 6] = ["alpha", "alphabet", "beta", "Bet", "감마", "x9"];

/// A piece of malware, named with some words, described with others under a mark of their own.
fn malware(
    number: u128,
    version: u8,
    name: &str,
    said: &str,
    (tlp, part): (Tlp, Option<Tlp>),
    confidence: u8,
) -> Value {
    let mut object = json!({
        "type": "malware", "spec_version": "2.1", "id": id(number).to_string(), "is_family": false,
        "created": "2026-01-01T00:00:00.000Z", "modified": format!("2026-01-{:02}T00:00:00.000Z", version + 1),
        "object_marking_refs": [tlp.definition_id().to_string()], "name": name, "description": said,
    });
    if let Some(part) = part {
        object["granular_markings"] =
            json!([{"marking_ref": part.definition_id().to_string(), "selectors": ["description"]}]);
    }
    if confidence > 0 {
        object["confidence"] = json!(confidence);
    }
    object
}

/// Whether a text holds words, the last of which may have been typed in part: written without the room's own functions.
fn holds(raw: &str, text: &str, confidence: u8) -> bool {
    let object: Value = serde_json::from_str(raw).unwrap();
    let said = |key: &str| object[key].as_str().unwrap_or_default().to_lowercase();
    let all = format!("{} {}", said("name"), said("description"));
    let words: Vec<&str> = all.split_whitespace().collect();
    let typed: Vec<&str> = text.split_whitespace().collect();
    let is_open = !text.ends_with(' ');
    let found = |(at, word): (usize, &&str)| {
        let word = word.to_lowercase();
        let is_korean = !word.is_ascii();
        let begins = is_korean || is_open && at + 1 == typed.len() && word.len() > 1;
        words.iter().any(|known| if begins { known.starts_with(&word) } else { *known == word })
    };
    let sure = object["confidence"].as_u64().unwrap_or(0) >= u64::from(confidence);
    typed.iter().enumerate().all(found) && sure
}

#[derive(Debug, Clone)]
enum Step {
    Share {
        by: usize,
        circle: usize,
        number: u128,
        version: u8,
        words: (Vec<usize>, Vec<usize>),
        marks: (usize, usize),
        hides: bool,
        confidence: u8,
    },
    Withdraw {
        by: usize,
        circle: usize,
        number: u128,
    },
    Follow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let words = || prop::collection::vec(0..WORDS.len(), 0..3);
    let share = (
        0..2_usize,
        0..2_usize,
        0..6_u128,
        0..3_u8,
        (words(), words()),
        (0..3_usize, 0..4_usize),
        any::<bool>(),
        0..3_u8,
    );
    let share = share.prop_map(|(by, circle, number, version, words, marks, hides, third)| Step::Share {
        by,
        circle,
        number,
        version,
        words,
        marks,
        hides,
        confidence: third * 45,
    });
    let withdraw = (0..2_usize, 0..2_usize, 0..6_u128);
    let withdraw = withdraw.prop_map(|(by, circle, number)| Step::Withdraw { by, circle, number });
    let step = prop_oneof![8 => share, 1 => withdraw, 1 => Just(Step::Follow)];
    prop::collection::vec(step, 1..25)
}

fn phrase(words: &[usize]) -> String {
    words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_what_is_there_to_see(steps in steps(), limit in 1..4_usize) {
        let node = Node::new();
        for step in steps {
            match step {
                Step::Share { by, circle, number, version, words, marks, hides, confidence } => {
                    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber][marks.0];
                    let part = [None, None, Some(Tlp::Amber), Some(Tlp::Clear)][marks.1];
                    let object = malware(number, version, &phrase(&words.0), &phrase(&words.1), (tlp, part), confidence);
                    let terms = Terms { pseudonymise: hides, ..Terms::default() };
                    node.share([A, B][by], CIRCLES[circle], &terms, &object);
                }
                Step::Withdraw { by, circle, number } => node.withdraw([A, B][by], CIRCLES[circle], number),
                Step::Follow => node.search.follow().unwrap(),
            }
        }
        for caller in [Caller::Operator, Caller::Member(A), Caller::Member(B), Caller::Member(C)] {
            let seen = node.sees(caller);
            for text in ["", "alpha", "alphab", "al", "alpha ", "beta alpha", "bet ", "b", "감", "x9 ", "zzz"] {
                for (confidence, tlp, circle) in [(0, None, None), (45, None, None), (0, Some(Tlp::Green), Some(CIRCLES[0]))] {
                    let asked = Asked {
                        text: text.to_owned(), confidence, circle, tlp: tlp.into_iter().collect(), limit, ..Asked::default()
                    };
                    let is_marked = |raw: &str, seen: Option<Tlp>| {
                        let own: Value = serde_json::from_str(raw).unwrap();
                        let own = own["object_marking_refs"][0] == Tlp::Green.definition_id().to_string();
                        tlp.is_none_or(|tlp| seen.map_or(own, |seen| seen == tlp))
                    };
                    let expected: Vec<(CircleId, u64)> = seen
                        .iter()
                        .filter(|(_, at, _, raw, seen)| {
                            holds(raw, text, confidence) && is_marked(raw, *seen) && circle.is_none_or(|circle| circle == *at)
                        })
                        .map(|(_, circle, seq, ..)| (*circle, *seq))
                        .collect();
                    prop_assert_eq!(node.finds(caller, &asked), expected, "{:?} {:?}", caller, asked);
                }
            }
        }
    }
}

#[test]
fn words_under_a_mark_of_their_own_are_found_by_those_alone_who_see_them() {
    let node = Node::new();
    let object = malware(1, 0, "loader", "secretword", (Tlp::Green, Some(Tlp::Amber)), 0);
    node.share(A, CIRCLES[0], &Terms::default(), &object);
    assert_eq!(node.find(Caller::Operator, "secretword"), [1]);
    assert_eq!(node.find(Caller::Member(B), "secretword"), [1]);
    assert_eq!(node.find(Caller::Member(C), "secretword"), Vec::<u64>::new());
    assert_eq!(node.find(Caller::Member(C), "loader"), [1]);
}

#[test]
fn a_source_is_found_by_those_alone_who_may_know_it() {
    let node = Node::new();
    let hides = Terms { pseudonymise: true, ..Terms::default() };
    node.share(A, CIRCLES[0], &hides, &malware(1, 0, "one", "", (Tlp::Green, None), 0));
    node.share(A, CIRCLES[0], &Terms::default(), &malware(2, 0, "two", "", (Tlp::Green, None), 0));
    let of_a = |caller| {
        let asked = Asked { source: Some(A), limit: 10, ..Asked::default() };
        node.finds(caller, &asked).into_iter().map(|(_, seq)| seq).collect::<Vec<_>>()
    };
    assert_eq!(of_a(Caller::Operator), [2, 1]);
    assert_eq!(of_a(Caller::Member(A)), [2, 1]);
    assert_eq!(of_a(Caller::Member(B)), [2]);
    let sources = |caller| {
        let asked = Asked { limit: 10, ..Asked::default() };
        node.search.find(&node.looking(caller), &asked, &|seen| seen.source).unwrap().items
    };
    assert_eq!(sources(Caller::Member(B)), [Some(A), None]);
}

#[test]
fn times_numbers_and_ids_narrow_what_is_found() {
    let node = Node::new();
    let mut times = Vec::new();
    for number in 1..=4 {
        node.share(A, CIRCLES[0], &Terms::default(), &malware(number, 0, "same", "", (Tlp::Green, None), 0));
        times.push(node.now());
    }
    let find = |asked: Asked| {
        let asked = Asked { limit: 10, ..asked };
        node.finds(Caller::Member(B), &asked).into_iter().map(|(_, seq)| seq).collect::<Vec<_>>()
    };
    assert_eq!(find(Asked { from: Some(times[2]), ..Asked::default() }), [4, 3]);
    assert_eq!(find(Asked { until: Some(times[2]), ..Asked::default() }), [2, 1]);
    assert_eq!(find(Asked { after: Some(Seq(3)), circle: Some(CIRCLES[0]), ..Asked::default() }), [4]);
    assert_eq!(
        find(Asked { after: Some(Seq(9)), circle: Some(CIRCLES[0]), ..Asked::default() }),
        Vec::<u64>::new()
    );
    assert_eq!(find(Asked { text: format!(" {} ", id(3)), ..Asked::default() }), [3]);
    assert_eq!(find(Asked { text: id(9).to_string(), ..Asked::default() }), Vec::<u64>::new());
    assert_eq!(find(Asked { circle: Some(CIRCLES[1]), ..Asked::default() }), Vec::<u64>::new());
    let before = Some(Cursor { added: line::Added(times[2].micros()), circle: CIRCLES[0] });
    assert_eq!(find(Asked { before, ..Asked::default() }), [2, 1]);
}

#[test]
fn the_index_lasts_and_is_made_anew_where_it_can_not_be_used() {
    let node = Node::new();
    let path = node.dir.path().join(FILE);
    let again = || Search::new(node.gate.clone(), path.clone());
    node.share(A, CIRCLES[0], &Terms::default(), &malware(1, 0, "firstword", "", (Tlp::Green, None), 0));
    node.search.follow().unwrap();
    let finds = |search: &Search, text: &str| {
        search.follow().unwrap();
        let asked = Asked { text: text.to_owned(), limit: 10, ..Asked::default() };
        search.find(&node.looking(Caller::Operator), &asked, &|seen| seen.object.seq.0).unwrap().items
    };
    assert_eq!(finds(&again(), "firstword"), [1]);
    // It goes on where it was.
    node.share(A, CIRCLES[0], &Terms::default(), &malware(2, 0, "secondword", "", (Tlp::Green, None), 0));
    assert_eq!(finds(&again(), "word"), Vec::<u64>::new());
    assert_eq!(finds(&again(), "secondw"), [2]);

    std::fs::write(&path, b"no index at all").unwrap();
    assert_eq!(finds(&again(), "firstw"), [1]);

    let other = Node::new();
    other.share(B, CIRCLES[0], &Terms::default(), &malware(7, 0, "elsewhere", "", (Tlp::Green, None), 0));
    let moved = Search::new(other.gate.clone(), path.clone());
    moved.follow().unwrap();
    let asked = Asked { text: "firstword".to_owned(), limit: 10, ..Asked::default() };
    assert!(moved.find(&other.looking(Caller::Operator), &asked, &|_| ()).unwrap().items.is_empty());
}

#[test]
fn what_is_forgotten_is_in_no_file() {
    let node = Node::new();
    node.share(A, CIRCLES[0], &Terms::default(), &malware(1, 0, "canaryword", "", (Tlp::Green, None), 0));
    assert_eq!(node.find(Caller::Operator, "canaryword"), [1]);
    // A word's beginning may be written with the one before it.
    let lies = || {
        std::fs::read_dir(node.dir.path()).unwrap().flatten().any(|entry| {
            let is_index = entry.file_name().to_string_lossy().starts_with(FILE);
            is_index && std::fs::read(entry.path()).unwrap().windows(8).any(|some| some == b"naryword")
        })
    };
    assert!(lies());
    node.search.forget().unwrap();
    assert!(!lies());
    assert_eq!(node.find(Caller::Operator, "canaryword"), [1]);
}

#[test]
fn what_is_seen_is_found_behind_very_much_that_is_held() {
    let node = Node::new();
    for number in 0..3 {
        let object = malware(number, 0, "needle", "", (Tlp::Green, None), 0);
        node.share(A, CIRCLES[0], &Terms::default(), &object);
    }
    let held = (10..5_010).map(|number| {
        let raw = malware(number, 0, "needle", "", (Tlp::Amber, None), 0).to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    });
    node.gate.submit(A, CIRCLES[0], &Terms::default(), held.collect(), node.now()).unwrap();
    node.search.follow().unwrap();
    assert_eq!(node.find(Caller::Member(C), "needle"), [3, 2, 1]);
    assert_eq!(node.find(Caller::Member(C), "needl"), [3, 2, 1]);
    assert_eq!(node.find(Caller::Member(C), ""), [3, 2, 1]);
}

#[test]
fn any_text_is_answered() {
    let node = Node::new();
    node.share(A, CIRCLES[0], &Terms::default(), &malware(1, 0, "one", "", (Tlp::Green, None), 0));
    node.search.follow().unwrap();
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 400, ..ProptestConfig::default() });
    let texts = (any::<String>(), any::<String>(), prop::collection::vec(any::<String>(), 0..3));
    let asks = |(text, value, types)| {
        let asked = Asked { text, value, types, limit: 3, ..Asked::default() };
        node.search.find(&node.looking(Caller::Member(B)), &asked, &|_| ()).unwrap();
        Ok(())
    };
    runner.run(&texts, asks).unwrap();
    for text in ["*", "\"", "one*", "one AND", "NEAR(one)", "t=malware", "k=0", "-one", "word:one", "\u{0}"] {
        node.find(Caller::Member(B), text);
    }
}
