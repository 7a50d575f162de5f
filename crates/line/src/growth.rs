//! Tells those who follow lines that one has grown, and keeps how far behind each of them is.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A count of the times at which lines grew.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    count: Mutex<u64>,
    grown: Condvar,
    followers: Mutex<HashMap<&'static str, Follower>>,
}

/// How far a follower is.
#[derive(Debug, Clone, Copy)]
struct Follower {
    /// It has worked in all that had come by then: a count, and when that was the count.
    done: (u64, Instant),
    /// What it works in now.
    taken: (u64, Instant),
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

    /// As [`Growth::wait`], by one who is known by name: what had come when this gave `seen` is worked in by now.
    pub(crate) fn wait_as(&self, name: &'static str, seen: u64, timeout: Duration) -> u64 {
        let now = Instant::now();
        let mut followers = self.followers.lock();
        let new = Follower { done: (seen, now), taken: (seen, now) };
        let follower = followers.entry(name).or_insert(new);
        if follower.taken.0 <= seen {
            // It may have looked once more since: what had come when it was woken is done in any case.
            follower.done = (seen, follower.taken.1);
        }
        drop(followers);
        let count = self.wait(seen, timeout);
        if let Some(follower) = self.followers.lock().get_mut(name) {
            follower.taken = (count, Instant::now());
        }
        count
    }

    /// Each follower, and for how long at most what came has not been worked in by it: nothing, if it has all.
    pub(crate) fn lags(&self) -> Vec<(&'static str, Duration)> {
        let count = self.count();
        let lag = |follower: &Follower| match follower.done.0 == count {
            true => Duration::ZERO,
            false => follower.done.1.elapsed(),
        };
        let mut lags: Vec<_> =
            self.followers.lock().iter().map(|(name, follower)| (*name, lag(follower))).collect();
        lags.sort_unstable();
        lags
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn a_follower_is_behind_until_it_comes_back_for_more() {
        let growth = Growth::default();
        assert!(growth.lags().is_empty());
        let seen = growth.wait_as("search", 0, SHORT);
        assert_eq!(growth.lags(), [("search", Duration::ZERO)]);
        growth.tell();
        std::thread::sleep(Duration::from_millis(20));
        assert!(growth.lags()[0].1 >= Duration::from_millis(20), "it has not taken it up yet");
        let seen = growth.wait_as("search", seen, SHORT);
        assert!(growth.lags()[0].1 > Duration::ZERO, "it works on it");
        growth.wait_as("search", seen, SHORT);
        growth.wait_as("zones", seen, SHORT);
        assert_eq!(growth.lags(), [("search", Duration::ZERO), ("zones", Duration::ZERO)]);
    }
}
