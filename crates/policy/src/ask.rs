//! Asks: a member asks the one who shared an object to let it go wider, and what became of that.
//!
//! An ask is what its [events](Event) add up to, in their order. They are records of the node's line, so that who asked, who
//! answered and what was done can be shown years later (rule P-9). What is allowed can be less than what was asked for, never more
//! ([`Wish::allows`]). Pure: whether something may be asked, and the carrying out, is the gate's.

use serde::{Deserialize, Serialize};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use crate::circle::CircleId;
use crate::member::MemberId;

/// The version of the stored form.
const VERSION: u8 = 1;
/// Characters of a reason and of what is said with an answer.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Days for which an ask can be answered.
pub const DAYS_MAX: i64 = 30;
const DAY_MICROS: i64 = 86_400_000_000;

/// How much wider. What is not set stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wish {
    /// Another circle, beside the one that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<CircleId>,
    /// A milder TLP mark.
    #[serde(default, with = "crate::stored::tlp_option", skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// As a copy that does not say who shared it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_source: bool,
}

impl Wish {
    /// Whether nothing is wished.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `grant` is this wish or less: no circle that was not named, no milder mark. To hide the source as well is less.
    #[must_use]
    pub fn allows(&self, grant: &Self) -> bool {
        let circle = grant.circle.is_none() || grant.circle == self.circle;
        let tlp = grant.tlp.is_none_or(|tlp| self.tlp.is_some_and(|wished| wished <= tlp));
        let source =
            !grant.without_source || self.without_source || grant.circle.is_some() || grant.tlp.is_some();
        circle && tlp && source && !grant.is_nothing()
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// Who asks.
    pub asker: MemberId,
    /// The circle in which it sees the object.
    pub circle: CircleId,
    /// The object.
    #[serde(with = "crate::stored::id")]
    pub object: ObjectId,
    /// Who shared what it sees, and so decides.
    pub originator: MemberId,
    /// What it wishes.
    pub wish: Wish,
    /// What for.
    pub why: String,
}

/// Over what an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// On a page or over the interface, logged in as the originator.
    Member,
    /// By the signed link.
    Link,
    /// An operator of the node for it.
    Operator,
}

impl Way {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Link => "link",
            Self::Operator => "operator",
        }
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answered {
    /// What is allowed; `None` for no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Wish>,
    /// What is said with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// Over what it came.
    pub way: Way,
    /// The `modified` of what is made, so that it is the same when it is made again.
    #[serde(with = "crate::stored::time")]
    pub modified: Timestamp,
}

/// What was done in one circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Done {
    /// Where.
    pub circle: CircleId,
    /// Under which id.
    #[serde(with = "crate::stored::id")]
    pub object: ObjectId,
    /// Why the circle did not take it; `None` if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Who is told by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// The originator, that it is asked.
    Originator,
    /// The asker, what was answered.
    Asker,
}

/// One thing that happened to an ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It was asked.
    Asked(Asked),
    /// A mail server took the mail about it, or will never take it.
    Told {
        /// Who was told.
        whom: Whom,
        /// Why nobody could be; `None` if the mail was taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// It was answered.
    Answered(Answered),
    /// What was allowed was carried out.
    Done(Vec<Done>),
}

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    v: u8,
    ask: Uuid,
    event: E,
}

/// Why a text is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error("the event of an ask can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the event of an ask has version {0}, this program knows {VERSION}: use a newer program")]
    Version(u8),
}

impl Event {
    /// The stored form.
    #[must_use]
    pub fn to_json(&self, ask: Uuid) -> String {
        serde_json::to_string(&Stored { v: VERSION, ask, event: self }).unwrap_or_default()
    }

    /// Reads the stored form: whose event it is, and what happened.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<(Uuid, Self), EventError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(EventError::Version(v));
        }
        let stored: Stored<Self> = serde_json::from_str(text)?;
        Ok((stored.ask, stored.event))
    }
}

/// How an ask stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskState {
    /// It waits for an answer.
    Open,
    /// Nobody answered in time.
    Lapsed,
    /// The answer was no.
    Refused,
    /// The answer was yes, or yes with less, and it is being carried out.
    Granted,
    /// What was allowed is done.
    Done,
    /// What was allowed was not taken by a circle, in whole or in part.
    Failed,
}

impl AskState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Lapsed => "lapsed",
            Self::Refused => "refused",
            Self::Granted => "granted",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// An ask as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its identity.
    pub id: Uuid,
    /// When it was asked.
    pub at: Timestamp,
    /// What is asked.
    pub asked: Asked,
    /// What was answered, and when.
    pub answered: Option<(Timestamp, Answered)>,
    /// What was done, and when.
    pub done: Option<(Timestamp, Vec<Done>)>,
    /// Who was told by mail, when, and why not.
    pub told: Vec<(Timestamp, Whom, Option<String>)>,
}

impl Ask {
    /// One that was asked now.
    #[must_use]
    pub const fn new(id: Uuid, asked: Asked, at: Timestamp) -> Self {
        Self { id, at, asked, answered: None, done: None, told: Vec::new() }
    }

