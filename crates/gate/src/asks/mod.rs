//! Asks: a member asks the one who shared an object to let it go wider.
//!
//! Who asks must see the object; whoever does not is answered as if nothing were there. Who has shared what is seen decides, and what is
//! allowed is carried out by its authority ([`carry`]). All of it is on the node's line before anything is answered. Neither side is
//! told more of the other than the circle shows: an ask for a circle that its originator is not in, and of whose members it may not
//! know, waits like one that nobody answers.

mod answering;
mod carry;
mod seen;

use std::collections::BTreeMap;

use line::{Draft, LineId, Outcome, Record, RecordKind, StorageError};
use parking_lot::Mutex;
use policy::ask::{Asked, Event, TEXT_CHARS_MAX, Whom};
use policy::{Ask, AskState, Book, Circle, CircleId, Level, MemberId, Reach, Request, Wish};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use crate::opening::{Gate, GateError};
use crate::query::Query;
use crate::reader::Reader;

pub use answering::{AnswerError, Answerer, Grant, Reply};
pub use seen::{AnswerSeen, AskRole, AskSeen};

/// Asks of one member that wait for an answer at a time.
pub const OPEN_MAX: usize = 50;

/// What a member asks.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who asks.
    pub member: MemberId,
    /// Where it sees the object.
    pub circle: CircleId,
    /// The object.
    pub object: ObjectId,
    /// How much wider.
    pub wish: Wish,
    /// What for.
    pub why: String,
    /// Whether it asks over a channel that nobody reads along: what it sees over another may be less.
    pub encrypted: bool,
}

/// Why something was not asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The member does not see it; whether it is there is not said.
    #[error("there is no such object in that circle")]
    NotFound,
    /// The member is not in the circle that it wishes; whether it is there is not said.
    #[error("there is no such circle")]
    NoCircle,
    /// Nothing is wished.
    #[error("nothing is asked for: name a circle, a milder mark, or a copy without its source")]
    Nothing,
    /// The reason is too long, or there is none.
    #[error("say what it is for, in 1 to {limit} characters; these are {chars}")]
    Why {
        /// Characters that it has.
        chars: usize,
        /// Most that it may have.
        limit: usize,
    },
    /// The member itself shared it.
    #[error("you shared it yourself, so there is nobody to ask: share it wider")]
    Own,
    /// It is there already.
    #[error("you have it in that circle already")]
    AlreadyThere,
    /// The circle takes nothing any more, or not yet.
    #[error("that circle is not in force: it has not begun or has ended")]
    NotInForce,
    /// The circle takes nothing under such a mark.
    #[error(
        "it is marked {mark} and that circle takes nothing above {ceiling}: ask for a milder mark as well"
    )]
    OverCeiling {
        /// What it counts as, or is to count as.
        mark: Tlp,
        /// The circle's ceiling.
        ceiling: Tlp,
    },
    /// The mark is no milder.
    #[error("it counts as {mark} already, which is no stricter than that")]
    NotMilder {
        /// What it counts as.
        mark: Tlp,
    },
    /// A marking definition never changes.
    #[error("a marking definition has no versions, so its mark can't change (STIX 2.1, section 7.2.1)")]
    NoVersions,
    /// It names no source.
    #[error("an observable names no source: ask for another circle, where the sender can be hidden")]
    NoSource,
    /// The one who shared it can't share there.
    #[error("the member that shared it does not share in that circle: name another")]
    NotThere,
    /// It is asked already.
    #[error("you have asked that already, and it waits for an answer: {ask}")]
    Again {
        /// Under this id.
        ask: Uuid,
    },
    /// Too many wait.
    #[error("{limit} asks of yours wait for answers; more can be asked when some are answered")]
    TooMany {
        /// Most that may wait.
        limit: usize,
    },
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
    /// The line. Safe to repeat.
    #[error("{0}")]
    Gate(#[from] GateError),
}

/// Under what name asks are judged and written, by one node at a time.
const ASKS: &str = "asks";

/// All asks, as the node's line has them.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    all: Mutex<BTreeMap<Uuid, Ask>>,
    /// Held while one is judged and written, so that each is asked and answered once.
    one_at_a_time: Mutex<()>,
}

impl Asks {
    /// Takes a record of the node's line in. One that can't be read, as a newer program may have written it, is left out: no
    /// release depends on it.
    pub(crate) fn load(&self, record: &Record) {
        if let Ok((id, event)) = Event::from_json(&String::from_utf8_lossy(&record.body)) {
            self.apply(id, event, record.added.timestamp());
        }
    }

    fn apply(&self, id: Uuid, event: Event, at: Timestamp) {
        let mut all = self.all.lock();
        match (all.get_mut(&id), event) {
            (Some(ask), event) => ask.apply(event, at),
            (None, Event::Asked(asked)) => drop(all.insert(id, Ask::new(id, asked, at))),
            (None, _) => {}
        }
    }

    fn get(&self, id: Uuid) -> Option<Ask> {
        self.all.lock().get(&id).cloned()
    }
}

impl Gate {
    /// Asks the one who shared an object to let it go wider; when this returns, it is durable.
    ///
    /// # Errors
    /// [`AskError`]: then nothing was asked.
    pub fn ask(&self, asking: Asking, now: Timestamp) -> Result<Ask, AskError> {
        let chars = asking.why.trim().chars().count();
        if chars == 0 || chars > TEXT_CHARS_MAX {
            return Err(AskError::Why { chars, limit: TEXT_CHARS_MAX });
        }
        let _one_at_a_time = self.inner.asks.one_at_a_time.lock();
        self.alone(ASKS, || self.ask_alone(asking, now))
    }

