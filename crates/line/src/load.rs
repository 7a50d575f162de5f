//! Reading a line back at start: every record once, in order, checked against the stored root.
//!
//! While one thread reads rows, another takes them in, batch by batch: reading heads and hashing bodies needs no order
//! and is done on all cores; the catalogue and the tree then take them in one after the other.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::backend::{Backend, BackendError, HeadRow, Place};
use crate::catalogue::Catalogue;
use crate::erasing::{Account, Erased};
use crate::failure::OpenError;
use crate::merkle::{Frontier, Hash};
use crate::record::Seq;
use crate::shared::{LineState, apart_while};
use crate::steps::Step;
use crate::writer::{Kept, Prepared, prepare};

/// Records prepared at a time, unless they are large. Up to three steps are in memory: one is read, one waits, one is taken in.
const STEP: usize = 2_048;

/// A catalogue and a tree that grow by stored rows.
#[derive(Default)]
pub(crate) struct Loading {
    pub(crate) catalogue: Catalogue,
    pub(crate) frontier: Frontier,
    /// What is wrong, in the order in which it was found.
    pub(crate) faults: Vec<String>,
    /// What is erased: numbers, hashes of the bodies and of what stands for them.
    pub(crate) erased: Vec<(Seq, Hash, Hash)>,
    /// What the line says was erased, here and elsewhere.
    pub(crate) said: Vec<Erased>,
}

impl Loading {
    /// Reads a line whole; `on_row` is called for each row that was read. What could be read before a fault of the backend is
    /// there beside it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn whole(
        backend: &dyn Backend,
        head: &HeadRow,
        on_row: &mut dyn FnMut(),
    ) -> Result<(Self, Result<(), BackendError>), BackendError> {
        let (to, from) = sync_channel(1);
        apart_while(
            "line-load",
            move || Self::of(&from),
            || {
                let (place, mut step) = (Place { id: head.id, no: head.no }, Step::of(STEP));
                // Nobody takes a step where the other thread met a fault, which is then what is told.
                let scanned = backend.scan_while(place, Seq(0), Seq(head.size), &mut |row| {
                    on_row();
                    match step.with(row).map(|rows| to.send(rows)) {
                        Some(Err(_)) => ControlFlow::Break(()),
                        Some(Ok(())) | None => ControlFlow::Continue(()),
                    }
                });
                let _taken = to.send(step.rest());
                // Nothing more comes.
                drop(to);
                scanned
            },
        )
    }

    /// Takes in what comes until nothing more does.
    fn of(batches: &Receiver<Vec<Kept>>) -> Self {
        let mut loading = Self::default();
        while let Ok(rows) = batches.recv() {
            loading.take(rows);
        }
        loading
    }

    fn take(&mut self, rows: Vec<Kept>) {
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
/// [`OpenError::Damaged`] when it is not what was acknowledged; others when it can't be read now.
pub(crate) fn load(
    backend: &dyn Backend,
    head: &HeadRow,
    account: &mut Account,
) -> Result<LineState, OpenError> {
    let damaged = |what: String| OpenError::Damaged { line: head.id, what };
    let (loading, scanned) = Loading::whole(backend, head, &mut || ())?;
    scanned.map_err(|error| match error {
        BackendError::Damaged { .. } | BackendError::Changed { .. } => damaged(error.to_string()),
        // A database that went away meanwhile, or would not answer, has lost nothing.
        error => OpenError::from(error),
    })?;
    let Loading { catalogue, frontier, faults, erased, said } = loading;
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
