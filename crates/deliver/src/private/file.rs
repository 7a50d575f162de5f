//! The filter as a file: what it says of itself, the node's signature, and the set.
//!
//! A line `bongsu-private 1 HEADER NOTE` with the bytes of what follows, a header in JSON, a signed note over its hash (C2SP
//! signed-note, as watch files have it), and the set as [`watch::private::Set`] writes it, whose hash the header has.

use std::collections::{BTreeMap, BTreeSet};

use gate::{NodeKey, NoteError, NoteKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use watch::Kind;
use watch::private::{Element, Output, RATE_BITS, Set, SetError, Shape};

use crate::artefact::Artefact;
use crate::gather::DeliverError;
use crate::hex::hex;

/// How the first line begins.
const MAGIC: &str = "bongsu-private 1";
/// Longest first line, header and note, in bytes.
const LINE_BYTES_MAX: usize = 60;
const HEADER_BYTES_MAX: usize = 1 << 20;
const NOTE_BYTES_MAX: usize = 4 << 10;

/// What a filter says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The node that made it.
    pub node: String,
    /// The key with which it is signed, as `bongsu pack key` shows it.
    pub key: String,
    /// The member's short name.
    pub member: String,
    /// The strictest mark of what is in it.
    pub tlp: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// The epoch whose key its values were evaluated with.
    pub epoch: u32,
    /// The public half of that key.
    pub public: Element,
    /// Until when that key answers, RFC 3339.
    pub until: String,
    /// How many values are in it.
    pub values: usize,
    /// A value that is not in it is found with a chance of one in two to the power of this.
    pub rate_bits: u32,
    /// The kinds of values that it covers, as [`watch::Kind::as_str`] names them.
    pub kinds: Vec<String>,
    /// What asking takes.
    pub shape: Shape,
    /// The version: how long the lines of the member's circles were, by the circles' short names. What came after, until another
    /// filter is handed out, changes nothing in it.
    pub circles: BTreeMap<String, u64>,
    /// The SHA-256 of the set, in hexadecimal: the same for the same values and key.
    pub set_sha256: String,
}

/// A filter whose header is signed.
#[derive(Debug, Clone)]
pub struct Filter {
    /// What it says of itself.
    pub header: Header,
    /// The kinds that it covers.
    pub kinds: BTreeSet<Kind>,
    set: Set,
    tag: String,
}

/// Why a filter is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// It is no filter.
    #[error("it is no private filter of Bongsu: {0}")]
    Form(String),
    /// Another node signed it, or it was changed.
    #[error("its signature: {0}")]
    Note(#[from] NoteError),
    /// The set is not what the header says.
    #[error("its set is not what its header says: it was changed, or is not whole")]
    Changed,
    /// The set is none.
    #[error("its set: {0}")]
    Set(#[from] SetError),
}

impl Header {
    /// The text that is signed: the node, and the hash of the header as it is written.
    fn signed_text(&self, written: &[u8]) -> String {
        format!("{}/private/filter\n{}\n", self.node, hex(&Sha256::digest(written)))
    }
}

/// Writes a filter with this header, but for the hash of the set.
///
/// # Errors
/// [`DeliverError::Render`].
pub(super) fn write(node: &NodeKey, header: Header, set: &Set) -> Result<Artefact, DeliverError> {
    let body = set.write();
    let header = Header { set_sha256: hex(&Sha256::digest(&body)), ..header };
    let written = serde_json::to_vec(&header);
    let written = written.map_err(|error| DeliverError::Render(error.to_string()))?;
    let note = node.note(&header.signed_text(&written));
    let first = format!("{MAGIC} {} {}\n", written.len(), note.len());
    let file = [first.as_bytes(), &written, note.as_bytes(), &body].concat();
    Ok(Artefact::new("application/octet-stream", "filter.bongsu", file, set.len()))
}

impl Filter {
    /// Reads a filter. Without `key`, its own is believed, which proves that it is whole and nothing of who made it.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn read(bytes: &[u8], key: Option<&NoteKey>) -> Result<Self, FilterError> {
        let form = |why: &str| FilterError::Form(why.to_owned());
        let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n');
        let (line, rest) = end.and_then(|end| bytes.split_at_checked(end + 1)).unwrap_or_default();
        let (header, note) = sizes(line).ok_or_else(|| form("its first line is another"))?;
        let (written, rest) = rest.split_at_checked(header).ok_or_else(|| form("it ends in its header"))?;
        let (note, body) = rest.split_at_checked(note).ok_or_else(|| form("it ends in its note"))?;
        let note = std::str::from_utf8(note).map_err(|_| form("its note is no UTF-8"))?;
        let header: Header = serde_json::from_slice(written)
            .map_err(|error| FilterError::Form(format!("its header: {error}")))?;
        let signed = match key {
            Some(key) => key.open(note)?,
            None => header.key.parse::<NoteKey>()?.open(note)?,
        };
        if signed != header.signed_text(written) {
            return Err(NoteError::Changed.into());
        }
        if hex(&Sha256::digest(body)) != header.set_sha256 {
            return Err(FilterError::Changed);
        }
        if header.rate_bits != RATE_BITS {
            return Err(form("it has another rate of false positives than this version reads"));
        }
        let kinds = header.kinds.iter().map(|kind| kind.parse::<Kind>());
        let kinds = kinds.collect::<Result<_, _>>().map_err(|error| FilterError::Form(error.to_string()))?;
        let set = Set::read(body, header.values)?;
        Ok(Self { header, kinds, set, tag: crate::artefact::tag(bytes) })
    }

    /// Whether an output is in it, or, with a chance of one in 2³², is taken for one that is.
    #[must_use]
    pub fn has(&self, output: Output) -> bool {
        self.set.has(output)
    }

    /// The tag under which the node hands it out (RFC 9110, 8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.tag)
    }
}

/// The sizes of the header and the note.
fn sizes(line: &[u8]) -> Option<(usize, usize)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (header, note) = line.strip_prefix(MAGIC)?.strip_prefix(' ')?.split_once(' ')?;
    let number = |text: &str, most: usize| text.parse().ok().filter(|size| *size <= most);
    Some((number(header, HEADER_BYTES_MAX)?, number(note, NOTE_BYTES_MAX)?))
}
