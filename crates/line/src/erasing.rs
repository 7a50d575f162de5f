//! Erasure: the bytes of a record go, its place in the line and what was committed to stay.
//!
//! An erased row keeps number, time, kind, sender and terms, the SHA-256 of the bytes that were there (so that the leaf, and with it
//! the root, is the same), and instead of the bytes a **stub**: of an object its id, dates, creator, markings and the ids without
//! which it makes no sense, which is what it takes to tell its withdrawal to those who had it and to nobody else. That a record is
//! erased, and what its stub is, is said by a record of the node's own line ([`RecordKind::Erasure`]), written in the same
//! transaction: a row that says of itself that it is erased, and a stub that was changed, are found when the store is opened or
//! verified.
//!
//! The text of such a record: `{"erased": [{"line", "number", "body", "stub", "id"?}], "note": …}`, hashes in hexadecimal; what the
//! note says is its writer's matter.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stix::{Head, ObjectId, SpecVersion};
use uuid::Uuid;

use crate::merkle::Hash;
use crate::record::{LineId, RecordKind, Seq};

/// Most records that one record of the node's line says to be erased.
pub const ERASED_AT_ONCE_MAX: usize = 1_000;

/// A record that was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// In which line.
    pub line: LineId,
    /// Its number.
    pub seq: Seq,
    /// SHA-256 of the bytes that were there.
    pub body: Hash,
    /// SHA-256 of what stands in their place.
    pub stub: Hash,
    /// The object that it was a version of.
    pub id: Option<ObjectId>,
}

/// What a record of the node's line says was erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Erasure {
    /// Which records.
    pub erased: Vec<Erased>,
    /// What its writer noted: why, and for whom.
    pub note: Value,
}

/// Why a record can't be erased, or was not.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// It is still in force.
    #[error("record {seq} of line {line} still counts: withdraw it first", seq = seq.0)]
    Counts {
        /// In which line.
        line: LineId,
        /// Its number.
        seq: Seq,
    },
    /// It is not there, or of a kind that is never erased: withdrawals, and what says what was erased.
    #[error("record {seq} of line {line} is not there, or is none that can be erased", seq = seq.0)]
    NotErasable {
        /// In which line.
        line: LineId,
        /// Its number.
        seq: Seq,
    },
    /// The store.
    #[error(transparent)]
    Storage(#[from] crate::failure::StorageError),
}

/// Hexadecimal text of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads 32 bytes from their hexadecimal text.
#[must_use]
pub fn from_hex(text: &str) -> Option<Hash> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

impl Erasure {
    /// Its text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let one = |erased: &Erased| {
            let mut one = json!({"line": erased.line.uuid(), "number": erased.seq.0, "body": hex(&erased.body), "stub": hex(&erased.stub)});
            if let Some(id) = &erased.id {
                one["id"] = id.to_string().into();
            }
            one
        };
        json!({"erased": self.erased.iter().map(one).collect::<Vec<_>>(), "note": self.note}).to_string()
    }

    /// Reads it back; `None` if it is none.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let read: Value = serde_json::from_str(text).ok()?;
        let one = |one: &Value| {
            let hash = |name: &str| one.get(name)?.as_str().and_then(from_hex);
            Some(Erased {
                line: LineId::new(Uuid::parse_str(one.get("line")?.as_str()?).ok()?),
                seq: Seq(one.get("number")?.as_u64()?),
                body: hash("body")?,
                stub: hash("stub")?,
                id: one.get("id").and_then(Value::as_str).and_then(|id| ObjectId::parse(id).ok()),
            })
        };
        let erased = read.get("erased")?.as_array()?;
        if erased.len() > ERASED_AT_ONCE_MAX {
            return None;
        }
        let erased = erased.iter().map(one).collect::<Option<_>>()?;
        Some(Self { erased, note: read.get("note").cloned().unwrap_or_default() })
    }
}

/// What stands in the place of an erased record's bytes. Of what is no object, nothing.
pub(crate) fn stub(kind: RecordKind, body: &[u8]) -> Option<(Vec<u8>, Option<ObjectId>)> {
    match kind {
        RecordKind::Object => {
            let head = stix::read_head(std::str::from_utf8(body).ok()?).ok()?;
            Some((stub_of(&head).into_bytes(), Some(head.id)))
        }
        RecordKind::Again | RecordKind::Withdrawal | RecordKind::Erasure => None,
        _ => Some((b"{}".to_vec(), None)),
    }
}

fn stub_of(head: &Head) -> String {
    let mut stub = json!({"type": head.object_type(), "id": head.id.to_string()});
    if head.spec_version == SpecVersion::V21 {
        stub["spec_version"] = "2.1".into();
    }
    let dates = [("created", head.created), ("modified", head.modified)];
    for (name, date) in dates.into_iter().filter_map(|(name, date)| Some((name, date?))) {
        stub[name] = date.to_string().into();
    }
    if let Some(creator) = &head.created_by {
        stub["created_by_ref"] = creator.to_string().into();
    }
    if head.revoked {
        stub["revoked"] = true.into();
    }
    if !head.markings.is_empty() {
        stub["object_marking_refs"] = head.markings.iter().map(ToString::to_string).collect();
    }
    if head.granular {
        // That there were some is all that it takes.
        stub["granular_markings"] = json!([{}]);
    }
    for reference in &head.references {
        let name = match reference.role {
            stix::head::Role::Source => "source_ref",
            stix::head::Role::Target => "target_ref",
            stix::head::Role::SightingOf => "sighting_of_ref",
            _ => continue,
        };
        match &mut stub[name] {
            Value::Null => stub[name] = reference.id.to_string().into(),
            Value::Array(ids) => ids.push(reference.id.to_string().into()),
            one => *one = json!([one.clone(), reference.id.to_string()]),
        }
    }
    stub.to_string()
}

/// What rows and the node's line say of erasures, gathered while lines are read.
#[derive(Default)]
pub(crate) struct Account {
    /// What rows say of themselves: the bodies' and the stubs' hashes.
    found: HashMap<(LineId, Seq), (Hash, Hash)>,
    /// What the node's line says of them.
    said: HashMap<(LineId, Seq), (Hash, Hash)>,
    /// Lines that were looked at.
    read: HashSet<LineId>,
}

impl Account {
    pub(crate) fn read(&mut self, line: LineId, erased: Vec<(Seq, Hash, Hash)>, said: Vec<Erased>) {
        self.read.insert(line);
        self.found.extend(erased.into_iter().map(|(seq, body, stub)| ((line, seq), (body, stub))));
        self.said.extend(said.into_iter().map(|one| ((one.line, one.seq), (one.body, one.stub))));
    }

    /// What does not fit together, line by line.
    pub(crate) fn faults(&self) -> Vec<(LineId, String)> {
        let mut faults = Vec::new();
        for (at @ (line, seq), found) in &self.found {
            match self.said.get(at) {
                None => faults.push((
                    *line,
                    format!("record {} is marked as erased, and the node's line does not know of it", seq.0),
                )),
                Some(said) if said != found => {
                    faults.push((*line, format!("what stands for the erased record {} was changed", seq.0)));
                }
                Some(_) => {}
            }
        }
        for (line, seq) in self.said.keys().filter(|at| !self.found.contains_key(at)) {
            if self.read.contains(line) {
                faults.push((*line, format!("record {} was erased, and its bytes are back", seq.0)));
            }
        }
        faults.sort();
        faults
    }
}

/// SHA-256 of bytes.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}
