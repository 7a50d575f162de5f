//! Transparency: a circle's tree handed out to its members, witnessed by other nodes, and audited by who received something.
//!
//! [`server`] gives members of a circle its checkpoint, its tiles, and the openings of what they got; [`witness`] cosigns
//! other nodes' checkpoints; [`cosign`] asks witnesses for the node's own; [`proof`] is one object's proof as a file; [`audit`] is a
//! member's side of it all and believes nothing that it can compute. What stands in leaves is [`gate::commitment`]'s. A circle that is not there and one that the member
//! is not in are answered alike. docs/transparency.md has the forms for other implementations.
//!
//! Source: C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature, tlog-witness.

pub mod audit;
pub mod cosign;
pub mod proof;
pub mod server;
pub mod witness;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{Book, Circle, Level, MemberId};
use serde::{Deserialize, Serialize};

/// Where the logs of a member's circles stand.
pub const ROOT: &str = "/log";
/// Records that a log may lack of its line before it is not shown until it has them: what it would say is older than what
/// it has said.
pub const LAG_MAX: u64 = 100_000;
/// Objects whose openings are asked for at once.
pub const OBJECTS_MAX: usize = 1_000;

/// Whether a member gets a circle's objects over TAXII, and so is opened what it got of the circle's log.
#[must_use]
pub fn reads(book: &Book, member: MemberId, circle: &Circle) -> bool {
    let exchanges = book.member(member).is_some_and(|member| member.level == Level::Exchange);
    exchanges && circle.access(member).reads()
}

/// A circle's log, as a member is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The circle's UUID: its log stands under it, and so does its TAXII collection.
    pub circle: String,
    /// The circle's handle.
    pub handle: String,
    /// What its checkpoints are of.
    pub origin: String,
    /// Whether the member gets its objects over TAXII.
    pub reads: bool,
}

/// All logs of a member.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Logs {
    logs: Vec<Told>,
}

/// What openings are asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Question {
    objects: Vec<Wanted>,
}

/// An object whose opening is asked for; without a version, all of its versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// Openings as they go over the wire.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Opened {
    openings: Vec<Opening>,
    /// Whether there are more than fit.
    more: bool,
    /// Objects that were asked about, that the member had, and whose bytes the node has erased: nothing of them can be opened any
    /// more, and their leaves stand where they stood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    erased: Vec<Erased>,
}

/// An object that the node has erased.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Erased {
    id: String,
    /// The number of the version that the member had last.
    number: u64,
}

/// An opening as it goes over the wire; 32-byte values in base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opening {
    id: String,
    version: String,
    /// The record's number, from 1.
    number: u64,
    /// Microseconds since 1970.
    added_us: i64,
    when_salt: String,
    about: String,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_salt: Option<String>,
}

impl From<&gate::Opening> for Opening {
    fn from(opening: &gate::Opening) -> Self {
        Self {
            id: opening.id.to_string(),
            version: opening.version.to_string(),
            number: opening.seq.0,
            added_us: opening.added.0,
            when_salt: STANDARD.encode(opening.when_salt),
            about: STANDARD.encode(opening.about),
            content: STANDARD.encode(opening.content),
            content_salt: opening.content_salt.map(|salt| STANDARD.encode(salt)),
        }
    }
}

fn bytes32(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

impl Opening {
    /// What it says; `None` if it is malformed.
    fn read(&self) -> Option<gate::Opening> {
        Some(gate::Opening {
            id: stix::ObjectId::parse(&self.id).ok()?,
            version: stix::Timestamp::parse(&self.version).ok()?,
            seq: line::Seq(self.number),
            added: line::Added(self.added_us),
            when_salt: bytes32(&self.when_salt)?,
            about: bytes32(&self.about)?,
            content: bytes32(&self.content)?,
            content_salt: match &self.content_salt {
                Some(salt) => Some(bytes32(salt)?),
                None => None,
            },
        })
    }
}
