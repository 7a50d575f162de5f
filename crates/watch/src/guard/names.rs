//! Names and other texts from warning lists, in one table.
//!
//! Each text is kept once in one long string; a hash table holds numbers of entries. A name is asked about with all
//! names above it, up to its registrable domain: `mail.google.com` is held by `google.com`. The walk stops where a
//! name is shared by many (dynamic DNS, free hosting): what one tenant does is not the landlord's.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::domain;

/// Hold the text itself.
pub(crate) const EXACT: u8 = 1;
/// Hold what lies below it too.
pub(crate) const BELOW: u8 = 2;
/// Many share it: hold it, but nothing below.
pub(crate) const SHARED: u8 = 4;
/// A listed name lies below it.
pub(crate) const COVERS: u8 = 8;

/// How a name is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// It is listed.
    Itself,
    /// A name above it is listed.
    Above,
    /// A name below it is listed.
    Below,
    /// It is a space that many share.
    Shared,
}

/// What [`Names::find`] found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) by: By,
    pub(crate) entry: &'a str,
    pub(crate) list: u8,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    length: u16,
    list: u8,
    flags: u8,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    text: String,
    entries: Vec<Entry>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// Adds a text; flags of the same text add up, the first list is the one that is named.
    pub(crate) fn add(&mut self, text: &str, list: u8, flags: u8) {
        let hash = self.hasher.hash_one(text);
        if let Some(at) = self.number(text, hash) {
            let entry = &mut self.entries[at];
            if entry.flags == COVERS && flags & (EXACT | SHARED) != 0 {
                entry.list = list;
            }
            entry.flags |= flags;
            return;
        }
        let (Ok(start), Ok(length), Ok(number)) =
            (u32::try_from(self.text.len()), u16::try_from(text.len()), u32::try_from(self.entries.len()))
        else {
            return;
        };
        self.text.push_str(text);
        self.entries.push(Entry { start, length, list, flags });
        let (entries, all, hasher) = (&self.entries, &self.text, &self.hasher);
        self.table.insert_unique(hash, number, |number| {
            hasher.hash_one(entries.get(*number as usize).map_or("", |entry| slice(all, entry)))
        });
    }

    /// Adds a domain name and, as names that cover it, those above it down to its registrable domain.
    pub(crate) fn add_domain(&mut self, name: &str, list: u8, flags: u8) {
        self.add(name, list, flags);
        for above in domain::upwards(name).skip(1) {
            self.add(above, list, COVERS);
        }
    }

    pub(crate) fn exact(&self, text: &str) -> Option<u8> {
        let entry = self.entries[self.number(text, self.hasher.hash_one(text))?];
        (entry.flags & EXACT != 0).then_some(entry.list)
    }

    /// How `name` is held by these names and those under them. One walk over both, since a name that many share ends
    /// it, whichever of the two has it.
    pub(crate) fn find<'a>(&'a self, base: Option<&'a Self>, name: &str) -> Option<Found<'a>> {
        for (step, at_or_above) in domain::upwards(name).enumerate() {
            let both = [base.and_then(|base| base.entry(at_or_above)), self.entry(at_or_above)];
            let flags = both.iter().flatten().fold(0, |flags, (entry, _)| flags | entry.flags);
            let found = |by, flag: u8| {
                let named = both.iter().flatten().find(|(entry, _)| entry.flags & flag != 0)?;
                Some(Found { by, entry: named.1, list: named.0.list })
            };
            match (step, flags) {
                (_, 0) => {}
                (0, flags) if flags & EXACT != 0 => return found(By::Itself, EXACT),
                (0, flags) if flags & SHARED != 0 => return found(By::Shared, SHARED),
                (0, flags) if flags & COVERS != 0 => return found(By::Below, COVERS),
                (_, flags) if flags & SHARED != 0 => return None,
                (_, flags) if flags & BELOW != 0 => return found(By::Above, BELOW),
                _ => {}
            }
        }
        None
    }

    fn entry(&self, text: &str) -> Option<(&Entry, &str)> {
        let entry = self.entries.get(self.number(text, self.hasher.hash_one(text))?)?;
        Some((entry, slice(&self.text, entry)))
    }

    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<Entry>() + self.table.capacity() * 6
    }

    fn number(&self, text: &str, hash: u64) -> Option<usize> {
        let same = |number: &u32| {
            self.entries.get(*number as usize).is_some_and(|entry| slice(&self.text, entry) == text)
        };
        self.table.find(hash, same).map(|number| *number as usize)
    }
}

fn slice<'a>(all: &'a str, entry: &Entry) -> &'a str {
    let start = entry.start as usize;
    all.get(start..start + usize::from(entry.length)).unwrap_or_default()
}
