//! Several rows of transfers become one, in order and without duplicates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::batch::{At, Batch, Order, Row};
use super::error::{Damage, StoreError};
use super::identifier::Form;
use super::segment::Segment;
use crate::U256;

/// How many transfers may share one block and index. Duplicates can be anywhere among them, so all are kept in memory.
pub(crate) const SAME_PLACE_MAX: usize = 1 << 20;
/// How many rows are merged before they are handed on.
const TOGETHER: usize = 1 << 14;

/// Rows in order.
#[derive(Debug)]
pub(crate) enum Source {
    /// Of a segment, from the first of these to before the second.
    Segment(Arc<Segment>, u32, u32),
    /// In memory.
    Batch(Batch, usize),
}

impl Source {
    /// The place of the next row; `None` when there is none.
    fn next_at(&self) -> Result<Option<At>, StoreError> {
        match self {
            Self::Segment(_, next, end) if next >= end => Ok(None),
            Self::Segment(segment, next, _) => segment.at(*next).map(Some).ok_or_else(|| unreadable(segment)),
            Self::Batch(batch, next) => Ok(batch.places.get(*next).copied()),
        }
    }

    /// The next row, which is there.
    fn row(&self) -> Result<Row<'_>, StoreError> {
        match self {
            Self::Segment(segment, next, _) => segment.row(*next).ok_or_else(|| unreadable(segment)),
            Self::Batch(batch, next) => {
                let gone = Damage::Nonsense("rows that were in memory are gone");
                batch.row(*next).ok_or_else(|| StoreError::damaged(PathBuf::new(), gone))
            }
        }
    }

    fn step(&mut self) {
        match self {
            Self::Segment(_, next, _) => *next += 1,
            Self::Batch(_, next) => *next += 1,
        }
    }
}

fn unreadable(segment: &Segment) -> StoreError {
    StoreError::damaged(&segment.meta.folder, Damage::Nonsense("one of its rows can't be read"))
}

/// Merges sources by place; of one place, the rows of an earlier source come first. Gives the number of duplicates left out.
///
/// # Errors
/// What `each` fails with; [`StoreError::Damaged`] if a segment can't be read; [`StoreError::Crowded`].
pub(crate) fn merge(
    mut sources: Vec<Source>,
    mut each: impl FnMut(Batch) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut heap = BinaryHeap::new();
    for (number, source) in sources.iter().enumerate() {
        heap.extend(source.next_at()?.map(|at| Reverse((at, number))));
    }
    let (mut seen, mut batch, mut duplicates) = (Seen::default(), Batch::default(), 0);
    while let Some(Reverse((_, number))) = heap.pop() {
        let Some(source) = sources.get_mut(number) else { continue };
        let row = source.row()?;
        if seen.admit(&row)? {
            batch.push(row);
        } else {
            duplicates += 1;
        }
        source.step();
        heap.extend(source.next_at()?.map(|at| Reverse((at, number))));
        if batch.len() >= TOGETHER {
            each(std::mem::take(&mut batch))?;
        }
    }
    each(batch)?;
    Ok(duplicates)
}

/// What makes two rows of one place the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Same {
    from: u32,
    to: u32,
    asset: u32,
    amount: U256,
    form: Form,
    transaction: Box<[u8]>,
}

impl Same {
    fn of(row: &Row<'_>) -> Self {
        let (movement, transaction) = (row.movement, row.transaction);
        let form = transaction.form;
        let transaction = transaction.bytes.into();
        Self {
            from: movement.from,
            to: movement.to,
            asset: movement.asset,
            amount: movement.amount,
            form,
            transaction,
        }
    }
}

/// The rows of the place that was seen last.
///
/// Duplicates have the same transaction and index, hence the same place; so rows that come in order are compared with those of
/// their own place only, of which there is nearly always one.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    at: Option<At>,
    rows: HashSet<Same>,
}

impl Seen {
    /// Whether a row, which is not before the one before it, is new.
    fn admit(&mut self, row: &Row<'_>) -> Result<bool, StoreError> {
        if self.at != Some(row.at) {
            self.at = Some(row.at);
            self.rows.clear();
        }
        if self.rows.len() >= SAME_PLACE_MAX {
            let (block, index) = row.at;
            return Err(StoreError::Crowded { block, index, limit: SAME_PLACE_MAX });
        }
        Ok(self.rows.insert(Same::of(row)))
    }

    /// Takes the duplicates out of a batch in order, which doesn't begin before the one before it; and tells how many there were.
    pub(crate) fn filter(&mut self, batch: Batch) -> Result<(Batch, u64), StoreError> {
        let joins = self.at.is_some() && self.at == batch.places.first().copied();
        if batch.order() == Order::Rising && !joins {
            if let Some(last) = batch.len().checked_sub(1).and_then(|last| batch.row(last)) {
                self.admit(&last)?;
            }
            return Ok((batch, 0));
        }
        let mut kept = Vec::with_capacity(batch.len());
        for row in batch.rows() {
            kept.push(self.admit(&row)?);
        }
        let duplicates = kept.iter().filter(|kept| !**kept).count() as u64;
        if duplicates == 0 {
            return Ok((batch, 0));
        }
        let mut left = Batch::default();
        batch.rows().zip(kept).filter(|(_, kept)| *kept).for_each(|(row, _)| left.push(row));
        Ok((left, duplicates))
    }
}
