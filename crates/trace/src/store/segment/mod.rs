//! A segment: transfers in order, in files that never change.
//!
//! A folder with these files, all numbers little-endian:
//!
//! | file | what |
//! | --- | --- |
//! | `records` | 28 bytes a row: see [`record`](super::record) |
//! | `wide` | amounts of more than 96 bits, 32 bytes each |
//! | `blocks` | for each block its number (8 bytes) and its first row (4) |
//! | `indexes` | each row's index in its block, 4 bytes |
//! | `transactions` | each row's transaction, all of the same width |
//! | `odd`, `odd-text` | transactions that don't fit there: row (4), end in `odd-text` (8), form (1); and their bytes |
//! | `given`, `taken`, `entries`, `directory` | see [`adjacency`] |
//!
//! A segment can be cut: the manifest then says that fewer rows count than there are.

mod adjacency;
mod write;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub(crate) use self::write::SegmentWriter;

use self::adjacency::ENTRY;
use super::NAME_BYTES_MAX;
use super::batch::{At, Row};
use super::bytes::{Bytes, u32_at, u64_at};
use super::error::{Damage, StoreError};
use super::files::{Shelf, Stamps};
use super::identifier::{Form, Identifier};
use super::record::{ASSET, Movement, RECORD, Stored, decode, decode_amount, widened};
use crate::U256;

/// Bytes of an entry of `odd`.
const ODD: usize = 13;
/// Bytes of an entry of `blocks`.
const BLOCK: usize = 12;
/// Bytes of a wide amount.
const WIDE: usize = 32;

/// The files of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Records,
    Wide,
    Blocks,
    Indexes,
    Transactions,
    Odd,
    OddText,
    Given,
    Taken,
    Entries,
    Directory,
}

impl Name {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Wide => "wide",
            Self::Blocks => "blocks",
            Self::Indexes => "indexes",
            Self::Transactions => "transactions",
            Self::Odd => "odd",
            Self::OddText => "odd-text",
            Self::Given => "given",
            Self::Taken => "taken",
            Self::Entries => "entries",
            Self::Directory => "directory",
        }
    }
}

/// What the manifest says of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentMeta {
    /// Its folder.
    pub(crate) folder: String,
    /// How many rows count.
    pub(crate) rows: u32,
    /// How many rows there are.
    pub(crate) total: u32,
    /// How many accounts occur.
    pub(crate) entries: u32,
    /// The directory's shift.
    pub(crate) shift: u32,
    /// The form of its transactions' identifiers.
    pub(crate) form: u8,
    /// Their width.
    pub(crate) width: u32,
    /// The place of the first row.
    pub(crate) first: At,
    /// The place of the last row that counts.
    pub(crate) last: At,
    /// The earliest and the latest time of those that count.
    pub(crate) times: (u32, u32),
    /// Its files.
    pub(crate) files: Stamps,
}

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) meta: SegmentMeta,
    form: Form,
    records: Bytes,
    wide: Bytes,
    blocks: Bytes,
    indexes: Bytes,
    transactions: Bytes,
    odd: Bytes,
    odd_text: Bytes,
    given: Bytes,
    taken: Bytes,
    entries: Bytes,
    directory: Bytes,
}

impl Segment {
    /// Opens what the manifest names.
    pub(crate) fn open(shelf: &Shelf<'_>, meta: &SegmentMeta) -> Result<Self, StoreError> {
        let open = |name: Name| shelf.open(&meta.folder, name.as_str(), &meta.files);
        let nonsense = |what| StoreError::damaged(shelf.path(&meta.folder), Damage::Nonsense(what));
        let form = Form::of(meta.form).ok_or_else(|| nonsense("its transactions have an unknown form"))?;
        let segment = Self {
            form,
            records: open(Name::Records)?,
            wide: open(Name::Wide)?,
            blocks: open(Name::Blocks)?,
            indexes: open(Name::Indexes)?,
            transactions: open(Name::Transactions)?,
            odd: open(Name::Odd)?,
            odd_text: open(Name::OddText)?,
            given: open(Name::Given)?,
            taken: open(Name::Taken)?,
            entries: open(Name::Entries)?,
            directory: open(Name::Directory)?,
            meta: meta.clone(),
        };
        if segment.fits() {
            Ok(segment)
        } else {
            Err(nonsense("its files don't have as many rows as the manifest says"))
        }
    }

