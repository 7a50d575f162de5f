//! The cases of a node: what its line says of them, read as far as it goes.

use crate::exit::Failure;
use crate::kept::{Kept, Sum};
use gate::Gate;
use line::RecordKind;
use policy::MemberId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use stix::Timestamp;
use trace::case::{Case, Event};

/// All cases by handle.
#[derive(Debug, Default)]
pub(crate) struct Cases {
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
}

impl Sum for Cases {
    const KIND: RecordKind = RecordKind::Case;
    const WHAT: &'static str = "the case";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        let (handle, event) = Event::from_json(text).map_err(|error| error.to_string())?;
        match (self.by_handle.get_mut(&handle), event) {
            (Some(case), event) => case.apply(event, at),
            (None, Event::Opened(definition)) => {
                let case = Case::open(&handle, definition, at);
                self.by_handle.insert(handle, case);
            }
            (None, _) => return Err(format!("the case `{handle}` was not opened")),
        }
        Ok(())
    }
}

/// The cases, kept up with the node's line.
pub(crate) struct CaseBook(Kept<Cases>);

impl CaseBook {
    /// The cases of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self(Kept::new(gate))
    }

    /// Looks at the cases as they stand.
    ///
    /// # Errors
    /// When the line can't be read, or what `look` fails with.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Cases) -> Result<T, Failure>) -> Result<T, Failure> {
        self.0.look(look)
    }

    /// Has happen to a case what `make` makes of the cases as they stand, as [`Kept::happens`].
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        handle: &str,
        make: impl FnOnce(&Cases) -> Result<(Vec<Event>, T), Failure>,
    ) -> Result<T, Failure> {
        let text = |event: &Event| (MemberId::NODE, event.to_json(handle));
        self.0.happens(|cases| make(cases).map(|(events, told)| (events.iter().map(text).collect(), told)))
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
