//! The runs of playbooks: what the node's line says of them, read as far as it goes.

use crate::exit::Failure;
use crate::kept::{Kept, Sum};
use deliver::playbook::run::{Event, Run, RunError, What};
use gate::Gate;
use line::RecordKind;
use std::collections::BTreeMap;
use std::sync::Arc;
use stix::Timestamp;
use uuid::Uuid;

/// All runs.
#[derive(Debug, Default)]
struct Runs(BTreeMap<Uuid, Run>);

impl Sum for Runs {
    const KIND: RecordKind = RecordKind::Run;
    const WHAT: &'static str = "the run";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        Event::from_json(text).map(|(id, event)| match self.0.get_mut(&id) {
            Some(run) => run.apply(event, at),
            None => drop(Run::begin(id, event, at).map(|run| self.0.insert(id, run))),
        })
    }
}

/// The runs, kept up with the node's line.
pub(crate) struct RunBook(Kept<Runs>);

impl RunBook {
    /// The runs of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self(Kept::new(gate))
    }

    /// All of them, the latest first.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn all(&self) -> Result<Vec<Run>, Failure> {
        self.0.look(|runs| {
            let mut all: Vec<Run> = runs.0.values().cloned().collect();
            all.sort_by_key(|run| std::cmp::Reverse((run.began, run.id)));
            Ok(all)
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn get(&self, id: Uuid) -> Result<Option<Run>, Failure> {
        self.0.look(|runs| Ok(runs.0.get(&id).cloned()))
    }

    /// Begins a run, or has something happen in one; gives it as it stands then, which is on the disk.
    ///
    /// # Errors
    /// When it can't happen, there is no such run, or the line can't be written; then nothing has happened.
    pub(crate) fn happens(&self, id: Uuid, event: &Event) -> Result<Run, Failure> {
        self.0.happens(|runs| {
            let judged = match (runs.0.get(&id), &event.what) {
                (Some(run), _) => run.check(event).map(|()| run.started.member),
                (None, What::Started(started)) => Ok(started.member),
                (None, _) => return Err(Failure::usage(format!("there is no run `{id}`"))),
            };
            let member = judged.map_err(|error: RunError| Failure::usage(error.to_string()))?;
            Ok((vec![(member, event.to_json(id))], ()))
        })?;
        let run = self.get(id)?;
        run.ok_or_else(|| Failure::new("the run could not be written: it can't be read back".to_owned()))
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
