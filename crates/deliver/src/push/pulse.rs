//! Says when lines may have changed, to any number of tasks.
//!
//! One thread waits for growth, as the zones' does, and counts up; whoever follows looks by itself what that means for its
//! member.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use line::Store;
use tokio::sync::watch;

/// How long it is waited before it is looked whether to stop.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Counts growths of `store` into `pulse` until `stop` is set. Blocks: run it on a thread of its own.
pub fn follow(store: &Store, pulse: &watch::Sender<u64>, stop: &AtomicBool) {
    let mut grown = 0;
    while !stop.load(Ordering::Relaxed) {
        let now = store.wait_for_growth_as("push", grown, LOOK_EVERY);
        if now != grown {
            grown = now;
            pulse.send_replace(grown);
        }
    }
}
