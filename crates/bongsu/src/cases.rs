//! The cases of a node: what its line says of them, read as far as it goes.

use crate::exit::Failure;
use gate::Gate;
use line::{Draft, LineId, Outcome, RecordKind, Seq};
use parking_lot::Mutex;
use policy::MemberId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use stix::Timestamp;
use trace::case::{Case, Event};

/// All cases by handle, and how far the node's line was read for them.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    upto: Seq,
    by_handle: BTreeMap<String, Case>,
}

impl Cases {
    /// The case with this handle.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn get(&self, handle: &str) -> Result<&Case, Failure> {
        self.by_handle.get(handle).ok_or_else(|| {
            let hint = match self.by_handle.is_empty() {
                true => "`bongsu case new` opens one",
                false => "`bongsu case list` shows all",
            };
            Failure::usage(format!("there is no case `{handle}`")).hint(hint)
        })
    }

    /// Whether there is one with this handle.
    pub(crate) fn has(&self, handle: &str) -> bool {
        self.by_handle.contains_key(handle)
    }

    /// All of them, by handle.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Case> {
        self.by_handle.values()
    }

    fn take(&mut self, handle: String, event: Event, at: Timestamp) {
        match (self.by_handle.get_mut(&handle), event) {
            (Some(case), event) => case.apply(event, at),
            (None, Event::Opened(definition)) => {
                let case = Case::open(&handle, definition, at);
                self.by_handle.insert(handle, case);
            }
            (None, _) => tracing::warn!(case = handle, "something is said of a case that was not opened"),
        }
    }

    fn read_on(&mut self, gate: &Gate) -> Result<(), Failure> {
        loop {
            let records = gate.store().records(LineId::NODE, self.upto, line::store::RECORDS_MAX);
            let records =
                records.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
            let Some(last) = records.last() else { return Ok(()) };
            self.upto = last.seq;
            for record in records.iter().filter(|record| record.kind == RecordKind::Case) {
                let text = std::str::from_utf8(&record.body).unwrap_or_default();
                match Event::from_json(text) {
                    Ok((handle, event)) => self.take(handle, event, record.added.timestamp()),
                    Err(error) => {
                        tracing::warn!(number = record.seq.0, %error, "an event of a case is left out")
                    }
                }
            }
        }
    }
}

/// The cases, kept up with the node's line.
pub(crate) struct CaseBook {
    gate: Gate,
    cases: Mutex<Cases>,
}

impl CaseBook {
    /// The cases of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, cases: Mutex::default() }
    }

    /// Looks at the cases as they stand.
    ///
    /// # Errors
    /// When the line can't be read, or what `look` fails with.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Cases) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut cases = self.cases.lock();
        cases.read_on(&self.gate)?;
        look(&cases)
    }

    /// Has happen to a case what `make` makes of the cases as they stand; nothing else comes in between. What was given back as done
    /// is on the disk.
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        handle: &str,
        make: impl FnOnce(&Cases) -> Result<(Vec<Event>, T), Failure>,
    ) -> Result<T, Failure> {
        let mut cases = self.cases.lock();
        cases.read_on(&self.gate)?;
        let (events, told) = make(&cases)?;
        let draft = |event: &Event| {
            Draft::note(RecordKind::Case, MemberId::NODE.uuid(), event.to_json(handle).into_bytes())
        };
        let drafts: Vec<Draft> = events.iter().map(draft).collect();
        let failed = |why: String| Failure::new(format!("the case could not be written: {why}"));
        if !drafts.is_empty() {
            let outcomes = self.gate.store().append(LineId::NODE, drafts);
            let outcomes = outcomes.map_err(|error| failed(error.to_string()))?;
            if outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Appended { .. })) {
                return Err(failed("the line refused it".to_owned()));
            }
        }
        cases.read_on(&self.gate)?;
        Ok(told)
    }
}

/// What the pages show of cases.
pub(crate) struct Shown {
    /// The cases.
    pub book: Arc<CaseBook>,
    /// Where what was found in cases is kept.
    pub files: PathBuf,
}

impl web::page::Cases for Shown {
    fn all(&self) -> Result<Vec<Case>, String> {
        self.book.look(|cases| Ok(cases.all().cloned().collect())).map_err(|failure| failure.to_string())
    }

    fn file(&self, handle: &str, name: &str) -> Option<Vec<u8>> {
        let is_known = self.book.look(|cases| Ok(cases.has(handle))).unwrap_or(false);
        is_known.then(|| std::fs::read(self.files.join(handle).join(name)).ok()).flatten()
    }
}
