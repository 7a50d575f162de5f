//! Cases that are followed again as transfers come.

use crate::command::case::again;
use crate::command::trace::kept::{Version, version};
use crate::exit::Failure;
use crate::node::Node;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trace::case::{Chain, Definition};

/// As far as each case was followed, and what was said of those that could not be.
#[derive(Debug, Default)]
pub(super) struct Followed {
    upto: Mutex<HashMap<String, (Definition, Vec<Upto>)>>,
    failures: Mutex<HashMap<String, (String, Instant)>>,
}

/// Where a chain's payments are kept, and which version of them.
type Upto = (PathBuf, Version);

/// How long a case that could not be followed is left alone.
const PATIENCE: Duration = Duration::from_secs(60);

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
            let before = self.failures.lock().get(&handle).cloned();
            if before.as_ref().is_some_and(|(_, at)| at.elapsed() < PATIENCE) {
                continue;
            }
            match self.one(node, &handle, definition) {
                Ok(()) => drop(self.failures.lock().remove(&handle)),
                Err(failure) => {
                    if before.is_none_or(|(told, _)| told != failure.message) {
                        failed = Err(Failure::new(format!("case {handle}: {failure}")));
                    }
                    self.failures.lock().insert(handle, (failure.message, Instant::now()));
                }
            }
        }
        failed
    }

    fn one(&self, node: &Node, handle: &str, definition: Definition) -> Result<(), Failure> {
        let upto = |chain: &Chain| Ok((chain.store.clone(), version(&chain.store)?));
        let now =
            (definition.clone(), definition.chains.iter().map(upto).collect::<Result<Vec<_>, Failure>>()?);
        if self.upto.lock().get(handle) == Some(&now) {
            return Ok(());
        }
        // What fails is tried again. Transfers that come meanwhile change the time, so that they are seen the next time.
        let alerts = again(node, handle)?;
        self.upto.lock().insert(handle.to_owned(), now);
        for alert in alerts {
            let (service, transfers) = (alert.service(), alert.arrivals.len());
            tracing::warn!(case = handle, service, transfers, "stolen assets came to a service");
        }
        Ok(())
    }
}
