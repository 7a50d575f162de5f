//! A thread that follows lines while the node serves.

use crate::exit::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much nicer than the rest of the node a thread is that may wait.
const BEHIND: i32 = 10;

/// Such a thread.
pub(crate) struct Follower {
    stop: Arc<AtomicBool>,
    store: line::Store,
    thread: std::thread::JoinHandle<()>,
}

impl Follower {
    /// Starts one, which does `follow` until what that is given turns true. It is woken to see that, if it waits for `store` to grow.
    ///
    /// # Errors
    /// When a thread can't be started.
    pub(crate) fn start(
        name: &str,
        store: line::Store,
        follow: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || follow(&stopped))
            .map_err(|error| Failure::new(format!("a thread can't be started: {error}")))?;
        Ok(Self { stop, store, thread })
    }

    /// As [`start`](Self::start), for what may wait as long as the processors have other work: it gets about a tenth of one then.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub(crate) fn start_behind(
        name: &str,
        store: line::Store,
        follow: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Result<Self, Failure> {
        Self::start(name, store, move |stop| {
            // On Linux a thread has a niceness of its own. Without it, it only disturbs more.
            let _as_it_was = rustix::process::nice(BEHIND);
            follow(stop);
        })
    }

    /// Ends it, so that it does not hold the store any more. Blocks until it has ended.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.store.wake();
        // One that panicked has said so in the log.
        let _ended = self.thread.join();
    }
}
