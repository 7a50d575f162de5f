//! Where the rows of many accounts are.
//!
//! What leads to an account's rows lies in three places, one after another: the directory, an entry, the lists. It is gone through step by
//! step, and at each step through all accounts, so that the processor waits for the memory of all of them together.

use std::hint::black_box;
use std::ops::Range;

use super::bytes::u32_at;
use super::open::Store;
use super::segment::Segment;
use crate::Account;

/// So many accounts are looked up together.
pub(super) const TOGETHER: usize = 32;

/// The rows of an account in a segment.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    /// The account's place among those that are looked up.
    pub(super) whose: usize,
    pub(super) segment: &'a Segment,
    /// The number of the segment's first transfer.
    pub(super) base: u64,
    bucket: Option<(usize, usize)>,
    /// The rows in which it gives, as bytes: four for each, ascending.
    pub(super) given: &'a [u8],
    /// The rows in which it gets.
    pub(super) taken: &'a [u8],
}

/// Looks up the rows of accounts, each in those segments that are wanted by the numbers of their transfers. They come account by
/// account, and of each in order.
pub(super) fn look_up<'a>(
    store: &'a Store,
    accounts: &[(Account, u64)],
    is_wanted: impl Fn(Range<u64>, u64) -> bool,
    into: &mut Vec<Lists<'a>>,
) {
    into.clear();
    for (whose, (account, number)) in accounts.iter().enumerate() {
        for (base, segment) in (0..).map_while(|place| store.segment(place)) {
            if is_wanted(base..base + u64::from(segment.rows()), *number) {
                let bucket = segment.bucket(account.0);
                into.push(Lists { whose, segment, base, bucket, given: &[], taken: &[] });
            }
        }
    }
    // Nothing is done with the sums; without them, nothing would be read.
    let entry = |lists: &Lists<'_>| lists.segment.touch_entry(lists.bucket?.0);
    black_box(into.iter().filter_map(entry).fold(0, |sum, one| sum ^ one));
    for lists in &mut *into {
        let account = accounts.get(lists.whose).map(|(account, _)| account.0);
        let found =
            account.zip(lists.bucket).and_then(|(account, bucket)| lists.segment.of_bucket(account, bucket));
        (lists.given, lists.taken) = found.unwrap_or_default();
    }
    // Its start, and where halving begins.
    let ends = |rows: &[u8]| Some(u32_at(rows, 0)? ^ u32_at(rows, rows.len() / 8 * 4)?);
    let sides = into.iter().flat_map(|lists| [lists.given, lists.taken]);
    black_box(sides.filter_map(ends).fold(0, |sum, one| sum ^ one));
}
