//! Answers to asks: whether one can be given, and what it sets going.

use line::StorageError;
use policy::ask::{Answered, Event, TEXT_CHARS_MAX, Way};
use policy::{Ask, AskState, RemarkError, Wish};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::carry::{Making, Own};
use crate::opening::{Gate, GateError};
use crate::submit::{Submission, SubmitError};
use policy::parcel::Contents;
use policy::{By, MemberId};

const MILLISECOND_MICROS: i64 = 1_000;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// A member, logged in.
    Member(MemberId),
    /// A person of a member's, logged in.
    Person(By),
    /// Whoever has the signed link, which is the originator's.
    Link,
    /// An operator of the node, for the originator.
    Operator,
}

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// All that is asked.
    Whole,
    /// This, which must be less.
    Less(Wish),
    /// Nothing.
    Nothing,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How much is allowed.
    pub grant: Grant,
    /// What is said with it.
    pub said: String,
}

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is no such ask for the one who answers.
    #[error("there is no such ask")]
    NotFound,
    /// It was answered.
    #[error("it was answered before, and the first answer holds")]
    Answered,
    /// Its time is over.
    #[error("the time in which it could be answered is over; it can be asked again")]
    Lapsed,
    /// The object is not there any more.
    #[error(
        "the object was withdrawn, was revoked or has expired, so there is nothing left to allow; you can still say no"
    )]
    Gone,
    /// The circle asks for two persons, and a link doesn't say who the first is.
    #[error(
        "this circle lets nothing out on one person's word: log in to say yes, so that a second can look at it"
    )]
    NeedsLogIn,
    /// More than was asked.
    #[error(
        "that is not less than what is asked: leave the circle as it is named or out, and take a mark between"
    )]
    NotLess,
    /// Too long.
    #[error("what is said has {chars} characters; the limit is {limit}")]
    TooLong {
        /// Characters that it has.
        chars: usize,
        /// Most that it may have.
        limit: usize,
    },
    /// The circle has ended meanwhile, or has not begun.
    #[error(
        "the circle {circle} is not in force any more, so nothing can be shared there; say no, or allow something else"
    )]
    NotInForce {
        /// Its title.
        circle: String,
    },
    /// The originator can't share there, or not what was made: the circle takes another specification, or only what is signed.
    #[error(
        "the member that shared it may not share in the circle {circle}; say no, or allow something else"
    )]
    NotThere {
        /// Its title.
        circle: String,
    },
    /// A second person of the originator's must say so as well.
    #[error(
        "four eyes are asked for here: it waits until another person of yours releases it, under {parcel}"
    )]
    Waits {
        /// The parcel that waits.
        parcel: Uuid,
    },
    /// The circle takes nothing under such a mark.
    #[error(
        "it would count as {mark} and the circle {circle} takes nothing above {ceiling}: allow a milder mark as well, or say no"
    )]
    OverCeiling {
        /// What it would count as.
        mark: Tlp,
        /// Its title.
        circle: String,
        /// Its ceiling.
        ceiling: Tlp,
    },
    /// The mark is no milder.
    #[error("it counts as {mark} by now, which is no stricter than that; say no, or allow something else")]
    NotMilder {
        /// What it counts as.
        mark: Tlp,
    },
    /// An exchange policy holds it.
    #[error(
        "its exchange policy (FIRST IEP) says {mark}, which a mark of the object can't make milder: share it anew by hand"
    )]
    KeptByPolicy {
        /// What the policy says.
        mark: Tlp,
    },
    /// Too much waits for a second person already.
    #[error("{}", SubmitError::Crowded)]
    Crowded,
    /// It names its source where that can't be left out.
    #[error(
        "it names its source where that can't be left out, so a copy would still tell: share by hand what may be known, or say no"
    )]
    NamesSource,
    /// Its text can't be changed so.
    #[error("it can't be released so: {0}")]
    Text(#[from] RemarkError),
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
    /// The line. Safe to repeat.
    #[error("{0}")]
    Gate(#[from] GateError),
}

impl Gate {
    /// Takes an answer, and carries out what it allows. When this returns, both are durable.
    ///
    /// # Errors
    /// [`AnswerError`]. What the store fails with after the answer was taken is made good by [`Gate::finish_asks`]; with all
    /// others nothing was taken, and the ask waits on.
    pub fn answer_ask(
        &self,
        id: Uuid,
        by: Answerer,
        reply: Reply,
        now: Timestamp,
    ) -> Result<Ask, AnswerError> {
        self.answer(id, by, reply, None, now)
    }

    /// Takes an answer that a second person of the originator's has let out, for the version that was looked at then.
    pub(crate) fn answer_released(
        &self,
        id: Uuid,
        by: Answerer,
        reply: Reply,
        version: Option<&str>,
        now: Timestamp,
    ) -> Result<Ask, AnswerError> {
        self.answer(id, by, reply, Some(version), now)
    }

    fn answer(
        &self,
        id: Uuid,
        by: Answerer,
        reply: Reply,
        released: Option<Option<&str>>,
        now: Timestamp,
    ) -> Result<Ask, AnswerError> {
        let said = reply.said.trim();
        let chars = said.chars().count();
        if chars > TEXT_CHARS_MAX {
            return Err(AnswerError::TooLong { chars, limit: TEXT_CHARS_MAX });
        }
        let _one_at_a_time = self.inner.asks.one_at_a_time.lock();
        self.alone(super::ASKS, || {
            self.answer_alone(id, by, Reply { said: said.to_owned(), ..reply }, released, now)
        })
    }

    fn answer_alone(
        &self,
        id: Uuid,
        by: Answerer,
        reply: Reply,
        released: Option<Option<&str>>,
        now: Timestamp,
    ) -> Result<Ask, AnswerError> {
        let said = reply.said.as_str();
        let ask = self.inner.asks.get(id).filter(|ask| self.may_answer(ask, by));
        let ask = ask.ok_or(AnswerError::NotFound)?;
        match ask.state(now) {
            AskState::Open => {}
            AskState::Lapsed => return Err(AnswerError::Lapsed),
            _ => return Err(AnswerError::Answered),
        }
        let grant = match reply.grant {
            Grant::Nothing => None,
            Grant::Whole => Some(ask.asked.wish),
            Grant::Less(less) if ask.asked.wish.allows(&less) => Some(less),
            Grant::Less(_) => return Err(AnswerError::NotLess),
        };
        let mut modified = milliseconds(now, 0);
        let mut looked_at = None;
        if let Some(grant) = &grant {
            let asked = &ask.asked;
            let own = self.own(asked.originator, asked.circle, &asked.object, None, now)?;
            let own = own.ok_or(AnswerError::Gone)?;
            let version = own.version.to_string();
            // What was released is what was looked at, and not what was shared since.
            if released.flatten().is_some_and(|released| released != version) {
                return Err(AnswerError::Gone);
            }
            looked_at = Some(version);
            // A clock that went back must not make the new version the older one: rule X-1.
            modified = modified.max(milliseconds(own.version, 1));
            check(grant, &own)?;
            for making in self.makings(&ask, &own, grant, modified, now)? {
                self.may_take(&ask, &making, now)?;
            }
        }
        let way = match by {
            Answerer::Member(_) | Answerer::Person(_) => Way::Member,
            Answerer::Link => Way::Link,
            Answerer::Operator => Way::Operator,
        };
        let waits = grant.filter(|_| released.is_none() && ask.asked.originator != MemberId::NODE);
        if let Some(grant) = waits
            && let Some(place) = self.answer_waits(ask.asked.circle, &grant, now)
        {
            let (object, said) = (ask.asked.object.to_string(), said.to_owned());
            // Over a link nobody says who it was, and the second person could be the first.
            if by == Answerer::Link {
                return Err(AnswerError::NeedsLogIn);
            }
            let contents = Contents::Answer { ask: id, object, version: looked_at, grant, said, way };
            let person = if let Answerer::Person(by) = by { by.person } else { None };
            let by = By { member: ask.asked.originator, person };
            let parcel = self.bring_answer(by, place, contents, now).map_err(|error| match error {
                SubmitError::Storage(error) => AnswerError::Storage(error),
                SubmitError::Crowded => AnswerError::Crowded,
                _ => AnswerError::NotFound,
            })?;
            return Err(AnswerError::Waits { parcel });
        }
        if released.is_none() {
            // A yes that waits does not hold any more.
            let person = if let Answerer::Person(by) = by { by.person } else { None };
            self.withdraw_answers(
                By { member: ask.asked.originator, person },
                &self.waiting_answers(id, now),
            )?;
        }
        let by = if way == Way::Operator { MemberId::NODE } else { ask.asked.originator };
        let answered = Answered { grant, said: said.to_owned(), way, modified };
        let ask = self.happened(id, by, &Event::Answered(answered))?;
        self.finished(&ask, now)
    }

    /// Whether it is for this one to answer.
    fn may_answer(&self, ask: &Ask, by: Answerer) -> bool {
        match by {
            Answerer::Operator => true,
            Answerer::Link => self.is_shown_to_originator(ask),
            Answerer::Member(member) | Answerer::Person(By { member, .. }) => {
                member == ask.asked.originator && self.is_shown_to_originator(ask)
            }
        }
    }

    /// Whether a circle takes what was made, now.
    fn may_take(&self, ask: &Ask, making: &Making, now: Timestamp) -> Result<(), AnswerError> {
        let book = self.book();
        let (agreed, originator) = (book.circle(making.circle), ask.asked.originator);
        let circle = agreed.map(|circle| circle.title.clone()).unwrap_or_default();
        // What was made is not signed by its originator, who can do that only by hand.
        let is_refused = |object: &Submission| {
            agreed.is_some_and(|circle| {
                !circle.takes(object.head.spec_version)
                    || self.unproven(circle, originator, object, now).is_some()
            })
        };
        match self.may_share(originator, making.circle, now) {
            Ok(ceiling) if making.tlp > ceiling => {
                Err(AnswerError::OverCeiling { mark: making.tlp, circle, ceiling })
            }
            Ok(_) if making.objects.iter().any(is_refused) => Err(AnswerError::NotThere { circle }),
            Ok(_) => Ok(()),
            Err(SubmitError::NotInForce) => Err(AnswerError::NotInForce { circle }),
            Err(SubmitError::Storage(error)) => Err(error.into()),
            Err(_) => Err(AnswerError::NotThere { circle }),
        }
    }
}

/// Whether a mark can become as mild as that.
fn check(grant: &Wish, own: &Own) -> Result<(), AnswerError> {
    let Some(tlp) = grant.tlp else { return Ok(()) };
    if tlp >= own.tlp {
        return Err(AnswerError::NotMilder { mark: own.tlp });
    }
    match own.of_policies {
        Some(mark) if mark > tlp => Err(AnswerError::KeptByPolicy { mark }),
        _ => Ok(()),
    }
}

/// An instant so many milliseconds later, without what is smaller.
fn milliseconds(at: Timestamp, later: i64) -> Timestamp {
    let whole = at.micros().div_euclid(MILLISECOND_MICROS).saturating_add(later);
    Timestamp::from_micros(whole.saturating_mul(MILLISECOND_MICROS))
}
