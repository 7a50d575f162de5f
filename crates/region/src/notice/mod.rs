//! Notices to take down what attacks use: to the member in whose networks or country it stands, and what became of them.
//!
//! A notice goes through states; each step has its time, so that the time to takedown is a figure. It is asked for again when what was gone
//! comes back. [`xarf`] is its form for programs, [`text`] that for people.
//!
//! Location is not attribution: whoever keeps an address is asked to help, and not blamed.

pub mod text;
pub mod xarf;

use std::collections::BTreeMap;
use std::net::IpAddr;

use policy::MemberId;
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::stored::{self, EventError};
use crate::transit::{Place, Role};

/// Notices of a node.
pub const NOTICES_MAX: usize = 1_000_000;
/// Steps of one notice.
pub const STEPS_MAX: usize = 100;
/// The longest remark, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is written, and has not gone.
    Drafted,
    /// It went to the member's contact.
    Sent,
    /// Somebody said that it has come.
    Acknowledged,
    /// What it is about is gone.
    TakenDown,
    /// Nothing will be done.
    Refused,
    /// What was gone is there again.
    CameBack,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::TakenDown => "taken-down",
            Self::Refused => "refused",
            Self::CameBack => "came-back",
        }
    }

    /// Whether it may come after another. What was refused can still be taken down; what came back is told again.
    #[must_use]
    pub const fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Drafted => false,
            Self::Sent => matches!(before, Self::Drafted | Self::Refused | Self::CameBack),
            Self::Acknowledged => matches!(before, Self::Sent),
            Self::TakenDown => {
                matches!(before, Self::Sent | Self::Acknowledged | Self::Refused | Self::CameBack)
            }
            Self::Refused => matches!(before, Self::Sent | Self::Acknowledged),
            Self::CameBack => matches!(before, Self::TakenDown),
        }
    }
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whose member it goes to.
    pub member: MemberId,
    /// The address.
    pub address: IpAddr,
    /// Where it is.
    pub place: Place,
    /// What it is to attacks.
    pub roles: Vec<Role>,
    /// When it was seen first and last, in seconds since 1970-01-01 UTC.
    pub seen: (u32, u32),
    /// How often.
    pub count: u64,
    /// By what the member was found.
    pub because: Because,
}

/// Why a notice goes to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The address is in a network that it says is its own.
    Network,
    /// The address is in its country.
    Country,
}

/// Something that happened to a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub state: State,
    /// When.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
    /// To whom it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A mail that is on its way: what is needed to send the same one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// When it was made.
    #[serde(with = "crate::instant")]
    pub at: Timestamp,
    /// To whom it goes.
    pub to: String,
    /// By which whoever gets it twice knows that it is one (RFC 5322, `Message-ID`).
    pub id: String,
}

/// Why a step can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// It does not come after what was last.
    #[error("a notice that is {before} can't be {next}", before = .0.name(), next = .1.name())]
    Order(State, State),
    /// It is before what was last.
    #[error("that is before {0}, when the notice was {state}", state = .1.name())]
    Time(Timestamp, State),
    /// There are too many.
    #[error("the notice has {STEPS_MAX} steps already")]
    Full,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number, from 1.
    pub number: u64,
    /// What it is about.
    pub about: About,
    /// What happened, the first first; never empty.
    pub steps: Vec<Step>,
    /// The mail of which it is not known yet whether it was taken.
    pub sending: Option<Sending>,
}

