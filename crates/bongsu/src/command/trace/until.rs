//! Waiting for a server, but not longer than the program is to run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exit::Failure;
use crate::pull;

/// How soon it is noticed that the program is told to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where is waited, and what ends it.
pub(super) struct Until {
    runtime: tokio::runtime::Runtime,
    stop: Arc<AtomicBool>,
}

impl Until {
    /// Makes ready to wait, until `stop` is set.
    ///
    /// # Errors
    /// When the network can't be used.
    pub(super) fn new(stop: &Arc<AtomicBool>) -> Result<Self, Failure> {
        Ok(Self { runtime: pull::runtime()?, stop: Arc::clone(stop) })
    }

    /// What a future gives; nothing if the program is told to end before.
    pub(super) fn given<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let stopped = async {
            while !self.stop.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = stopped => None,
                got = future => Some(got),
            }
        })
    }

    /// Waits for a time; says whether the program is to go on.
    pub(super) fn waits(&self, time: Duration) -> bool {
        // A sleep can only be made where the runtime is.
        self.given(async { tokio::time::sleep(time).await }).is_some()
    }
}
