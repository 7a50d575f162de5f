//! What a line holds: records, their numbers and their times.
//!
//! A record is an object version as it came, or a word about one (withdrawn, announced again), or an entry of
//! the node's own book. Its number is its place in the line; its time is strictly increasing along the line.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use stix::{Head, ObjectId, Timestamp};
use uuid::Uuid;

/// Which line: a circle's UUID, or [`LineId::NODE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(Uuid);

impl LineId {
    /// The node's own line: members, circles, credentials, settings.
    pub const NODE: Self = Self(Uuid::nil());

    /// The line of the circle with this UUID.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The line beside this one that keeps what was brought to it and waits for an operator's decision. No circle has its
    /// UUID, so no reader of a circle comes to it.
    #[must_use]
    pub fn quarantine(self) -> Self {
        Self(Uuid::new_v5(&self.0, b"quarantine"))
    }

    /// The line beside this one that keeps what was brought to it and waits for a second person of the same member. No circle has
    /// its UUID either.
    #[must_use]
    pub fn parcels(self) -> Self {
        Self(Uuid::new_v5(&self.0, b"parcels"))
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record's number in its line, from 1; `Seq(0)` stands before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// When a record was added, in microseconds since 1970-01-01T00:00:00Z: strictly increasing along a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Added(pub i64);

impl Added {
    /// The same as a STIX timestamp with six digits.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_micros(self.0)
    }
}

/// What a record is. The numbers are the stored form and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// A version of a STIX object, in its own bytes.
    Object = 0,
    /// An object is withdrawn from this line.
    Withdrawal = 1,
    /// An earlier record counts from here on: what it waited for has come.
    Again = 2,
    /// A member, as its book entry.
    Member = 3,
    /// A circle, as its book entry.
    Circle = 4,
    /// A credential, as its book entry.
    Credential = 5,
    /// A setting, as its book entry.
    Setting = 6,
    /// A receipt.
    Receipt = 7,
    /// What happened to a case of stolen assets.
    Case = 8,
    /// A member's key for signatures, as its book entry.
    SigningKey = 12,
    /// A person, or how it logs in, as its book entry.
    Person = 16,
    /// What happened to an ask for a wider release.
    Ask = 20,
    /// What happened in a playbook that is carried out.
    Run = 21,
    /// What happened to contacts, calls, norms, measures and consultations.
    Region = 24,
    /// Another node, as its book entry.
    Peer = 28,
    /// What a circle's members have agreed on across nodes, as its book entry.
    Agreement = 29,
    /// What another member's home node said of a record.
    Statement = 30,
    /// What a member brought that waits for a second of its people.
    Parcel = 38,
    /// What was decided about such, and what came of it.
    Release = 39,
    /// What the node's own authority has signed and taken back.
    Certificate = 40,
    /// What was erased ([`crate::erasing`]).
    Erasure = 42,
    /// What happened to a person's request about what is held of it.
    PrivacyRequest = 43,
    /// What happened to a notice to take down what attacks use.
    Notice = 46,
    /// What members opened of their capacity, and said of themselves.
    Capacity = 48,
    /// A draft of what a circle's members may agree on, with the signatures that it has so far, as its book entry.
    Proposal = 54,
    /// What the node's operators took back of what members of other nodes had brought.
    TakenBack = 60,
    /// That something about a person was corrected, and why.
    Correction = 61,
}

impl RecordKind {
    /// The kind with this stored number.
    #[must_use]
    pub const fn from_stored(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Object,
            1 => Self::Withdrawal,
            2 => Self::Again,
            3 => Self::Member,
            4 => Self::Circle,
            5 => Self::Credential,
            6 => Self::Setting,
            7 => Self::Receipt,
            8 => Self::Case,
            12 => Self::SigningKey,
            16 => Self::Person,
            20 => Self::Ask,
            21 => Self::Run,
            24 => Self::Region,
            28 => Self::Peer,
            29 => Self::Agreement,
            30 => Self::Statement,
            38 => Self::Parcel,
            39 => Self::Release,
            40 => Self::Certificate,
            42 => Self::Erasure,
            43 => Self::PrivacyRequest,
            46 => Self::Notice,
            48 => Self::Capacity,
            54 => Self::Proposal,
            60 => Self::TakenBack,
            61 => Self::Correction,
            _ => return None,
        })
    }

    /// The stored number.
    #[must_use]
    pub const fn stored(self) -> u8 {
        self as u8
    }
}

/// A record as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// Its time.
    pub added: Added,
    /// What it is.
    pub kind: RecordKind,
    /// The member that brought it.
    pub sender: Uuid,
    /// The sender's terms, as JSON; `None` for the default.
    pub terms: Option<Box<str>>,
    /// For [`RecordKind::Again`]: the number that it replaces.
    pub of: Option<Seq>,
    /// The bytes; empty for [`RecordKind::Again`], and for what was erased.
    pub body: Vec<u8>,
    /// SHA-256 of the bytes, if they were erased.
    pub erased: Option<[u8; 32]>,
}

impl Record {
    /// SHA-256 of its bytes, erased or not.
    #[must_use]
    pub fn body_hash(&self) -> [u8; 32] {
        self.erased.unwrap_or_else(|| Sha256::digest(&self.body).into())
    }
}