    /// Whether the files' lengths are those of so many rows.
    fn fits(&self) -> bool {
        let meta = &self.meta;
        let total = u64::from(meta.total);
        let has = |bytes: &Bytes, rows: u64, each: usize| bytes.len() as u64 == rows * each as u64;
        0 < meta.rows
            && meta.rows <= meta.total
            && meta.shift < 32
            && meta.width as usize <= NAME_BYTES_MAX
            && has(&self.records, total, RECORD)
            && has(&self.indexes, total, 4)
            && has(&self.transactions, total, meta.width as usize)
            && has(&self.given, total, 4)
            && has(&self.taken, total, 4)
            && has(&self.entries, u64::from(meta.entries) + 1, ENTRY)
            && self.wide.len().is_multiple_of(WIDE)
            && self.odd.len().is_multiple_of(ODD)
            && self.blocks.len().is_multiple_of(BLOCK)
            && self.directory.len().is_multiple_of(4)
    }

    /// How many rows count.
    pub(crate) const fn rows(&self) -> u32 {
        self.meta.rows
    }

    /// Something of either end of a row's record, whatever.
    #[inline]
    pub(crate) fn touch(&self, row: u32) -> Option<u8> {
        let record = self.records.get(row as usize * RECORD..)?.get(..RECORD)?;
        Some(record.first()? ^ record.last()?)
    }

    /// The same of the part that [`Segment::amount`] reads.
    #[inline]
    pub(crate) fn touch_amount(&self, row: u32) -> Option<u8> {
        let part = self.records.get(row as usize * RECORD + ASSET..)?.get(..RECORD - ASSET)?;
        Some(part.first()? ^ part.last()?)
    }

    /// What a row moves.
    #[inline]
    pub(crate) fn movement(&self, row: u32) -> Option<Movement> {
        let (mut movement, stored) = decode(self.record(row)?);
        if let Stored::Wide(place) = stored {
            movement.amount = self.wide_amount(place)?;
        }
        Some(movement)
    }

    /// Which asset a row moves, and how much of it. Who gives and gets is not read, which half of the times is one line of the processor's
    /// cache less.
    #[inline]
    pub(crate) fn amount(&self, row: u32) -> Option<(u32, U256)> {
        let (asset, stored) = decode_amount(self.record(row)?);
        let amount = match stored {
            Stored::Here(amount) => widened(amount),
            Stored::Wide(place) => self.wide_amount(place)?,
        };
        Some((asset, amount))
    }

    #[inline]
    fn record(&self, row: u32) -> Option<&[u8; RECORD]> {
        self.records.get(row as usize * RECORD..)?.first_chunk()
    }

    #[cold]
    fn wide_amount(&self, place: u64) -> Option<U256> {
        let from = usize::try_from(place).ok()?.checked_mul(WIDE)?;
        let bytes: &[u8; WIDE] = self.wide.get(from..)?.first_chunk()?;
        Some(U256::from_le_bytes(*bytes))
    }

    /// The place of a row.
    pub(crate) fn at(&self, row: u32) -> Option<At> {
        let run = self.blocks_where(|_, first| first <= row).checked_sub(1)?;
        Some((self.block(run)?.0, u32_at(&self.indexes, row as usize * 4)?))
    }

