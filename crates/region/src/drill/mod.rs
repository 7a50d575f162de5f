//! Calls: a question to the contacts of a circle, as a drill or in earnest, over one and the same path.
//!
//! A call asks one contact of each member and function that it is for ([`plan`]). Each [`Ask`] is a link that answers once. It goes
//! out by mail and to the member's webhook; what became of that is kept apart from whether somebody answered. When nobody
//! has answered in the agreed time, or nothing could be delivered, the deputy is asked as well, and so on along the chain;
//! a late answer still counts as one. Order is that of the node's line; times are the line's, which never go back, so no
//! duration is negative whatever the clock does.
//!
//! Source: REQUIREMENTS B-2.

mod event;
mod figures;
pub mod plan;

pub use event::Event;
pub use figures::{MemberReach, Reach};

use std::collections::BTreeMap;

use policy::{CircleId, MemberId};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::contact::Function;

/// Contacts that one call asks, deputies too.
pub const ASKS_MAX: usize = 1_000;

/// Whether it is in earnest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// An exercise.
    Drill,
    /// An emergency.
    Emergency,
}

impl Purpose {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::Emergency => "emergency",
        }
    }
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is closed.
    Closed,
    /// All were reached.
    AllReached,
    /// Not all were reached, and there is nobody left to ask.
    NobodyLeft,
    /// Somebody who was asked may still answer.
    Waiting,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::AllReached => "all reached",
            Self::NobodyLeft => "nobody left to ask",
            Self::Waiting => "waiting",
        }
    }
}

/// By what a question goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// Mail, to the contact's first address.
    Mail,
    /// The member's webhook.
    Webhook,
}

impl Wire {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// What is asked, of whom, and how much time there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Definition {
    /// Whether it is in earnest.
    pub purpose: Purpose,
    /// The circle whose contacts are asked.
    pub circle: CircleId,
    /// The member that asks; `None` for the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<MemberId>,
    /// Members that are asked; none named means all of the circle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberId>,
    /// Functions that are asked for; none named means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    /// The question.
    pub question: String,
    /// The agreed time, in seconds, after which the deputy is asked.
    pub term_s: u32,
    /// For how long a link answers, in seconds.
    pub valid_s: u32,
}

/// What became of a question on one wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// When the other side took it.
    pub delivered: Option<Timestamp>,
    /// Why it did not, the last time; stays when it took it later.
    pub error: Option<String>,
    /// Whether trying again is of no use.
    pub is_final: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When it came.
    pub at: Timestamp,
    /// Who says that they answered.
    pub name: String,
    /// What they said.
    pub text: Option<String>,
}

/// One contact, asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The contact's handle.
    pub contact: String,
    /// Its member.
    pub member: MemberId,
    /// What it was asked as.
    pub function: Function,
    /// The ask, by its place in the call, whose time had passed.
    pub instead_of: Option<usize>,
    /// When it was asked.
    pub asked: Timestamp,
    /// Whether that was in its hours, if that is known.
    pub in_hours: Option<bool>,
    /// By which wires, and what became of it there.
    pub wires: BTreeMap<Wire, Tried>,
    /// What was answered.
    pub answer: Option<Answer>,
    /// When its time had passed and nobody was left to ask.
    pub exhausted: Option<Timestamp>,
}

impl Ask {
    /// When it was first delivered.
    #[must_use]
    pub fn delivered(&self) -> Option<Timestamp> {
        self.wires.values().filter_map(|tried| tried.delivered).min_by_key(Timestamp::micros)
    }

    /// Whether no wire can bring it to anybody.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.wires.values().all(|tried| tried.is_final)
    }

    /// Whole seconds from the question to the answer; `None` if there is none.
    #[must_use]
    pub fn answered_after_s(&self) -> Option<u64> {
        self.answer.as_ref().map(|answer| seconds(self.asked, answer.at))
    }

    /// Whether its link still answers at `now`, if it has not.
    #[must_use]
    pub fn is_valid(&self, definition: &Definition, now: Timestamp) -> bool {
        seconds(self.asked, now) < u64::from(definition.valid_s)
    }
}

