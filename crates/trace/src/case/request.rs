//! A request to freeze, and what became of it.

use serde::{Deserialize, Serialize};
use stix::Timestamp;

use super::Arrival;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is written, and nobody has it.
    Drafted,
    /// It is on its way to the service.
    Sent,
    /// The service says that it has it.
    Acknowledged,
    /// The service holds the assets.
    Frozen,
    /// The service does not freeze them.
    Refused,
    /// The service had frozen them, and let them go.
    Released,
}

/// What steps there are, for people.
pub const WRONG_STEP: &str = "drafted → sent → acknowledged → frozen or refused; frozen → released; what was refused can still be frozen";

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Drafted, Self::Sent, Self::Acknowledged, Self::Frozen, Self::Refused, Self::Released];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Frozen => "frozen",
            Self::Refused => "refused",
            Self::Released => "released",
        }
    }

    /// Whether a request can come from this state to that one. A service may freeze without a word before, and may think again after it
    /// refused or let go.
    #[must_use]
    pub const fn leads_to(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Drafted, Self::Sent)
                | (Self::Sent, Self::Acknowledged | Self::Frozen | Self::Refused)
                | (Self::Acknowledged, Self::Frozen | Self::Refused)
                | (Self::Refused, Self::Frozen)
                | (Self::Frozen, Self::Released)
                | (Self::Released, Self::Frozen)
        )
    }
}

/// That a request came to a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// The state.
    pub state: State,
    /// When that was, as far as is known: the word of it may come later.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// What was said, a file number, a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whom it was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Why a request can't come to a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// That state does not follow.
    #[error("a request that is {} can't be {}", from.as_str(), to.as_str())]
    Order {
        /// Where it stands.
        from: State,
        /// Where it was to come.
        to: State,
    },
    /// It would be before the last step.
    #[error("it was {} at {last}, and can't have been {} before, at {at}", from.as_str(), to.as_str())]
    Before {
        /// Where it stands.
        from: State,
        /// Where it was to come.
        to: State,
        /// Since when it stands there.
        last: Timestamp,
        /// The time given.
        at: Timestamp,
    },
}

/// A request to one service to freeze what came to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Request {
    /// The service, as its alerts call it.
    pub service: String,
    /// What it is asked to freeze.
    pub arrivals: Vec<Arrival>,
    /// The SHA-256 of the document, in hexadecimal digits: what was signed.
    pub document: String,
    /// What happened to it, in order; the first step is that it was drafted.
    pub steps: Vec<Step>,
}

impl Request {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.steps.last().map_or(State::Drafted, |step| step.state)
    }

    /// When it first came to a state.
    #[must_use]
    pub fn when(&self, state: State) -> Option<Timestamp> {
        self.steps.iter().find(|step| step.state == state).map(|step| step.at)
    }

    /// Whom it was sent to last.
    #[must_use]
    pub fn to(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| step.to.as_deref())
    }

    /// Whether it can come to a state at a time.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn check(&self, next: State, at: Timestamp) -> Result<(), StateError> {
        let from = self.state();
        if !from.leads_to(next) {
            return Err(StateError::Order { from, to: next });
        }
        match self.steps.last() {
            Some(last) if at.micros() < last.at.micros() => {
                Err(StateError::Before { from, to: next, last: last.at, at })
            }
            _ => Ok(()),
        }
    }

    /// When the first of what it is about came to the service, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn arrived(&self) -> Option<i64> {
        self.arrivals.iter().map(|arrival| arrival.time).min()
    }

    /// Seconds from the first arrival to the freeze; `None` if nothing was frozen.
    #[must_use]
    pub fn to_freeze(&self) -> Option<i64> {
        Some(self.when(State::Frozen)?.seconds().saturating_sub(self.arrived()?))
    }
}

/// Times as STIX writes them.
mod instant {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use stix::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Timestamp::parse(&text).map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn request(steps: &[(State, i64)]) -> Request {
        let step =
            |(state, second): &(State, i64)| Step { state: *state, at: at(*second), note: None, to: None };
        Request {
            service: "okx".to_owned(),
            arrivals: vec![super::super::tests::arrival("1", "okx", 7)],
            document: String::new(),
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn each_state_follows_only_what_can_come_before_it() {
        for (from, nexts) in [
            (State::Drafted, &[State::Sent][..]),
            (State::Sent, &[State::Acknowledged, State::Frozen, State::Refused]),
            (State::Acknowledged, &[State::Frozen, State::Refused]),
            (State::Frozen, &[State::Released]),
            (State::Refused, &[State::Frozen]),
            (State::Released, &[State::Frozen]),
        ] {
            for next in State::ALL {
                let told = request(&[(from, 5)]).check(next, at(9));
                assert_eq!(told.is_ok(), nexts.contains(&next), "{from:?} {next:?}");
            }
        }
    }

    #[test]
    fn a_step_is_not_before_the_one_before() {
        let request = request(&[(State::Drafted, 5), (State::Sent, 9)]);
        assert!(matches!(request.check(State::Frozen, at(8)), Err(StateError::Before { .. })));
        assert_eq!(request.check(State::Frozen, at(9)), Ok(()));
    }

    #[test]
    fn the_time_to_freeze_counts_from_the_first_arrival() {
        let frozen = request(&[(State::Drafted, 200), (State::Sent, 300), (State::Frozen, 3_700)]);
        assert_eq!((frozen.to_freeze(), frozen.state()), (Some(3_600), State::Frozen));
        assert_eq!(request(&[(State::Drafted, 200)]).to_freeze(), None);
    }
}
