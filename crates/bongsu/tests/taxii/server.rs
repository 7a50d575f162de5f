//! This node's TAXII routes behind its log-in, holding what the reference server held.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::taxii::{Taxii, router};
use gate::{Gate, NodeKey, Submission, Submitted};
use http::{HeaderMap, Request, StatusCode};
use line::{Options, Store};
use policy::{
    Access, Channel, Circle, CircleId, Credential, CredentialKind, Entry, Level, Member, MemberId, Terms,
};
use serde_json::Value;
use stix::{SpecVersion, Timestamp, Tlp};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;
use web::auth::{Auth, Token, TokenKey, around};

pub(crate) const ADMIN: MemberId = MemberId::new(Uuid::from_u128(0xad));
/// What the recorded requests log in with.
const RECORDED: &str = "admin:Password0";

pub(crate) struct Server {
    router: Router,
    basic: String,
    /// When each object version of the reference's data was added here, by id and version.
    pub(crate) added: HashMap<(String, String), Timestamp>,
    /// The reference's own dates, in the order of the line: what `added_after` is translated by.
    pub(crate) dates: Vec<(Timestamp, Timestamp)>,
    _folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn member() -> Member {
    Member {
        name: "Admin".to_owned(),
        level: Level::Exchange,
        clearance: Tlp::Red,
        ..Member::new(ADMIN, "admin")
    }
}

/// The circle that stands for a collection of the reference server.
fn circle(number: usize, collection: &Value) -> Circle {
    let flag = |name: &str| collection[name].as_bool().unwrap_or_default();
    let access = match (flag("can_read"), flag("can_write")) {
        (true, true) => Access::Both,
        (true, false) => Access::Read,
        (false, true) => Access::Write,
        (false, false) => Access::None,
    };
    let media_types = collection["media_types"].as_array().unwrap().iter();
    let spec_versions = media_types.map(|name| match name.as_str().unwrap().rsplit_once('=').unwrap().1 {
        "2.0" => SpecVersion::V20,
        _ => SpecVersion::V21,
    });
    Circle {
        title: collection["title"].as_str().unwrap().to_owned(),
        purpose: collection["description"].as_str().unwrap_or_default().to_owned(),
        members: vec![ADMIN],
        access: [(ADMIN, access)].into(),
        spec_versions: spec_versions.collect(),
        ..Circle::new(
            collection["id"].as_str().unwrap().parse::<CircleId>().unwrap(),
            format!("collection-{number}"),
        )
    }
}

impl Server {
    pub(crate) fn new(data: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_400_000_000_000_000));
        let ticks = Arc::clone(&clock);
        let store = Store::open(
            folder.path(),
            &Options::default(),
            Arc::new(move || ticks.fetch_add(1_000, Ordering::Relaxed)),
        );
        let gate = Gate::open(store.unwrap(), NodeKey::new("reference.test", &[7; 32])).unwrap();
        let now: Arc<dyn Fn() -> Timestamp + Send + Sync> =
            Arc::new(move || Timestamp::from_micros(clock.fetch_add(1_000, Ordering::Relaxed)));
        let (tokens, token) = (TokenKey::new([1; 32]), Token::new(Uuid::from_u128(0x70), [2; 32]));
        let credential = Credential {
            id: token.id,
            member: Some(ADMIN),
            created: now(),
            expires: None,
            revoked: false,
            person: None,
            scopes: None,
            kind: CredentialKind::Token { hash: tokens.kept(&token).to_vec() },
        };
        for entry in [Entry::Member(member()), Entry::Credential(credential)] {
            gate.record(MemberId::NODE, entry).unwrap();
        }
        let (mut added, mut dates) = (HashMap::new(), Vec::new());
        for (number, collection) in data["trustgroup1"]["collections"].as_array().unwrap().iter().enumerate()
        {
            let circle = circle(number, collection);
            let id = circle.id;
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
            fill(&gate, id, collection, now(), &mut added, &mut dates);
        }
        let taxii = router(Taxii {
            gate: gate.clone(),
            now: Arc::clone(&now),
            body_bytes_max: 9_765_625,
            title: "Some TAXII Server".to_owned(),
            contact: Some("somebody".to_owned()),
            statuses: exchange::taxii::StatusesIn::Memory,
        });
        let auth = Auth::new(gate, tokens, false, now, || Some([7; 32]));
        let basic = format!("Basic {}", STANDARD.encode(format!("admin:{}", token.reveal())));
        Self { router: around(Arc::new(auth), taxii), basic, added, dates, _folder: folder }
    }

    /// Asks; the recorded log-in stands for this node's own.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &Value,
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers.as_object().unwrap() {
            let value = value.as_str().unwrap();
            let recorded = value == format!("Basic {}", STANDARD.encode(RECORDED));
            request = request.header(name, if recorded { self.basic.as_str() } else { value });
        }
        let mut request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        request.extensions_mut().insert(Channel { encrypted: true, looked_at: false });
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// Shares what the collection holds, in the order in which it was added there. It goes in at once, so that nothing waits for
/// what it refers to and is announced again.
fn fill(
    gate: &Gate,
    circle: CircleId,
    collection: &Value,
    now: Timestamp,
    added: &mut HashMap<(String, String), Timestamp>,
    dates: &mut Vec<(Timestamp, Timestamp)>,
) {
    let objects = collection["objects"].as_array().unwrap();
    let mut submissions = Vec::new();
    let mut rows = Vec::new();
    for row in collection["manifest"].as_array().unwrap() {
        let version = |object: &Value| object.get("modified").or(object.get("created")).cloned();
        let is_it =
            |object: &&Value| object["id"] == row["id"] && version(object).as_ref() == Some(&row["version"]);
        let raw = objects.iter().find(is_it).unwrap().to_string();
        submissions.push(Submission { head: stix::read_head(&raw).unwrap(), raw });
        rows.push(row);
    }
    // A collection in which the admin may not share is empty in the reference's data.
    if submissions.is_empty() {
        return;
    }
    let told = gate.submit(ADMIN, circle, &Terms::default(), submissions, now).unwrap();
    for (row, told) in rows.into_iter().zip(told) {
        let Submitted::Appended { added: at, .. } = told else { panic!("{row}: {told:?}") };
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        added.insert((text("id"), text("version")), at.timestamp());
        dates.push((Timestamp::parse(&text("date_added")).unwrap(), at.timestamp()));
    }
}