    /// The transaction of a row.
    pub(crate) fn identifier(&self, row: u32) -> Option<Identifier<'_>> {
        let odds = self.odd.len() / ODD;
        let before = partition(odds, |place| u32_at(&self.odd, place * ODD).is_some_and(|odd| odd < row));
        if before < odds && u32_at(&self.odd, before * ODD)? == row {
            let end =
                |place: usize| u64_at(&self.odd, place * ODD + 4).and_then(|end| usize::try_from(end).ok());
            let from = if before == 0 { 0 } else { end(before - 1)? };
            let form = Form::of(*self.odd.get(before * ODD + 12)?)?;
            return Some(Identifier { form, bytes: self.odd_text.get(from..end(before)?)? });
        }
        let width = self.meta.width as usize;
        let from = row as usize * width;
        Some(Identifier { form: self.form, bytes: self.transactions.get(from..from + width)? })
    }

    /// The first row that isn't before a place: `rows()` if all are.
    pub(crate) fn first_from(&self, at: At) -> u32 {
        let run = self.blocks_where(|block, _| block < at.0);
        let end = |run: usize| self.block(run).map_or(self.meta.total, |(_, first)| first);
        let (from, to) = (end(run), end(run + 1));
        if self.block(run).is_none_or(|(block, _)| block != at.0) {
            return from.min(self.meta.rows);
        }
        let before =
            |row: usize| u32_at(&self.indexes, (from as usize + row) * 4).is_some_and(|index| index < at.1);
        (from + partition(to.saturating_sub(from) as usize, before) as u32).min(self.meta.rows)
    }

    /// The rows in which an account gives, and those in which it gets, as bytes: four for each, ascending.
    #[inline]
    pub(crate) fn of(&self, account: u32) -> Option<(&[u8], &[u8])> {
        self.of_bucket(account, self.bucket(account)?)
    }

    /// The same, where it is known among which entries the account is.
    #[inline]
    pub(crate) fn of_bucket(&self, account: u32, (from, to): (usize, usize)) -> Option<(&[u8], &[u8])> {
        let account_at = |place: usize| u32_at(&self.entries, place * ENTRY);
        let before =
            partition(to.checked_sub(from)?, |place| account_at(from + place).is_some_and(|at| at < account));
        let place = from + before;
        if place >= to || account_at(place)? != account {
            return None;
        }
        let range = |at: usize| -> Option<Range<usize>> {
            let start = u32_at(&self.entries, place * ENTRY + at)? as usize;
            let end = u32_at(&self.entries, (place + 1) * ENTRY + at)? as usize;
            Some(start * 4..end * 4)
        };
        Some((self.given.get(range(4)?)?, self.taken.get(range(8)?)?))
    }

    /// Among which entries an account is.
    #[inline]
    pub(crate) fn bucket(&self, account: u32) -> Option<(usize, usize)> {
        let bucket = (account >> self.meta.shift) as usize;
        let from = u32_at(&self.directory, bucket * 4)? as usize;
        Some((from, u32_at(&self.directory, bucket * 4 + 4)? as usize))
    }

    /// Something of an entry, whatever.
    #[inline]
    pub(crate) fn touch_entry(&self, place: usize) -> Option<u32> {
        u32_at(&self.entries, place * ENTRY)
    }

    /// All of a row; `None` if the files are damaged.
    pub(crate) fn row(&self, row: u32) -> Option<Row<'_>> {
        Some(Row { at: self.at(row)?, movement: self.movement(row)?, transaction: self.identifier(row)? })
    }

    /// What the manifest says of the first `rows` of it; at least one.
    pub(crate) fn cut(&self, rows: u32) -> Option<SegmentMeta> {
        let mut times = (u32::MAX, 0);
        for record in self.records.get(..rows as usize * RECORD)?.chunks_exact(RECORD) {
            let time = u32_at(record, 8)?;
            times = (times.0.min(time), times.1.max(time));
        }
        Some(SegmentMeta { rows, last: self.at(rows.checked_sub(1)?)?, times, ..self.meta.clone() })
    }

    /// The bytes of its files by name.
    pub(crate) fn files(&self) -> [(&'static str, &[u8]); 11] {
        [
            (Name::Records.as_str(), &self.records),
            (Name::Wide.as_str(), &self.wide),
            (Name::Blocks.as_str(), &self.blocks),
            (Name::Indexes.as_str(), &self.indexes),
            (Name::Transactions.as_str(), &self.transactions),
            (Name::Odd.as_str(), &self.odd),
            (Name::OddText.as_str(), &self.odd_text),
            (Name::Given.as_str(), &self.given),
            (Name::Taken.as_str(), &self.taken),
            (Name::Entries.as_str(), &self.entries),
            (Name::Directory.as_str(), &self.directory),
        ]
    }

    fn block(&self, run: usize) -> Option<(u64, u32)> {
        Some((u64_at(&self.blocks, run * BLOCK)?, u32_at(&self.blocks, run * BLOCK + 8)?))
    }

    /// How many entries of `blocks`, which are in order, come before the first for which this doesn't hold.
    fn blocks_where(&self, holds: impl Fn(u64, u32) -> bool) -> usize {
        partition(self.blocks.len() / BLOCK, |run| {
            self.block(run).is_some_and(|(block, first)| holds(block, first))
        })
    }
}

/// How many of the places from 0 on come before the first for which this doesn't hold; it holds for none behind that one.
pub(super) fn partition(places: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, places);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