    /// Takes an event in. What can't be true of it as it stands is left out: events were judged when they were made.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::Answered(answered) if self.answered.is_none() => self.answered = Some((at, answered)),
            Event::Done(done) if self.done.is_none() => self.done = Some((at, done)),
            Event::Told { whom, failed } => self.told.push((at, whom, failed)),
            Event::Asked(_) | Event::Answered(_) | Event::Done(_) => {}
        }
    }

    /// The instant from which on it can't be answered any more.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        Timestamp::from_micros(self.at.micros().saturating_add(DAYS_MAX * DAY_MICROS))
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> AskState {
        match (&self.answered, &self.done) {
            (None, _) if self.until() <= now => AskState::Lapsed,
            (None, _) => AskState::Open,
            (Some((_, answered)), _) if answered.grant.is_none() => AskState::Refused,
            (Some(_), None) => AskState::Granted,
            (Some(_), Some((_, done))) if done.iter().all(|one| one.refused.is_none()) => AskState::Done,
            (Some(_), Some(_)) => AskState::Failed,
        }
    }

    /// Whether somebody was told of it by mail, or can't be.
    #[must_use]
    pub fn is_told(&self, whom: Whom) -> bool {
        self.told.iter().any(|(_, told, _)| *told == whom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(number: u128) -> CircleId {
        CircleId::new(Uuid::from_u128(number))
    }

    fn asked() -> Asked {
        Asked {
            asker: MemberId::new(Uuid::from_u128(1)),
            circle: circle(2),
            object: ObjectId::parse("report--22222222-2222-4222-8222-222222222222").unwrap(),
            originator: MemberId::new(Uuid::from_u128(3)),
            wish: Wish { circle: Some(circle(4)), tlp: Some(Tlp::Green), without_source: false },
            why: "봉수".to_owned(),
        }
    }

    #[test]
    fn less_is_allowed_and_more_is_not() {
        let wish = |circle, tlp, without_source| Wish { circle, tlp, without_source };
        let (one, two) = (Some(circle(1)), Some(circle(2)));
        let whole = wish(one, Some(Tlp::Green), false);
        for (asked, grant, expected) in [
            (whole, whole, true),
            (whole, wish(one, None, false), true),
            (whole, wish(None, Some(Tlp::Amber), false), true),
            (whole, wish(one, Some(Tlp::Green), true), true),
            (whole, wish(None, Some(Tlp::Green), true), true),
            (whole, wish(two, None, false), false),
            (whole, wish(one, Some(Tlp::Clear), false), false),
            (whole, Wish::default(), false),
            (wish(one, None, false), wish(one, Some(Tlp::Red), false), false),
            (wish(None, None, true), wish(None, None, true), true),
            (wish(None, None, true), wish(one, None, true), false),
            (wish(None, Some(Tlp::Clear), false), wish(None, None, true), false),
            (whole, wish(None, None, true), false),
        ] {
            assert_eq!(asked.allows(&grant), expected, "{asked:?} {grant:?}");
        }
    }

    #[test]
    fn events_come_back_as_they_were() {
        let at = Timestamp::parse("2026-10-01T12:00:00.5Z").unwrap();
        let done = Done { circle: circle(2), object: asked().object, refused: Some("no".to_owned()) };
        let answered =
            Answered { grant: Some(asked().wish), said: String::new(), way: Way::Link, modified: at };
        let told = Event::Told { whom: Whom::Asker, failed: None };
        for event in [Event::Asked(asked()), told, Event::Answered(answered), Event::Done(vec![done])] {
            let id = Uuid::from_u128(9);
            assert_eq!(Event::from_json(&event.to_json(id)).unwrap(), (id, event));
        }
        assert!(matches!(Event::from_json(r#"{"v":2}"#), Err(EventError::Version(2))));
        assert!(Event::from_json("x").is_err());
    }

    #[test]
    fn the_first_answer_counts_and_time_ends() {
        let at = |text| Timestamp::parse(text).unwrap();
        let (began, later) = (at("2026-10-01T00:00:00Z"), at("2026-10-02T00:00:00Z"));
        let mut ask = Ask::new(Uuid::from_u128(9), asked(), began);
        assert_eq!(ask.state(at("2026-10-30T23:59:59Z")), AskState::Open);
        assert_eq!(ask.state(at("2026-10-31T00:00:00Z")), AskState::Lapsed);
        let no = Answered { grant: None, said: String::new(), way: Way::Member, modified: later };
        let yes = Answered { grant: Some(ask.asked.wish), ..no.clone() };
        let mut granted = ask.clone();
        ask.apply(Event::Answered(no), later);
        ask.apply(Event::Answered(yes.clone()), later);
        assert_eq!(ask.state(at("2026-12-01T00:00:00Z")), AskState::Refused);
        granted.apply(Event::Answered(yes), later);
        assert_eq!(granted.state(later), AskState::Granted);
        granted.apply(Event::Done(Vec::new()), later);
        assert_eq!(granted.state(later), AskState::Done);
        assert!(!granted.is_told(Whom::Asker));
    }
}
