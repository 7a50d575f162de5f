//! Asks as one side sees them: the asker, the originator, an operator.

use policy::ask::{Answered, Done, Way, Whom};
use policy::{Ask, AskState, Book, Caller, CircleId, MemberId, Wish};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use crate::opening::Gate;

/// Which side looks at an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskRole {
    /// The one who asks.
    Asker,
    /// The one who shared the object, and decides.
    Originator,
    /// An operator of the node.
    Operator,
}

/// An answer as it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSeen {
    /// When.
    pub at: Timestamp,
    /// What is allowed; `None` for no.
    pub grant: Option<Wish>,
    /// What was said with it.
    pub said: String,
    /// Over what it came; not for the asker.
    pub way: Option<Way>,
}

/// An ask as one side sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskSeen {
    /// Its identity.
    pub id: Uuid,
    /// Which side looks.
    pub role: AskRole,
    /// When it was asked.
    pub at: Timestamp,
    /// From when on it can't be answered.
    pub until: Timestamp,
    /// How it stands.
    pub state: AskState,
    /// Who asks, if whoever looks may know.
    pub asker: Option<MemberId>,
    /// Who decides, if whoever looks may know: operators, and the one itself.
    pub originator: Option<MemberId>,
    /// In which circle.
    pub circle: CircleId,
    /// About which object.
    pub object: ObjectId,
    /// What is wished.
    pub wish: Wish,
    /// What for.
    pub why: String,
    /// What was answered.
    pub answer: Option<AnswerSeen>,
    /// What was done. Why a circle did not take something is left out for the asker.
    pub done: Vec<Done>,
    /// When that was.
    pub done_at: Option<Timestamp>,
    /// Who was told by mail, when, and why not: for operators.
    pub told: Vec<(Timestamp, Whom, Option<String>)>,
}

impl Gate {
    /// The asks that `caller` may know of, the newest first: its own, those that it decides about, for operators all.
    #[must_use]
    pub fn asks(&self, caller: Caller, now: Timestamp) -> Vec<AskSeen> {
        let mut asks: Vec<Ask> = self.inner.asks.all.lock().values().cloned().collect();
        asks.sort_by_key(|ask| std::cmp::Reverse((ask.at, ask.id)));
        asks.iter().filter_map(|ask| self.seen(ask, caller, now)).collect()
    }

    /// One of them; `None` also if it is there and not for `caller`.
    #[must_use]
    pub fn ask_seen(&self, id: Uuid, caller: Caller, now: Timestamp) -> Option<AskSeen> {
        self.seen(&self.inner.asks.get(id)?, caller, now)
    }

    /// One of them as its originator sees it, for a signed link.
    #[must_use]
    pub fn ask_by_link(&self, id: Uuid, now: Timestamp) -> Option<AskSeen> {
        let ask = self.inner.asks.get(id)?;
        self.seen(&ask, Caller::Member(ask.asked.originator), now)
    }

    /// All asks as they are, for whoever tells people of them.
    #[must_use]
    pub fn asks_to_tell(&self) -> Vec<Ask> {
        let is_untold = |ask: &&Ask| match &ask.answered {
            None => !ask.is_told(Whom::Originator),
            Some(_) => !ask.is_told(Whom::Asker),
        };
        self.inner.asks.all.lock().values().filter(is_untold).cloned().collect()
    }

    fn seen(&self, ask: &Ask, caller: Caller, now: Timestamp) -> Option<AskSeen> {
        let (asked, book) = (&ask.asked, self.book());
        let role = match caller {
            Caller::Operator => AskRole::Operator,
            Caller::Member(member) if member == asked.asker => AskRole::Asker,
            Caller::Member(member) if member == asked.originator && self.is_shown_to_originator(ask) => {
                AskRole::Originator
            }
            Caller::Member(_) => return None,
        };
        let is_named = role != AskRole::Originator || shows_asker(&book, ask);
        let is_asker = role == AskRole::Asker;
        let answer = ask.answered.as_ref().map(|(at, answered)| {
            let Answered { grant, said, way, .. } = answered;
            AnswerSeen { at: *at, grant: *grant, said: said.clone(), way: (!is_asker).then_some(*way) }
        });
        let mut done = ask.done.as_ref().map(|(_, done)| done.clone()).unwrap_or_default();
        if is_asker {
            done.iter_mut().filter_map(|one| one.refused.as_mut()).for_each(String::clear);
        }
        Some(AskSeen {
            id: ask.id,
            role,
            at: ask.at,
            until: ask.until(),
            state: ask.state(now),
            asker: is_named.then_some(asked.asker),
            originator: (!is_asker).then_some(asked.originator),
            circle: asked.circle,
            object: asked.object.clone(),
            wish: asked.wish,
            why: asked.why.clone(),
            answer,
            done,
            done_at: ask.done.as_ref().map(|(at, _)| *at),
            told: if role == AskRole::Operator { ask.told.clone() } else { Vec::new() },
        })
    }

    /// Whether the originator may know of the ask: it takes part, and is in the circle that is asked for.
    pub(super) fn is_shown_to_originator(&self, ask: &Ask) -> bool {
        let (book, originator) = (self.book(), ask.asked.originator);
        let takes_part =
            originator == MemberId::NODE || book.member(originator).is_some_and(|member| !member.ended);
        let is_in = |circle: CircleId| book.circle(circle).is_some_and(|circle| circle.has(originator));
        takes_part && is_in(ask.asked.circle) && ask.asked.wish.circle.is_none_or(is_in)
    }
}

/// Whether the originator may know who asks: where it is asked and in the circle that is asked for, members see each other.
fn shows_asker(book: &Book, ask: &Ask) -> bool {
    let (asker, originator) = (ask.asked.asker, ask.asked.originator);
    let shows = |circle: CircleId| {
        originator == MemberId::NODE
            || book.visible_members(originator, circle).iter().any(|member| member.id == asker)
    };
    shows(ask.asked.circle) && ask.asked.wish.circle.is_none_or(shows)
}
