//! The catalogue of a line: which objects it has, in which versions, and who refers to whom.
//!
//! Memory-resident and derived: it is rebuilt from the line, and is never the truth. About 120 bytes a record:
//! entries in number order, objects in a hash table by id, references as one list threaded by target. Names that
//! repeat (types, senders with their terms and markings) are kept once; such a combination is a *class*, and
//! decisions about releases are made per class.

mod entry;
mod growing;
mod judging;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

pub use entry::Entry;
pub(crate) use growing::{Fact, origin_of, version_of};

use crate::chunks::Chunks;
use crate::record::{Added, RecordKind, Seq};

const NONE: u32 = u32::MAX;

const SUPERSEDED: u8 = 1;
const REVOKED: u8 = 2;
const GRANULAR: u8 = 4;
const SPEC_20: u8 = 8;
const WITHDRAWN: u8 = 16;
const ERASED: u8 = 32;
/// What does not count any more.
const GONE: u8 = SUPERSEDED | WITHDRAWN;

/// Most versions that one member may bring of one object; they are looked through one by one.
pub(crate) const VERSIONS_MAX: usize = 1_000;

/// An object of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectIx(pub(crate) u32);

/// A class of records: same sender, terms and markings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassIx(u32);

impl ClassIx {
    /// Its place among the line's classes, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the records of a class share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Class {
    /// The member that brought them.
    pub sender: Uuid,
    /// Its terms, as JSON.
    pub terms: Option<Arc<str>>,
    /// Their marking definitions, sorted.
    pub markings: Vec<ObjectId>,
    /// Whether some of their properties are marked by themselves.
    pub granular: bool,
}

#[derive(Debug)]
struct Row {
    added: i64,
    version: Timestamp,
    fingerprint: u64,
    object: u32,
    class: u32,
    previous: u32,
    references: u32,
    /// Hash of `created` and `created_by_ref`, which do not change between versions; 0 for objects without versions.
    origin: u32,
    /// Single quotes in its bytes; [`u16::MAX`] stands for that many or more.
    quotes: u16,
    kind: RecordKind,
    flags: u8,
}

#[derive(Debug)]
struct Object {
    uuid: Uuid,
    object_type: u16,
    /// Whether several members have brought it.
    several: bool,
    /// The entry of the newest version, of whoever brought it.
    latest: u32,
    /// The last of the references to it.
    referred: u32,
}

#[derive(Debug)]
struct Link {
    target: u32,
    owner: u32,
    /// The reference to the same target before this one.
    before: u32,
    essential: bool,
    /// Whether it is one of `object_refs`.
    listed: bool,
}

/// Where an object stands, with a part of its id's hash: the table grows and rules out others without looking at objects.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u32,
    object: u32,
}

impl Place {
    /// The hash as the table wants it: all 64 bits in use.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The catalogue of one line.
#[derive(Debug, Default)]
pub struct Catalogue {
    rows: Chunks<Row>,
    objects: Chunks<Object>,
    index: HashTable<Place>,
    hasher: RandomState,
    types: Vec<Box<str>>,
    type_index: HashMap<Box<str>, u16>,
    classes: Vec<Class>,
    /// Bytes of the bodies of each class.
    class_bytes: Vec<u64>,
    class_index: HashMap<Class, u32>,
    links: Chunks<Link>,
    waiting: HashMap<u32, Vec<u32>>,
    /// The entries that take something away: withdrawals, and versions that say that their object is revoked.
    takings: Vec<u32>,
    /// Of objects of which something was withdrawn, the last entry that did so.
    withdrawals: HashMap<u32, u32>,
    /// Of versions that were withdrawn before the last withdrawal of their object, the entry that did so.
    taken: HashMap<u32, u32>,
}

impl Catalogue {
    /// The number of the last record.
    #[must_use]
    pub fn head(&self) -> Seq {
        Seq(self.rows.len() as u64)
    }

    /// The time of the last record; 0 before the first.
    #[must_use]
    pub fn head_added(&self) -> Added {
        Added(self.row(self.head()).map_or(0, |row| row.added))
    }

    /// How many objects have at least one version here.
    #[must_use]
    pub fn objects(&self) -> usize {
        (0..self.objects.len())
            .filter(|at| self.objects.get(*at).is_some_and(|object| object.latest != NONE))
            .count()
    }

    /// The entry with this number.
    #[must_use]
    pub fn entry(&self, seq: Seq) -> Option<Entry<'_>> {
        self.row(seq).map(|row| Entry { catalogue: self, row, seq })
    }

    fn row(&self, seq: Seq) -> Option<&Row> {
        let index = usize::try_from(seq.0.checked_sub(1)?).ok()?;
        self.rows.get(index)
    }

    /// Looks an object up; it may be one that is only referred to.
    #[must_use]
    pub fn object(&self, id: &ObjectId) -> Option<ObjectIx> {
        let object_type = *self.type_index.get(id.object_type())?;
        let key = (object_type, id.uuid());
        self.place(key).map(ObjectIx)
    }

    fn hash(&self, key: (u16, Uuid)) -> u32 {
        // The upper half is as good as any: the hasher is keyed, because ids come from outside.
        u32::try_from(self.hasher.hash_one(key) >> 32).unwrap_or_default()
    }

    fn place(&self, key: (u16, Uuid)) -> Option<u32> {
        let hash = self.hash(key);
        let is_it =
            |object: u32| self.objects.get(object as usize).is_some_and(|o| (o.object_type, o.uuid) == key);
        let same = |place: &Place| place.hash == hash && is_it(place.object);
        self.index.find(Place::spread(hash), same).map(|place| place.object)
    }

