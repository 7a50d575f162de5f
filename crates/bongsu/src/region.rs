//! Contacts and calls of a node: what its line says of them, read as far as it goes.

use crate::exit::Failure;
use crate::kept::{Kept, Sum};
use crate::node;
use deliver::calling::Asked;
use gate::Gate;
use line::RecordKind;
use policy::MemberId;
use region::{Event, Register, drill};
use std::sync::Arc;
use stix::Timestamp;
use web::call::{Taken, standing};

/// The register, shared by whoever looks at it.
#[derive(Default)]
struct Shared(Arc<Register>);

impl Sum for Shared {
    const KIND: RecordKind = RecordKind::Region;
    const WHAT: &'static str = "the register";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        Event::from_json(text).map(|event| Arc::make_mut(&mut self.0).apply(event, at))
    }
}

/// The register, kept up with the node's line.
pub(crate) struct RegionBook(Kept<Shared>);

impl RegionBook {
    /// The register of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self(Kept::new(gate))
    }

    /// The register as it stands.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn register(&self) -> Result<Arc<Register>, Failure> {
        self.0.look(|shared| Ok(Arc::clone(&shared.0)))
    }

    /// Has happen what `make` makes of the register as it stands, as [`Kept::happens`].
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        make: impl FnOnce(&Register) -> Result<(Vec<Event>, T), Failure>,
    ) -> Result<T, Failure> {
        let text = |event: &Event| (MemberId::NODE, event.to_json());
        self.0
            .happens(|shared| make(&shared.0).map(|(events, told)| (events.iter().map(text).collect(), told)))
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