impl Notice {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.steps.last().map_or(State::Drafted, |step| step.state)
    }

    /// Whether a step may be taken.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn check(&self, state: State, at: Timestamp) -> Result<(), StepError> {
        let before = self.state();
        if !state.may_follow(before) {
            return Err(StepError::Order(before, state));
        }
        if let Some(last) = self.steps.last().filter(|last| at.micros() < last.at.micros()) {
            return Err(StepError::Time(last.at, last.state));
        }
        if self.steps.len() >= STEPS_MAX { Err(StepError::Full) } else { Ok(()) }
    }

    /// From when it was told until when what it is about was gone, in seconds since 1970-01-01 UTC, once for each time that it was
    /// asked; the last may wait.
    #[must_use]
    pub fn asked(&self) -> Vec<(u32, Option<u32>)> {
        let mut asked: Vec<(u32, Option<u32>)> = Vec::new();
        for step in &self.steps {
            let at = u32::try_from(step.at.seconds()).unwrap_or(0);
            match step.state {
                State::Sent if asked.last().is_none_or(|last| last.1.is_some()) => asked.push((at, None)),
                State::TakenDown => {
                    if let Some(last) = asked.last_mut().filter(|last| last.1.is_none()) {
                        last.1 = Some(at);
                    }
                }
                _ => {}
            }
        }
        asked
    }

    /// The time to takedown of the last time that it was asked and done, in seconds.
    #[must_use]
    pub fn takedown_s(&self) -> Option<u32> {
        self.asked().into_iter().rev().find_map(|(told, gone)| Some(gone?.saturating_sub(told)))
    }
}

/// Something that happened, as it stands on the node's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A notice was drafted. Its number is its place among all.
    Drafted(Box<About>),
    /// Something became of one.
    Step {
        /// Its number.
        notice: u64,
        /// What.
        step: Step,
    },
    /// One is about to be sent by mail. It stands there before the mail goes, so that one that was sent and could not be noted is neither
    /// lost nor made anew.
    Sending {
        /// Its number.
        notice: u64,
        /// The mail.
        sending: Sending,
    },
    /// The mail server refused a mail for good.
    NotSent {
        /// The notice's number.
        notice: u64,
        /// The mail's id.
        id: String,
    },
}

impl Event {
    /// The text that is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        stored::read(text)
    }
}

/// All notices: the sum of events.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    all: Vec<Notice>,
    by_address: BTreeMap<IpAddr, Vec<u64>>,
    events: u64,
}

