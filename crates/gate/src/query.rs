//! What is asked of a circle, and what comes back.

use line::{Added, Seq};
use policy::Released;
use stix::{ObjectId, SpecVersion, Timestamp};

/// Which versions of an object. Source: TAXII 2.1, section 3.4.1 (`match[version]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionMatch {
    /// The newest.
    Last,
    /// The oldest.
    First,
    /// All.
    All,
    /// The one with this version.
    At(Timestamp),
}

/// A question to a circle. The default asks for the newest version of everything.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only what stands after this number.
    pub after: Seq,
    /// Only what was added after this instant.
    pub added_after: Option<Timestamp>,
    /// Only these ids, if any are named.
    pub ids: Vec<ObjectId>,
    /// Only the records with these numbers, ascending, if any are named; at most some thousands.
    pub numbers: Vec<Seq>,
    /// Only these types, if any are named.
    pub types: Vec<String>,
    /// Only these specification versions, if any are named.
    pub spec_versions: Vec<SpecVersion>,
    /// Which versions; none named means the last.
    pub versions: Vec<VersionMatch>,
    /// Most objects in the answer, at least 1.
    pub limit: usize,
    /// Bytes of text after which a page of objects ends; its last object may go beyond.
    pub bytes_max: Option<usize>,
}

/// An object as it may go out.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its id.
    pub id: ObjectId,
    /// Its number in the line.
    pub seq: Seq,
    /// When it was added.
    pub added: Added,
    /// Its version.
    pub version: Timestamp,
    /// The specification it follows.
    pub spec_version: SpecVersion,
    /// Whether these are the bytes in which it came, and not a copy made for the member. A copy out of which nothing had to be
    /// taken is those.
    pub whole: bool,
    /// Its text: as it came, or a signed copy without what the member may not see.
    pub raw: String,
}

/// An object's row in a manifest.
#[derive(Debug, Clone)]
pub struct ManifestRow {
    /// Its id.
    pub id: ObjectId,
    /// Its number in the line.
    pub seq: Seq,
    /// When it was added.
    pub added: Added,
    /// Its version.
    pub version: Timestamp,
    /// The specification it follows.
    pub spec_version: SpecVersion,
    /// Whether it goes with the bytes in which it came, and not as a copy made for the member.
    pub whole: bool,
    /// Whether it says that the object is revoked.
    pub revoked: bool,
}

/// A page of an answer, in the line's order.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What may go out.
    pub items: Vec<Released<T>>,
    /// Where the next page begins, if there is more for this member.
    pub next: Option<Seq>,
}
