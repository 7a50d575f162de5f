//! Transfers on their way into the store: columns in memory, as they will be in a segment.

use std::cmp::Ordering;

use super::identifier::{Identifier, Identifiers};
use super::record::{Movement, RECORD, Stored, decode, encode, narrow, set_account, set_asset};
use crate::U256;

/// Where a transfer is: its block, and its place in it.
pub(crate) type At = (u64, u32);

/// A transfer with its place and its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) at: At,
    pub(crate) movement: Movement,
    pub(crate) transaction: Identifier<'a>,
}

/// Some transfers.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The records, one after the other; where an amount is wide, its place in `wide`.
    pub(crate) records: Vec<u8>,
    /// Wide amounts with the rows that they belong to.
    pub(crate) wide: Vec<(u32, U256)>,
    /// Block and index of each row.
    pub(crate) places: Vec<At>,
    /// The transaction of each row.
    pub(crate) transactions: Identifiers,
}

impl Batch {
    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Makes room for so many rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.records.reserve(rows * RECORD);
        self.places.reserve(rows);
    }

    /// Adds a row at the end.
    #[inline]
    pub(crate) fn push(&mut self, row: Row<'_>) {
        self.push_movement(row.at, &row.movement);
        self.transactions.push(row.transaction);
    }

    /// Adds a row at the end, whose transaction the caller adds.
    #[inline]
    pub(crate) fn push_movement(&mut self, at: At, movement: &Movement) {
        let stored = match narrow(&movement.amount) {
            Some(amount) => Stored::Here(amount),
            None => {
                self.wide.push((self.places.len() as u32, movement.amount));
                Stored::Wide(self.wide.len() as u64 - 1)
            }
        };
        self.records.extend_from_slice(&encode(movement, stored));
        self.places.push(at);
    }

    /// A row.
    pub(crate) fn row(&self, row: usize) -> Option<Row<'_>> {
        let at = *self.places.get(row)?;
        let (mut movement, stored) = decode(self.records.get(row * RECORD..)?.first_chunk()?);
        if let Stored::Wide(place) = stored {
            movement.amount = self.wide.get(usize::try_from(place).ok()?)?.1;
        }
        Some(Row { at, movement, transaction: self.transactions.get(row)? })
    }

    /// Its rows in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|row| self.row(row))
    }

    /// Says who gives (`side` 0) or gets (1) in a row.
    pub(crate) fn set_account(&mut self, row: u32, side: usize, account: u32) {
        set_account(&mut self.records, row as usize, side, account);
    }

    /// Says which asset a row moves.
    pub(crate) fn set_asset(&mut self, row: u32, asset: u32) {
        set_asset(&mut self.records, row as usize, asset);
    }

    /// How its rows lie.
    pub(crate) fn order(&self) -> Order {
        let mut order = Order::Rising;
        for (before, after) in self.places.iter().zip(self.places.iter().skip(1)) {
            match before.cmp(after) {
                Ordering::Less => {}
                Ordering::Equal => order = Order::Level,
                Ordering::Greater => return Order::None,
            }
        }
        order
    }

    /// The same rows by place; those of one place stay in their order.
    pub(crate) fn sorted(self) -> Self {
        if self.order() != Order::None {
            return self;
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_by_key(|row| self.places.get(*row as usize));
        let mut sorted = Self::default();
        order.iter().filter_map(|row| self.row(*row as usize)).for_each(|row| sorted.push(row));
        sorted
    }
}

/// How rows lie one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Each is behind the one before it.
    Rising,
    /// None is before the one before it.
    Level,
    /// Some are before the one before them.
    None,
}
