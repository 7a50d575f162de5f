//! One entry of a catalogue, as readers ask about it.

use sha2::{Digest as _, Sha256};
use stix::{Head, ObjectId, SpecVersion, Timestamp};
use uuid::Uuid;

use super::{
    Catalogue, ClassIx, ERASED, GONE, GRANULAR, Link, NONE, ObjectIx, REVOKED, Row, SPEC_20, WITHDRAWN,
};
use crate::record::{self, Added, RecordKind, Seq};

/// One record as the catalogue knows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) row: &'a Row,
    /// Its number.
    pub seq: Seq,
}

impl<'a> Entry<'a> {
    /// Its time.
    #[must_use]
    pub fn added(&self) -> Added {
        Added(self.row.added)
    }

    /// When its sender first brought these bytes of it under these terms: what is announced again gets a later time of its own.
    /// Looks at the versions of its object.
    #[must_use]
    pub fn first_added(&self) -> Added {
        let is_it = |other: &Entry<'_>| {
            other.class() == self.class() && other.version() == self.version() && other.says_the_same(self)
        };
        let versions = self.object().into_iter().flat_map(|object| self.catalogue.chain(object));
        versions.filter(is_it).map(|other| other.added()).min().unwrap_or_else(|| self.added())
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        self.row.kind
    }

    /// The object that it is about.
    #[must_use]
    pub fn object(&self) -> Option<ObjectIx> {
        (self.row.object != NONE).then_some(ObjectIx(self.row.object))
    }

    /// The object's id.
    #[must_use]
    pub fn id(&self) -> Option<ObjectId> {
        self.object().and_then(|object| self.catalogue.id(object))
    }

    /// The version: `modified`, else `created`, else the time at which it was added.
    #[must_use]
    pub fn version(&self) -> Timestamp {
        self.row.version
    }

    /// Whether it has a version of its own, and not only the time at which it was added.
    #[must_use]
    pub fn versioned(&self) -> bool {
        self.row.origin != 0
    }

    /// Its class.
    #[must_use]
    pub fn class(&self) -> ClassIx {
        ClassIx(self.row.class)
    }

    /// Whether this is the newest version of its object that counts, whoever brought it.
    #[must_use]
    pub fn last(&self) -> bool {
        self.counts() && self.catalogue.latest(ObjectIx(self.row.object)) == Some(self.seq)
    }

    /// The member that brought it.
    #[must_use]
    pub fn sender(&self) -> Option<Uuid> {
        self.catalogue.class(self.class()).map(|class| class.sender)
    }

    /// Whether the bytes of both are the same, as far as 64 bits of their hash tell.
    #[must_use]
    pub fn says_the_same(&self, other: &Entry<'_>) -> bool {
        self.row.fingerprint == other.row.fingerprint
    }

    /// Whether its bytes are these, as far as 64 bits of their hash tell.
    #[must_use]
    pub fn says(&self, body: &[u8]) -> bool {
        self.row.fingerprint == record::fingerprint(&Sha256::digest(body).into())
    }

    /// What tells texts apart: the same for the same bytes ([`Entry::says_the_same`]), and as good as never for others.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.row.fingerprint
    }

    /// Whether the record is an object version that holds: not withdrawn, not replaced by a later announcement.
    #[must_use]
    pub fn counts(&self) -> bool {
        matches!(self.row.kind, RecordKind::Object | RecordKind::Again) && self.row.flags & GONE == 0
    }

    /// Whether the version says that the object is revoked.
    #[must_use]
    pub fn revoked(&self) -> bool {
        self.row.flags & REVOKED != 0
    }

    /// Whether the version was withdrawn.
    #[must_use]
    pub fn withdrawn(&self) -> bool {
        self.row.flags & WITHDRAWN != 0
    }

    /// Whether its bytes were erased.
    #[must_use]
    pub fn erased(&self) -> bool {
        self.row.flags & ERASED != 0
    }

    /// Whether an object with this head began as this one did: `created` and `created_by_ref` are the same, as far as 32 bits
    /// of their hash tell.
    #[must_use]
    pub fn began_as(&self, head: &Head) -> bool {
        self.row.origin == super::origin_of(head)
    }

    pub(crate) fn origin(&self) -> u32 {
        self.row.origin
    }

    /// At most so many string literals of a STIX pattern stand in its bytes (STIX 2.1, section 9.2.1: each is between single
    /// quotes); `None` if there are too many quotes to tell. Costs nothing: no bytes are read.
    #[must_use]
    pub fn literals_max(&self) -> Option<u16> {
        (self.row.quotes < u16::MAX).then_some(self.row.quotes / 2)
    }

    /// Whether some properties are marked by themselves.
    #[must_use]
    pub fn granular(&self) -> bool {
        self.row.flags & GRANULAR != 0
    }

    /// The specification it follows.
    #[must_use]
    pub fn spec_version(&self) -> SpecVersion {
        if self.row.flags & SPEC_20 != 0 { SpecVersion::V20 } else { SpecVersion::V21 }
    }

    /// Whom it refers to, and whether it makes no sense without them.
    pub fn references(&self) -> impl Iterator<Item = (ObjectIx, bool)> + use<'a> {
        self.links().map(|link| (ObjectIx(link.target), link.essential))
    }

    /// The objects of its `object_refs`, in their order: what a report, a grouping, a note or an opinion is about.
    pub fn listed(&self) -> impl Iterator<Item = ObjectIx> + use<'a> {
        self.links().filter(|link| link.listed).map(|link| ObjectIx(link.target))
    }

    fn links(&self) -> impl Iterator<Item = &'a Link> + use<'a> {
        let owner = u32::try_from(self.seq.0 - 1).unwrap_or(NONE);
        let catalogue = self.catalogue;
        (self.row.references as usize..)
            .map_while(move |at| catalogue.links.get(at).filter(|link| link.owner == owner))
    }
}
