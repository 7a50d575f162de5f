//! Parcels: what a member brings to a circle that asks for four eyes, and who let it out or kept it.
//!
//! A parcel is kept beside its circle's line until a second person of the same member decides; what is decided are
//! [events](Noted), records of the node's line that name both persons. A parcel is what its beginning and its events add up to.
//! Pure: whether somebody may decide is said here ([`Parcel::may_release`]); the carrying out is the gate's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::ask::Wish;
use crate::book::Book;
use crate::circle::CircleId;
use crate::member::{Intake, MemberId};
use crate::person::{By, PersonId};
use crate::role::Right;

/// The version of the stored form.
const VERSION: u8 = 1;
/// Characters of what is said with a refusal.
pub const SAID_CHARS_MAX: usize = 2_000;
/// Objects whose refusal by the circle is told one by one.
pub const REFUSED_TOLD_MAX: usize = 100;
const DAY_MICROS: i64 = 86_400_000_000;

/// That what a member shares goes to a circle only when two of its people have said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FourEyes {
    /// Days for which something waits for the second; after them it lapses.
    pub days: u16,
}

impl FourEyes {
    /// Days, if nobody says otherwise.
    pub const DAYS: u16 = 14;

    /// Until when something waits that comes at `now`.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros(now.micros().saturating_add(i64::from(self.days) * DAY_MICROS))
    }
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Objects, each as it came, under terms (as they are stored; none are the usual ones). One whose text was erased is empty.
    Objects {
        /// The terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<String>,
        /// What becomes of malformed ones, as the one who brought them asked.
        intake: Intake,
        /// Their texts.
        objects: Vec<String>,
    },
    /// A yes to an ask, which lets something go wider.
    Answer {
        /// Which ask.
        ask: Uuid,
        /// What it is about.
        object: String,
        /// The version of it that was looked at: no other is let out by this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// What is allowed.
        grant: Wish,
        /// What is said with it.
        said: String,
        /// Over what it came.
        way: crate::ask::Way,
    },
}

/// A parcel as it is kept, in the line beside its circle's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    v: u8,
    /// Its identity.
    pub id: Uuid,
    /// Until when it waits.
    #[serde(with = "crate::stored::time")]
    pub until: Timestamp,
    /// Whose it is.
    pub member: MemberId,
    /// Who brought it; `None` is a machine of the member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// When it was brought, if this stands for a record that was erased because it held something that was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::stored::time_option")]
    pub at: Option<Timestamp>,
    /// What is in it.
    pub contents: Contents,
}

impl Brought {
    /// A parcel of a member's.
    #[must_use]
    pub const fn new(id: Uuid, by: By, until: Timestamp, contents: Contents) -> Self {
        Self { v: VERSION, id, until, member: by.member, person: by.person, at: None, contents }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it has another form, or another version.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let read: Self = serde_json::from_str(text)?;
        checked(read.v).map(|()| read)
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn checked(version: u8) -> Result<(), serde_json::Error> {
    use serde::de::Error as _;
    match version {
        VERSION => Ok(()),
        other => Err(serde_json::Error::custom(format!("version {other}; this program knows {VERSION}"))),
    }
}

/// What became of a parcel's objects in the circle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How many are in the circle now.
    pub shared: u64,
    /// How many were there already.
    pub present: u64,
    /// How many break STIX 2.1 and wait for the node's operators.
    pub quarantined: u64,
    /// How many the circle refused.
    pub refused: u64,
    /// Why, for the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// Something that happened to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A second person let it out.
    Released,
    /// It stays.
    Refused {
        /// What was said with it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        said: String,
    },
    /// Objects in it were withdrawn while it waited, and stay.
    Withdrawn {
        /// Where they stand in it, from 0.
        places: Vec<u32>,
    },
    /// What was let out was carried out.
    Done(Outcome),
}

/// An event as it is kept, in the node's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    v: u8,
    /// What happened to which parcel.
    pub parcel: Uuid,
    /// For which circle.
    pub circle: CircleId,
    /// Whose parcel it is.
    pub member: MemberId,
    /// Who brought it; `None` is a machine of the member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought_by: Option<PersonId>,
    /// How many objects it has.
    pub objects: u64,
    /// Which person did this; `None` is no person: the node, or its operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// What.
    pub event: Event,
}

impl Noted {
    /// An event of a parcel.
    #[must_use]
    pub fn new(parcel: &Parcel, by: Option<PersonId>, event: Event) -> Self {
        let Parcel { id, circle, by: brought, objects, .. } = *parcel;
        Self {
            v: VERSION,
            parcel: id,
            circle,
            member: brought.member,
            brought_by: brought.person,
            objects,
            by,
            event,
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it has another form, or another version.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let read: Self = serde_json::from_str(text)?;
        checked(read.v).map(|()| read)
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// How a parcel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParcelState {
    /// It waits for a second person.
    Waiting,
    /// It was let out, and is being carried out.
    Released,
    /// It was let out, and that is done.
    Done,
    /// It was kept.
    Refused,
    /// All that was in it was withdrawn.
    Withdrawn,
    /// Nobody decided in time.
    Lapsed,
}

impl ParcelState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Why a parcel is not let out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReleased {
    /// It is not this one's, or is not there: the two look the same.
    #[error("there is no such release")]
    NotFound,
    /// No person asks.
    #[error(
        "a person must release it: log in, or use a token that a person has made for itself, not one of the member's systems"
    )]
    NoPerson,
    /// The person may not.
    #[error("you have not the right to release: the role `releaser` has it")]
    NoRight,
    /// It is the same person's.
    #[error("you brought it yourself: another person of yours has to release it")]
    Own,
    /// Who brought it may not bring anything any more.
    #[error("the person who brought it may not share any more: refuse it, and bring it anew")]
    BringerGone,
    /// It does not wait any more.
    #[error("it does not wait any more: it is {}", state.name())]
    NotWaiting {
        /// How it stands.
        state: ParcelState,
    },
}

