//! Objects that say the same under different ids: told, never merged and never dropped.
//!
//! An index per line, from what an object says ([`stix::equivalence_key`]) to the objects that say it. It is a view: it follows
//! the line by its own cursor, when it is asked to, and is thrown away with the process. Who asks sees only what it may see.

use std::collections::{BTreeSet, HashMap};

use line::{Entry, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::CircleId;
use stix::ObjectId;

use crate::opening::Gate;
use crate::reader::Reader;

/// Records read at a time.
const STRIDE: usize = 1_000;
/// Objects that are named as saying the same, at most.
pub const EQUIVALENTS_MAX: usize = 20;

/// What the objects of a line say, as far as it was read.
#[derive(Default)]
pub(crate) struct Index {
    read: Seq,
    /// What an object's newest version that was read says.
    keys: HashMap<ObjectIx, u64>,
    objects: HashMap<u64, BTreeSet<ObjectIx>>,
}

impl Index {
    fn put(&mut self, object: ObjectIx, key: Option<u64>) {
        let before = match key {
            Some(key) => self.keys.insert(object, key),
            None => self.keys.remove(&object),
        };
        if let Some(before) = before.filter(|before| Some(*before) != key)
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

    /// The objects that say what `object` says, without it.
    fn same(&self, object: ObjectIx) -> impl Iterator<Item = ObjectIx> + '_ {
        let saying = self.keys.get(&object).and_then(|key| self.objects.get(key));
        saying.into_iter().flatten().copied().filter(move |other| *other != object)
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
            let head = self.store().look(line, |catalogue| catalogue.head())?;
            if index.read >= head {
                return Ok(true);
            }
            if left == 0 {
                return Ok(false);
            }
            let found = self.store().records(line, index.read, STRIDE.min(left))?;
            let Some(last) = found.last().map(|record| record.seq) else { return Ok(true) };
            left -= found.len();
            let keys: Vec<(Seq, Option<u64>)> = found
                .iter()
                .filter(|record| record.kind == RecordKind::Object)
                .map(|record| (record.seq, std::str::from_utf8(&record.body).ok().and_then(key)))
                .collect();
            self.store().look(line, |catalogue| {
                for (seq, key) in keys {
                    if let Some(object) = catalogue.entry(seq).and_then(|entry| entry.object()) {
                        index.put(object, key);
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
            let holds = |object: &ObjectIx| catalogue.latest(*object).is_some();
            let ids = same.into_iter().filter(holds).filter_map(|object| catalogue.id(object));
            ids.take(EQUIVALENTS_MAX).collect()
        })
    }

    fn same(&self, line: LineId, id: &ObjectId) -> Result<Vec<ObjectIx>, StorageError> {
        let Some(object) = self.store().look(line, |catalogue| catalogue.object(id))? else {
            return Ok(Vec::new());
        };
        let indexes = self.inner.equivalents.lock();
        Ok(indexes.get(&line).map(|index| index.same(object).collect()).unwrap_or_default())
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
            let asked = catalogue.object(id);
            if asked.and_then(|object| view.newest_seen(object, None)).is_none() {
                return Vec::new();
            }
            // What a version says that the member does not see is not what it may compare with.
            let is_newest = |object: ObjectIx, seen: Option<Seq>| {
                let mut versions = catalogue.newest_first(object);
                seen.is_some() && versions.next().map(|entry: Entry<'_>| entry.seq) == seen
            };
            if !asked.is_some_and(|object| is_newest(object, view.newest_seen(object, None))) {
                return Vec::new();
            }
            let mut seen = Vec::new();
            for object in same {
                if is_newest(object, view.newest_seen(object, None)) {
                    seen.extend(catalogue.id(object));
                }
                if seen.len() == EQUIVALENTS_MAX {
                    break;
                }
            }
            seen
        })
    }
}
