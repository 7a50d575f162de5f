//! A node with the circles `region` and `coast`, and members that ask over the router.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use bongsu_exchange::misp::rest::{Misp, router};
use gate::{Gate, NodeKey};
use line::{Options, Store};
use policy::{Caller, Circle, CircleId, Entry, Level, Member, MemberId, Onward};
use serde_json::{Value as Json, json};
use stix::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use uuid::Uuid;

/// In both circles.
pub(crate) const OWNER: MemberId = MemberId::new(Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0001));
pub(crate) const OTHER: MemberId = MemberId::new(Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0002));
pub(crate) const REGION: CircleId = CircleId::new(Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0011));
const COAST: CircleId = CircleId::new(Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0012));
const BODY_BYTES_MAX: usize = 1 << 20;

/// A UUID that tests can name.
pub(crate) fn uuid(number: u32) -> String {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0001_0000 + u128::from(number)).to_string()
}

/// An answer.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Told {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// What a request that must not fail is answered.
    pub(crate) fn fine(self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    pub(crate) fn refused(self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}

pub(crate) struct Node {
    router: Router,
    pub(crate) gate: Gate,
    runtime: Runtime,
    now: Arc<AtomicI64>,
    _folder: TempDir,
}

impl Node {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(1_790_000_000_000_000));
        let clock = Arc::clone(&now);
        let store =
            Store::open(folder.path(), &Options::default(), Arc::new(move || clock.load(Ordering::Relaxed)));
        let gate = Gate::open(store.unwrap(), NodeKey::new("circle.test", &[7; 32])).unwrap();
        for (id, handle) in [(OWNER, "owner"), (OTHER, "other")] {
            let member = Member { level: Level::Exchange, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        let circle =
            Circle { members: vec![OWNER, OTHER], onward: Onward::Allowed, ..Circle::new(REGION, "region") };
        gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let circle = Circle { members: vec![OWNER], ..Circle::new(COAST, "coast") };
        gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let router = over(&gate, &now);
        Self { router, gate, runtime: runtime.unwrap(), now, _folder: folder }
    }

    /// Forgets all that is only in the server's memory.
    pub(crate) fn restart(&mut self) {
        self.router = over(&self.gate, &self.now);
    }

    pub(crate) fn head(&self, member: MemberId, path: &str) -> Told {
        self.send(member, Request::head(path).body(Body::empty()).unwrap())
    }

    fn send(&self, member: MemberId, mut request: Request<Body>) -> Told {
        // Each request comes a second after the one before, so that what changes is later than what was there.
        self.now.fetch_add(1_000_000, Ordering::Relaxed);
        request.extensions_mut().insert(Caller::Member(member));
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (parts, body) = answer.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            Told { status: parts.status, headers: parts.headers, body }
        })
    }

    pub(crate) fn get(&self, member: MemberId, path: &str) -> Told {
        self.send(member, Request::get(path).body(Body::empty()).unwrap())
    }

    pub(crate) fn post(&self, member: MemberId, path: &str, body: &Json) -> Told {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(member, request.body(Body::from(body.to_string())).unwrap())
    }

    pub(crate) fn post_packed(&self, member: MemberId, path: &str, body: Vec<u8>) -> Told {
        let request =
            Request::post(path).header("content-type", "application/json").header("content-encoding", "gzip");
        self.send(member, request.body(Body::from(body)).unwrap())
    }

    /// Adds an event to `region` that must be taken whole, and gives it as it is seen then.
    pub(crate) fn add(&self, member: MemberId, event: &Json) -> Json {
        let mut told = self.post(member, "/events/add?circle=region", event).fine();
        assert!(told.get("errors").is_none(), "{told}");
        told["Event"].take()
    }

    pub(crate) fn event(&self, member: MemberId, uuid: &str) -> Json {
        self.get(member, &format!("/events/view/{uuid}")).fine()["Event"].take()
    }

    pub(crate) fn search(&self, what: &str, body: &Json) -> Told {
        self.post(OTHER, &format!("/{what}/restSearch"), body)
    }
}

fn over(gate: &Gate, now: &Arc<AtomicI64>) -> Router {
    let clock = Arc::clone(now);
    router(Misp {
        gate: gate.clone(),
        now: Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed))),
        body_bytes_max: BODY_BYTES_MAX,
        lists: Arc::new(watch::Lists::builtin),
    })
}

/// Events of every kind: published and not, of all distributions, with marks, tags, objects and what was taken back.
pub(crate) fn mixed() -> (Node, Vec<String>) {
    let node = Node::new();
    let mut uuids = Vec::new();
    for number in 1..=5_u32 {
        let base = number * 100;
        let attribute = |at: u32, kind: &str, value: String| {
            json!({ "uuid": uuid(base + at), "type": kind, "value": value, "to_ids": at % 2 == 1,
                "comment": format!("part {at}"), "Tag": [{ "name": format!("part:{}", at % 3) }] })
        };
        let object = |at: u32| {
            json!({ "uuid": uuid(base + at), "name": "file", "meta-category": "file", "Attribute": [
                { "uuid": uuid(base + at + 1), "type": "filename", "object_relation": "filename",
                  "value": format!("{base}-{at}.exe") },
                { "uuid": uuid(base + at + 2), "type": "md5", "object_relation": "md5", "to_ids": true,
                  "value": format!("{:032x}", base + at) }] })
        };
        let (distribution, group) = match number {
            4 => ("4".to_owned(), json!({ "uuid": REGION.to_string(), "name": "region" })),
            number => (number.min(3).to_string(), Json::Null),
        };
        let event = json!({
            "uuid": uuid(base), "info": format!("Event {number}, \"quoted\""), "distribution": distribution,
            "SharingGroup": group, "published": number % 2 == 0, "threat_level_id": number.min(4).to_string(),
            "analysis": "1", "date": format!("2026-08-0{number}"), "Orgc": { "name": format!("CERT {number}"), "uuid": uuid(base + 90) },
            "Tag": [{ "name": if number == 2 { "tlp:amber" } else { "tlp:green" } }, { "name": format!("event:{number}") }],
            "Attribute": (1..=8).map(|at| attribute(at, "domain", format!("h{at}.e{number}.example")))
                .chain([attribute(9, "ip-dst|port", format!("198.51.100.{number}|443")), attribute(10, "comment", "said".into())])
                .collect::<Vec<_>>(),
            "Object": [object(20), object(30)],
        });
        node.add(OWNER, &event);
        uuids.push(uuid(base));
    }
    node.post(OWNER, &format!("/attributes/delete/{}", uuid(103)), &Json::Null).fine();
    (node, uuids)
}
