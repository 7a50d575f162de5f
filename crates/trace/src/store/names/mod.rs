//! Names and their numbers: addresses of accounts, and assets.
//!
//! A name gets a number when it is first seen, from 0 on, and keeps it. What a load has given out is a [`Table`] in memory; when
//! the load is kept it becomes a [`Part`] on the disk, and parts that are small against what comes after them are joined, so that
//! there are never more than about as many as the number of names has binary digits.

pub(crate) mod key;
pub(crate) mod part;
pub(crate) mod table;

use std::sync::Arc;

use self::key::Key;
use self::part::{Part, PartMeta};
use self::table::{NONE, Table};
use super::error::{Damage, StoreError};
use super::files::Shelf;

/// A part is joined with what is new when it has at most so many times as many names.
const JOIN_RATIO: u64 = 2;

/// The names of a store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    parts: Vec<Arc<Part>>,
    seed: u64,
}

impl Names {
    /// Opens the parts that the manifest names.
    pub(crate) fn open(shelf: &Shelf<'_>, metas: &[PartMeta], seed: u64) -> Result<Self, StoreError> {
        let mut parts = Vec::with_capacity(metas.len());
        let mut next = 0;
        for meta in metas {
            if meta.base != next {
                let damage = Damage::Nonsense("its first number doesn't follow the part before it");
                return Err(StoreError::damaged(shelf.path(&meta.folder), damage));
            }
            let part = Part::open(shelf, meta)?;
            next = meta.base + meta.count;
            parts.push(Arc::new(part));
        }
        Ok(Self { parts, seed })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.meta.base + part.meta.count)
    }

    /// The number of a name.
    pub(crate) fn find(&self, key: &Key<'_>) -> Option<u32> {
        self.find_hashed(key.hash(self.seed), key)
    }

    /// The name with a number.
    pub(crate) fn key(&self, number: u32) -> Option<Key<'_>> {
        let at = self.parts.partition_point(|part| part.meta.base <= number);
        self.parts.get(at.checked_sub(1)?)?.key(number)
    }

    /// Its parts.
    pub(crate) fn parts(&self) -> &[Arc<Part>] {
        &self.parts
    }

    fn find_hashed(&self, hash: u32, key: &Key<'_>) -> Option<u32> {
        self.parts.iter().find_map(|part| part.find(hash, key))
    }
}

/// The names of a store and those that a load adds.
#[derive(Debug)]
pub(crate) struct Growing {
    old: Names,
    new: Table,
}

impl Growing {
    /// Nothing is added yet.
    pub(crate) fn new(old: Names) -> Self {
        let new = Table::new(old.len());
        Self { old, new }
    }

    /// The secret of its hashes.
    pub(crate) const fn seed(&self) -> u64 {
        self.old.seed
    }

    /// How many names there are now.
    pub(crate) const fn len(&self) -> u32 {
        self.new.base() + self.new.len()
    }

    /// The numbers of many names with their hashes; [`NONE`] for those that aren't there.
    pub(crate) fn find_all(&self, keys: &[(u32, Key<'_>)], found: &mut Vec<u32>) {
        self.new.find_all(keys, found);
        if self.old.parts.is_empty() {
            return;
        }
        for (number, (hash, key)) in found.iter_mut().zip(keys) {
            if *number == NONE {
                *number = self.old.find_hashed(*hash, key).unwrap_or(NONE);
            }
        }
    }

    /// The number of a name, if it has one.
    pub(crate) fn find(&self, key: &Key<'_>) -> Option<u32> {
        let hash = key.hash(self.seed());
        self.new.find(hash, key).or_else(|| self.old.find_hashed(hash, key))
    }

    /// The number of a name, which gets one if it has none; `None` when no numbers are left.
    pub(crate) fn number(&mut self, key: &Key<'_>) -> Option<u32> {
        let hash = key.hash(self.seed());
        match self.new.find(hash, key).or_else(|| self.old.find_hashed(hash, key)) {
            Some(number) => Some(number),
            None => self.new.add(hash, key),
        }
    }

    /// The name with a number.
    pub(crate) fn key(&self, number: u32) -> Option<Key<'_>> {
        self.new.key(number).or_else(|| self.old.key(number))
    }

    /// What is to be written, and how many of the parts stay beside it. `None` if nothing is new. What is new is taken out.
    pub(crate) fn joined(&mut self, shelf: &Shelf<'_>) -> Result<Option<(Table, usize)>, StoreError> {
        if self.new.len() == 0 {
            return Ok(None);
        }
        let mut kept = self.old.parts.len();
        let mut total = u64::from(self.new.len());
        let end = self.len();
        while let Some(part) = kept.checked_sub(1).and_then(|last| self.old.parts.get(last))
            && u64::from(part.meta.count) <= JOIN_RATIO * total
        {
            total += u64::from(part.meta.count);
            kept -= 1;
        }
        let Some(first) = self.old.parts.get(kept) else {
            return Ok(Some((std::mem::replace(&mut self.new, Table::new(end)), kept)));
        };
        let mut table = Table::new(first.meta.base);
        for number in first.meta.base..end {
            let Some(key) = self.key(number) else {
                let damage = Damage::Nonsense("one of its names can't be read");
                return Err(StoreError::damaged(shelf.path(&first.meta.folder), damage));
            };
            table.add(key.hash(self.old.seed), &key);
        }
        Ok(Some((table, kept)))
    }
}
