//! The record of screenings: what was asked, of which lists, with what result, so that it can be shown later.
//!
//! A file of lines in JSON, one for each screening, that only grows. It holds no value that was asked about, but a keyed hash of
//! each: who has the node's key can say whether a value was screened, who has the file alone can't. A line is written before
//! its answer goes out, so that it survives the end of the process; it is on the disk within the time between two seals. A seal is
//! an entry in the node's own line that names how many records there are and the root of their Merkle tree (RFC 6962, 2.1): what
//! was sealed can't be changed, left out or put in later without the line showing it.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use gate::NodeKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use watch::{Kind, Value};

use super::answer::Answer;
use super::appending::{Appending, Noted};
use super::lists::Lists;
use super::reading::{NAME, Question, Reading};

/// Bytes of a value's keyed hash that are kept.
const HASH_BYTES: usize = 16;
/// Bytes of a record's line, at most: ten thousand values and what stands around them.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Indicators that a record names, at most: with them and ten thousand values it stays shorter than a line may be.
const INDICATORS_MAX: usize = 20_000;

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It can't be read or written.
    #[error("the record of screenings {path} can't be kept: {why}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It is not as it was sealed. It goes on, and is not sealed again: that would cover up what happened.
    #[error("the record of screenings {path} is not as it was sealed; `bongsu audit` says where", path = path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
}

/// Where screenings are recorded.
pub struct Journal {
    key: Key,
    file: Appending,
}

/// What a record says of a screening, beside its values.
pub(super) struct Entry<'a> {
    pub(super) at: &'a str,
    pub(super) member: &'a str,
    pub(super) by: &'a str,
    pub(super) lists: &'a Lists,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: String,
    /// Who asked.
    pub member: String,
    /// Over what.
    pub by: String,
    /// How long the list of each circle was.
    pub lists: BTreeMap<String, u64>,
    /// What was asked: of each value its keyed hash (of what can't be read, of its text), its kind, and the result.
    pub asked: Vec<(String, String, String)>,
    /// The indicators that said so, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<String>,
    /// How many more said so than are named.
    #[serde(default, skip_serializing_if = "is_none")]
    pub indicators_more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_none(more: &usize) -> bool {
    *more == 0
}

/// How many records there were, and the root of their tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// How many.
    pub records: u64,
    /// The root, in hexadecimal.
    pub root: String,
}

impl Journal {
    /// Opens the record at `path`, or begins it. `key` is that of the values' hashes, `last` the last seal.
    ///
    /// What stands behind the last line break was never answered, and is cut off; so is what a disk that lost its power made of
    /// records that were not sealed yet.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path, key: Key, last: Option<&Seal>) -> Result<Self, JournalError> {
        Ok(Self { key, file: Appending::open(path, last)? })
    }

    /// What a record says of one question.
    pub(super) fn tell(&self, question: &Question, reading: &Reading, answer: &Answer) -> String {
        let result = answer.result.as_str();
        let mut told = String::with_capacity(64);
        let mut tell = |hash: &str, kind: &str| {
            let comma = if told.is_empty() { "" } else { "," };
            for part in [comma, "[\"", hash, "\",\"", kind, "\",\"", result, "\"]"] {
                told.push_str(part);
            }
        };
        match reading {
            Reading::Values(values) => {
                values.iter().for_each(|value| tell(&self.key.hash(value), value.kind().as_str()));
            }
            Reading::Name => {
                for name in question.of_name().names {
                    tell(&self.key.hash_of_name(name), NAME);
                }
            }
            Reading::Unread(_) => tell(&self.key.hash_of("", &answer.value), ""),
        }
        told
    }

    /// Takes a record in, which [`Journal::settle`] writes. `told` is what it says of each question ([`Journal::tell`]).
    pub(super) fn note(
        &self,
        entry: &Entry<'_>,
        answers: &[Answer],
        told: &[String],
    ) -> Result<Noted, JournalError> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut line = String::with_capacity(256 + told.iter().map(|told| told.len() + 1).sum::<usize>());
        let Entry { at, member, by, lists } = entry;
        let head = ["{\"at\":\"", at, "\",\"member\":", &quoted(member), ",\"by\":\"", by, "\",\"lists\":"];
        head.into_iter().chain([lists.sizes(), ",\"asked\":["]).for_each(|part| line.push_str(part));
        for (at, told) in told.iter().enumerate() {
            line.push_str(if at == 0 { "" } else { "," });
            line.push_str(told);
        }
        line.push(']');
        let sources = answers.iter().flat_map(|answer| &answer.matches).flat_map(|known| &known.sources);
        let mut indicators: Vec<&str> = sources.map(|source| source.indicator.as_str()).collect();
        indicators.sort_unstable();
        indicators.dedup();
        let more = indicators.len().saturating_sub(INDICATORS_MAX);
        indicators.truncate(INDICATORS_MAX);
        if !indicators.is_empty() {
            line.push_str(",\"indicators\":");
            line.push_str(&serde_json::Value::from(indicators).to_string());
        }
        if more > 0 {
            line.push_str(&format!(",\"indicators_more\":{more}"));
        }
        line.push('}');
        self.file.push(line.as_bytes())
    }

    /// Sees that a record is written, and gives its name.
    pub(super) fn settle(&self, noted: &Noted) -> Result<String, JournalError> {
        Ok(self.key.name(self.file.settle(noted)?))
    }

    /// That the last seal was made known: what it covers is not sealed again.
    pub fn sealed(&self, seal: &Seal) {
        self.file.sealed(seal);
    }

    /// Sees that all records are on the disk, and gives a seal over them if there are any that the last one did not cover. It is
    /// given again until [`Journal::sealed`] says that it was made known.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn seal(&self) -> Result<Option<Seal>, JournalError> {
        self.file.seal()
    }
}