impl Notices {
    /// Takes in an event that happened at a time. What can't happen changes nothing.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        self.events += 1;
        match event {
            Event::Drafted(about) => {
                let number = self.all.len() as u64 + 1;
                self.by_address.entry(about.address).or_default().push(number);
                let step = Step { state: State::Drafted, at, to: None, note: None };
                self.all.push(Notice { number, about: *about, steps: vec![step], sending: None });
            }
            Event::Step { notice, step } => {
                if let Some(found) = self.get_mut(notice)
                    && step.state.may_follow(found.state())
                {
                    found.steps.push(step);
                    found.sending = None;
                }
            }
            Event::Sending { notice, sending } => {
                if let Some(found) = self.get_mut(notice)
                    && State::Sent.may_follow(found.state())
                {
                    found.sending = Some(sending);
                }
            }
            Event::NotSent { notice, id } => {
                if let Some(found) = self.get_mut(notice) {
                    found.sending = found.sending.take().filter(|sending| sending.id != id);
                }
            }
        }
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Notice> {
        self.all.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Notice> {
        self.all.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// All, by number.
    #[must_use]
    pub fn all(&self) -> &[Notice] {
        &self.all
    }

    /// Those about an address.
    pub fn about(&self, address: IpAddr) -> impl Iterator<Item = &Notice> {
        self.by_address.get(&address).into_iter().flatten().filter_map(|number| self.get(*number))
    }

    /// How many events there were.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    pub(super) fn about() -> About {
        About {
            member: MemberId::new(Uuid::from_u128(7)),
            address: "203.0.113.9".parse().unwrap(),
            place: Place::default(),
            roles: vec![Role::CommandAndControl, Role::Proxy],
            seen: (1_772_323_200, 1_772_496_000),
            count: 12,
            because: Because::Network,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn step(state: State, seconds: i64) -> Event {
        Event::Step { notice: 1, step: Step { state, at: at(seconds), to: None, note: None } }
    }

    #[test]
    fn a_notice_goes_from_draft_to_takedown_and_may_come_back() {
        let mut notices = Notices::default();
        notices.apply(Event::Drafted(Box::new(about())), at(100));
        let states = [
            (State::Sent, 200),
            (State::Acknowledged, 300),
            (State::TakenDown, 700),
            (State::CameBack, 800),
            (State::Sent, 900),
            (State::Refused, 950),
            (State::TakenDown, 1_000),
        ];
        for (state, seconds) in states {
            assert_eq!(notices.get(1).unwrap().check(state, at(seconds)), Ok(()));
            let event = Event::from_json(&step(state, seconds).to_json()).unwrap();
            notices.apply(event, at(5_000));
        }
        let notice = notices.get(1).unwrap();
        assert_eq!(notice.asked(), [(200, Some(700)), (900, Some(1_000))]);
        assert_eq!((notice.takedown_s(), notice.state()), (Some(100), State::TakenDown));
        assert_eq!(
            notice.check(State::Refused, at(2_000)),
            Err(StepError::Order(State::TakenDown, State::Refused))
        );
        assert!(matches!(notice.check(State::CameBack, at(999)), Err(StepError::Time(..))));
        assert_eq!(notices.about("203.0.113.9".parse().unwrap()).count(), 1);
    }

    #[test]
    fn a_mail_is_on_its_way_until_it_is_noted_or_refused_for_good() {
        let mut notices = Notices::default();
        notices.apply(Event::Drafted(Box::new(about())), at(100));
        let sending = |id: &str| {
            let sending = Sending { at: at(150), to: "abuse@example.org".to_owned(), id: id.to_owned() };
            Event::from_json(&Event::Sending { notice: 1, sending }.to_json()).unwrap()
        };
        let id =
            |notices: &Notices| notices.get(1).unwrap().sending.as_ref().map(|sending| sending.id.clone());
        notices.apply(sending("<1@n>"), at(150));
        assert_eq!(
            (id(&notices), notices.get(1).unwrap().state()),
            (Some("<1@n>".to_owned()), State::Drafted)
        );
        notices.apply(Event::NotSent { notice: 1, id: "<0@n>".to_owned() }, at(160));
        assert!(id(&notices).is_some());
        notices.apply(Event::NotSent { notice: 1, id: "<1@n>".to_owned() }, at(160));
        assert_eq!(id(&notices), None);
        notices.apply(sending("<2@n>"), at(170));
        notices.apply(step(State::Sent, 180), at(180));
        assert_eq!(id(&notices), None);
        // What was sent is not on its way again.
        notices.apply(sending("<3@n>"), at(190));
        assert_eq!(id(&notices), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn whatever_happens_no_takedown_takes_less_than_nothing(steps in proptest::collection::vec((0..6_usize, 0..100_i64), 0..30)) {
            let states = [State::Drafted, State::Sent, State::Acknowledged, State::TakenDown, State::Refused, State::CameBack];
            let mut notices = Notices::default();
            notices.apply(Event::Drafted(Box::new(about())), at(0));
            let mut now = 0;
            for (state, passed) in steps {
                now += passed;
                let is_taken = notices.get(1).unwrap().check(states[state], at(now)).is_ok();
                let before = notices.get(1).unwrap().steps.len();
                notices.apply(step(states[state], now), at(now));
                prop_assert_eq!(notices.get(1).unwrap().steps.len() - before, usize::from(is_taken));
            }
            let asked = notices.get(1).unwrap().asked();
            let is_right = asked.iter().all(|(told, gone)| gone.is_none_or(|gone| gone >= *told));
            prop_assert!(is_right);
            let waiting = asked.iter().filter(|(_, gone)| gone.is_none()).count();
            prop_assert!(waiting <= 1);
        }
    }
}
