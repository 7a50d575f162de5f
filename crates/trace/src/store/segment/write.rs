//! Writes a segment: its columns as the rows come, and at the end its adjacency.

use super::adjacency::{self, Lists};
use super::{Name, SegmentMeta};
use crate::store::batch::{At, Batch};
use crate::store::error::StoreError;
use crate::store::files::{NewFolder, Out, Stamps, Syncer};
use crate::store::identifier::{Form, Identifier};
use crate::store::record::{RECORD, set_place};

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    name: String,
    folder: NewFolder,
    records: Out,
    wide: Out,
    blocks: Out,
    indexes: Out,
    transactions: Out,
    odd: Out,
    odd_text: Out,
    sides: Vec<[Vec<u32>; 2]>,
    rows: u32,
    wides: u64,
    odds: u32,
    odd_bytes: u64,
    shape: (Form, usize),
    first: At,
    last: At,
    times: (u32, u32),
}

impl SegmentWriter {
    /// Begins a segment in a folder of its own.
    pub(crate) fn create(name: String, folder: NewFolder) -> Result<Self, StoreError> {
        let out = |name: Name| folder.file(name.as_str());
        Ok(Self {
            records: out(Name::Records)?,
            wide: out(Name::Wide)?,
            blocks: out(Name::Blocks)?,
            indexes: out(Name::Indexes)?,
            transactions: out(Name::Transactions)?,
            odd: out(Name::Odd)?,
            odd_text: out(Name::OddText)?,
            name,
            folder,
            sides: Vec::new(),
            rows: 0,
            wides: 0,
            odds: 0,
            odd_bytes: 0,
            shape: (Form::None, 0),
            first: (0, 0),
            last: (0, 0),
            times: (u32::MAX, 0),
        })
    }

    /// How many rows it has.
    pub(crate) const fn rows(&self) -> u32 {
        self.rows
    }

    /// The places of its first and last row, if it has any.
    pub(crate) fn ends(&self) -> Option<(At, At)> {
        (self.rows > 0).then_some((self.first, self.last))
    }

