//! Names in memory, with their numbers, while a load gives new ones out.
//!
//! Records of 21 bytes in the order of the numbers, and a table of slots over them. A slot is a word: the upper half is the
//! name's hash, the lower one its number in this table plus one; 0 is empty. A name's first slot is told by the upper bits of its
//! hash, and the next free one is taken, so that a table grows by one pass over its slots, without a look at the names. The same
//! slots and records are the files of a [`Part`](super::part::Part).

use std::borrow::Cow;

use super::key::{Key, SHORT};
use crate::store::bytes::{u32_at, u64_at};

/// Bytes of a record: which form the name has, then its bytes, or where its text is: offset (8 bytes) and length (4).
pub(crate) const RECORD: usize = 1 + SHORT;
/// A record of 20 bytes of hexadecimal digits.
const HEX: u8 = 0;
/// A record of a text.
const TEXT: u8 = 1;
/// The table begins with two to this power of slots.
const BITS_MIN: u32 = 6;
/// A name that has no number.
pub(crate) const NONE: u32 = u32::MAX;
/// How many names are looked up together: while one waits for memory, others do too.
const TOGETHER: usize = 32;

/// Names with numbers from `base` on.
#[derive(Debug)]
pub(crate) struct Table {
    base: u32,
    bits: u32,
    pub(super) slots: Vec<u64>,
    pub(super) records: Vec<u8>,
    pub(super) text: Vec<u8>,
}

impl Table {
    /// An empty one whose first name gets the number `base`.
    pub(crate) fn new(base: u32) -> Self {
        Self { base, bits: BITS_MIN, slots: vec![0; 1 << BITS_MIN], records: Vec::new(), text: Vec::new() }
    }

    /// The number of the first name.
    pub(crate) const fn base(&self) -> u32 {
        self.base
    }

    /// How many names it has.
    pub(crate) const fn len(&self) -> u32 {
        (self.records.len() / RECORD) as u32
    }

    /// How many slots it has, as a power of two.
    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &Key<'_>) -> Option<u32> {
        let is = |number: u32| same(&self.records, &self.text, number, key);
        probe(|at| self.slots.get(at).copied(), self.bits, hash, is).map(|number| self.base + number)
    }

    /// The numbers of many names; [`NONE`] for those that aren't there.
    ///
    /// In three passes, so that words and records, which lie anywhere, come from memory side by side and not one by one.
    pub(crate) fn find_all(&self, keys: &[(u32, Key<'_>)], found: &mut Vec<u32>) {
        found.clear();
        for some in keys.chunks(TOGETHER) {
            let mut slots = [0_u64; TOGETHER];
            for (slot, (hash, _)) in slots.iter_mut().zip(some) {
                *slot = self.slots.get(first(*hash, self.bits)).copied().unwrap_or(0);
            }
            // Nothing but asking memory for the records; what it gives is looked at below.
            let touched = slots.iter().fold(0, |touched, slot| {
                let at = (*slot as u32).wrapping_sub(1) as usize * RECORD;
                touched ^ self.records.get(at).copied().unwrap_or(0)
            });
            std::hint::black_box(touched);
            for (slot, (hash, key)) in slots.iter().zip(some) {
                let number = (*slot as u32).wrapping_sub(1);
                let there = (*slot >> 32) as u32 == *hash && same(&self.records, &self.text, number, key);
                let answer = match (there, *slot) {
                    (true, _) => self.base + number,
                    (false, 0) => NONE,
                    (false, _) => self.find(*hash, key).unwrap_or(NONE),
                };
                found.push(answer);
            }
        }
    }

    /// Takes a name in that isn't there and gives its number; `None` when no numbers are left.
    pub(crate) fn add(&mut self, hash: u32, key: &Key<'_>) -> Option<u32> {
        let local = self.len();
        let number = self.base.checked_add(local).filter(|number| *number < NONE)?;
        self.make_room(local as usize + 1);
        match key {
            Key::Hex(bytes) => {
                self.records.push(HEX);
                self.records.extend_from_slice(bytes);
            }
            Key::Text(text) => {
                let mut record = [0; RECORD];
                record[0] = TEXT;
                record[1..9].copy_from_slice(&(self.text.len() as u64).to_le_bytes());
                record[9..13].copy_from_slice(&(text.len() as u32).to_le_bytes());
                self.records.extend_from_slice(&record);
                self.text.extend_from_slice(text);
            }
        }
        put(&mut self.slots, self.bits, u64::from(hash) << 32 | u64::from(local + 1));
        Some(number)
    }

    /// The name with a number.
    pub(crate) fn key(&self, number: u32) -> Option<Key<'_>> {
        record(&self.records, &self.text, number.checked_sub(self.base)?)
    }

    /// Three quarters of the slots at most are used.
    fn make_room(&mut self, names: usize) {
        if names * 4 <= self.slots.len() * 3 {
            return;
        }
        let bits = self.bits + 1;
        let mut slots = vec![0; 1 << bits];
        self.slots.iter().filter(|slot| **slot != 0).for_each(|slot| put(&mut slots, bits, *slot));
        self.slots = slots;
        self.bits = bits;
    }
}

