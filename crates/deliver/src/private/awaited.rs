//! For how long, and how often, a member's filter is made ready before it asks.

use std::time::Duration;

use stix::Timestamp;

/// How often a filter is made anew for a member that has not asked since the last time.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long a filter is kept ready for a member that does not ask for it any more.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// A filter that is kept ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    /// When the member asked last.
    asked: Timestamp,
    /// When it was looked at last.
    looked: Option<Timestamp>,
}

impl Awaited {
    /// A member asked for it first.
    pub(super) const fn since(now: Timestamp) -> Self {
        Self { asked: now, looked: None }
    }

    /// The member asks again.
    pub(super) const fn ask(&mut self, now: Timestamp) {
        self.asked = now;
    }

    /// It is looked at.
    pub(super) const fn look(&mut self, now: Timestamp) {
        self.looked = Some(now);
    }

    /// Whether it is to be looked at: at once if the member asked since, else so seldom that what comes in one by one costs little.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.looked.is_none_or(|looked| looked < self.asked || is_after(looked, LOOK_EVERY, now))
    }

    /// Whether nobody has asked for long.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        is_after(self.asked, KEPT_FOR, now)
    }
}

fn is_after(then: Timestamp, wait: Duration, now: Timestamp) -> bool {
    let passed = i128::from(now.micros()) - i128::from(then.micros());
    u128::try_from(passed).is_ok_and(|passed| passed >= wait.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn who_asks_is_served_at_once_and_who_does_not_is_forgotten() {
        let mut one = Awaited::since(at(0));
        assert!(one.is_due(at(0)));
        one.look(at(1));
        assert!(!one.is_due(at(2)) && !one.is_due(at(60)) && one.is_due(at(61)));
        one.ask(at(3));
        assert!(one.is_due(at(3)));
        one.look(at(4));
        assert!(!one.is_due(at(5)));
        assert!(!one.is_forgotten(at(3 + 86_399)) && one.is_forgotten(at(3 + 86_400)));
        assert!(!one.is_forgotten(at(-86_400)), "a clock that was set back");
    }
}
