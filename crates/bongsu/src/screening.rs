//! A node's screening: where its index and its record are kept, and who seals the record.

use crate::exit::Failure;
use crate::exposure::Exposed;
use crate::node::Node;
use deliver::screening::Screening;
use deliver::screening::journal::{Journal, Key, Seal};
use line::{LineId, RecordKind, Seq};
use policy::{Entry, MemberId, Setting};
use std::path::PathBuf;
use std::sync::Arc;

/// The setting in which the newest seal stands; the older ones are in the node's line.
const SEAL: &str = "screenings";

/// Where things are kept.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The index of values, which can be made anew.
    pub index: PathBuf,
    /// The record of screenings.
    pub record: PathBuf,
}

impl Node {
    /// What answers questions about values.
    ///
    /// # Errors
    /// When the record of screenings can't be opened, or what tells exposures, or as [`Node::deliver`].
    pub(crate) fn screening(&self) -> Result<Arc<Screening>, Failure> {
        self.screening_with(|| Exposed::open(&self.config.exposure))
    }

    /// Opens the record of screenings alone: who looks at it needs no transfers.
    ///
    /// # Errors
    /// When it can't be opened, or as [`Node::deliver`].
    pub(crate) fn open_screenings(&self) -> Result<(), Failure> {
        self.screening_with(|| Ok(None)).map(drop)
    }

    fn screening_with(
        &self,
        exposed: impl FnOnce() -> Result<Option<Arc<Exposed>>, Failure>,
    ) -> Result<Arc<Screening>, Failure> {
        let mut kept = self.screening.lock();
        if let Some(screening) = &*kept {
            return Ok(Arc::clone(screening));
        }
        let exposed = exposed()?;
        let key = Key::of(self.gate.key());
        let last = self
            .gate
            .book()
            .setting(&self.seal_name())
            .and_then(|seal| serde_json::from_str::<Seal>(seal).ok());
        let journal = Journal::open(&self.places.record, key, last.as_ref())
            .map_err(|error| Failure::new(error.to_string()))?;
        let screening = Screening::new(self.deliver()?, Some(journal));
        let screening = Arc::new(match exposed {
            Some(exposed) => screening.exposing(exposed, self.config.exposure.bounds()),
            None => screening,
        });
        *kept = Some(Arc::clone(&screening));
        Ok(screening)
    }

    /// Brings the index of values into memory, from its snapshot and what the lines have more.
    ///
    /// # Errors
    /// When the lines can't be read. A snapshot that does not fit is only told in the log.
    pub(crate) fn know_values(&self) -> Result<(), Failure> {
        if let Err(error) = self.gate.begin_values(&self.places.index) {
            tracing::warn!(%error, "the index of values is made anew");
        }
        self.gate
            .follow_values()
            .map_err(|error| Failure::new(format!("the index can't be made: {error}")))?;
        let (values, bytes) = self.gate.values_known();
        tracing::debug!(values, bytes, "the index of values is in memory");
        Ok(())
    }

    /// Writes the index of values to the disk.
    ///
    /// # Errors
    /// When it can't be written; the one before is still there then.
    pub(crate) fn keep_values(&self) -> Result<(), Failure> {
        self.gate.keep_values(&self.places.index).map_err(|error| {
            Failure::new(format!("the index {} can't be written: {error}", self.places.index.display()))
        })
    }

    /// The setting in which the newest seal over this node's record stands: each of several nodes beside a database has a record of its
    /// own.
    fn seal_name(&self) -> String {
        match self.place.filter(|place| !place.is_nil()) {
            Some(place) => format!("{SEAL}.{place}"),
            None => SEAL.to_owned(),
        }
    }

    /// Seals what has been recorded of screenings since the last time.
    ///
    /// # Errors
    /// When the record or the line can't be written.
    pub(crate) fn seal_screenings(&self) -> Result<(), Failure> {
        let Some(screening) = self.screening.lock().clone() else { return Ok(()) };
        let sealed = screening.seal().map_err(|error| Failure::new(error.to_string()))?;
        let Some(seal) = sealed else { return Ok(()) };
        let value = serde_json::to_string(&seal)
            .map_err(|error| Failure::new(format!("a seal can't be written: {error}")))?;
        self.gate
            .record(MemberId::NODE, Entry::Setting(Setting { name: self.seal_name(), value: Some(value) }))?;
        screening.sealed(&seal);
        Ok(())
    }

    /// All seals, in the order in which they were made.
    ///
    /// # Errors
    /// When the node's line can't be read.
    pub(crate) fn seals(&self) -> Result<Vec<Seal>, Failure> {
        let (mut seals, mut after, own) = (Vec::new(), Seq(0), self.seal_name());
        loop {
            let records = self.gate.store().records(LineId::NODE, after, line::store::RECORDS_MAX);
            let records =
                records.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
            let Some(last) = records.last() else { return Ok(seals) };
            after = last.seq;
            let settings = records.iter().filter(|record| record.kind == RecordKind::Setting);
            seals.extend(settings.filter_map(|record| {
                match Entry::from_json(std::str::from_utf8(&record.body).ok()?).ok()? {
                    Entry::Setting(Setting { name, value: Some(value) }) if name == own => {
                        serde_json::from_str(&value).ok()
                    }
                    _ => None,
                }
            }));
        }
    }
}
