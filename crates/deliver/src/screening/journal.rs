//! The record of screenings: what was asked, of which lists, with what result, so that it can be shown later.
//!
//! A file of lines in JSON, one for each screening, that only grows. It holds no value that was asked about, but a keyed hash of
//! each: who has the node's key can say whether a value was screened, who has the file alone can't. A line is written before
//! its answer goes out, so that it survives the end of the process; it is on the disk within the time between two seals. A seal is
//! an entry in the node's own line that names how many records there are and the root of their Merkle tree (RFC 6962, 2.1): what
//! was sealed can't be changed, left out or put in later without the line showing it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use gate::NodeKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use line::merkle::{Frontier, leaf};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use stix::Timestamp;
use watch::Value;

use super::answer::{Answer, List};
use super::reading::{Question, Reading};

/// Bytes of a value's keyed hash that are kept.
const HASH_BYTES: usize = 16;
/// Bytes of a record's line, at most: ten thousand values and what stands around them.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A record can't be kept.
#[derive(Debug, thiserror::Error)]
#[error("the record of screenings {path} can't be kept: {why}", path = path.display())]
pub struct JournalError {
    path: PathBuf,
    why: io::Error,
}

/// Where screenings are recorded.
pub struct Journal {
    path: PathBuf,
    key: Key,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    tree: Frontier,
    /// How many of the records were sealed.
    sealed: u64,
}

/// What a record says of a screening, beside its values.
pub(super) struct Entry<'a> {
    pub(super) at: Timestamp,
    pub(super) member: &'a str,
    pub(super) by: &'a str,
    pub(super) lists: &'a BTreeMap<String, List>,
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
    /// Opens the record at `path`, or begins it. `key` is that of the values' hashes; so many records
    /// were `sealed` before.
    ///
    /// What stands behind the last line break was never answered, and is cut off.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path, key: Key, sealed: u64) -> Result<Self, JournalError> {
        let open = || -> io::Result<Open> {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            let (mut tree, mut end) = (Frontier::default(), 0_u64);
            each_line(&mut BufReader::with_capacity(1 << 20, &mut file), &mut |line| {
                tree.push(leaf(line));
                end += line.len() as u64 + 1;
                Ok(())
            })?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            Ok(Open { file, tree, sealed })
        };
        let open = open().map_err(|why| JournalError { path: path.to_owned(), why })?;
        Ok(Self { path: path.to_owned(), key, open: Mutex::new(open) })
    }

    /// Writes a record, and gives its number, from 1 on.
    pub(super) fn note<'a>(
        &self,
        entry: &Entry<'_>,
        values: impl Iterator<Item = (&'a Reading, &'a Answer)>,
    ) -> Result<u64, JournalError> {
        let line = self.line(entry, values);
        let failed = |why| JournalError { path: self.path.clone(), why };
        let mut open = self.open.lock();
        let before = open.file.stream_position().map_err(failed)?;
        if let Err(why) = open.file.write_all(line.as_bytes()) {
            // What was written of it is taken back, so that the next record begins on a line of its own.
            let back = open.file.set_len(before).and_then(|()| open.file.seek(SeekFrom::Start(before)));
            return Err(failed(back.err().unwrap_or(why)));
        }
        open.tree.push(leaf(line.trim_end_matches('\n').as_bytes()));
        Ok(open.tree.size())
    }

    fn line<'a>(&self, entry: &Entry<'_>, values: impl Iterator<Item = (&'a Reading, &'a Answer)>) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut line = format!(
            "{{\"at\":\"{}\",\"member\":{},\"by\":{},\"lists\":{{",
            entry.at,
            quoted(entry.member),
            quoted(entry.by)
        );
        for (at, (handle, list)) in entry.lists.iter().enumerate() {
            let _always_fits =
                write!(line, "{}{}:{}", if at == 0 { "" } else { "," }, quoted(handle), list.size);
        }
        line.push_str("},\"asked\":[");
        let mut indicators: Vec<&str> = Vec::new();
        let mut is_first = true;
        for (reading, answer) in values {
            let mut tell = |hash: String, kind: &str| {
                let comma = if is_first { "" } else { "," };
                is_first = false;
                let result = answer.result.as_str();
                let _always_fits = write!(line, "{comma}[\"{hash}\",\"{kind}\",\"{result}\"]");
            };
            match reading {
                Reading::Values(values) => {
                    values.iter().for_each(|value| tell(self.key.hash(value), value.kind().as_str()));
                }
                Reading::Unread(_) => tell(self.key.hash_of("", &answer.value), ""),
            }
            let sources = answer.matches.iter().flat_map(|known| &known.sources);
            indicators.extend(sources.map(|source| source.indicator.as_str()));
        }
        line.push(']');
        indicators.sort_unstable();
        indicators.dedup();
        if !indicators.is_empty() {
            let _always_fits = write!(line, ",\"indicators\":{}", serde_json::Value::from(indicators));
        }
        line.push_str("}\n");
        line
    }

    /// Sees that all records are on the disk, and gives a seal over them if there are any that the last one did not cover.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn seal(&self) -> Result<Option<Seal>, JournalError> {
        let (file, seal) = {
            let mut open = self.open.lock();
            if open.sealed == open.tree.size() {
                return Ok(None);
            }
            open.sealed = open.tree.size();
            let file = open.file.try_clone().map_err(|why| JournalError { path: self.path.clone(), why })?;
            (file, Seal { records: open.tree.size(), root: crate::hex::hex(&open.tree.root()) })
        };
        file.sync_data().map_err(|why| JournalError { path: self.path.clone(), why })?;
        Ok(Some(seal))
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
        match Reading::of(question) {
            Reading::Values(values) => values.iter().map(|value| self.hash(value)).collect(),
            Reading::Unread(_) => vec![self.hash_of("", &question.shown())],
        }
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
            _ if line.len() >= RECORD_BYTES_MAX => return Err(io::Error::other("a record is too long")),
            _ => return Ok(()),
        }
    }
}