    /// The object's id.
    #[must_use]
    pub fn id(&self, object: ObjectIx) -> Option<ObjectId> {
        let object = self.objects.get(object.0 as usize)?;
        ObjectId::new(self.types.get(usize::from(object.object_type))?, object.uuid).ok()
    }

    /// The object's type.
    #[must_use]
    pub fn object_type(&self, object: ObjectIx) -> &str {
        let object = self.objects.get(object.0 as usize);
        object.and_then(|object| self.types.get(usize::from(object.object_type))).map_or("", |name| name)
    }

    /// The number of the newest version that counts; `None` if all were withdrawn, or the object is only referred to.
    #[must_use]
    pub fn latest(&self, object: ObjectIx) -> Option<Seq> {
        let mut chain = self.chain(object);
        let first = chain.next()?;
        if first.counts() {
            return Some(first.seq);
        }
        // The first is the newest; behind it, versions stand as they came.
        chain.filter(Entry::counts).max_by_key(|entry| (entry.version(), entry.seq)).map(|entry| entry.seq)
    }

    /// Whether several members have brought the object: each of them its own versions.
    #[must_use]
    pub fn is_of_several(&self, object: ObjectIx) -> bool {
        self.objects.get(object.0 as usize).is_some_and(|object| object.several)
    }

    /// The records after `after` and up to `until` that take something away, in the line's order: withdrawals, and versions that
    /// say that their object is revoked.
    pub fn takings(&self, after: Seq, until: Seq) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        let place = |seq: Seq| self.takings.partition_point(|at| u64::from(*at) < seq.0);
        let some = self.takings.get(place(after)..place(until).max(place(after))).unwrap_or_default();
        some.iter().filter_map(|at| self.entry(Seq(u64::from(*at) + 1)))
    }

    /// The versions that were withdrawn, the latest to come first.
    pub fn withdrawn(&self, object: ObjectIx) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object).filter(Entry::withdrawn)
    }

    /// The last record by which versions of the object were withdrawn, whoever's they were.
    #[must_use]
    pub fn withdrawal(&self, object: ObjectIx) -> Option<Entry<'_>> {
        self.withdrawals.get(&object.0).and_then(|at| self.entry(Seq(u64::from(*at) + 1)))
    }

    /// The record by which a version was withdrawn; `None` if it was not.
    #[must_use]
    pub fn taking(&self, version: &Entry<'_>) -> Option<Entry<'_>> {
        let at = u32::try_from(version.seq.0.checked_sub(1)?).ok().filter(|_| version.withdrawn())?;
        let by = self.taken.get(&at).or_else(|| self.withdrawals.get(&version.row.object))?;
        self.entry(Seq(u64::from(*by) + 1))
    }

    /// The versions that count: the newest first, unless it is withdrawn, and the others as they came.
    pub fn newest_first(&self, object: ObjectIx) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object).filter(Entry::counts)
    }

    /// All versions, withdrawn and replaced ones too: the newest first, the others as they came.
    pub fn all_versions(&self, object: ObjectIx) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object)
    }

    /// The numbers of all versions that count, from the oldest to the newest version.
    #[must_use]
    pub fn versions(&self, object: ObjectIx) -> Vec<Seq> {
        let mut versions: Vec<_> = self
            .chain(object)
            .filter(|entry| entry.counts())
            .map(|entry| (entry.version(), entry.seq))
            .collect();
        versions.sort_unstable();
        versions.into_iter().map(|(_, seq)| seq).collect()
    }

    fn chain(&self, object: ObjectIx) -> impl Iterator<Item = Entry<'_>> {
        let latest = self.objects.get(object.0 as usize).map_or(NONE, |object| object.latest);
        let mut at = latest;
        std::iter::from_fn(move || {
            let entry = self.entry(Seq(u64::from(at) + 1)).filter(|_| at != NONE)?;
            at = entry.row.previous;
            Some(entry)
        })
    }

    /// The records that refer to the object, the newest first.
    pub fn referrers(&self, object: ObjectIx) -> impl Iterator<Item = Seq> + '_ {
        self.referring(object).map(|link| Seq(u64::from(link.owner) + 1))
    }

    fn referring(&self, object: ObjectIx) -> impl Iterator<Item = &Link> {
        let mut at = self.objects.get(object.0 as usize).map_or(NONE, |object| object.referred);
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize).filter(|_| at != NONE)?;
            at = link.before;
            Some(link)
        })
    }

    /// The last number whose time is not after `added`.
    #[must_use]
    pub fn until(&self, added: Added) -> Seq {
        let (mut low, mut high) = (0, self.rows.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.rows.get(middle).is_some_and(|row| row.added <= added.0) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        Seq(low as u64)
    }

    /// What the records of a class share.
    #[must_use]
    pub fn class(&self, class: ClassIx) -> Option<&Class> {
        self.classes.get(class.index())
    }

    /// Bytes of all that a member brought, about: what was erased since the line was read counts as before.
    #[must_use]
    pub fn bytes_of(&self, sender: Uuid) -> u64 {
        let own = self.classes.iter().zip(&self.class_bytes).filter(|(class, _)| class.sender == sender);
        own.map(|(_, bytes)| bytes).sum()
    }

    /// The classes, in the order in which they came up.
    pub fn class_ids(&self) -> impl Iterator<Item = ClassIx> + use<> {
        (0..u32::try_from(self.classes.len()).unwrap_or(NONE)).map(ClassIx)
    }
}
