//! How fast search answers while objects come in: `cargo run --release -p bongsu-search --example search_speed [OBJECTS] [SECONDS]`.
//!
//! Makes so many objects (1,000,000) of two members in two circles, indexes them, and then, for so many seconds (20), asks what
//! somebody types, as the operator and as a member, while a thousand more come in at a time and are indexed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bongsu_search::{Asked, FILE, Looking, Search};
use gate::{Gate, NodeKey, Submission};
use line::{LineId, Options, Store};
use policy::{Caller, Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use serde_json::json;
use stix::{Timestamp, Tlp};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const A: MemberId = MemberId::new(Uuid::from_u128(0xa));
const B: MemberId = MemberId::new(Uuid::from_u128(0xb));
const C: MemberId = MemberId::new(Uuid::from_u128(0xc));
const CIRCLES: [CircleId; 2] = [CircleId::new(Uuid::from_u128(0xcc1)), CircleId::new(Uuid::from_u128(0xcc2))];
/// Objects brought at a time.
const ENVELOPE: u64 = 1_000;
/// Words that texts are made of.
const WORDS: u64 = 20_000;

fn micros() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros())
        .unwrap_or(i64::MAX)
}

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A word, the first ones far more often than the last, as in texts.
    fn word(&mut self) -> String {
        let end = 1 + self.below(WORDS);
        word(self.below(end))
    }
}

fn word(mut number: u64) -> String {
    const PARTS: [&str; 20] = [
        "ba", "ren", "to", "mi", "lok", "sa", "ve", "dan", "ku", "phi", "os", "tar", "ne", "gu", "lim",
        "har", "bo", "xi", "per", "on",
    ];
    let mut word = String::new();
    for _ in 0..4 {
        word.push_str(PARTS[(number % 20) as usize]);
        number /= 20;
    }
    word
}

fn object(number: u64, chance: &mut Chance) -> String {
    let uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number));
    let text =
        |chance: &mut Chance, words: u64| (0..words).map(|_| chance.word()).collect::<Vec<_>>().join(" ");
    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Green, Tlp::Amber, Tlp::AmberStrict][chance.below(5) as usize];
    let mut object = json!({
        "spec_version": "2.1", "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "object_marking_refs": [tlp.definition_id().to_string()], "confidence": chance.below(101),
    });
    let (object_type, more) = match chance.below(10) {
        0..7 => {
            let value = match chance.below(3) {
                0 => format!(
                    "[ipv4-addr:value = '{}.{}.{}.{}']",
                    1 + chance.below(223),
                    chance.below(256),
                    chance.below(256),
                    chance.below(256)
                ),
                1 => format!("[domain-name:value = '{}-{number}.{}.example']", chance.word(), chance.word()),
                _ => format!("[url:value = 'http://{}.example/{}/{number}']", chance.word(), chance.word()),
            };
            (
                "indicator",
                json!({"name": text(chance, 4), "description": text(chance, 12), "pattern": value,
                "pattern_type": "stix", "valid_from": "2026-09-01T00:00:00.000Z", "labels": [chance.word()]}),
            )
        }
        7..9 => {
            ("malware", json!({"name": text(chance, 2), "description": text(chance, 25), "is_family": false}))
        }
        _ => (
            "report",
            json!({"name": text(chance, 6), "description": text(chance, 60),
            "published": "2026-09-01T00:00:00.000Z", "object_refs": [format!("indicator--{uuid}")]}),
        ),
    };
    object["type"] = json!(object_type);
    object["id"] = json!(format!("{object_type}--{uuid}"));
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object.to_string()
}

/// Brings an envelope; gives its bytes.
fn bring(gate: &Gate, first: u64, chance: &mut Chance) -> usize {
    let made: Vec<Submission> = (first..first + ENVELOPE)
        .filter_map(|number| {
            let raw = object(number, chance);
            Some(Submission { head: stix::read_head(&raw).ok()?, raw })
        })
        .collect();
    let bytes = made.iter().map(|one| one.raw.len()).sum();
    let at = (first / ENVELOPE) as usize;
    let (by, circle) = ([A, B][at % 2], CIRCLES[at / 2 % 2]);
    if let Err(error) = gate.submit(by, circle, &Terms::default(), made, Timestamp::from_micros(micros())) {
        eprintln!("an envelope was refused: {error}");
    }
    bytes
}

/// What is typed: each question as it grows.
fn questions(chance: &mut Chance) -> Vec<(&'static str, Asked)> {
    let text = |text: String| Asked { text, limit: 50, ..Asked::default() };
    let (one, two, three) = (chance.word(), chance.word(), chance.word());
    let rare = word(WORDS - 1 - chance.below(200));
    let mut all: Vec<(&str, Asked)> =
        (1..=one.len()).map(|end| ("typing one word", text(one[..end].to_owned()))).collect();
    all.extend((1..=two.len()).map(|end| ("typing a second", text(format!("{one} {}", &two[..end])))));
    all.push(("three words", text(format!("{one} {two} {three} "))));
    all.push(("three words, the last begun", text(format!("{one} {two} {}", &three[..3]))));
    all.push(("a rare word", text(rare)));
    all.push(("no such word", text("zzzzqqq".to_owned())));
    all.push(("nothing typed", text(String::new())));
    all.push(("word and type", Asked { types: vec!["report".to_owned()], ..text(one.clone()) }));
    all.push(("word, TLP, source", Asked { tlp: vec![Tlp::Amber], source: Some(B), ..text(one.clone()) }));
    all.push((
        "word, circle, confidence",
        Asked { circle: Some(CIRCLES[0]), confidence: 80, ..text(one.clone()) },
    ));
    let value = format!(
        "{}.{}.{}.{}",
        1 + chance.below(223),
        chance.below(256),
        chance.below(256),
        chance.below(256)
    );
    all.push(("a value", Asked { value, ..text(String::new()) }));
    all
}

