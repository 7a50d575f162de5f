//! By what values are judged, for every member alike: warning lists, decay models and the limit of a step. It can change while a node serves.

use std::sync::Arc;

use watch::Lists;
use watch::guard::Models;

use crate::gather::Deliver;
use crate::steps::StepLimit;

/// Lists, models and a limit.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    /// The guard's lists; `None` means those compiled in, which are read on first use.
    pub lists: Option<Arc<Lists>>,
    /// How values fade.
    pub models: Arc<Models>,
    /// How much one sender may add at once.
    pub step_limit: StepLimit,
}

impl Basis {
    /// The lists that count.
    #[must_use]
    pub fn lists(&self) -> Arc<Lists> {
        self.lists.clone().unwrap_or_else(Lists::builtin)
    }
}

impl Deliver {
    /// By what values are judged now.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis.lock().1.clone()
    }

    /// Judges all values anew, by other lists and models: whoever asks next gets what these let pass.
    pub fn judge_by(&self, basis: Basis) {
        // Both change at once: who finds its basis unchanged after its work has had one limit for all of it.
        let mut kept = self.basis.lock();
        self.steps.lock().limit_to(basis.step_limit);
        kept.0 += 1;
        kept.1 = basis;
    }
}
