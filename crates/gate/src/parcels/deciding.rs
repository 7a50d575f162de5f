//! Letting out what waits, or keeping it: by whom, and what it sets going.

use line::{Outcome, StorageError};
use policy::parcel::{Contents, Event, Noted, Outcome as Became, REFUSED_TOLD_MAX, SAID_CHARS_MAX};
use policy::{By, MemberId, NotReleased, Parcel, ParcelState, Terms};
use stix::Timestamp;
use uuid::Uuid;

use super::{Kept, PARCELS};
use crate::asks::{Answerer, Grant, Reply};
use crate::intake::strictest;
use crate::opening::{BOOK, Gate, GateError};
use crate::submit::{Passing, Sharing, Submission, SubmitError, Submitted};

/// Why something was not decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It is not for this one to decide, or not any more.
    #[error(transparent)]
    Not(#[from] NotReleased),
    /// What is said is too long.
    #[error("what is said has {chars} characters; the limit is {limit}")]
    TooLong {
        /// Characters that it has.
        chars: usize,
        /// Most that it may have.
        limit: usize,
    },
    /// The member can't share there for now; it waits on.
    #[error("nothing was released: {0}")]
    Circle(SubmitError),
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
    /// The line. Safe to repeat.
    #[error("{0}")]
    Gate(#[from] GateError),
}

impl Gate {
    /// Lets a parcel out: `second` is another person of the same member than the one who brought it, with the right to release.
    /// When this returns, that is durable, and what was in it is shared.
    ///
    /// # Errors
    /// [`ReleaseError`]. What the store fails with after it was decided is made good by [`Gate::finish_releases`]; with all others
    /// nothing was decided, and it waits on.
    pub fn release(&self, id: Uuid, second: By, now: Timestamp) -> Result<Parcel, ReleaseError> {
        let _one_at_a_time = self.inner.parcels.one_at_a_time.lock();
        self.alone(PARCELS, || {
            // The book stands still while it is asked who may: whoever loses the right now has lost it, or has decided before.
            let book_stands = self.inner.recording.lock();
            self.alone(BOOK, || self.decide(id, second, now))?;
            drop(book_stands);
            self.carry_out(id, now)
        })
    }

    fn decide(&self, id: Uuid, second: By, now: Timestamp) -> Result<(), ReleaseError> {
        let kept = self.inner.parcels.get(id).ok_or(NotReleased::NotFound)?;
        let book = self.book();
        kept.parcel.may_release(&book, second, now)?;
        self.open_circle(&book, kept.parcel.by.member, kept.parcel.circle, now)
            .map_err(ReleaseError::Circle)?;
        self.decided(&kept.parcel, second, Event::Released)
    }

    /// Keeps a parcel: nothing of it goes out. Any person of the member with the right to release may say so, also the one who brought
    /// it, and the node's operators.
    ///
    /// # Errors
    /// [`ReleaseError`]: then nothing was decided.
    pub fn refuse_release(
        &self,
        id: Uuid,
        by: By,
        said: &str,
        now: Timestamp,
    ) -> Result<Parcel, ReleaseError> {
        let said = said.trim();
        let chars = said.chars().count();
        if chars > SAID_CHARS_MAX {
            return Err(ReleaseError::TooLong { chars, limit: SAID_CHARS_MAX });
        }
        let _one_at_a_time = self.inner.parcels.one_at_a_time.lock();
        let _book_stands = self.inner.recording.lock();
        let refuse = || {
            let kept = self.inner.parcels.get(id).ok_or(NotReleased::NotFound)?;
            kept.parcel.may_refuse(&self.book(), by, now)?;
            self.decided(&kept.parcel, by, Event::Refused { said: said.to_owned() })?;
            Ok(self.inner.parcels.get(id).ok_or(NotReleased::NotFound)?.parcel)
        };
        self.alone(PARCELS, || self.alone(BOOK, refuse))
    }

    fn decided(&self, parcel: &Parcel, by: By, event: Event) -> Result<(), ReleaseError> {
        match self.note_parcel(by.member, &Noted::new(parcel, by.person, event))? {
            Outcome::Refused(refusal) => Err(GateError::Refused(refusal).into()),
            Outcome::Appended { .. } | Outcome::Present { .. } => Ok(()),
        }
    }

    /// Carries out what was let out and is not done: a node may have been stopped in between. Gives how many that were.
    ///
    /// # Errors
    /// [`ReleaseError`]: the rest is done the next time.
    pub fn finish_releases(&self, now: Timestamp) -> Result<usize, ReleaseError> {
        let _one_at_a_time = self.inner.parcels.one_at_a_time.lock();
        let open = || -> Vec<Uuid> {
            let mut known = self.inner.parcels.known.lock();
            known.sweep(now);
            let is_open = |kept: &&Kept| kept.parcel.state(now) == ParcelState::Released;
            known.all().filter(is_open).map(|kept| kept.parcel.id).collect()
        };
        if open().is_empty() {
            return Ok(0);
        }
        self.alone(PARCELS, || {
            let open = open();
            for id in &open {
                self.carry_out(*id, now)?;
            }
            Ok(open.len())
        })
    }

    /// Shares what was let out, and notes what became of it. What was shared before it was stopped is there once.
    fn carry_out(&self, id: Uuid, now: Timestamp) -> Result<Parcel, ReleaseError> {
        let kept = self.inner.parcels.get(id).ok_or(NotReleased::NotFound)?;
        let became = match self.parcel_contents(&kept.parcel)? {
            Some(Contents::Objects { terms, intake, objects }) => {
                let is_withdrawn =
                    |at: usize| u32::try_from(at).is_ok_and(|at| kept.parcel.withdrawn.contains(&at));
                let stay = objects.into_iter().enumerate().filter(|(at, _)| !is_withdrawn(*at));
                let objects: Vec<Submission> = stay
                    .filter_map(|(_, raw)| Some(Submission { head: stix::read_head(&raw).ok()?, raw }))
                    .collect();
                let unreadable = |error: policy::TermsError| StorageError::Backend(error.to_string());
                let terms = terms.as_deref().map(Terms::from_json).transpose().map_err(unreadable)?;
                let (terms, parcel) = (terms.unwrap_or_default(), &kept.parcel);
                let sharing = Sharing {
                    member: parcel.by.member,
                    person: parcel.by.person,
                    circle: parcel.circle,
                    terms: &terms,
                    intake: strictest(self.book().member(parcel.by.member), intake),
                };
                self.let_out(&sharing, objects, now)?
            }
            Some(Contents::Answer { ask, version, grant, said, way, .. }) => {
                let by = match way {
                    policy::ask::Way::Member => Answerer::Member(kept.parcel.by.member),
                    policy::ask::Way::Link => Answerer::Link,
                    policy::ask::Way::Operator => Answerer::Operator,
                };
                let reply = Reply { grant: Grant::Less(grant), said };
                self.answer_out(ask, by, reply, version.as_deref(), now)?
            }
            None => refused(1, vec!["what was brought can't be read".to_owned()]),
        };
        self.decided(&kept.parcel, MemberId::NODE.into(), Event::Done(became))?;
        Ok(self.inner.parcels.get(id).ok_or(NotReleased::NotFound)?.parcel)
    }

    fn let_out(
        &self,
        sharing: &Sharing<'_>,
        objects: Vec<Submission>,
        now: Timestamp,
    ) -> Result<Became, ReleaseError> {
        let ids: Vec<String> = objects.iter().map(|object| object.head.id.to_string()).collect();
        let told = match self.share_decided(sharing, Passing::Released, objects, now) {
            Ok(told) => told,
            Err(SubmitError::Storage(error)) => return Err(error.into()),
            Err(error) => return Ok(refused(ids.len() as u64, vec![error.to_string()])),
        };
        let mut became = Became::default();
        for (id, told) in ids.iter().zip(told) {
            match &told {
                Submitted::Appended { .. } => became.shared += 1,
                Submitted::Present => became.present += 1,
                Submitted::Quarantined(_) => became.quarantined += 1,
                _ => became.refused += 1,
            }
            if became.why.len() < REFUSED_TOLD_MAX
                && let Some(complaint) = told.complaint()
            {
                became.why.push(format!("{id}: {complaint}"));
            }
        }
        Ok(became)
    }

    fn answer_out(
        &self,
        ask: Uuid,
        by: Answerer,
        reply: Reply,
        version: Option<&str>,
        now: Timestamp,
    ) -> Result<Became, ReleaseError> {
        match self.answer_released(ask, by, reply, version, now) {
            Ok(ask) => {
                let done = ask.done.map(|(_, done)| done).unwrap_or_default();
                let why: Vec<String> = done.iter().filter_map(|done| done.refused.clone()).collect();
                Ok(Became {
                    shared: (done.len() - why.len()) as u64,
                    refused: why.len() as u64,
                    why,
                    ..Became::default()
                })
            }
            Err(crate::AnswerError::Storage(error)) => Err(error.into()),
            Err(crate::AnswerError::Gate(error)) => Err(error.into()),
            // Stopped after it was answered and before that was noted here: it is answered.
            Err(crate::AnswerError::Answered) => Ok(Became { present: 1, ..Became::default() }),
            Err(error) => Ok(refused(1, vec![error.to_string()])),
        }
    }
}

fn refused(count: u64, why: Vec<String>) -> Became {
    Became { refused: count, why, ..Became::default() }
}