/// A decision about a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// Which person decided; `None` is the node's operator, who can only refuse.
    pub by: Option<PersonId>,
    /// Whether it was let out.
    pub released: bool,
    /// What was said with it.
    pub said: String,
}

/// A parcel as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its identity.
    pub id: Uuid,
    /// When it was brought.
    pub at: Timestamp,
    /// Until when it waits.
    pub until: Timestamp,
    /// Whose it is, and who brought it.
    pub by: By,
    /// For which circle.
    pub circle: CircleId,
    /// How many objects are in it.
    pub objects: u64,
    /// The ask that it answers, if it is an answer.
    pub ask: Option<Uuid>,
    /// Where objects stand in it, from 0, that were withdrawn while it waited.
    pub withdrawn: BTreeSet<u32>,
    /// What was decided.
    pub decided: Option<Decided>,
    /// What came of it, and when.
    pub done: Option<(Timestamp, Outcome)>,
}

impl Parcel {
    /// As it was brought, at `at` if what is kept does not say otherwise.
    #[must_use]
    pub fn new(brought: &Brought, circle: CircleId, at: Timestamp) -> Self {
        let (objects, ask) = match &brought.contents {
            Contents::Objects { objects, .. } => (objects.len() as u64, None),
            Contents::Answer { ask, .. } => (1, Some(*ask)),
        };
        Self {
            id: brought.id,
            at: brought.at.unwrap_or(at),
            until: brought.until,
            by: By { member: brought.member, person: brought.person },
            circle,
            objects,
            ask,
            withdrawn: BTreeSet::new(),
            decided: None,
            done: None,
        }
    }

    /// Takes an event in. The first decision holds.
    pub fn apply(&mut self, noted: Noted, at: Timestamp) {
        match noted.event {
            Event::Released | Event::Refused { .. } if self.decided.is_some() => {}
            Event::Released => {
                self.decided = Some(Decided { at, by: noted.by, released: true, said: String::new() });
            }
            Event::Refused { said } => {
                self.decided = Some(Decided { at, by: noted.by, released: false, said })
            }
            Event::Withdrawn { places } => self.withdrawn.extend(places),
            Event::Done(outcome) => self.done = Some((at, outcome)),
        }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ParcelState {
        match (&self.decided, &self.done) {
            (_, Some(_)) => ParcelState::Done,
            (Some(decided), None) if decided.released => ParcelState::Released,
            (Some(_), None) => ParcelState::Refused,
            (None, None) if self.withdrawn.len() as u64 >= self.objects => ParcelState::Withdrawn,
            (None, None) if self.until <= now => ParcelState::Lapsed,
            (None, None) => ParcelState::Waiting,
        }
    }

    /// Whether nothing of it can be let out any more, whatever the time: it was, or it was refused.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.done.is_some() || self.decided.as_ref().is_some_and(|decided| !decided.released)
    }

    /// Whether `second` may let it out now, by the book as it stands.
    ///
    /// # Errors
    /// [`NotReleased`].
    pub fn may_release(&self, book: &Book, second: By, now: Timestamp) -> Result<(), NotReleased> {
        self.may_decide(book, second, now)?;
        if second.person == self.by.person {
            return Err(NotReleased::Own);
        }
        // What somebody brought who is not trusted any more is not let out on that one's word.
        match self.by.person {
            Some(first) if !has(book, self.by.member, first, Right::Write) => Err(NotReleased::BringerGone),
            _ => Ok(()),
        }
    }

    /// Whether `who` may refuse it: also the one who brought it, and the node's operators.
    ///
    /// # Errors
    /// [`NotReleased`].
    pub fn may_refuse(&self, book: &Book, who: By, now: Timestamp) -> Result<(), NotReleased> {
        match who.member == MemberId::NODE {
            true => self.waits(now),
            false => self.may_decide(book, who, now),
        }
    }

    fn may_decide(&self, book: &Book, who: By, now: Timestamp) -> Result<(), NotReleased> {
        if who.member != self.by.member {
            return Err(NotReleased::NotFound);
        }
        let person = who.person.ok_or(NotReleased::NoPerson)?;
        if !has(book, who.member, person, Right::Release) {
            return Err(NotReleased::NoRight);
        }
        self.waits(now)
    }

    fn waits(&self, now: Timestamp) -> Result<(), NotReleased> {
        match self.state(now) {
            ParcelState::Waiting => Ok(()),
            state => Err(NotReleased::NotWaiting { state }),
        }
    }
}

/// Whether somebody acts for the member and has the right, by the book as it stands.
fn has(book: &Book, member: MemberId, person: PersonId, right: Right) -> bool {
    let person = book.person(person).filter(|person| person.member == Some(member) && book.acts(person));
    person.is_some_and(|person| person.rights().has(right))
}