/// The first slot of a hash.
#[inline]
const fn first(hash: u32, bits: u32) -> usize {
    (hash as u64 >> (32 - bits)) as usize
}

fn put(slots: &mut [u64], bits: u32, word: u64) {
    let mut at = first((word >> 32) as u32, bits);
    while let Some(slot) = slots.get_mut(at) {
        if *slot == 0 {
            *slot = word;
            return;
        }
        at = (at + 1) & ((1 << bits) - 1);
    }
}

/// Looks for a name among slots; ends also where all are full, as only a damaged file's can be.
#[inline]
pub(super) fn probe(
    slot_at: impl Fn(usize) -> Option<u64>,
    bits: u32,
    hash: u32,
    is: impl Fn(u32) -> bool,
) -> Option<u32> {
    let mut at = first(hash, bits);
    for _ in 0..1_usize << bits {
        let slot = slot_at(at)?;
        if slot == 0 {
            return None;
        }
        let number = (slot as u32).wrapping_sub(1);
        if (slot >> 32) as u32 == hash && is(number) {
            return Some(number);
        }
        at = (at + 1) & ((1 << bits) - 1);
    }
    None
}

/// Whether a record is this name.
#[inline]
pub(super) fn same(records: &[u8], text: &[u8], number: u32, key: &Key<'_>) -> bool {
    match key {
        Key::Hex(bytes) => {
            raw(records, number).is_some_and(|record| record[0] == HEX && record[1..] == bytes[..])
        }
        Key::Text(_) => record(records, text, number).as_ref() == Some(key),
    }
}

#[inline]
fn raw(records: &[u8], number: u32) -> Option<&[u8; RECORD]> {
    records.get(number as usize * RECORD..)?.first_chunk()
}

/// The name that a record holds.
pub(super) fn record<'a>(records: &[u8], text: &'a [u8], number: u32) -> Option<Key<'a>> {
    let raw = raw(records, number)?;
    match raw[0] {
        HEX => Some(Key::Hex(*raw[1..].first_chunk()?)),
        TEXT => {
            let from = usize::try_from(u64_at(raw, 1)?).ok()?;
            let to = from.checked_add(u32_at(raw, 9)? as usize)?;
            Some(Key::Text(Cow::Borrowed(text.get(from..to)?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn names_get_numbers_in_order_and_are_found_again() {
        let seed = 5;
        let mut table = Table::new(1000);
        let mut known = HashMap::new();
        for n in 0..20_000_u64 {
            let name =
                if n % 3 == 0 { format!("0x{:040x}", n.wrapping_mul(0x9e37)) } else { format!("T{}", n * 7) };
            let key = Key::parse(name.as_bytes()).unwrap();
            let hash = key.hash(seed);
            assert_eq!(table.find(hash, &key), None);
            assert_eq!(table.add(hash, &key), Some(1000 + n as u32));
            known.insert(name, 1000 + n as u32);
        }
        let names: Vec<_> = known.keys().cloned().chain((0..5_000).map(|n| format!("other{n}"))).collect();
        let keys: Vec<_> = names
            .iter()
            .map(|name| Key::parse(name.as_bytes()).unwrap())
            .map(|key| (key.hash(seed), key))
            .collect();
        let mut found = Vec::new();
        table.find_all(&keys, &mut found);
        for (name, number) in names.iter().zip(found) {
            assert_eq!(number, known.get(name).copied().unwrap_or(NONE), "{name}");
            if number != NONE {
                assert_eq!(table.key(number).unwrap().text(), *name);
            }
        }
        assert_eq!(table.key(999), None);
        assert_eq!(table.key(21_000), None);
    }

    #[test]
    fn names_with_one_hash_are_told_apart() {
        let mut table = Table::new(0);
        for n in 0..100_u32 {
            let name = format!("n{n}");
            assert_eq!(table.add(u32::MAX, &Key::parse(name.as_bytes()).unwrap()), Some(n));
        }
        for n in 0..100_u32 {
            let name = format!("n{n}");
            assert_eq!(table.find(u32::MAX, &Key::parse(name.as_bytes()).unwrap()), Some(n));
        }
        assert_eq!(table.find(u32::MAX, &Key::parse(b"n100").unwrap()), None);
    }

    #[test]
    fn numbers_end_before_the_one_that_means_none() {
        let mut table = Table::new(NONE - 1);
        assert_eq!(table.add(1, &Key::parse(b"last").unwrap()), Some(NONE - 1));
        assert_eq!(table.add(2, &Key::parse(b"more").unwrap()), None);
    }
}