/// Whole seconds from one time to another, none if the clock went back between them.
#[must_use]
pub fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.micros().saturating_sub(from.micros()) / 1_000_000).unwrap_or_default()
}

/// A call as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number among the node's calls, from 1.
    pub number: u64,
    /// When it began.
    pub began: Timestamp,
    /// What is asked, of whom.
    pub definition: Definition,
    /// Who was asked, in order.
    pub asks: Vec<Ask>,
    /// When it was ended, and why.
    pub closed: Option<(Timestamp, String)>,
}

impl Call {
    pub(crate) const fn new(number: u64, definition: Definition, at: Timestamp) -> Self {
        Self { number, began: at, definition, asks: Vec::new(), closed: None }
    }

    /// Takes in what happened to it. What can't be true as it stands is left out: events were judged when they were made.
    pub(crate) fn apply(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::Began(_) => {}
            Event::Asked { contact, member, function, instead_of, in_hours, wires } => {
                let new = |wire| (wire, Tried { delivered: None, error: None, is_final: false });
                let wires = wires.into_iter().map(new).collect();
                let (answer, exhausted) = (None, None);
                let ask = Ask {
                    contact,
                    member,
                    function,
                    instead_of,
                    asked: at,
                    in_hours,
                    wires,
                    answer,
                    exhausted,
                };
                self.asks.push(ask);
            }
            Event::Delivered { ask, wire } => {
                if let Some(tried) = self.tried(ask, wire) {
                    tried.delivered.get_or_insert(at);
                    tried.is_final = false;
                }
            }
            Event::NotDelivered { ask, wire, why, is_final } => {
                if let Some(tried) = self.tried(ask, wire).filter(|tried| tried.delivered.is_none()) {
                    (tried.error, tried.is_final) = (Some(why), is_final);
                }
            }
            Event::Answered { ask, name, text } => {
                if let Some(ask) = self.asks.get_mut(ask) {
                    ask.answer.get_or_insert(Answer { at, name, text });
                }
            }
            Event::Exhausted { ask } => {
                if let Some(ask) = self.asks.get_mut(ask) {
                    ask.exhausted.get_or_insert(at);
                }
            }
            Event::Closed { reason } => {
                self.closed.get_or_insert((at, reason));
            }
        }
    }

    fn tried(&mut self, ask: usize, wire: Wire) -> Option<&mut Tried> {
        self.asks.get_mut(ask)?.wires.get_mut(&wire)
    }

    /// The asks that began a chain, by their places: one for each member and function.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        self.asks.iter().enumerate().filter(|(_, ask)| ask.instead_of.is_none()).map(|(at, _)| at)
    }

    /// The places of a chain's asks, in the order in which they were asked.
    #[must_use]
    pub fn chain(&self, root: usize) -> Vec<usize> {
        let mut chain = vec![root];
        for (at, ask) in self.asks.iter().enumerate().skip(root) {
            if ask.instead_of.is_some_and(|before| chain.contains(&before)) {
                chain.push(at);
            }
        }
        chain
    }

    /// When somebody of a chain answered first, and in how many seconds since the chain began.
    #[must_use]
    pub fn reached(&self, root: usize) -> Option<(usize, u64)> {
        let began = self.asks.get(root)?.asked;
        let answered = self.chain(root).into_iter().filter_map(|at| {
            let answer = self.asks.get(at)?.answer.as_ref()?;
            Some((at, seconds(began, answer.at), answer.at.micros()))
        });
        answered.min_by_key(|(.., micros)| *micros).map(|(at, after_s, _)| (at, after_s))
    }

    /// The asks that wait for an answer and after which nobody was asked yet, by their places; none once it was ended.
    #[must_use]
    pub fn waiting(&self) -> Vec<usize> {
        if self.closed.is_some() {
            return Vec::new();
        }
        let unanswered = self.roots().filter(|root| self.reached(*root).is_none());
        let last = unanswered.filter_map(|root| self.chain(root).last().copied());
        last.filter(|at| self.asks.get(*at).is_some_and(|ask| ask.exhausted.is_none())).collect()
    }

    /// How many chains were reached, and how many there are.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let reached = self.roots().filter(|root| self.reached(*root).is_some()).count();
        (reached, self.roots().count())
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        let (reached, all) = self.score();
        match (&self.closed, reached == all, self.waiting().is_empty()) {
            (Some(_), ..) => State::Closed,
            (None, true, _) => State::AllReached,
            (None, false, true) => State::NobodyLeft,
            (None, false, false) => State::Waiting,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use uuid::Uuid;

    pub(crate) fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    pub(crate) fn definition() -> Definition {
        Definition {
            purpose: Purpose::Drill,
            circle: CircleId::new(Uuid::from_u128(9)),
            caller: None,
            members: Vec::new(),
            functions: Vec::new(),
            question: "Are you there?".to_owned(),
            term_s: 900,
            valid_s: 3_600,
        }
    }

    pub(crate) fn asked(contact: &str, instead_of: Option<usize>) -> Event {
        Event::Asked {
            contact: contact.to_owned(),
            member: MemberId::new(Uuid::from_u128(1)),
            function: Function::Technical,
            instead_of,
            in_hours: Some(true),
            wires: vec![Wire::Mail, Wire::Webhook],
        }
    }

    pub(crate) fn answered(ask: usize) -> Event {
        Event::Answered { ask, name: "Kim".to_owned(), text: None }
    }

    pub(crate) fn call(events: Vec<(i64, Event)>) -> Call {
        let mut call = Call::new(1, definition(), at(100));
        events.into_iter().for_each(|(second, event)| call.apply(event, at(second)));
        call
    }

    #[test]
    fn a_link_answers_once_and_late_answers_count() {
        let mut call = call(vec![(100, asked("a", None)), (1_000, asked("b", Some(0)))]);
        assert_eq!((call.waiting(), call.state()), (vec![1], State::Waiting));
        call.apply(answered(0), at(1_200));
        call.apply(Event::Answered { ask: 0, name: "Lee".to_owned(), text: None }, at(1_300));
        call.apply(answered(1), at(1_250));
        assert_eq!(call.asks[0].answer.as_ref().map(|answer| answer.name.as_str()), Some("Kim"));
        assert_eq!(
            (call.reached(0), call.score(), call.state()),
            (Some((0, 1_100)), (1, 1), State::AllReached)
        );
        assert_eq!((call.waiting(), call.asks[1].answered_after_s()), (vec![], Some(250)));
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_negative_time() {
        let call = call(vec![(100, asked("a", None)), (40, answered(0))]);
        assert_eq!((call.asks[0].answered_after_s(), call.reached(0)), (Some(0), Some((0, 0))));
        assert!(call.asks[0].is_valid(&call.definition, at(-5_000)));
        assert!(!call.asks[0].is_valid(&call.definition, at(3_700)));
    }

    #[test]
    fn what_no_wire_can_bring_is_lost() {
        let failed = |wire, is_final| Event::NotDelivered { ask: 0, wire, why: "gone".to_owned(), is_final };
        let mut call = call(vec![(100, asked("a", None)), (101, failed(Wire::Mail, true))]);
        assert!(!call.asks[0].is_lost(), "the webhook may take it");
        call.apply(failed(Wire::Webhook, true), at(102));
        assert!(call.asks[0].is_lost());
        call.apply(Event::Delivered { ask: 0, wire: Wire::Mail }, at(103));
        call.apply(failed(Wire::Mail, true), at(104));
        assert_eq!((call.asks[0].is_lost(), call.asks[0].delivered()), (false, Some(at(103))));
    }

    #[test]
    fn what_was_ended_or_came_to_its_end_waits_for_nobody() {
        let mut ended = call(vec![(100, asked("a", None))]);
        ended.apply(Event::Closed { reason: "over".to_owned() }, at(120));
        ended.apply(answered(7), at(130));
        assert_eq!((ended.waiting(), ended.state()), (vec![], State::Closed));
        let exhausted = call(vec![(100, asked("a", None)), (1_000, Event::Exhausted { ask: 0 })]);
        assert_eq!((exhausted.waiting(), exhausted.state()), (vec![], State::NobodyLeft));
    }
}
