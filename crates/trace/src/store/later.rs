//! The transfers of an account from one on.

use super::bytes::u32_at;
use super::of::rows_from;
use super::open::Store;
use crate::Later;

/// What is left of one side.
#[derive(Debug, Clone, Copy)]
struct Left<'a> {
    /// Of a segment's rows, as bytes.
    rows: &'a [u8],
    /// The segment's place among all.
    segment: u32,
}

/// Numbers of transfers in which an account gives, and of those in which it gets.
///
/// A trace holds one for each account that it watches and comes back to it when the processor has long forgotten it, so it is one line of
/// the processor's cache.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct LaterOf<'a> {
    store: &'a Store,
    given: Left<'a>,
    taken: Left<'a>,
    account: u32,
}

impl<'a> LaterOf<'a> {
    /// From a transfer on: those before it are passed over, by halving, and not read.
    pub(super) fn new(store: &'a Store, account: u32, first: u64) -> Self {
        let place = store.segment_of(first);
        let (mut given, mut taken): (&[u8], &[u8]) = (&[], &[]);
        if let Some((base, segment)) = store.segment(place) {
            let (gives, gets) = segment.of(account).unwrap_or_default();
            let row = first.saturating_sub(base);
            (given, taken) = (rows_from(gives, row), rows_from(gets, row));
        }
        let segment = place as u32;
        Self { store, given: Left { rows: given, segment }, taken: Left { rows: taken, segment }, account }
    }
}

/// The next of a side. `of` says which side it is.
#[inline]
fn next<'a>(
    store: &'a Store,
    account: u32,
    left: &mut Left<'a>,
    of: impl Fn((&'a [u8], &'a [u8])) -> &'a [u8],
) -> Option<u64> {
    loop {
        let (base, segment) = store.segment(left.segment as usize)?;
        match u32_at(left.rows, 0) {
            Some(row) if row < segment.rows() => {
                left.rows = left.rows.get(4..).unwrap_or_default();
                return Some(base + u64::from(row));
            }
            // The segment ends here, or is cut.
            _ => {
                left.segment += 1;
                let next = store.segment(left.segment as usize)?.1;
                left.rows = of(next.of(account).unwrap_or_default());
            }
        }
    }
}

impl Later for LaterOf<'_> {
    #[inline]
    fn given(&mut self) -> Option<u64> {
        next(self.store, self.account, &mut self.given, |(given, _)| given)
    }

    #[inline]
    fn taken(&mut self) -> Option<u64> {
        next(self.store, self.account, &mut self.taken, |(_, taken)| taken)
    }

    #[inline]
    fn see_taken(&self, before: u64, most: usize, into: &mut Vec<u64>) {
        let Some((base, segment)) = self.store.segment(self.taken.segment as usize) else { return };
        let rows = self.taken.rows.as_chunks().0.iter().take(most).map(|row| u32::from_le_bytes(*row));
        let numbers = rows.take_while(|row| *row < segment.rows()).map(|row| base + u64::from(row));
        into.extend(numbers.take_while(|number| *number < before));
    }

    #[inline]
    fn glance(&self) -> u32 {
        u32_at(self.given.rows, 0).unwrap_or(0) ^ u32_at(self.taken.rows, 0).unwrap_or(0)
    }
}
