//! Objects that say the same under different ids: told, never merged and never dropped.
//!
//! An index per line, from what an object says ([`stix::equivalence_key`]) to the objects that say it. It is a view: it follows
//! the line by its own cursor, when it is asked to, and is thrown away with the process. Who asks sees only what it may see.

use std::collections::{BTreeSet, HashMap};

use line::{LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::CircleId;
use stix::ObjectId;

use crate::opening::Gate;
use crate::reader::Reader;
use crate::view::Fate;

/// Records read at a time.
const STRIDE: usize = 1_000;
/// Objects that are named as saying the same, at most.
pub const EQUIVALENTS_MAX: usize = 20;

/// What the objects of a line say, as far as it was read.
#[derive(Default)]
pub(crate) struct Index {
    read: Seq,
    /// What the version of an object says that was read last, and which record that is.
    keys: HashMap<ObjectIx, (u64, Seq)>,
    objects: HashMap<u64, BTreeSet<ObjectIx>>,
}

impl Index {
    fn put(&mut self, object: ObjectIx, seq: Seq, key: Option<u64>) {
        let before = match key {
            Some(key) => self.keys.insert(object, (key, seq)),
            None => self.keys.remove(&object),
        };
        if let Some((before, _)) = before.filter(|(before, _)| Some(*before) != key)
            && let Some(saying) = self.objects.get_mut(&before)
        {
            saying.remove(&object);
            if saying.is_empty() {
                self.objects.remove(&before);
            }
        }
        if let Some(key) = key {
            self.objects.entry(key).or_default().insert(object);
        }
    }

    /// A record that was announced again stands under its new number.
    fn announce(&mut self, object: ObjectIx, of: Seq, seq: Seq) {
        if let Some((_, known)) = self.keys.get_mut(&object).filter(|(_, known)| *known == of) {
            *known = seq;
        }
    }

    /// All that several objects say, as those objects with the records in which they do.
    fn several(&self) -> impl Iterator<Item = Vec<(ObjectIx, Seq)>> {
        let said = |object: &ObjectIx| Some((*object, self.keys.get(object)?.1));
        self.objects
            .values()
            .filter(|objects| objects.len() > 1)
            .map(move |objects| objects.iter().filter_map(said).collect())
    }

    /// The objects that say what `object` says, with the records in which they do; `object` itself first.
    fn same(&self, object: ObjectIx) -> Vec<(ObjectIx, Seq)> {
        let Some((key, seq)) = self.keys.get(&object) else { return Vec::new() };
        let others = self.objects.get(key).into_iter().flatten().filter(|other| **other != object);
        let said = others.filter_map(|other| Some((*other, self.keys.get(other)?.1)));
        std::iter::once((object, *seq)).chain(said).collect()
    }
}

/// The first eight bytes of the key: two that differ are taken for the same once in many billions.
fn key(raw: &str) -> Option<u64> {
    let head = stix::read_head(raw).ok()?;
    let key = stix::equivalence_key(raw, &head)?;
    Some(u64::from_be_bytes(key[..8].try_into().ok()?))
}

impl Gate {
    /// Reads on in a circle's line, at most `records`; whether the index has come to the line's end.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn follow_equivalents(&self, circle: CircleId, records: usize) -> Result<bool, StorageError> {
        let line = LineId::new(circle.uuid());
        let mut indexes = self.inner.equivalents.lock();
        let index = indexes.entry(line).or_default();
        let mut left = records;
        loop {
            let head = match self.store().look(line, |catalogue| catalogue.head()) {
                // Nothing was ever shared there.
                Err(StorageError::NoSuchLine { .. }) => return Ok(true),
                head => head?,
            };
            if index.read >= head {
                return Ok(true);
            }
            if left == 0 {
                return Ok(false);
            }
            let found = self.store().records(line, index.read, STRIDE.min(left))?;
            let Some(last) = found.last().map(|record| record.seq) else { return Ok(true) };
            left -= found.len();
            let keys: Vec<Option<u64>> =
                found.iter().map(|record| std::str::from_utf8(&record.body).ok().and_then(key)).collect();
            self.store().look(line, |catalogue| {
                for (record, key) in found.iter().zip(keys) {
                    let object = catalogue.entry(record.seq).and_then(|entry| entry.object());
                    match (object, record.kind, record.of) {
                        (Some(object), RecordKind::Object, _) => index.put(object, record.seq, key),
                        (Some(object), RecordKind::Again, Some(of)) => {
                            index.announce(object, of, record.seq);
                        }
                        _ => {}
                    }
                }
            })?;
            index.read = last;
        }
    }

    /// The objects of a circle that say what `id` says, as far as the index has read; at most [`EQUIVALENTS_MAX`]. For
    /// operators.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn equivalents(&self, circle: CircleId, id: &ObjectId) -> Result<Vec<ObjectId>, StorageError> {
        let line = LineId::new(circle.uuid());
        let same = self.same(line, id)?;
        self.store().look(line, |catalogue| {
            // What was withdrawn says nothing any more.
            let holds = |(object, seq): &(ObjectIx, Seq)| catalogue.latest(*object) == Some(*seq);
            if !same.first().is_some_and(holds) {
                return Vec::new();
            }
            let others = same.iter().skip(1).filter(|said| holds(said));
            others.filter_map(|(object, _)| catalogue.id(*object)).take(EQUIVALENTS_MAX).collect()
        })
    }

    /// Groups of objects of a circle that say the same, as far as the index has read, in the order of their first ones: those
    /// after `skip`, at most `limit`, and how many groups there are. For operators.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn equivalent_groups(
        &self,
        circle: CircleId,
        skip: usize,
        limit: usize,
    ) -> Result<(Vec<Vec<ObjectId>>, usize), StorageError> {
        let line = LineId::new(circle.uuid());
        let said: Vec<Vec<(ObjectIx, Seq)>> = {
            let indexes = self.inner.equivalents.lock();
            let index = indexes.get(&line);
            let several = index.into_iter().flat_map(Index::several);
            several.collect()
        };
        let found = self.store().look(line, |catalogue| {
            let holds = |(object, seq): &&(ObjectIx, Seq)| catalogue.latest(*object) == Some(*seq);
            let mut groups: Vec<Vec<(ObjectIx, Seq)>> = said
                .iter()
                .map(|group| group.iter().filter(holds).copied().collect::<Vec<_>>())
                .filter(|group| group.len() > 1)
                .collect();
            groups.sort_unstable_by_key(|group| group.first().map(|(object, _)| *object));
            let shown = groups.iter().skip(skip).take(limit);
            let named = |group: &Vec<(ObjectIx, Seq)>| {
                group.iter().filter_map(|(object, _)| catalogue.id(*object)).collect()
            };
            (shown.map(named).collect(), groups.len())
        });
        match found {
            // Nothing was ever shared there.
            Err(StorageError::NoSuchLine { .. }) => Ok((Vec::new(), 0)),
            found => found,
        }
    }

    /// The object and those that say the same, with the records in which they do; the object itself first.
    fn same(&self, line: LineId, id: &ObjectId) -> Result<Vec<(ObjectIx, Seq)>, StorageError> {
        let Some(object) = self.store().look(line, |catalogue| catalogue.object(id))? else {
            return Ok(Vec::new());
        };
        let indexes = self.inner.equivalents.lock();
        Ok(indexes.get(&line).map(|index| index.same(object)).unwrap_or_default())
    }
}

impl Reader {
    /// As [`Gate::equivalents`], of what the member sees: that something else says the same must not tell that it is there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn equivalents(&self, gate: &Gate, id: &ObjectId) -> Result<Vec<ObjectId>, StorageError> {
        let line = LineId::new(self.request().circle.uuid());
        let same = gate.same(line, id)?;
        self.with_view(|view| {
            let catalogue = view.catalogue;
            // What is compared is what the member sees, and nothing that a version says which it does not see. Of a copy, it
            // would tell what was taken out.
            let mut is_seen = |(object, seq): &(ObjectIx, Seq)| {
                catalogue.latest(*object) == Some(*seq)
                    && view.newest_seen(*object, None) == Some(*seq)
                    && catalogue.entry(*seq).is_some_and(|entry| matches!(view.fate(&entry), Fate::Whole(_)))
            };
            if !same.first().is_some_and(&mut is_seen) {
                return Vec::new();
            }
            let others = same.iter().skip(1).filter(|said| is_seen(said));
            others.filter_map(|(object, _)| catalogue.id(*object)).take(EQUIVALENTS_MAX).collect()
        })
    }
}
