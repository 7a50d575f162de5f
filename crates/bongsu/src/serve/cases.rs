//! Cases that are followed again as transfers come.

use crate::command::case::again;
use crate::command::trace::opened;
use crate::exit::Failure;
use crate::node::Node;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::PathBuf;
use trace::Flows as _;
use trace::case::Definition;

/// As far as each case was followed, and what was said of those that could not be.
#[derive(Debug, Default)]
pub(super) struct Followed {
    upto: Mutex<HashMap<String, (Definition, Vec<Upto>)>>,
    failures: Mutex<HashMap<String, String>>,
}

/// How far a store goes: how many transfers, and the last block. Either changes when a block comes or goes.
type Upto = (PathBuf, u64, Option<u64>);

impl Followed {
    /// Follows each open case that has changed, or whose transfers have.
    ///
    /// # Errors
    /// The last failure that was not told before; the other cases are followed all the same.
    pub(super) fn run(&self, node: &Node) -> Result<(), Failure> {
        let open: Vec<(String, Definition)> = node.cases.look(|cases| {
            let open = cases.all().filter(|case| case.closed.is_none());
            Ok(open.map(|case| (case.handle.clone(), case.definition.clone())).collect())
        })?;
        let mut failed = Ok(());
        for (handle, definition) in open {
            let mut failures = self.failures.lock();
            match self.one(node, &handle, definition) {
                Ok(()) => drop(failures.remove(&handle)),
                Err(failure) => {
                    let told = failures.insert(handle.clone(), failure.to_string());
                    if told.is_none_or(|told| told != failure.message) {
                        failed = Err(Failure::new(format!("case {handle}: {failure}")));
                    }
                }
            }
        }
        failed
    }

    fn one(&self, node: &Node, handle: &str, definition: Definition) -> Result<(), Failure> {
        let upto = |chain: &trace::case::Chain| {
            let store = opened(&chain.store)?;
            Ok((chain.store.clone(), store.len(), store.places().map(|(_, last)| last.block)))
        };
        let now =
            (definition.clone(), definition.chains.iter().map(upto).collect::<Result<Vec<_>, Failure>>()?);
        if self.upto.lock().get(handle) == Some(&now) {
            return Ok(());
        }
        // What fails is tried again when something changes, and not every few seconds.
        self.upto.lock().insert(handle.to_owned(), now);
        for alert in again(node, handle)? {
            let (service, transfers) = (alert.service(), alert.arrivals.len());
            tracing::warn!(case = handle, service, transfers, "stolen assets came to a service");
        }
        Ok(())
    }
}
