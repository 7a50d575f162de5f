//! The transfers of an account, from all segments.

use super::bytes::u32_at;
use super::open::Store;
use super::segment::partition;

/// Which transfers of an account are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those in which it gives.
    Given,
    /// Those in which it gets.
    Taken,
}

/// Numbers of transfers in which an account gives, or of those in which it gets, ascending.
///
/// A trace holds two of them for each account that it watches, so they are small.
#[derive(Debug, Clone)]
pub struct OfSide<'a> {
    store: &'a Store,
    /// The number of the first transfer of the segment that is being read.
    base: u64,
    /// What is left of its rows.
    list: &'a [u8],
    /// How many of the segment's rows count.
    rows: u32,
    account: u32,
    /// The segment that comes after it.
    next: u32,
    side: Side,
}

impl<'a> OfSide<'a> {
    pub(super) fn new(store: &'a Store, account: u32, side: Side) -> Self {
        Self { store, base: 0, list: &[], rows: 0, account, next: 0, side }
    }

    /// The same from a transfer on: those before it are passed over, by halving, and not read.
    #[must_use]
    pub fn starting_at(mut self, first: u64) -> Self {
        // Nothing of the segments that end before it is looked up.
        self.next = self.next.max(self.store.segment_of(first) as u32);
        while self.turn() {
            let row = first.saturating_sub(self.base);
            self.list = rows_from(self.list, row);
            if u32_at(self.list, 0).is_some_and(|row| row < self.rows) {
                return self;
            }
        }
        self.list = &[];
        self
    }

    /// Goes to the next segment; false if there is none.
    fn turn(&mut self) -> bool {
        let Some((base, segment)) = self.store.segment(self.next as usize) else { return false };
        self.next += 1;
        self.base = base;
        self.rows = segment.rows();
        let (given, taken) = segment.of(self.account).unwrap_or_default();
        self.list = if self.side == Side::Given { given } else { taken };
        true
    }

    #[inline]
    fn peek(&mut self) -> Option<u64> {
        loop {
            match u32_at(self.list, 0) {
                Some(row) if row < self.rows => return Some(self.base + u64::from(row)),
                // The segment is cut here, and rows ascend: what follows doesn't count either.
                Some(_) => self.list = &[],
                None if self.turn() => {}
                None => return None,
            }
        }
    }
}

impl Iterator for OfSide<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let number = self.peek()?;
        self.list = self.list.get(4..).unwrap_or_default();
        Some(number)
    }
}

/// Numbers of all transfers of an account, ascending, each once.
#[derive(Debug, Clone)]
pub(super) struct Of<'a> {
    given: OfSide<'a>,
    taken: OfSide<'a>,
}

impl<'a> Of<'a> {
    pub(super) fn new(store: &'a Store, account: u32) -> Self {
        let side = |side| OfSide::new(store, account, side);
        Self { given: side(Side::Given), taken: side(Side::Taken) }
    }
}

impl Iterator for Of<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        match (self.given.peek(), self.taken.peek()) {
            (Some(gives), Some(gets)) => {
                if gives <= gets {
                    self.given.next();
                }
                if gets <= gives {
                    self.taken.next();
                }
                Some(gives.min(gets))
            }
            (Some(_), None) => self.given.next(),
            (None, _) => self.taken.next(),
        }
    }
}

/// Those of some rows, which ascend, that are not before one.
pub(super) fn rows_from(rows: &[u8], first: u64) -> &[u8] {
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