    /// Adds rows, which are in order and not before those that it has.
    pub(crate) fn append(&mut self, mut batch: Batch, syncer: &Syncer) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (batch.places.first(), batch.places.last()) else { return Ok(()) };
        let ends = (*first, *last);
        self.append_records(&mut batch, syncer)?;
        self.append_places(&batch.places, syncer)?;
        self.append_transactions(&batch, syncer)?;
        if self.rows == 0 {
            self.first = ends.0;
        }
        self.last = ends.1;
        self.rows += batch.len() as u32;
        Ok(())
    }

    fn append_records(&mut self, batch: &mut Batch, syncer: &Syncer) -> Result<(), StoreError> {
        for (row, amount) in &batch.wide {
            set_place(&mut batch.records, *row as usize, self.wides);
            self.wide.write(&amount.to_le_bytes::<32>(), syncer)?;
            self.wides += 1;
        }
        let mut sides = [Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len())];
        let (mut early, mut late) = self.times;
        for record in batch.records.chunks_exact(RECORD) {
            let word =
                |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
            sides[0].push(word(0));
            sides[1].push(word(4));
            early = early.min(word(8));
            late = late.max(word(8));
        }
        self.times = (early, late);
        self.sides.push(sides);
        self.records.write(&batch.records, syncer)
    }

    fn append_places(&mut self, places: &[At], syncer: &Syncer) -> Result<(), StoreError> {
        let mut block = (self.rows > 0).then_some(self.last.0);
        let mut indexes = Vec::with_capacity(places.len() * 4);
        for (row, place) in places.iter().enumerate() {
            indexes.extend_from_slice(&place.1.to_le_bytes());
            if block != Some(place.0) {
                block = Some(place.0);
                self.blocks.write(&place.0.to_le_bytes(), syncer)?;
                self.blocks.write(&(self.rows + row as u32).to_le_bytes(), syncer)?;
            }
        }
        self.indexes.write(&indexes, syncer)
    }

    fn append_transactions(&mut self, batch: &Batch, syncer: &Syncer) -> Result<(), StoreError> {
        let column = &batch.transactions;
        if self.rows == 0 {
            self.shape = column.shape();
        }
        if column.shape() == self.shape {
            self.transactions.write(column.column(), syncer)?;
            return column.odd().try_for_each(|(row, identifier)| self.append_odd(row, &identifier, syncer));
        }
        let zeros = vec![0; self.shape.1];
        for row in 0..batch.len() {
            let Some(identifier) = column.get(row) else { continue };
            if (identifier.form, identifier.bytes.len()) == self.shape {
                self.transactions.write(identifier.bytes, syncer)?;
            } else {
                self.transactions.write(&zeros, syncer)?;
                self.append_odd(row as u32, &identifier, syncer)?;
            }
        }
        Ok(())
    }

    fn append_odd(
        &mut self,
        row: u32,
        identifier: &Identifier<'_>,
        syncer: &Syncer,
    ) -> Result<(), StoreError> {
        self.odd_text.write(identifier.bytes, syncer)?;
        self.odd_bytes += identifier.bytes.len() as u64;
        self.odds += 1;
        let mut entry = [0; super::ODD];
        entry[..4].copy_from_slice(&(self.rows + row).to_le_bytes());
        entry[4..12].copy_from_slice(&self.odd_bytes.to_le_bytes());
        entry[12] = identifier.form as u8;
        self.odd.write(&entry, syncer)
    }

    /// Ends the segment; its files are on the disk when this returns. All accounts have numbers below `accounts`.
    pub(crate) fn finish(
        mut self,
        accounts: u32,
        syncer: &Syncer,
    ) -> Result<(SegmentMeta, NewFolder), StoreError> {
        let sides = std::mem::take(&mut self.sides);
        let (given, taken) = std::thread::scope(|scope| {
            let taken = scope.spawn(|| Lists::of(sides.iter().map(|[_, to]| to.as_slice()), accounts));
            let given = Lists::of(sides.iter().map(|[from, _]| from.as_slice()), accounts);
            (given, taken.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        drop(sides);
        let mut files = Stamps::new();
        for (name, lists) in [(Name::Given, &given), (Name::Taken, &taken)] {
            let mut out = self.folder.file(name.as_str())?;
            out.write_u32s(&lists.rows, syncer)?;
            files.insert(name.as_str().to_owned(), out.finish()?);
        }
        let (entries, shift) = write_entries(&self.folder, &given, &taken, &mut files, syncer)?;
        for (name, out) in [
            (Name::Records, self.records),
            (Name::Wide, self.wide),
            (Name::Blocks, self.blocks),
            (Name::Indexes, self.indexes),
            (Name::Transactions, self.transactions),
            (Name::Odd, self.odd),
            (Name::OddText, self.odd_text),
        ] {
            files.insert(name.as_str().to_owned(), out.finish()?);
        }
        self.folder.sync()?;
        let meta = SegmentMeta {
            folder: self.name,
            rows: self.rows,
            total: self.rows,
            entries,
            shift,
            form: self.shape.0 as u8,
            width: self.shape.1 as u32,
            first: self.first,
            last: self.last,
            times: self.times,
            files,
        };
        Ok((meta, self.folder))
    }
}

/// Writes entries and directory; gives the number of entries, without the last, and the directory's shift.
fn write_entries(
    folder: &NewFolder,
    given: &Lists,
    taken: &Lists,
    files: &mut Stamps,
    syncer: &Syncer,
) -> Result<(u32, u32), StoreError> {
    let (mut accounts, mut bytes) = (Vec::new(), Vec::new());
    adjacency::entries(given, taken, |entry| {
        accounts.push(entry[0]);
        bytes.extend(entry.iter().flat_map(|number| number.to_le_bytes()));
    });
    accounts.pop();
    let mut out = folder.file(Name::Entries.as_str())?;
    out.write(&bytes, syncer)?;
    files.insert(Name::Entries.as_str().to_owned(), out.finish()?);
    let shift = adjacency::shift(accounts.len(), accounts.last().copied().unwrap_or(0));
    let mut out = folder.file(Name::Directory.as_str())?;
    out.write_u32s(&adjacency::directory(&accounts, shift), syncer)?;
    files.insert(Name::Directory.as_str().to_owned(), out.finish()?);
    Ok((accounts.len() as u32, shift))
}