/// What tells texts apart in a catalogue: the first 64 bits of their hash.
pub(crate) fn fingerprint(body_hash: &[u8; 32]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&body_hash[..8]);
    u64::from_be_bytes(first)
}

/// A record that is to be appended.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(crate) kind: RecordKind,
    pub(crate) sender: Uuid,
    pub(crate) terms: Option<Arc<str>>,
    pub(crate) of: Option<Seq>,
    pub(crate) body: Vec<u8>,
    pub(crate) body_hash: [u8; 32],
    pub(crate) quotes: u16,
    /// Bytes of its body, also when that has been let go.
    pub(crate) bytes: u64,
    pub(crate) head: Option<Head>,
    pub(crate) withdrawn: Option<ObjectId>,
    /// Which versions are withdrawn; none named means all.
    pub(crate) versions: Vec<Timestamp>,
    /// Whether it may take the place of other bytes of the same version.
    pub(crate) replaces: bool,
}

impl Draft {
    /// An object version in its own bytes, with the head read from them.
    #[must_use]
    pub fn object(sender: Uuid, terms: Option<Arc<str>>, raw: Vec<u8>, head: Head) -> Self {
        Self { terms, head: Some(head), ..Self::note(RecordKind::Object, sender, raw) }
    }

    /// As [`Draft::object`], but it takes the place of what the sender has brought of this very version, if that is another text: as
    /// the whole does of a copy.
    #[must_use]
    pub fn in_place(self) -> Self {
        Self { replaces: true, ..self }
    }

    /// The withdrawal of an object; `body` is what members who had it are told.
    #[must_use]
    pub fn withdrawal(sender: Uuid, id: &ObjectId, reason: &str) -> Self {
        Self::withdrawal_of(sender, id, reason, &[])
    }

    /// As [`Draft::withdrawal`], but of some versions alone: those with these timestamps. All, if none is named.
    #[must_use]
    pub fn withdrawal_of(sender: Uuid, id: &ObjectId, reason: &str, versions: &[Timestamp]) -> Self {
        let mut body = serde_json::json!({ "id": id.to_string(), "reason": reason });
        if !versions.is_empty() {
            let named: Vec<String> = versions.iter().map(ToString::to_string).collect();
            body["versions"] = named.into();
        }
        let body = body.to_string().into_bytes();
        let versions = versions.to_vec();
        Self { withdrawn: Some(id.clone()), versions, ..Self::note(RecordKind::Withdrawal, sender, body) }
    }

    /// Says that the object record `of` counts from here on, so that cursors that passed it see it.
    #[must_use]
    pub fn again(sender: Uuid, of: Seq) -> Self {
        Self { of: Some(of), ..Self::note(RecordKind::Again, sender, Vec::new()) }
    }

    /// An entry of the node's book, or a receipt.
    #[must_use]
    pub fn note(kind: RecordKind, sender: Uuid, body: Vec<u8>) -> Self {
        let (body_hash, quotes, versions) = (Sha256::digest(&body).into(), quotes(&body), Vec::new());
        Self {
            kind,
            sender,
            terms: None,
            of: None,
            bytes: body.len() as u64,
            body,
            body_hash,
            quotes,
            head: None,
            withdrawn: None,
            versions,
            replaces: false,
        }
    }
}

/// How many single quotes the strings of a JSON text hold; [`u16::MAX`] stands for that many or more.
fn quotes(json: &[u8]) -> u16 {
    let plain = json.iter().filter(|byte| **byte == b'\'').count();
    let escaped = json.split(|byte| *byte == b'\\').skip(1).filter(|rest| rest.starts_with(b"u0027")).count();
    u16::try_from(plain + escaped).unwrap_or(u16::MAX)
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the line, durably.
    Appended {
        /// Its number.
        seq: Seq,
        /// Its time.
        added: Added,
    },
    /// The same bytes were there already.
    Present {
        /// Their number.
        seq: Seq,
    },
    /// It may not be in the line.
    Refused(Refusal),
}

/// Why a draft was refused. Source: STIX 2.1, sections 3.2 and 3.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The same id and version is there with other bytes.
    #[error("this version is here already with other content; send a new version with a later `modified`")]
    VersionConflict,
    /// The object was revoked.
    #[error("the object was revoked; a revoked object has no later versions: make a new one with a new id")]
    Revoked,
    /// `created` or `created_by_ref` differ from the earlier versions'.
    #[error(
        "`created` or `created_by_ref` differ from the earlier versions'; a changed object of another creator needs an id of its own"
    )]
    OriginChanged,
    /// The object was withdrawn by its sender, who alone may bring a newer version.
    #[error("the object was withdrawn from this circle; the one who shared it can share a newer version")]
    Withdrawn,
    /// The sender has brought too many versions of it.
    #[error("you have shared 1000 versions of this object here; make a new one with a new id")]
    TooManyVersions,
    /// There is no such object of this sender's.
    #[error("no such object in this circle")]
    Unknown,
    /// The line is full.
    #[error("this line is full; open a new circle")]
    Full,
}
