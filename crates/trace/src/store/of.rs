//! The transfers of an account, from all segments.

use super::bytes::u32_at;
use super::open::Store;

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
    let (mut low, mut high) = (0, rows.len() / 4);
    while low < high {
        let middle = low + (high - low) / 2;
        match u32_at(rows, middle * 4) {
            Some(row) if u64::from(row) < first => low = middle + 1,
            _ => high = middle,
        }
    }
    rows.get(low * 4..).unwrap_or_default()
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
