//! A MISP feed taken in: from a folder through conversion to STIX and past the gate into a circle's line, durably.
//!
//! Run by `cargo xtask bench misp`, which builds it for release. Prints one JSON object. The feed is made first and is not
//! measured: events of 500 attributes each (addresses, domains, hashes, URLs), with comments and tags, as real feeds have
//! them. Arguments: how many attributes, and the folder to work in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement that fails says so by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use axum::body::Body;
use bongsu_exchange::misp::pull::{Cursor, Raw, Source, Walk};
use bongsu_exchange::misp::rest::{Misp, router};
use bongsu_exchange::read::{Batch, Format, Options as ReadOptions, read_all};
use gate::{Gate, NodeKey, Submission, Submitted};
use http::Request;
use line::{Options, Store};
use policy::{Caller, Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::json;
use stix::Timestamp;
use tower::ServiceExt as _;
use uuid::Uuid;

/// As in the node.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMBER: MemberId = MemberId::new(Uuid::from_u128(1));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(2));
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
/// Attributes in an event.
const EACH: usize = 500;
/// Events that are converted at once, on all cores.
const TOGETHER: usize = 16;

fn uuid(number: usize) -> Uuid {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0000 + number as u128)
}

fn attribute(number: usize) -> serde_json::Value {
    let (kind, category, value) = match number % 4 {
        0 => ("domain", "Network activity", format!("host{number}.feed-bench.example")),
        1 => {
            ("ip-dst", "Network activity", std::net::Ipv4Addr::from(0x2e00_0000 + number as u32).to_string())
        }
        2 => ("sha256", "Payload delivery", format!("{number:064x}")),
        _ => (
            "url",
            "Network activity",
            format!("http://host{number}.feed-bench.example/gate.php?id={number}"),
        ),
    };
    json!({
        "uuid": uuid(1_000_000 + number), "type": kind, "category": category, "value": value, "to_ids": true,
        "timestamp": (1_780_000_000 + number).to_string(), "comment": "seen by a sensor", "distribution": "5",
        "disable_correlation": false, "deleted": false, "Tag": [{"name": "phase:delivery", "colour": "#112233"}],
    })
}

/// Makes the feed; its bytes.
fn make(folder: &Path, attributes: usize) -> u64 {
    std::fs::create_dir_all(folder).unwrap();
    let (mut manifest, mut bytes) = (serde_json::Map::new(), 0);
    for number in 0..attributes.div_ceil(EACH) {
        let parts: Vec<serde_json::Value> =
            (number * EACH..attributes.min((number + 1) * EACH)).map(attribute).collect();
        let timestamp = 1_780_000_000 + (number + 1) * EACH;
        let event = json!({ "Event": {
            "uuid": uuid(number), "info": format!("Feed, part {number}"), "date": "2026-09-01", "analysis": "2",
            "threat_level_id": "2", "published": true, "timestamp": timestamp.to_string(),
            "publish_timestamp": timestamp.to_string(), "distribution": "3",
            "Orgc": {"name": "Feed", "uuid": "55f6ea5e-2c60-40e5-964f-47a8950d210f"},
            "Tag": [{"name": "tlp:green", "colour": "#339900"}], "Attribute": parts,
        } });
        let text = event.to_string();
        bytes += text.len() as u64;
        std::fs::write(folder.join(format!("{}.json", uuid(number))), text).unwrap();
        manifest.insert(uuid(number).to_string(), json!({ "info": "x", "timestamp": timestamp }));
    }
    std::fs::write(folder.join("manifest.json"), serde_json::Value::Object(manifest).to_string()).unwrap();
    bytes
}

fn gate(folder: &Path) -> Gate {
    let store = Store::open(folder, &Options::default(), Arc::new(|| NOW.micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("bench.test", &[7; 32])).unwrap();
    let member = Member { name: String::new(), level: Level::Exchange, ..Member::new(MEMBER, "feed") };
    gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    let circle = Circle { title: String::new(), members: vec![MEMBER], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    gate
}

/// Converts events on all cores and hands them to the line, which works on while the next are read.
fn share(gate: &Gate, events: &mut Vec<Raw>, told: &std::sync::mpsc::Sender<Vec<Submitted>>) -> usize {
    let options = ReadOptions { circle: Some(CIRCLE.uuid()), ..ReadOptions::new(NOW) };
    let convert = |raw: &Raw| read_all(raw.text.as_bytes(), Format::Misp, &options).unwrap();
    let batches: Vec<Batch> = events.par_iter().map(convert).collect();
    events.clear();
    let count = batches.len();
    for batch in batches {
        assert!(batch.findings.is_empty(), "{:?}", batch.findings.first());
        let objects = batch.objects.into_iter();
        let objects = objects.map(|object| Submission { raw: object.raw, head: object.head }).collect();
        let told = told.clone();
        let done = Box::new(move |outcome: Result<_, _>| told.send(outcome.unwrap()).unwrap());
        let terms = Terms::default();
        let sharing = gate::Sharing {
            member: MEMBER,
            person: None,
            circle: CIRCLE,
            terms: &terms,
            intake: policy::Intake::Accept,
        };
        gate.share_then(&sharing, objects, NOW, done);
    }
    count
}

/// Seconds until the circle can be read as a feed, from nothing.
fn view(gate: &Gate, runtime: &tokio::runtime::Runtime) -> f64 {
    let now = Arc::new(|| NOW);
    let router = router(Misp {
        gate: gate.clone(),
        now,
        body_bytes_max: 1 << 20,
        lists: Arc::new(watch::Lists::builtin),
    });
    let mut request = Request::get("/misp/feed/region/manifest.json").body(Body::empty()).unwrap();
    request.extensions_mut().insert(Caller::Member(MEMBER));
    let started = Instant::now();
    let response = runtime.block_on(router.oneshot(request)).unwrap_or_else(|never| match never {});
    assert_eq!(response.status(), 200);
    started.elapsed().as_secs_f64()
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let attributes: usize = arguments.next().map_or(100_000, |count| count.parse().unwrap());
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let feed = folder.path().join("feed");
    let bytes = make(&feed, attributes);
    let gate = gate(&folder.path().join("store"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let source = Source::Folder(feed);

    let started = Instant::now();
    let (told, outcomes) = channel();
    let (mut waiting, mut batches, mut events) = (Vec::new(), 0, 0);
    let begin = |cursor| runtime.block_on(Walk::begin(source.clone(), Some(cursor), &|_| None)).unwrap();
    let mut walk = begin(Cursor::default());
    while let Some(page) = runtime.block_on(walk.page()).unwrap() {
        events += page.events.len();
        waiting.extend(page.events);
        if waiting.len() >= TOGETHER {
            batches += share(&gate, &mut waiting, &told);
        }
    }
    let cursor = walk.cursor().clone();
    batches += share(&gate, &mut waiting, &told);
    let mut objects = 0;
    for _ in 0..batches {
        let all = outcomes.recv().unwrap();
        let fine =
            all.iter().filter(|one| matches!(one, Submitted::Appended { .. } | Submitted::Present)).count();
        assert_eq!(fine, all.len(), "nothing is refused");
        objects += fine;
    }
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(events, attributes.div_ceil(EACH));

    let started = Instant::now();
    let walk = begin(cursor);
    assert_eq!((walk.left(), walk.unchanged()), (0, events), "nothing is new");
    let again = started.elapsed().as_secs_f64();
    let view = view(&gate, &runtime);
    println!(
        "{}",
        json!({ "attributes": attributes, "bytes": bytes, "objects": objects, "seconds": seconds, "again_s": again, "view_s": view })
    );
}