    fn ask_alone(&self, asking: Asking, now: Timestamp) -> Result<Ask, AskError> {
        let originator = self.judge(&asking, now)?;
        let asked = Asked {
            asker: asking.member,
            circle: asking.circle,
            object: asking.object,
            originator,
            wish: asking.wish,
            why: asking.why.trim().to_owned(),
        };
        let mut waiting = 0;
        for known in self.inner.asks.all.lock().values() {
            if known.asked.asker != asked.asker || known.state(now) != AskState::Open {
                continue;
            }
            if (known.asked.circle, &known.asked.object) == (asked.circle, &asked.object) {
                return Err(AskError::Again { ask: known.id });
            }
            waiting += 1;
        }
        if waiting >= OPEN_MAX {
            return Err(AskError::TooMany { limit: OPEN_MAX });
        }
        let id = self.ask_id(&asked, now);
        let by = asked.asker;
        Ok(self.happened(id, by, &Event::Asked(asked))?)
    }

    /// An id that nobody else can tell beforehand.
    fn ask_id(&self, asked: &Asked, now: Timestamp) -> Uuid {
        let (text, at) = (asked.object.to_string(), now.micros().to_be_bytes());
        let (asker, circle) = (asked.asker.uuid(), asked.circle.uuid());
        let parts: [&[u8]; 4] = [asker.as_bytes(), circle.as_bytes(), text.as_bytes(), &at];
        short(&self.key().derive("ask", &parts))
    }

    /// Who decides about what is asked.
    fn judge(&self, asking: &Asking, now: Timestamp) -> Result<MemberId, AskError> {
        let (book, wish) = (self.book(), asking.wish);
        let reader = self.asking_reader(&book, asking, asking.circle, now).ok_or(AskError::NotFound)?;
        let query = Query { ids: vec![asking.object.clone()], limit: 1, ..Query::default() };
        let seen = reader.page(&query)?.items.into_iter().next().ok_or(AskError::NotFound)?;
        let originator = reader.sender_of(&asking.object)?.ok_or(AskError::NotFound)?;
        if wish.is_nothing() {
            return Err(AskError::Nothing);
        }
        if originator == asking.member {
            return Err(AskError::Own);
        }
        let object_type = asking.object.object_type();
        if wish.tlp.is_some() && object_type == "marking-definition" {
            return Err(AskError::NoVersions);
        }
        if wish.tlp.is_some_and(|tlp| tlp >= seen.tlp()) {
            return Err(AskError::NotMilder { mark: seen.tlp() });
        }
        if wish.without_source && wish.circle.is_none() && stix::id::is_observable(object_type) {
            return Err(AskError::NoSource);
        }
        if let Some(wished) = wish.circle {
            let circle = book.circle(wished).filter(|circle| circle.has(asking.member));
            let circle = circle.ok_or(AskError::NoCircle)?;
            let mark = wish.tlp.unwrap_or(seen.tlp());
            if !circle.in_force(now) {
                return Err(AskError::NotInForce);
            }
            if mark > circle.ceiling {
                return Err(AskError::OverCeiling { mark, ceiling: circle.ceiling });
            }
            let there = self.asking_reader(&book, asking, wished, now).ok_or(AskError::NoCircle)?;
            if wished == asking.circle || !there.manifest(&query)?.items.is_empty() {
                return Err(AskError::AlreadyThere);
            }
            let is_named = reader.said_by(&asking.object)?.iter().any(|said| said.member == Some(originator));
            if is_named && !circle.hidden_members && !shares(&book, circle, originator) {
                return Err(AskError::NotThere);
            }
        }
        Ok(originator)
    }

    fn asking_reader(
        &self,
        book: &Book,
        asking: &Asking,
        circle: CircleId,
        now: Timestamp,
    ) -> Option<Reader> {
        let Asking { member, encrypted, .. } = *asking;
        let wanted = book.member(member).map_or(Level::Read, |member| member.level);
        self.reader(Request { member, circle, wanted, encrypted, now, reach: Reach::Member }).ok()
    }

    /// Notes that somebody was told of an ask by mail, or that nobody can be.
    ///
    /// # Errors
    /// [`GateError`]: then nothing was noted.
    pub fn ask_told(&self, id: Uuid, whom: Whom, failed: Option<String>) -> Result<(), GateError> {
        self.happened(id, MemberId::NODE, &Event::Told { whom, failed }).map(drop)
    }

    /// Writes what happened to an ask, and gives it as it stands then.
    fn happened(&self, id: Uuid, by: MemberId, event: &Event) -> Result<Ask, GateError> {
        let draft = Draft::note(RecordKind::Ask, by.uuid(), event.to_json(id).into_bytes());
        for outcome in self.store().append(LineId::NODE, vec![draft])? {
            if let Outcome::Refused(refusal) = outcome {
                return Err(GateError::Refused(refusal));
            }
        }
        self.read_on()?;
        self.inner.asks.get(id).ok_or(GateError::Refused(line::Refusal::Unknown))
    }
}

/// Whether a member may share in a circle, leaving aside when.
fn shares(book: &Book, circle: &Circle, member: MemberId) -> bool {
    let takes_part = member == MemberId::NODE || book.member(member).is_some_and(|member| !member.ended);
    takes_part && circle.access(member).writes()
}

/// The first 16 bytes as a UUID of version 4, as STIX 2.1 (2.9) wants of ids.
pub(crate) fn short(derived: &[u8; 32]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&derived[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
