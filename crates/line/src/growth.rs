//! Tells those who follow lines that one has grown.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A count of the times at which lines grew.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    count: Mutex<u64>,
    grown: Condvar,
}

impl Growth {
    /// Says that lines have grown: what is new can be read.
    pub(crate) fn tell(&self) {
        *self.count.lock() += 1;
        self.grown.notify_all();
    }

    /// The count.
    pub(crate) fn count(&self) -> u64 {
        *self.count.lock()
    }

    /// Waits until the count is another than `seen`, at most for `timeout`; gives the count.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let until = Instant::now() + timeout;
        let mut count = self.count.lock();
        while *count == seen {
            if self.grown.wait_until(&mut count, until).timed_out() {
                break;
            }
        }
        *count
    }
}
