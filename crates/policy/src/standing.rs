//! Where a member really stands: what its receipts say about its level.

use stix::Timestamp;

use crate::member::Level;
use crate::receipt::{Deed, Receipt};

const DAY_MICROS: i64 = 86_400_000_000;
/// Days for which a use says something about a member's level.
pub const USE_DAYS: i64 = 30;
/// Days for which a passed test does.
pub const TEST_DAYS: i64 = 365;

/// What a member's receipts say about one level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// When something of the level was last used.
    pub used: Option<Timestamp>,
    /// When its test was last passed.
    pub passed: Option<Timestamp>,
    /// When its test was last failed.
    pub missed: Option<Timestamp>,
}

impl Evidence {
    /// Takes a receipt in.
    pub fn take(&mut self, receipt: &Receipt) {
        let newest = |known: &mut Option<Timestamp>| *known = (*known).max(Some(receipt.at));
        match receipt.deed {
            Deed::Passed => newest(&mut self.passed),
            Deed::Missed => newest(&mut self.missed),
            deed if deed.is_use() => newest(&mut self.used),
            _ => {}
        }
    }

    /// Whether the test of the level was passed, and neither failed since nor too long ago.
    #[must_use]
    pub fn is_proven(&self, now: Timestamp) -> bool {
        self.passed > self.missed && self.passed.is_some_and(|at| within(at, now, TEST_DAYS))
    }

    /// Whether the member stands on the level: it uses it, or has just passed its test; a test that failed since outweighs use.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let shown = self.used.max(self.passed);
        let has_failed =
            self.missed > self.passed && self.missed.is_some_and(|at| within(at, now, TEST_DAYS));
        !has_failed && shown.is_some_and(|at| within(at, now, USE_DAYS))
    }
}

fn within(at: Timestamp, now: Timestamp, days: i64) -> bool {
    now.micros().saturating_sub(at.micros()) < days.saturating_mul(DAY_MICROS)
}

/// What a member's receipts say, level by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing([Evidence; Level::ALL.len()]);

impl Standing {
    /// What these receipts of one member say.
    pub fn of<'r>(receipts: impl IntoIterator<Item = &'r Receipt>) -> Self {
        let mut standing = Self::default();
        for receipt in receipts {
            if let Some(evidence) = standing.0.get_mut(receipt.level as usize) {
                evidence.take(receipt);
            }
        }
        standing
    }

    /// What they say about one level.
    #[must_use]
    pub fn evidence(&self, level: Level) -> Evidence {
        self.0.get(level as usize).copied().unwrap_or_default()
    }

    /// The highest level on which the member stands; `None` if it uses nothing.
    #[must_use]
    pub fn real(&self, now: Timestamp) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| self.evidence(*level).holds(now))
    }

    /// How many levels lie between the one on which the member stands and `wanted`, 0 to 5; whoever uses nothing stands below the
    /// first.
    #[must_use]
    pub fn gap(&self, wanted: Level, now: Timestamp) -> usize {
        let real = self.real(now).map_or(0, |level| level as usize + 1);
        (wanted as usize + 1).saturating_sub(real)
    }

    /// The highest level whose test it has passed.
    #[must_use]
    pub fn proven(&self, now: Timestamp) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| self.evidence(*level).is_proven(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::MemberId;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_MICROS)
    }

    fn receipt(level: Level, deed: Deed, day: i64) -> Receipt {
        Receipt::new(MemberId::NODE, "x", level, deed, at(day))
    }

    #[test]
    fn use_counts_for_a_month_and_a_failed_test_outweighs_it() {
        let used = [receipt(Level::List, Deed::Fetched, 100), receipt(Level::Read, Deed::Answered, 120)];
        assert_eq!(Standing::of(&used).real(at(121)), Some(Level::List));
        assert_eq!(
            Standing::of(&used).real(at(130)),
            Some(Level::Read),
            "the list was not fetched for a month"
        );
        assert_eq!(Standing::of(&used).real(at(151)), None);
        let gap = |wanted, day| Standing::of(&used).gap(wanted, at(day));
        assert_eq!([gap(Level::Block, 121), gap(Level::Block, 151), gap(Level::Read, 121)], [1, 3, 0]);
        let failed = [used[0].clone(), receipt(Level::List, Deed::Missed, 101)];
        assert_eq!(Standing::of(&failed).real(at(102)), None);
        let again = [failed[0].clone(), failed[1].clone(), receipt(Level::List, Deed::Passed, 102)];
        assert_eq!(Standing::of(&again).real(at(103)), Some(Level::List));
        assert_eq!(Standing::of(&again).proven(at(400)), Some(Level::List));
        assert_eq!(Standing::of(&again).proven(at(468)), None, "a test is good for a year");
    }

    #[test]
    fn a_mail_that_was_taken_was_not_read() {
        let taken = [receipt(Level::Read, Deed::Delivered, 1)];
        assert_eq!(Standing::of(&taken).real(at(1)), None);
    }

    #[test]
    fn receipts_are_read_as_they_are_written() {
        let receipt = receipt(Level::Block, Deed::Fetched, 3).marked("1732");
        assert_eq!(Receipt::from_json(&receipt.to_json()).unwrap(), receipt);
        assert!(Receipt::from_json(r#"{"v":2,"receipt":{}}"#).is_err());
        for deed in Deed::ALL {
            assert_eq!(deed.name().parse::<Deed>().unwrap(), deed);
        }
    }
}
