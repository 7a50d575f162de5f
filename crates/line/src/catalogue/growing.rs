//! How a catalogue takes records in: as they stand in the line, without judging them.

use std::collections::HashSet;
use std::sync::Arc;

use stix::{Head, ObjectId, Role, SpecVersion, Timestamp, Tlp};
use uuid::Uuid;

use super::{
    Catalogue, Class, ERASED, Entry, GONE, GRANULAR, Link, NONE, Object, ObjectIx, Place, REVOKED, Row,
    SPEC_20, SUPERSEDED, WITHDRAWN,
};
use crate::record::{Added, RecordKind, Seq};

/// What a new record brings to the catalogue.
pub(crate) struct Fact<'a> {
    pub(crate) added: Added,
    pub(crate) kind: RecordKind,
    pub(crate) sender: Uuid,
    pub(crate) terms: Option<&'a Arc<str>>,
    pub(crate) of: Option<Seq>,
    pub(crate) fingerprint: u64,
    pub(crate) quotes: u16,
    /// Of its body.
    pub(crate) bytes: u64,
    pub(crate) head: Option<&'a Head>,
    pub(crate) withdrawn: Option<&'a ObjectId>,
    /// Which versions are withdrawn; none named means all.
    pub(crate) versions: &'a [Timestamp],
}

impl Catalogue {
    /// Takes a record in. Nothing is judged here: the line is the truth.
    pub(crate) fn apply(&mut self, fact: &Fact<'_>) {
        let at = u32::try_from(self.rows.len()).unwrap_or(NONE);
        match (fact.kind, fact.head, fact.of, fact.withdrawn) {
            (RecordKind::Object, Some(head), _, _) => self.apply_object(at, fact, head),
            (RecordKind::Again, _, Some(of), _) => self.apply_again(at, fact, of),
            (RecordKind::Withdrawal, _, _, Some(id)) => {
                let object = self.object_or_new(id);
                // The node itself (nil) withdraws what anybody brought.
                let is_meant = |entry: &Entry<'_>| {
                    (fact.sender.is_nil() || entry.sender() == Some(fact.sender))
                        && (fact.versions.is_empty() || fact.versions.contains(&entry.version()))
                };
                self.note_taken(object);
                self.flag(object, WITHDRAWN, is_meant);
                self.push_row(fact, object, Timestamp::MIN, NONE, 0, 0, Vec::new(), false);
            }
            _ => self.push_row(fact, NONE, Timestamp::MIN, NONE, 0, 0, Vec::new(), false),
        }
    }

    /// Notes that the bytes of a record are erased.
    pub(crate) fn note_erased(&mut self, seq: Seq) {
        let index = seq.0.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(row) = index.and_then(|index| self.rows.get_mut(index)) {
            row.flags |= ERASED;
        }
    }

    /// Keeps in mind which record withdrew what is withdrawn already, before another one becomes the last.
    fn note_taken(&mut self, object: u32) {
        let Some(by) = self.withdrawals.get(&object).copied() else { return };
        let gone: Vec<Seq> = self.withdrawn(ObjectIx(object)).map(|entry| entry.seq).collect();
        for at in gone.into_iter().filter_map(|seq| u32::try_from(seq.0 - 1).ok()) {
            self.taken.entry(at).or_insert(by);
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
            self.link(at, id, (true, false));
        }
        let mut named = HashSet::new();
        for reference in &head.references {
            let tie = (reference.role.essential(), reference.role == Role::ObjectRefs);
            if named.insert((&reference.id, tie)) {
                self.link(at, &reference.id, tie);
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
            .map(|link| (link.target, (link.essential, link.listed)))
            .collect();
        let from = u32::try_from(self.links.len()).unwrap_or(NONE);
        for (target, tie) in targets {
            self.link_to(at, target, tie);
        }
        let is_latest = self.objects.get(object as usize).is_some_and(|held| held.latest == old);
        let previous = self.chain_in(object, at, is_latest);
        self.take_in(Row { previous, references: from, ..copy });
        self.wait(at);
    }

    /// Notes that an entry names an object: whether it makes no sense without it, and whether it is one of its `object_refs`.
    fn link(&mut self, owner: u32, id: &ObjectId, tie: (bool, bool)) {
        let target = self.object_or_new(id);
        self.link_to(owner, target, tie);
    }

    fn link_to(&mut self, owner: u32, target: u32, (essential, listed): (bool, bool)) {
        let at = u32::try_from(self.links.len()).unwrap_or(NONE);
        if let Some(object) = self.objects.get_mut(target as usize) {
            let before = std::mem::replace(&mut object.referred, at);
            self.links.push(Link { target, owner, before, essential, listed });
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
                self.class_bytes.push(0);
                self.class_index.insert(class, new);
                new
            }
        };
        if let Some(bytes) = self.class_bytes.get_mut(class as usize) {
            *bytes += fact.bytes;
        }
        let (added, fingerprint) = (fact.added.0, fact.fingerprint);
        let references = u32::try_from(self.links.len()).unwrap_or(NONE);
        let (kind, quotes) = (fact.kind, fact.quotes);
        let row = Row {
            added,
            version,
            fingerprint,
            object,
            class,
            previous,
            references,
            origin,
            quotes,
            kind,
            flags,
        };
        self.take_in(row);
    }

    fn take_in(&mut self, row: Row) {
        if row.kind == RecordKind::Withdrawal || row.flags & REVOKED != 0 {
            let at = u32::try_from(self.rows.len()).unwrap_or(NONE);
            self.takings.push(at);
            if row.kind == RecordKind::Withdrawal && row.object != NONE {
                self.withdrawals.insert(row.object, at);
            }
        }
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
