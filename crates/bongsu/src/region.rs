//! Contacts and calls of a node: what its line says of them, read as far as it goes.

use crate::exit::Failure;
use crate::node;
use deliver::calling::Asked;
use gate::Gate;
use line::{Draft, LineId, Outcome, RecordKind, Seq};
use parking_lot::Mutex;
use policy::MemberId;
use region::{Event, Register, drill};
use std::sync::Arc;
use web::call::{Taken, standing};

/// The register, kept up with the node's line.
pub(crate) struct RegionBook {
    gate: Gate,
    kept: Mutex<Kept>,
}

/// How far the node's line was read, and what it came to.
#[derive(Default)]
struct Kept {
    upto: Seq,
    register: Arc<Register>,
}

impl Kept {
    fn read_on(&mut self, gate: &Gate) -> Result<(), Failure> {
        loop {
            let records = gate.store().records(LineId::NODE, self.upto, line::store::RECORDS_MAX);
            let records =
                records.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
            let Some(last) = records.last() else { return Ok(()) };
            self.upto = last.seq;
            for record in records.iter().filter(|record| record.kind == RecordKind::Region) {
                let text = std::str::from_utf8(&record.body).unwrap_or_default();
                match Event::from_json(text) {
                    Ok(event) => Arc::make_mut(&mut self.register).apply(event, record.added.timestamp()),
                    Err(error) => {
                        tracing::warn!(number = record.seq.0, %error, "an entry of the register is left out")
                    }
                }
            }
        }
    }
}

impl RegionBook {
    /// The register of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, kept: Mutex::default() }
    }

    /// The register as it stands.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn register(&self) -> Result<Arc<Register>, Failure> {
        let mut kept = self.kept.lock();
        kept.read_on(&self.gate)?;
        Ok(Arc::clone(&kept.register))
    }

    /// Has happen what `make` makes of the register as it stands; nothing else comes in between. What was given back as done is
    /// on the disk.
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        make: impl FnOnce(&Register) -> Result<(Vec<Event>, T), Failure>,
    ) -> Result<T, Failure> {
        let mut kept = self.kept.lock();
        kept.read_on(&self.gate)?;
        let (events, told) = make(&kept.register)?;
        if events.is_empty() {
            return Ok(told);
        }
        let draft = |event: &Event| {
            Draft::note(RecordKind::Region, MemberId::NODE.uuid(), event.to_json().into_bytes())
        };
        let failed = |why: String| Failure::new(format!("the register could not be written: {why}"));
        let outcomes = self.gate.store().append(LineId::NODE, events.iter().map(draft).collect());
        let outcomes = outcomes.map_err(|error| failed(error.to_string()))?;
        if outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Appended { .. })) {
            return Err(failed("the line refused it".to_owned()));
        }
        kept.read_on(&self.gate)?;
        Ok(told)
    }
}

impl web::page::Region for RegionBook {
    fn register(&self) -> Result<Arc<Register>, String> {
        Self::register(self).map_err(|failure| failure.to_string())
    }

    fn answer(&self, asked: Asked, name: String, text: Option<String>) -> Result<Taken, String> {
        let taken = self.happens(|register| {
            let ask = usize::try_from(asked.ask).unwrap_or(usize::MAX);
            let found = register.call(asked.call).and_then(|call| Some((call, call.asks.get(ask)?)));
            let Some((call, found)) = found else { return Ok((Vec::new(), Taken::Over)) };
            let taken = standing(call, found, node::now());
            let event = Event::Call { call: asked.call, event: drill::Event::Answered { ask, name, text } };
            Ok((if taken == Taken::Kept { vec![event] } else { Vec::new() }, taken))
        });
        let taken = taken.map_err(|failure| failure.to_string())?;
        if taken == Taken::Kept {
            tracing::info!(call = asked.call, ask = asked.ask, "call {} was answered", asked.call);
        }
        Ok(taken)
    }
}
