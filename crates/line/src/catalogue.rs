//! The catalogue of a line: which objects it has, in which versions, and who refers to whom.
//!
//! Memory-resident and derived: it is rebuilt from the line, and is never the truth. About 120 bytes a record:
//! entries in number order, objects in a hash table by id, references as one list threaded by target. Names that
//! repeat (types, senders with their terms and markings) are kept once; such a combination is a *class*, and
//! decisions about releases are made per class.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use stix::{Head, ObjectId, SpecVersion, Timestamp, Tlp};
use uuid::Uuid;

use crate::chunks::Chunks;
use crate::record::{Added, RecordKind, Seq};

const NONE: u32 = u32::MAX;

const SUPERSEDED: u8 = 1;
const REVOKED: u8 = 2;
const GRANULAR: u8 = 4;
const SPEC_20: u8 = 8;
const WITHDRAWN: u8 = 16;
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

/// What one member has brought of an object, judged by its newest version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brought {
    pub(crate) seq: Seq,
    pub(crate) version: Timestamp,
    pub(crate) fingerprint: u64,
    pub(crate) class: ClassIx,
    pub(crate) revoked: bool,
    pub(crate) withdrawn: bool,
    pub(crate) origin: u32,
    /// How many versions it has brought.
    pub(crate) count: usize,
}

#[derive(Debug)]
struct Link {
    target: u32,
    owner: u32,
    /// The reference to the same target before this one.
    before: u32,
    essential: bool,
}

/// One record as the catalogue knows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    catalogue: &'a Catalogue,
    row: &'a Row,
    /// Its number.
    pub seq: Seq,
}

impl<'a> Entry<'a> {
    /// Its time.
    #[must_use]
    pub fn added(&self) -> Added {
        Added(self.row.added)
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
        let owner = u32::try_from(self.seq.0 - 1).unwrap_or(NONE);
        let catalogue = self.catalogue;
        (self.row.references as usize..)
            .map_while(move |at| catalogue.links.get(at).filter(|link| link.owner == owner))
            .map(|link| (ObjectIx(link.target), link.essential))
    }
}

