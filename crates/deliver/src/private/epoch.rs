//! Epochs: how long a key is in use.
//!
//! An epoch is named by the day on which it begins, counted from 1970-01-01, and begins on the days that its length divides. Its key
//! goes into new filters until the next one begins, and answers questions for an overlap after that, so that nobody has to fetch a
//! new filter in the middle of the night.

use stix::Timestamp;

const DAY_US: i64 = 86_400 * 1_000_000;

/// How long keys last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// Days after which a new key is taken; at least one.
    pub rotate_days: u32,
    /// Days for which the old one answers still.
    pub overlap_days: u32,
}

impl Epochs {
    /// The epoch of an instant.
    #[must_use]
    pub fn of(&self, now: Timestamp) -> u32 {
        let today = today(now);
        today - today % self.rotate_days.max(1)
    }

    /// Whether the key of an epoch answers at an instant.
    #[must_use]
    pub fn holds(&self, epoch: u32, now: Timestamp) -> bool {
        epoch.is_multiple_of(self.rotate_days.max(1)) && epoch <= today(now) && now < self.until(epoch)
    }

    /// Those whose keys answer at an instant, the newest first.
    #[must_use]
    pub fn all(&self, now: Timestamp) -> Vec<u32> {
        let earlier = |epoch: &u32| epoch.checked_sub(self.rotate_days.max(1));
        std::iter::successors(Some(self.of(now)), earlier)
            .take_while(|epoch| self.holds(*epoch, now))
            .collect()
    }

    /// When an epoch begins.
    #[must_use]
    pub fn from(&self, epoch: u32) -> Timestamp {
        Timestamp::from_micros(i64::from(epoch) * DAY_US)
    }

    /// When the next epoch begins.
    #[must_use]
    pub fn next(&self, epoch: u32) -> Timestamp {
        self.from(epoch.saturating_add(self.rotate_days))
    }

    /// Until when the key of an epoch answers; the instant itself is outside.
    #[must_use]
    pub fn until(&self, epoch: u32) -> Timestamp {
        self.from(epoch.saturating_add(self.rotate_days).saturating_add(self.overlap_days))
    }
}

fn today(now: Timestamp) -> u32 {
    u32::try_from(now.micros() / DAY_US).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_answers_for_an_overlap_after_the_next_has_come() {
        let epochs = Epochs { rotate_days: 30, overlap_days: 7 };
        let day = |day: i64| Timestamp::from_micros(day * DAY_US);
        assert_eq!([59, 60, 89, 90].map(|at| epochs.of(day(at))), [30, 60, 60, 90]);
        assert!(!epochs.holds(60, Timestamp::from_micros(60 * DAY_US - 1)), "it has not begun");
        assert!(epochs.holds(60, day(60)) && epochs.holds(60, day(96)) && !epochs.holds(60, day(97)));
        assert!(!epochs.holds(61, day(61)), "no epoch begins on that day");
        assert_eq!((epochs.all(day(91)), epochs.all(day(100))), (vec![90, 60], vec![90]));
        assert_eq!((epochs.next(60), epochs.until(60)), (day(90), day(97)));
        assert_eq!(epochs.until(60).to_string(), "1970-04-08T00:00:00.000000Z");
    }
}
