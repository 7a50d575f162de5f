//! Log-ins with passwords that fail: accounts are locked for a while that grows.
//!
//! Counted is what was typed as the user name, whether there is such a user or not, so that a lock tells nothing about who
//! exists; and a locked account answers as a wrong password does, after the same work. Whoever knows a user name can lock its
//! person out for at most an hour at a time; tokens and sessions go on. The table is bounded: where it is full, the names that
//! were tried longest ago are forgotten first.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use line::Beside;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::shared::{Now, SharedCounts};

/// Failures that cost nothing yet.
const FREE: u32 = 5;
/// The first lock, which doubles with each failure after it.
const FIRST: Duration = Duration::from_secs(30);
/// The longest.
const LONGEST: Duration = Duration::from_secs(3_600);
/// After so long without a failure, all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3_600);
/// Names that are remembered.
const NAMES_MAX: usize = 50_000;

/// What was typed and failed.
#[derive(Debug, Default)]
pub struct Lockout {
    // By hash, so that long names cost no memory.
    names: Mutex<HashMap<[u8; 32], Failed>>,
    /// Where several nodes serve: what failed at any.
    shared: Option<SharedCounts>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    count: u32,
    last: Instant,
}

impl Failed {
    fn until(self) -> Instant {
        match self.count.checked_sub(FREE) {
            None => self.last,
            Some(over) => self.last + FIRST.saturating_mul(1 << over.min(16)).min(LONGEST),
        }
    }
}

impl Lockout {
    /// What failed at any of the nodes that serve beside a database.
    #[must_use]
    pub fn beside(beside: &Beside, now: Now) -> Self {
        Self { names: Mutex::default(), shared: Some(SharedCounts::new(beside, now)) }
    }

    /// Whether log-ins under this name are refused at `now`, whatever the password.
    pub(crate) fn is_locked(&self, name: &str, now: Instant) -> bool {
        match &self.shared {
            // Where that can't be known, nobody logs in.
            Some(shared) => shared.of(&key(name), now).map_or(true, |failed| {
                failed.is_some_and(|(count, last)| now < Failed { count, last }.until())
            }),
            None => self.names.lock().get(&key(name)).is_some_and(|failed| now < failed.until()),
        }
    }

    /// Counts a failure. While a name is locked, nothing is counted: the lock does not grow by being knocked at.
    pub(crate) fn failed(&self, name: &str, now: Instant) {
        if let Some(shared) = &self.shared {
            return shared.count(&key(name), now, |failed| {
                let Some((count, last)) = failed else { return Some(1) };
                let is_forgotten = now.saturating_duration_since(last) >= FORGOTTEN;
                let count = if is_forgotten { 0 } else { count };
                (now >= Failed { count, last }.until()).then(|| count.saturating_add(1))
            });
        }
        let mut names = self.names.lock();
        if names.len() >= NAMES_MAX {
            names.retain(|_, failed| now.saturating_duration_since(failed.last) < FORGOTTEN);
        }
        if names.len() >= NAMES_MAX
            && let Some(oldest) = names.iter().min_by_key(|(_, failed)| failed.last).map(|(key, _)| *key)
        {
            names.remove(&oldest);
        }
        let failed = names.entry(key(name)).or_insert(Failed { count: 0, last: now });
        if now.saturating_duration_since(failed.last) >= FORGOTTEN {
            failed.count = 0;
        }
        if now >= failed.until() {
            *failed = Failed { count: failed.count.saturating_add(1), last: now };
        }
    }

    /// Forgets the failures under a name: its person has logged in.
    pub(crate) fn clear(&self, name: &str) {
        match &self.shared {
            Some(shared) => shared.clear(&key(name)),
            None => drop(self.names.lock().remove(&key(name))),
        }
    }
}

fn key(name: &str) -> [u8; 32] {
    Sha256::digest(name.trim().to_ascii_lowercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_grow_up_to_an_hour_and_are_forgotten() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        let mut now = start;
        for _ in 0..FREE - 1 {
            lockout.failed("Kim", now);
            assert!(!lockout.is_locked("kim", now));
        }
        for lock in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            lockout.failed(" kim ", now);
            let end = now + Duration::from_secs(lock);
            assert!(lockout.is_locked("KIM", end - Duration::from_millis(1)), "{lock}");
            lockout.failed("kim", now);
            assert!(!lockout.is_locked("kim", end), "a failure while it is locked adds nothing");
            assert!(!lockout.is_locked("lee", now));
            now = end;
        }
        lockout.failed("kim", now + FORGOTTEN);
        assert!(!lockout.is_locked("kim", now + FORGOTTEN));
        lockout.clear("kim");
        assert!(lockout.names.lock().is_empty());
    }

    #[test]
    fn the_table_is_bounded() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        // One insertion beyond the limit looks for the oldest; more would only be slow.
        for number in 0..NAMES_MAX + 3 {
            lockout.failed(&number.to_string(), now + Duration::from_micros(number as u64));
        }
        assert_eq!(lockout.names.lock().len(), NAMES_MAX);
        assert!(!lockout.names.lock().contains_key(&key("0")));
    }
}