fn quantile(sorted: &[Duration], of: f64) -> f64 {
    let at = ((sorted.len().saturating_sub(1)) as f64 * of).round() as usize;
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let objects: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let seconds: u64 = args.next().map_or(Ok(20), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path(), &Options::default(), Arc::new(micros))?;
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32]))?;
    for (id, handle, clearance) in [(A, "a", Tlp::Red), (B, "b", Tlp::Red), (C, "c", Tlp::Amber)] {
        let member = Member { level: Level::Exchange, clearance, ..Member::new(id, handle) };
        gate.record(MemberId::NODE, Entry::Member(member))?;
    }
    for (id, handle, members) in [(CIRCLES[0], "one", vec![A, B, C]), (CIRCLES[1], "two", vec![A, B, C])] {
        gate.record(
            MemberId::NODE,
            Entry::Circle(Circle { ceiling: Tlp::Red, members, ..Circle::new(id, handle) }),
        )?;
    }
    let (mut chance, mut raw, begun) = (Chance(7), 0, Instant::now());
    for first in (0..objects).step_by(ENVELOPE as usize) {
        raw += bring(&gate, first, &mut chance);
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{}", json!({"what": "brought", "objects": objects, "bytes": raw, "s": took}));

    let search = Arc::new(Search::new(gate.clone(), dir.path().join(FILE)));
    let begun = Instant::now();
    search.follow()?;
    let took = begun.elapsed().as_secs_f64();
    let size: u64 = ["", "-wal"]
        .iter()
        .filter_map(|end| std::fs::metadata(dir.path().join(format!("{FILE}{end}"))).ok())
        .map(|about| about.len())
        .sum();
    println!(
        "{}",
        json!({"what": "indexed", "s": took, "per_s": objects as f64 / took, "bytes": size, "of_the_json": size as f64 / raw as f64})
    );

    let (stop, brought) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut threads = Vec::new();
    let (following, stopped) = (Arc::clone(&search), Arc::clone(&stop));
    threads.push(std::thread::spawn(move || following.follow_until(&stopped)));
    let (bringing, stopped, count) = (gate.clone(), Arc::clone(&stop), Arc::clone(&brought));
    threads.push(std::thread::spawn(move || {
        let (mut chance, mut next) = (Chance(99), objects.next_multiple_of(ENVELOPE));
        while !stopped.load(Ordering::Relaxed) {
            bring(&bringing, next, &mut chance);
            next += ENVELOPE;
            count.fetch_add(ENVELOPE, Ordering::Relaxed);
        }
    }));
    let mut chance = Chance(3);
    let mut times: std::collections::BTreeMap<(&str, &str), Vec<Duration>> =
        std::collections::BTreeMap::new();
    let begun = Instant::now();
    let mut behind = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        for (what, asked) in questions(&mut chance) {
            for (who, caller) in [("operator", Caller::Operator), ("member", Caller::Member(C))] {
                let looking = Looking { caller, encrypted: true, now: Timestamp::from_micros(micros()) };
                let asking = Instant::now();
                let found =
                    search.find(&looking, &asked, &|seen| (seen.object.seq, seen.provenance().state()))?;
                let took = asking.elapsed();
                times.entry((what, who)).or_default().push(took);
                times.entry(("all", who)).or_default().push(took);
                behind = behind.max(found.behind);
            }
        }
    }
    let (lasted, came) = (begun.elapsed().as_secs_f64(), brought.load(Ordering::Relaxed));
    stop.store(true, Ordering::Relaxed);
    gate.store().wake();
    for thread in threads {
        let _ended = thread.join();
    }
    println!("{}", json!({"what": "meanwhile", "per_s": came as f64 / lasted, "most_behind": behind}));
    for ((what, who), mut all) in times {
        all.sort_unstable();
        let [p50, p95, most] = [0.5, 0.95, 1.0].map(|of| quantile(&all, of));
        println!(
            "{}",
            json!({"what": "asked", "asked": what, "by": who, "count": all.len(), "p50_ms": p50, "p95_ms": p95, "max_ms": most})
        );
    }
    let length: u64 = CIRCLES
        .iter()
        .filter_map(|circle| gate.store().root(LineId::new(circle.uuid())).ok())
        .map(|(size, _)| size)
        .sum();
    println!("{}", json!({"what": "in the end", "records": length}));
    Ok(())
}
