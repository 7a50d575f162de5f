//! What the node's records of one kind come to: read from its line as far as it goes, and added to.
//!
//! Cases, runs of playbooks, and the register of contacts are each the sum of small events.

use crate::exit::Failure;
use gate::Gate;
use line::{Draft, LineId, Outcome, RecordKind, Seq};
use parking_lot::Mutex;
use policy::MemberId;
use std::fmt::Display;
use stix::Timestamp;

/// What events come to.
pub(crate) trait Sum: Default {
    /// The kind of the records that have them.
    const KIND: RecordKind;
    /// What it is called where something goes wrong, such as `the case`.
    const WHAT: &'static str;

    /// Takes in the text of a record that came at a time.
    ///
    /// # Errors
    /// When it can't be read; then it is left out.
    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl Display>;
}

/// A sum, kept up with the node's line.
pub(crate) struct Kept<S> {
    gate: Gate,
    upto: Mutex<(Seq, S)>,
}

impl<S: Sum> Kept<S> {
    /// That of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, upto: Mutex::default() }
    }

    /// Looks at it as it stands.
    ///
    /// # Errors
    /// When the line can't be read, or what `look` fails with.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&S) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut upto = self.upto.lock();
        self.read_on(&mut upto)?;
        look(&upto.1)
    }

    /// Writes what `make` makes of it as it stands, each with the member that did it; nothing else comes in between. What was given
    /// back as done is on the disk.
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        make: impl FnOnce(&S) -> Result<(Vec<(MemberId, String)>, T), Failure>,
    ) -> Result<T, Failure> {
        let mut upto = self.upto.lock();
        self.gate.alone(S::WHAT, || self.happens_alone(&mut upto, make))
    }

    fn happens_alone<T>(
        &self,
        upto: &mut (Seq, S),
        make: impl FnOnce(&S) -> Result<(Vec<(MemberId, String)>, T), Failure>,
    ) -> Result<T, Failure> {
        self.read_on(upto)?;
        let (texts, told) = make(&upto.1)?;
        if texts.is_empty() {
            return Ok(told);
        }
        let draft = |(by, text): (MemberId, String)| Draft::note(S::KIND, by.uuid(), text.into_bytes());
        let failed = |why: String| Failure::new(format!("{} could not be written: {why}", S::WHAT));
        let outcomes = self.gate.store().append(LineId::NODE, texts.into_iter().map(draft).collect());
        let outcomes = outcomes.map_err(|error| failed(error.to_string()))?;
        if outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Appended { .. })) {
            return Err(failed("the line refused it".to_owned()));
        }
        self.read_on(upto)?;
        Ok(told)
    }

    fn read_on(&self, (upto, sum): &mut (Seq, S)) -> Result<(), Failure> {
        loop {
            let records = self.gate.store().records(LineId::NODE, *upto, line::store::RECORDS_MAX);
            let records =
                records.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
            let Some(last) = records.last() else { return Ok(()) };
            *upto = last.seq;
            for record in records.iter().filter(|record| record.kind == S::KIND && record.erased.is_none()) {
                let text = std::str::from_utf8(&record.body).unwrap_or_default();
                if let Err(error) = sum.take(text, record.added.timestamp()) {
                    tracing::warn!(number = record.seq.0, %error, "a record of {} is left out", S::WHAT);
                }
            }
        }
    }
}
