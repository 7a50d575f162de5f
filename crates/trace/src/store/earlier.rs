//! What accounts gave and got before a transfer.
//!
//! A trace asks this of each account that it reaches, and what it reads for it lies anywhere in the records. So the first of the records of
//! many accounts are looked at together, and of each record only what was moved is read: who gave and got, the list says in which it is.

use std::hint::black_box;

use super::lists::{Lists, TOGETHER, look_up};
use super::open::Store;
use super::segment::{Segment, partition};
use crate::{Account, Asset, Moved};

/// So many rows of a list are looked at together.
const AHEAD: usize = 32;

/// In place of a row: none.
const NEVER: u64 = u64::MAX;

/// See [`Flows::earlier`](crate::Flows::earlier).
pub(super) fn earlier(
    store: &Store,
    accounts: &[(Account, u64)],
    mut each: impl FnMut(usize, Moved) -> bool,
) -> Result<(), u64> {
    let mut found = Vec::with_capacity(TOGETHER);
    for (first, accounts) in (0..).step_by(TOGETHER).zip(accounts.chunks(TOGETHER)) {
        look_up(store, accounts, |numbers, before| numbers.start < before, &mut found);
        for lists in &mut found {
            let before = accounts.get(lists.whose).map_or(0, |(_, before)| *before);
            let end = u64::from(lists.segment.rows()).min(before.saturating_sub(lists.base));
            (lists.given, lists.taken) = (until(lists.given, end), until(lists.taken, end));
        }
        let sides =
            found.iter().flat_map(|lists| [lists.given, lists.taken].map(|rows| (lists.segment, rows)));
        black_box(sides.fold(0, |sum, (segment, rows)| sum ^ touch(segment, numbered(rows), 0)));
        for lists in &found {
            if !go_through(lists, store.assets(), |moved| each(first + lists.whose, moved))? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Goes through both lists in the order of their rows; false if it was not to go on.
#[inline]
fn go_through(lists: &Lists<'_>, assets: u32, mut each: impl FnMut(Moved) -> bool) -> Result<bool, u64> {
    let segment = lists.segment;
    let (given, taken) = (numbered(lists.given), numbered(lists.taken));
    let (mut gave, mut took) = (0, 0);
    // Up to where they have been looked at.
    let (mut gave_seen, mut took_seen) = (AHEAD, AHEAD);
    loop {
        let (gives, gets) = (row(given, gave), row(taken, took));
        if gives == gets {
            if gives == NEVER {
                return Ok(true);
            }
            // To itself.
            (gave, took) = (gave + 1, took + 1);
            continue;
        }
        if gave >= gave_seen {
            black_box(touch(segment, given, gave));
            gave_seen = gave + AHEAD;
        }
        if took >= took_seen {
            black_box(touch(segment, taken, took));
            took_seen = took + AHEAD;
        }
        let (at, is_giver) = (gives.min(gets), gives < gets);
        (gave, took) = (gave + usize::from(is_giver), took + usize::from(!is_giver));
        let number = lists.base + at;
        let moved = u32::try_from(at).ok().and_then(|at| segment.amount(at));
        let (asset, amount) = moved.filter(|(asset, _)| *asset < assets).ok_or(number)?;
        if !each(Moved { number, gives: is_giver, asset: Asset(asset), amount }) {
            return Ok(false);
        }
    }
}

/// Rows that are as bytes.
fn numbered(rows: &[u8]) -> &[[u8; 4]] {
    rows.as_chunks().0
}

#[inline]
fn row(rows: &[[u8; 4]], at: usize) -> u64 {
    rows.get(at).map_or(NEVER, |row| u64::from(u32::from_le_bytes(*row)))
}

/// Looks at what some rows move, from a place on.
#[inline]
fn touch(segment: &Segment, rows: &[[u8; 4]], from: usize) -> u8 {
    let rows = rows.get(from..).unwrap_or_default().iter().take(AHEAD);
    rows.filter_map(|row| segment.touch_amount(u32::from_le_bytes(*row))).fold(0, |sum, one| sum ^ one)
}

/// Those of some rows, which ascend, that are before one.
fn until(rows: &[u8], end: u64) -> &[u8] {
    let all = numbered(rows);
    let count = partition(all.len(), |at| row(all, at) < end);
    rows.get(..count * 4).unwrap_or_default()
}