/// The key under which values stand in records.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// The key that a node's own gives.
    #[must_use]
    pub fn of(node: &NodeKey) -> Self {
        // A key that is shorter than a block of the hash is filled up with zeros. Source: RFC 2104, section 2.
        let mut block = [0; 64];
        let (key, _zeros) = block.split_at_mut(32);
        key.copy_from_slice(&node.derive("screening", &[]));
        Self(Hmac::new(&block.into()))
    }

    /// The hash of a value.
    #[must_use]
    pub fn hash(&self, value: &Value) -> String {
        self.hash_of(value.kind().as_str(), value.text())
    }

    /// The hashes under which a question can stand in records.
    #[must_use]
    pub fn hashes(&self, question: &Question) -> Vec<String> {
        // It may have been asked for under any kind that takes it, which its form alone does not show.
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.screens());
        let kinds = kinds.map(|kind| Question::of_kind(question.value.as_str(), kind.as_str()));
        let mut hashes: Vec<String> = std::iter::once(question.clone())
            .chain(kinds)
            .flat_map(|question| {
                Reading::of(&question).values().iter().map(|value| self.hash(value)).collect::<Vec<_>>()
            })
            .chain([self.hash_of_name(&question.value), self.hash_of("", &question.shown())])
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// The name of a record, by its number. Members are told it and not the number, which says how much others ask.
    #[must_use]
    pub fn name(&self, number: u64) -> String {
        self.hash_of("record", &number.to_string())
    }

    /// The hash of a name, however it is set in capitals and blanks.
    fn hash_of_name(&self, name: &str) -> String {
        let words: Vec<&str> = name.split_whitespace().collect();
        self.hash_of(NAME, &words.join(" ").to_lowercase())
    }

    fn hash_of(&self, kind: &str, text: &str) -> String {
        let digest =
            self.0.clone().chain_update(kind).chain_update([0]).chain_update(text).finalize().into_bytes();
        crate::hex::hex(digest.get(..HASH_BYTES).unwrap_or_default())
    }
}

/// Gives each whole line of a record, without its end.
///
/// # Errors
/// As `from`, or what `on` gives; a line that is too long.
pub fn each_line(from: &mut impl BufRead, on: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = RECORD_BYTES_MAX as u64 + 1;
        io::Read::take(&mut *from, limit).read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => on(&line)?,
            _ if line.len() >= RECORD_BYTES_MAX => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
            }
            _ => return Ok(()),
        }
    }
}
