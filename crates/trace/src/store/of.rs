//! The transfers of an account, from all segments.

use super::bytes::u32_at;
use super::open::Store;
use super::segment::partition;

/// Which transfers of an account are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    /// Those in which it gives or gets.
    Both,
    /// Those in which it gives.
    Given,
    /// Those in which it gets.
    Taken,
}

/// Numbers of transfers of an account, ascending, each once.
#[derive(Debug, Clone)]
pub struct Of<'a> {
    store: &'a Store,
    account: u32,
    sides: Sides,
    /// The segment that comes after the one that is being read.
    next: usize,
    base: u64,
    rows: u32,
    given: &'a [u8],
    taken: &'a [u8],
}

impl<'a> Of<'a> {
    pub(super) fn new(store: &'a Store, account: u32, sides: Sides) -> Self {
        Self { store, account, sides, next: 0, base: 0, rows: 0, given: &[], taken: &[] }
    }

    /// The same from a transfer on: those before it are passed over, by halving, and not read.
    #[must_use]
    pub fn starting_at(mut self, first: u64) -> Self {
        loop {
            let end = self.base + u64::from(self.rows);
            if first < end {
                let row = first.saturating_sub(self.base);
                (self.given, self.taken) = (rows_from(self.given, row), rows_from(self.taken, row));
                return self;
            }
            if !self.turn() {
                (self.given, self.taken) = (&[], &[]);
                return self;
            }
        }
    }

    /// Goes to the next segment; false if there is none.
    fn turn(&mut self) -> bool {
        let Some((base, segment)) = self.store.segment(self.next) else { return false };
        self.next += 1;
        (self.base, self.rows) = (base, segment.rows());
        (self.given, self.taken) = segment.of(self.account).unwrap_or_default();
        match self.sides {
            Sides::Both => {}
            Sides::Given => self.taken = &[],
            Sides::Taken => self.given = &[],
        }
        true
    }
}

/// Those of some rows, which ascend, that are not before one.
fn rows_from(rows: &[u8], first: u64) -> &[u8] {
    let is_before = |at: usize| u32_at(rows, at * 4).is_some_and(|row| u64::from(row) < first);
    let low = partition(rows.len() / 4, is_before);
    rows.get(low * 4..).unwrap_or_default()
}

/// How often an account gives or gets in rows of transfers with numbers below `before`: from where its lists end, and by halving where
/// they are cut.
pub(super) fn count(store: &Store, account: u32, before: u64) -> u64 {
    let mut count = 0;
    for place in 0.. {
        let Some((base, segment)) = store.segment(place).filter(|(base, _)| *base < before) else { break };
        let rows = u64::from(segment.rows()).min(before - base);
        let (given, taken) = segment.of(account).unwrap_or_default();
        for list in [given, taken] {
            let is_below = |at: usize| u32_at(list, at * 4).is_some_and(|row| u64::from(row) < rows);
            count += partition(list.len() / 4, is_below) as u64;
        }
    }
    count
}

impl Iterator for Of<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let (gives, gets) = (u32_at(self.given, 0), u32_at(self.taken, 0));
            let row = match (gives, gets) {
                (Some(gives), Some(gets)) => gives.min(gets),
                (Some(row), None) | (None, Some(row)) => row,
                (None, None) if self.turn() => continue,
                (None, None) => return None,
            };
            if gives == Some(row) {
                self.given = self.given.get(4..).unwrap_or_default();
            }
            if gets == Some(row) {
                self.taken = self.taken.get(4..).unwrap_or_default();
            }
            if row < self.rows {
                return Some(self.base + u64::from(row));
            }
            // The segment is cut here, and rows ascend: what follows doesn't count either.
            (self.given, self.taken) = (&[], &[]);
        }
    }
}
