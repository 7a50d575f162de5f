//! The runs of playbooks: what the node's line says of them, read as far as it goes.

use crate::exit::Failure;
use deliver::playbook::run::{Event, Run, RunError, What};
use gate::Gate;
use line::{Draft, LineId, Outcome, RecordKind, Seq};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// All runs, and how far the node's line was read for them.
#[derive(Debug, Default)]
struct Runs {
    upto: Seq,
    all: BTreeMap<Uuid, Run>,
}

impl Runs {
    fn read_on(&mut self, gate: &Gate) -> Result<(), Failure> {
        loop {
            let records = gate.store().records(LineId::NODE, self.upto, line::store::RECORDS_MAX);
            let records =
                records.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
            let Some(last) = records.last() else { return Ok(()) };
            self.upto = last.seq;
            for record in records.iter().filter(|record| record.kind == RecordKind::Run) {
                let text = std::str::from_utf8(&record.body).unwrap_or_default();
                let at = record.added.timestamp();
                match Event::from_json(text) {
                    Ok((id, event)) => match self.all.get_mut(&id) {
                        Some(run) => run.apply(event, at),
                        None => drop(Run::begin(id, event, at).map(|run| self.all.insert(id, run))),
                    },
                    Err(error) => {
                        tracing::warn!(number = record.seq.0, %error, "an event of a run is left out")
                    }
                }
            }
        }
    }
}

/// The runs, kept up with the node's line.
pub(crate) struct RunBook {
    gate: Gate,
    runs: Mutex<Runs>,
}

impl RunBook {
    /// The runs of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, runs: Mutex::default() }
    }

    /// All of them, the latest first.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn all(&self) -> Result<Vec<Run>, Failure> {
        let mut runs = self.runs.lock();
        runs.read_on(&self.gate)?;
        let mut all: Vec<Run> = runs.all.values().cloned().collect();
        all.sort_by_key(|run| std::cmp::Reverse((run.began, run.id)));
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn get(&self, id: Uuid) -> Result<Option<Run>, Failure> {
        let mut runs = self.runs.lock();
        runs.read_on(&self.gate)?;
        Ok(runs.all.get(&id).cloned())
    }

    /// Begins a run, or has something happen in one; gives it as it stands then, which is on the disk.
    ///
    /// # Errors
    /// When it can't happen, there is no such run, or the line can't be written; then nothing has happened.
    pub(crate) fn happens(&self, id: Uuid, event: &Event) -> Result<Run, Failure> {
        let mut runs = self.runs.lock();
        runs.read_on(&self.gate)?;
        let judged = match (runs.all.get(&id), &event.what) {
            (Some(run), _) => run.check(event).map(|()| run.started.member),
            (None, What::Started(started)) => Ok(started.member),
            (None, _) => return Err(Failure::usage(format!("there is no run `{id}`"))),
        };
        let member = judged.map_err(|error: RunError| Failure::usage(error.to_string()))?;
        let failed = |why: String| Failure::new(format!("the run could not be written: {why}"));
        let draft = Draft::note(RecordKind::Run, member.uuid(), event.to_json(id).into_bytes());
        let outcomes = self.gate.store().append(LineId::NODE, vec![draft]);
        let outcomes = outcomes.map_err(|error| failed(error.to_string()))?;
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_))) {
            return Err(failed("the line refused it".to_owned()));
        }
        runs.read_on(&self.gate)?;
        runs.all.get(&id).cloned().ok_or_else(|| failed("it can't be read back".to_owned()))
    }
}

/// What the pages show and change of runs.
pub(crate) struct Shown(pub Arc<RunBook>);

impl web::page::Runs for Shown {
    fn all(&self) -> Result<Vec<Run>, String> {
        self.0.all().map_err(|failure| failure.message)
    }

    fn get(&self, id: Uuid) -> Result<Option<Run>, String> {
        self.0.get(id).map_err(|failure| failure.message)
    }

    fn start(&self, event: &Event) -> Result<Run, String> {
        self.0.happens(Uuid::new_v4(), event).map_err(|failure| failure.message)
    }

    fn happens(&self, id: Uuid, event: &Event) -> Result<Run, String> {
        self.0.happens(id, event).map_err(|failure| failure.message)
    }
}
