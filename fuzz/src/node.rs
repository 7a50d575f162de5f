//! A node to talk to: one circle, two members, a few objects of two marks, tokens, a DNS key, a clock that stands still.

use std::sync::{Arc, OnceLock};

use deliver::Deliver;
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, CircleId, Credential, CredentialKind, Entry, Level, Member, MemberId, Setting, Terms};
use stix::{Timestamp, Tlp};
use uuid::Uuid;
use watch::Lists;
use web::auth::{Token, TokenKey};

/// A member that may see everything.
pub const CERT: MemberId = MemberId::new(Uuid::from_u128(0xa));
/// A member that may see TLP:GREEN.
pub const ISP: MemberId = MemberId::new(Uuid::from_u128(0xb));
/// The circle.
pub const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(0xcc));
/// A word that stands in what the second member may not see, and nowhere else.
pub const SECRET: &str = "xyzzy-amber";
/// The name and the secret of the second member's DNS key.
pub const TSIG: (&str, [u8; 32]) = ("isp.key", [9; 32]);

/// The node.
pub struct Node {
    /// Its gate.
    pub gate: Gate,
    /// What it delivers, without warning lists.
    pub deliver: Arc<Deliver>,
    /// The key of its tokens.
    pub tokens: TokenKey,
    /// The second member's token.
    pub isp: String,
    /// The operator's token.
    pub operator: String,
}

/// The node's time.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000)
}

/// The node; made once for each process, in a folder of its own.
///
/// # Panics
/// When it can't be made.
pub fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(|| make().unwrap_or_else(|error| panic!("no node: {error}")))
}

fn make() -> Result<Node, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?.keep();
    let store = Store::open(&folder, &Options::default(), Arc::new(|| now().micros()))?;
    let gate = Gate::open(store, NodeKey::new("fuzz.test", &[7; 32]))?;
    for (id, handle, clearance) in [(CERT, "cert", Tlp::Red), (ISP, "isp", Tlp::Green)] {
        gate.record(MemberId::NODE, Entry::Member(member(id, handle, clearance)))?;
    }
    gate.record(MemberId::NODE, Entry::Circle(circle()))?;
    gate.record(MemberId::NODE, Entry::Setting(Setting { name: "x".to_owned(), value: None }))?;
    let tokens = TokenKey::new([1; 32]);
    let isp = Token::new(Uuid::from_u128(0x10), [3; 32]);
    let operator = Token::new(Uuid::from_u128(0x20), [4; 32]);
    let kept = |token: &Token| CredentialKind::Token { hash: tokens.kept(token).to_vec() };
    let (name, secret) = TSIG;
    let tsig = CredentialKind::Tsig {
        name: name.to_owned(),
        algorithm: "hmac-sha256".to_owned(),
        secret: secret.to_vec(),
    };
    let credentials = [
        (isp.id, Some(ISP), kept(&isp)),
        (operator.id, None, kept(&operator)),
        (Uuid::from_u128(0x30), Some(ISP), tsig),
    ];
    for (id, member, kind) in credentials {
        let credential = Credential {
            id,
            member,
            created: now(),
            expires: None,
            revoked: false,
            person: None,
            scopes: None,
            kind,
        };
        gate.record(MemberId::NODE, Entry::Credential(credential))?;
    }
    let objects = (1..=6_u128).map(object).collect::<Result<Vec<_>, _>>()?;
    gate.submit(CERT, CIRCLE, &Terms::default(), objects, now())?;
    let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(now);
    let deliver = Arc::new(Deliver::new(gate.clone(), Some(Lists::none()), "Fuzz".to_owned(), clock));
    Ok(Node { gate, deliver, tokens, isp: isp.reveal(), operator: operator.reveal() })
}

fn member(id: MemberId, handle: &str, clearance: Tlp) -> Member {
    Member { level: Level::Exchange, clearance, ..Member::new(id, handle) }
}

fn circle() -> Circle {
    Circle { title: "C".to_owned(), members: vec![CERT, ISP], ..Circle::new(CIRCLE, "c") }
}

/// An indicator for a domain; the odd ones are TLP:GREEN, the even ones TLP:AMBER.
fn object(number: u128) -> Result<Submission, String> {
    let (tlp, word) = if number % 2 == 1 { (Tlp::Green, "plugh") } else { (Tlp::Amber, SECRET) };
    let raw = serde_json::json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{}", Uuid::from_u128(number)),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": word,
        "pattern": format!("[domain-name:value = '{word}{number}.com']"), "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z", "confidence": 100,
        "object_marking_refs": [tlp.definition_id().to_string()],
    })
    .to_string();
    let head = stix::read_head(&raw).map_err(|finding| finding.to_string())?;
    Ok(Submission { raw, head })
}
