//! Taking in what the node's line has more, whoever wrote it: this process, or another node beside the same database.
//!
//! What is written here is taken in from the line like all else, so that there is one way from the line to the book, and one order.
//! Where other nodes write too, what is judged before it is written is judged [`Gate::alone`]: one node at a time, which has
//! read all that the others wrote.

use std::sync::Arc;
use std::time::Duration;

use line::{LineId, Record, RecordKind, Seq, StorageError};
use policy::parcel::Noted;
use policy::{Book, Entry};

use crate::opening::{Gate, GateError, Standing, changes_releases, is_entry};
use crate::since::Since;

/// For how long one node has something alone if it does not come to an end: after that, what it writes is refused if others have
/// begun.
const TERM: Duration = Duration::from_secs(8);
/// For how long others wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

impl From<GateError> for StorageError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Storage(error) => error,
            error => Self::Backend(error.to_string()),
        }
    }
}

/// What a run of entries makes of the book.
struct Changed {
    book: Book,
    since: Arc<Since>,
    version: u64,
}

impl Gate {
    /// Whether other nodes may write to the same lines.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.store().beside().is_some()
    }

    /// Does `work` while no other node does what goes by the same name, and with all in memory that others have written before; a
    /// lock of this process must see to its own threads. Where no other node writes, nothing is to be waited for.
    ///
    /// # Errors
    /// [`GateError`], as what `work` fails with: then it was not begun.
    pub fn alone<T, E: From<GateError>>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(beside) = self.store().beside() else { return work() };
        let done = beside.alone(name, (TERM, PATIENCE), || {
            self.read_on()?;
            work()
        });
        done.map_err(GateError::from)?
    }

    /// Whether the line has something that was not taken in, as far as this process has heard.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let head = |line| self.store().look(line, |catalogue| catalogue.head()).unwrap_or_default();
        head(LineId::NODE) > *self.inner.upto.lock() || self.inner.parcels.are_behind(self.store())
    }

    /// Takes in what the node's line has more.
    ///
    /// # Errors
    /// [`GateError::Entry`] for what this program can't read: it may be what forbids something, so that the node must not go on.
    pub fn read_on(&self) -> Result<(), GateError> {
        let mut upto = self.inner.upto.lock();
        loop {
            let records = self.store().records(LineId::NODE, *upto, line::store::RECORDS_MAX)?;
            let Some(last) = records.last().map(|record| record.seq) else { break };
            self.take_in(&records)?;
            *upto = last;
        }
        self.read_parcels_on()
    }

    /// Takes in what lies beside circles' lines and was written by other nodes; what was written here is known.
    fn read_parcels_on(&self) -> Result<(), GateError> {
        match self.is_shared() {
            true => self.inner.parcels.read_on(self.store(), self.book().circles().map(|circle| circle.id)),
            false => Ok(()),
        }
    }

    fn take_in(&self, records: &[Record]) -> Result<(), GateError> {
        let inner = &self.inner;
        if records.iter().any(|record| record.kind == RecordKind::Release) {
            // What was decided of it comes after it.
            self.read_parcels_on()?;
        }
        let mut changed = None;
        for record in records.iter().filter(|record| record.erased.is_none()) {
            match record.kind {
                kind if is_entry(kind) => self.enter(record, &mut changed)?,
                RecordKind::Statement => inner.statements.load(record),
                RecordKind::Erasure => inner.statements.load_erasure(record),
                RecordKind::TakenBack => inner.statements.load_taken_back(record),
                RecordKind::Receipt => inner.receipts.load(record),
                RecordKind::Ask => inner.asks.load(record),
                RecordKind::Release => {
                    let noted = crate::parcels::read(record, Noted::from_json)?;
                    inner.parcels.apply(noted, record.added.timestamp());
                }
                _ => {}
            }
        }
        if let Some(Changed { book, since, version }) = changed {
            inner.book.store(Arc::new(Standing { book: Arc::new(book), version, since }));
        }
        Ok(())
    }

    fn enter(&self, record: &Record, changed: &mut Option<Changed>) -> Result<(), GateError> {
        let text = String::from_utf8_lossy(&record.body);
        let entry = Entry::from_json(&text).map_err(|source| GateError::Entry { seq: record.seq, source })?;
        let begin = || {
            let Standing { book, version, since } = &**self.inner.book.load();
            Changed { book: Book::clone(book), since: Arc::clone(since), version: *version }
        };
        let Changed { book, since, version } = changed.get_or_insert_with(begin);
        if changes_releases(&entry) {
            *version = record.seq.0;
        }
        match &entry {
            Entry::Circle(circle) => {
                self.store().ensure_line(LineId::new(circle.id.uuid()));
                Arc::make_mut(since).note(book, &entry, record.added);
            }
            Entry::Member(_) => Arc::make_mut(since).note(book, &entry, record.added),
            _ => {}
        }
        book.apply(entry);
        Ok(())
    }
}

/// How far the node's line was taken in.
pub(crate) type Upto = parking_lot::Mutex<Seq>;
