//! Reading a line back at start: every record once, in order, checked against the stored root.
//!
//! Reading heads and hashing bodies is most of the work and needs no order, so batches of rows are prepared on all
//! cores; the catalogue and the tree then take them in one after the other.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::backend::{Backend, HeadRow, Place, RecordRow};
use crate::catalogue::Catalogue;
use crate::erasing::{Account, Erased};
use crate::merkle::{Frontier, Hash};
use crate::record::Seq;
use crate::store::{LineState, OpenError};
use crate::writer::{Kept, Prepared, prepare};

/// Records prepared at a time.
const BATCH: usize = 4_096;
/// Bytes of records prepared at a time; one record may be longer.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// A catalogue and a tree that grow by stored rows.
pub(crate) struct Loading {
    pub(crate) catalogue: Catalogue,
    pub(crate) frontier: Frontier,
    rows: Vec<Kept>,
    bytes: usize,
    /// What is wrong, in the order in which it was found.
    pub(crate) faults: Vec<String>,
    /// What is erased: numbers, hashes of the bodies and of what stands for them.
    pub(crate) erased: Vec<(Seq, Hash, Hash)>,
    /// What the line says was erased, here and elsewhere.
    pub(crate) said: Vec<Erased>,
}

impl Loading {
    pub(crate) fn new() -> Self {
        let (catalogue, frontier) = (Catalogue::default(), Frontier::default());
        Self {
            catalogue,
            frontier,
            rows: Vec::with_capacity(BATCH),
            bytes: 0,
            faults: Vec::new(),
            erased: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Takes the next row.
    pub(crate) fn row(&mut self, row: &RecordRow<'_>) {
        self.rows.push(Kept::of(row));
        self.bytes += row.body.len();
        if self.rows.len() == BATCH || self.bytes >= BATCH_BYTES {
            self.settle();
        }
    }

    /// Takes in what still waits; to be called behind the last row.
    pub(crate) fn settle(&mut self) {
        self.bytes = 0;
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH));
        let prepared: Vec<Prepared> = rows.into_par_iter().map(prepare).collect();
        for mut record in prepared {
            self.erased.extend(record.erased.map(|(body, stub)| (record.seq, body, stub)));
            self.said.append(&mut record.said);
            let number = self.frontier.size() + 1;
            if record.seq.0 != number {
                self.faults.push(format!("number {number} is missing"));
            }
            if record.added <= self.catalogue.head_added() && number > 1 {
                self.faults.push(format!("record {} is not later than the one before it", record.seq.0));
            }
            if let Err(error) = record.apply(&mut self.catalogue, &mut self.frontier) {
                self.faults.push(format!("record {number}: {error}"));
            }
        }
    }
}

/// The line as it is stored.
///
/// # Errors
/// [`OpenError::Damaged`] when it is not what was acknowledged.
pub(crate) fn load(
    backend: &dyn Backend,
    head: &HeadRow,
    account: &mut Account,
) -> Result<LineState, OpenError> {
    let damaged = |what: String| OpenError::Damaged { line: head.id, what };
    let mut loading = Loading::new();
    backend
        .scan(Place { id: head.id, no: head.no }, Seq(0), Seq(head.size), &mut |row| loading.row(row))
        .map_err(|error| damaged(error.to_string()))?;
    loading.settle();
    let Loading { catalogue, frontier, faults, erased, said, .. } = loading;
    account.read(head.id, erased, said);
    if let Some(first) = faults.into_iter().next() {
        return Err(damaged(first));
    }
    if frontier.size() != head.size {
        return Err(damaged(format!("{} of {} records are there", frontier.size(), head.size)));
    }
    if frontier.root() != head.root {
        return Err(damaged("its records do not give its root".to_owned()));
    }
    let state = LineState::empty(head.no, head.id);
    *state.catalogue.write() = catalogue;
    *state.frontier.lock() = frontier;
    Ok(state)
}