/// What a new record brings to the catalogue.
pub(crate) struct Fact<'a> {
    pub(crate) added: Added,
    pub(crate) kind: RecordKind,
    pub(crate) sender: Uuid,
    pub(crate) terms: Option<&'a Arc<str>>,
    pub(crate) of: Option<Seq>,
    pub(crate) fingerprint: u64,
    pub(crate) head: Option<&'a Head>,
    pub(crate) withdrawn: Option<&'a ObjectId>,
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
    class_index: HashMap<Class, u32>,
    links: Chunks<Link>,
    waiting: HashMap<u32, Vec<u32>>,
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
        self.chain(object).find(Entry::counts).map(|entry| entry.seq)
    }

    /// Whether several members have brought the object: each of them its own versions.
    #[must_use]
    pub fn is_of_several(&self, object: ObjectIx) -> bool {
        self.objects.get(object.0 as usize).is_some_and(|object| object.several)
    }

    /// The versions that count, from the newest.
    pub fn newest_first(&self, object: ObjectIx) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object).filter(Entry::counts)
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
        let mut at = self.objects.get(object.0 as usize).map_or(NONE, |object| object.referred);
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize).filter(|_| at != NONE)?;
            at = link.before;
            Some(Seq(u64::from(link.owner) + 1))
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

    /// The classes, in the order in which they came up.
    pub fn class_ids(&self) -> impl Iterator<Item = ClassIx> + use<> {
        (0..u32::try_from(self.classes.len()).unwrap_or(NONE)).map(ClassIx)
    }

    // What follows is for the writer.

    /// One member's versions of an object, also withdrawn ones, from the newest.
    pub(crate) fn of_sender(&self, object: ObjectIx, sender: Uuid) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object)
            .filter(move |entry| entry.row.flags & SUPERSEDED == 0 && entry.sender() == Some(sender))
    }

    /// What one member has brought of an object.
    pub(crate) fn brought(&self, object: ObjectIx, sender: Uuid) -> Option<Brought> {
        let mut versions = self.of_sender(object, sender);
        let newest = versions.next()?;
        Some(Brought {
            seq: newest.seq,
            version: newest.version(),
            fingerprint: newest.row.fingerprint,
            class: newest.class(),
            revoked: newest.revoked(),
            withdrawn: newest.row.flags & WITHDRAWN != 0,
            origin: newest.row.origin,
            count: 1 + versions.count(),
        })
    }

    /// The members that have brought an object.
    pub(crate) fn senders(&self, object: ObjectIx) -> Vec<Uuid> {
        let mut senders: Vec<Uuid> = self.chain(object).filter_map(|entry| entry.sender()).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }

    pub(crate) fn fingerprint(&self, seq: Seq) -> Option<u64> {
        self.row(seq).map(|row| row.fingerprint)
    }

    /// The records that count and make no sense without `object`, which others have at the moment.
    #[must_use]
    pub fn dependants(&self, object: ObjectIx) -> Vec<Seq> {
        let depends = |seq: &Seq| {
            self.entry(*seq)
                .is_some_and(|entry| entry.counts() && self.essentials(&entry).any(|needed| needed == object))
        };
        self.referrers(object).filter(depends).collect()
    }

    /// The records that waited for `object` and lack nothing once `arrived` are here as well.
    pub(crate) fn released_by(&self, object: ObjectIx, arrived: impl Fn(ObjectIx) -> bool) -> Vec<Seq> {
        let waiting = self.waiting.get(&object.0).map_or(&[][..], Vec::as_slice);
        let complete = |seq: &Seq| {
            self.entry(*seq).is_some_and(|entry| {
                entry.counts()
                    && self.essentials(&entry).all(|needed| {
                        arrived(needed)
                            || self.objects.get(needed.0 as usize).is_some_and(|o| o.latest != NONE)
                    })
            })
        };
        waiting.iter().map(|owner| Seq(u64::from(*owner) + 1)).filter(complete).collect()
    }

    fn essentials<'a>(&'a self, entry: &Entry<'a>) -> impl Iterator<Item = ObjectIx> + 'a {
        entry.references().filter(|(_, essential)| *essential).map(|(object, _)| object)
    }

    /// Takes a record in. Nothing is judged here: the line is the truth.
    pub(crate) fn apply(&mut self, fact: &Fact<'_>) {
        let at = u32::try_from(self.rows.len()).unwrap_or(NONE);
        match (fact.kind, fact.head, fact.of, fact.withdrawn) {
            (RecordKind::Object, Some(head), _, _) => self.apply_object(at, fact, head),
            (RecordKind::Again, _, Some(of), _) => self.apply_again(at, fact, of),
            (RecordKind::Withdrawal, _, _, Some(id)) => {
                let object = self.object_or_new(id);
                // The node itself (nil) withdraws what anybody brought.
                let is_meant =
                    |entry: &Entry<'_>| fact.sender.is_nil() || entry.sender() == Some(fact.sender);
                self.flag(object, WITHDRAWN, is_meant);
                self.push_row(fact, object, Timestamp::MIN, NONE, 0, 0, Vec::new(), false);
            }
            _ => self.push_row(fact, NONE, Timestamp::MIN, NONE, 0, 0, Vec::new(), false),
        }
    }

    /// Sets flags on those versions of an object that are meant.
    fn flag(&mut self, object: u32, flags: u8, is_meant: impl Fn(&Entry<'_>) -> bool) {
        let meant: Vec<Seq> = self.chain(ObjectIx(object)).filter(is_meant).map(|entry| entry.seq).collect();
        for seq in meant {
            let index = usize::try_from(seq.0 - 1).unwrap_or(usize::MAX);
            if let Some(row) = self.rows.get_mut(index) {
                row.flags |= flags;
            }
        }
    }

    fn apply_object(&mut self, at: u32, fact: &Fact<'_>, head: &Head) {
        let object = self.object_or_new(&head.id);
        let (version, origin) = (version_of(head, fact.added), origin_of(head));
        // The same version again, under other terms, replaces the one before; so does another state of an object without
        // versions.
        self.flag(object, SUPERSEDED, |entry| {
            let same = entry.row.origin == 0 && origin == 0 || entry.version() == version;
            same && entry.row.flags & GONE == 0 && entry.sender() == Some(fact.sender)
        });
        let several = self.chain(ObjectIx(object)).any(|entry| entry.sender() != Some(fact.sender));
        let newer = self.chain(ObjectIx(object)).next().is_none_or(|newest| version > newest.version());
        let previous = self.chain_in(object, at, newer);
        if let Some(object) = self.objects.get_mut(object as usize) {
            object.several |= several;
        }
        let flags = if head.revoked { REVOKED } else { 0 }
            | if head.granular { GRANULAR } else { 0 }
            | if head.spec_version == SpecVersion::V20 { SPEC_20 } else { 0 };
        let mut markings = head.markings.clone();
        markings.sort_unstable();
        markings.dedup();
        let from = u32::try_from(self.links.len()).unwrap_or(NONE);
        let built_in = |id: &&ObjectId| Tlp::of(id).is_none();
        for id in markings.iter().filter(built_in) {
            self.link(at, id, true);
        }
        let mut named = HashSet::new();
        for reference in &head.references {
            let essential = reference.role.essential();
            if named.insert((&reference.id, essential)) {
                self.link(at, &reference.id, essential);
            }
        }
        self.push_row(fact, object, version, previous, origin, flags, markings, head.granular);
        if let Some(row) = self.rows.get_mut(at as usize) {
            row.references = from;
        }
        self.waiting.remove(&object);
        self.wait(at);
    }

    /// Puts entry `at` into the object's chain, whose first is the newest; gives what comes after it there.
    fn chain_in(&mut self, object: u32, at: u32, newer: bool) -> u32 {
        let Some(held) = self.objects.get_mut(object as usize) else { return NONE };
        let first = held.latest;
        if newer || first == NONE {
            held.latest = at;
            return first;
        }
        let Some(row) = self.rows.get_mut(first as usize) else { return NONE };
        std::mem::replace(&mut row.previous, at)
    }

    fn apply_again(&mut self, at: u32, fact: &Fact<'_>, of: Seq) {
        let old = u32::try_from(of.0.saturating_sub(1)).unwrap_or(NONE);
        let Some(row) = self.rows.get_mut(old as usize) else {
            return self.push_row(fact, NONE, Timestamp::MIN, NONE, 0, SUPERSEDED, Vec::new(), false);
        };
        row.flags |= SUPERSEDED;
        let copy =
            Row { added: fact.added.0, kind: RecordKind::Again, flags: row.flags & !SUPERSEDED, ..*row };
        let (object, links) = (row.object, row.references);
        let targets: Vec<_> = (links as usize..)
            .map_while(|link| self.links.get(link).filter(|link| link.owner == old))
            .map(|link| (link.target, link.essential))
            .collect();
        let from = u32::try_from(self.links.len()).unwrap_or(NONE);
        for (target, essential) in targets {
            self.link_to(at, target, essential);
        }
        let is_latest = self.objects.get(object as usize).is_some_and(|held| held.latest == old);
        let previous = self.chain_in(object, at, is_latest);
        self.rows.push(Row { previous, references: from, ..copy });
        self.wait(at);
    }

    fn link(&mut self, owner: u32, id: &ObjectId, essential: bool) {
        let target = self.object_or_new(id);
        self.link_to(owner, target, essential);
    }

    fn link_to(&mut self, owner: u32, target: u32, essential: bool) {
        let at = u32::try_from(self.links.len()).unwrap_or(NONE);
        if let Some(object) = self.objects.get_mut(target as usize) {
            let before = std::mem::replace(&mut object.referred, at);
            self.links.push(Link { target, owner, before, essential });
        }
    }

    /// Notes what entry `at` still lacks.
    fn wait(&mut self, at: u32) {
        let Some(entry) = self.entry(Seq(u64::from(at) + 1)) else { return };
        let lacking: Vec<_> = self
            .essentials(&entry)
            .filter(|needed| self.objects.get(needed.0 as usize).is_some_and(|object| object.latest == NONE))
            .collect();
        for needed in lacking {
            self.waiting.entry(needed.0).or_default().push(at);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one row, written in one place; each is a column")]
    fn push_row(
        &mut self,
        fact: &Fact<'_>,
        object: u32,
        version: Timestamp,
        previous: u32,
        origin: u32,
        flags: u8,
        markings: Vec<ObjectId>,
        granular: bool,
    ) {
        let class = Class { sender: fact.sender, terms: fact.terms.cloned(), markings, granular };
        let class = match self.class_index.get(&class) {
            Some(known) => *known,
            None => {
                let new = u32::try_from(self.classes.len()).unwrap_or(NONE);
                self.classes.push(class.clone());
                self.class_index.insert(class, new);
                new
            }
        };
        let (added, fingerprint) = (fact.added.0, fact.fingerprint);
        let references = u32::try_from(self.links.len()).unwrap_or(NONE);
        let kind = fact.kind;
        let row =
            Row { added, version, fingerprint, object, class, previous, references, origin, kind, flags };
        self.rows.push(row);
    }

    fn object_or_new(&mut self, id: &ObjectId) -> u32 {
        let object_type = match self.type_index.get(id.object_type()) {
            Some(known) => *known,
            None => {
                // Past 65,535 type names the last one is shared: ids still differ by their UUIDs.
                let new = u16::try_from(self.types.len()).unwrap_or(u16::MAX);
                self.types.push(id.object_type().into());
                self.type_index.insert(id.object_type().into(), new);
                new
            }
        };
        let key = (object_type, id.uuid());
        if let Some(known) = self.place(key) {
            return known;
        }
        let new = u32::try_from(self.objects.len()).unwrap_or(NONE);
        let (uuid, several) = (id.uuid(), false);
        self.objects.push(Object { uuid, object_type, several, latest: NONE, referred: NONE });
        let hash = self.hash(key);
        let rehash = |place: &Place| Place::spread(place.hash);
        self.index.insert_unique(Place::spread(hash), Place { hash, object: new }, rehash);
        new
    }
}

/// The version under which an object stands in the catalogue.
pub(crate) fn version_of(head: &Head, added: Added) -> Timestamp {
    head.modified.or(head.created).unwrap_or_else(|| added.timestamp())
}

/// What must not change between versions, as a number that is 0 only for objects without versions.
pub(crate) fn origin_of(head: &Head) -> u32 {
    let Some(created) = head.created else { return 0 };
    // FNV-1a over the instant and the creator: stable, and no secret depends on it.
    let mut hash: u32 = 0x811c_9dc5;
    let mut mix =
        |bytes: &[u8]| bytes.iter().for_each(|b| hash = (hash ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    mix(&created.seconds().to_be_bytes());
    mix(&created.nanos().to_be_bytes());
    if let Some(creator) = &head.created_by {
        mix(creator.uuid().as_bytes());
    }
    hash.max(1)
}
