//! Personal data that the node itself keeps.

use crate::exit::Failure;
use serde::Deserialize;

/// How long the node keeps what it notes of people; what circles keep is said circle by circle.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Privacy {
    /// Days for which it is kept who looked at what; whole months are removed.
    pub accesses_days: u32,
    /// Days after their end or removal for which names and addresses of people and contacts are kept.
    pub removed_days: u32,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { accesses_days: 365, removed_days: 180 }
    }
}

impl Privacy {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// When a number is out of bounds.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let all = [("accesses_days", self.accesses_days), ("removed_days", self.removed_days)];
        match all.into_iter().find(|(_, days)| !(1..=policy::privacy::DAYS_MAX).contains(days)) {
            None => Ok(()),
            Some((name, days)) => Err(Failure::usage(format!(
                "privacy.{name} is {days}: 1 to {} make sense",
                policy::privacy::DAYS_MAX
            ))),
        }
    }
}
