//! Watch files: all values that a member may look for, in one signed file that `bongsu hunt` reads without a node.
//!
//! A file is a line `bongsu-watch 1 HEADER NOTE` with the bytes of what follows, a header in JSON, a signed note over its hash (C2SP
//! signed-note, as packs have it), the values' keys ([`watch::hunt`]) in order, 64 bits each with the lowest byte first, and blocks of
//! JSON lines, compressed with zstd (RFC 8878): a line for each key, with the value and who says what of it. The header has the hashes
//! of the keys and of each block, so that a hunt reads and checks the keys at its start, and of the blocks only those in
//! which something was found.

mod header;
mod read;
mod reported;
mod values;
mod write;

pub use header::{Back, Circle, Header, Made};
pub use read::WatchFile;
pub use reported::id_of_report;
pub use values::Contents;

use serde::{Deserialize, Serialize};

/// How the first line begins.
const MAGIC: &str = "bongsu-watch 1";
/// Longest header and longest note, in bytes.
const HEADER_BYTES_MAX: usize = 32 << 20;
const NOTE_BYTES_MAX: usize = 4 << 10;
/// Most values.
const VALUES_MAX: usize = 50_000_000;
/// Bytes of lines of a block from which on the next begins, and most of one.
const BLOCK_BYTES: usize = 64 << 10;
const BLOCK_BYTES_MAX: usize = 4 << 20;
/// Most that is said of one value.
const SAID_MAX: usize = 20;

/// A value, and who says what of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What kind of value, as [`watch::Kind::as_str`] names it.
    pub kind: String,
    /// The value.
    pub value: String,
    /// What is said of it, the most certain first; twenty at most.
    pub by: Vec<Said>,
}

/// What one indicator says of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The indicator's id.
    pub indicator: String,
    /// The circle that it was shared in, by its short name.
    pub circle: String,
    /// What it counts as marked with.
    pub tlp: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its confidence, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// From when it holds, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Until when it holds, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// Why a watch file is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchFileError {
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no watch file.
    #[error("it is no watch file of Bongsu: {0}")]
    Form(String),
    /// Another node signed it, or it was changed.
    #[error("its signature: {0}")]
    Note(#[from] gate::NoteError),
    /// A part is not what the header says.
    #[error("{0} is not what its header says: it was changed, or is not whole")]
    Changed(String),
}
