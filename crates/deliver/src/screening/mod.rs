//! Screening: is this value known to be bad, who says so, and what is to be done?
//!
//! A question is a text as a person or a program has it. It is read as whatever values it can be, asked about in memory
//! ([`gate::Gate::known`]), and answered with all that the member may know. What can't be read is said to be so: it is not clear
//! of anything. Each screening leaves a record ([`journal`]) before it is answered.

mod advice;
mod answer;
pub mod audit;
pub mod http;
pub mod journal;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use gate::KnownValue;
use line::LineId;
use policy::{Level, Member, MemberId};
use stix::Timestamp;
use watch::{Guard, Value};

pub use answer::{Answer, Known, List, Outcome, ReadAs, Source};
pub use reading::Question;

use crate::gather::{Deliver, DeliverError, assets};
use journal::{Entry, Journal, JournalError, Seal};
use reading::Reading;

/// Most values of one request.
pub const VALUES_MAX: usize = 10_000;

/// Answers questions about values, and keeps a record of them.
pub struct Screening {
    pub(crate) deliver: Arc<Deliver>,
    journal: Option<Journal>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ScreeningError {
    /// The member, or what it may know, can't be read.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// The record can't be kept, so there is no answer.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What was asked, and what came of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Answers {
    /// When.
    pub at: String,
    /// The record of this screening, if one is kept: its number in the node's journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The lists that were asked, by circle.
    pub lists: BTreeMap<String, List>,
    /// One for each question, in order.
    pub results: Vec<Answer>,
}

impl Screening {
    /// Answers from what `deliver` may give, and keeps records in `journal`.
    #[must_use]
    pub const fn new(deliver: Arc<Deliver>, journal: Option<Journal>) -> Self {
        Self { deliver, journal }
    }

    /// Answers some questions of a member. `by` says over what, for the record.
    ///
    /// # Errors
    /// [`ScreeningError`]: then nothing is said of any of them.
    pub fn ask(
        &self,
        member: MemberId,
        encrypted: bool,
        by: &str,
        questions: &[Question],
    ) -> Result<Answers, ScreeningError> {
        let deliver = &self.deliver;
        let (book, now) = (deliver.gate.book(), (deliver.now)());
        let profile = book.member(member).filter(|member| !member.ended).ok_or(DeliverError::NoMember)?;
        let readings: Vec<Reading> = questions.iter().map(Reading::of).collect();
        let values: Vec<Value> = readings.iter().flat_map(Reading::values).cloned().collect();
        // What was acknowledged before the lists' lengths are taken is part of the answer.
        let lists = self.lists(&book, member);
        let known =
            deliver.gate.known(member, Level::List, encrypted, now, &values).map_err(DeliverError::from)?;
        let mut known = known.into_iter();
        let mut advisor = Advisor { guard: None, screening: self, profile, now };
        let mut results = Vec::with_capacity(questions.len());
        for (question, reading) in questions.iter().zip(&readings) {
            let found: Vec<KnownValue> = known.by_ref().take(reading.values().len()).flatten().collect();
            results.push(Answer::of(question, reading, found, &mut advisor));
        }
        let mut answers = Answers { at: now.to_string(), record: None, lists, results };
        if let Some(journal) = &self.journal {
            let values = readings.iter().zip(&answers.results);
            let entry = Entry { at: now, member: &profile.handle, by, lists: &answers.lists };
            answers.record = Some(journal.note(&entry, values)?);
        }
        Ok(answers)
    }

    /// Sees that records are on the disk, and gives a seal over those that came since the last one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn seal(&self) -> Result<Option<Seal>, JournalError> {
        self.journal.as_ref().map_or(Ok(None), Journal::seal)
    }

    /// Whether an answer can be given at once, without reading what the lines have more than the index.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.deliver.gate.values_are_current()
    }

    /// How long the lists of a member's circles are, and when they last grew.
    fn lists(&self, book: &policy::Book, member: MemberId) -> BTreeMap<String, List> {
        let list = |circle: &policy::Circle| {
            let line = LineId::new(circle.id.uuid());
            let look = self.deliver.gate.store().look(line, |catalogue| List {
                size: catalogue.head().0,
                last_added: Timestamp::from_micros(catalogue.head_added().0).to_string(),
            });
            Some((circle.handle.clone(), look.ok()?))
        };
        book.circles_of(member).into_iter().filter_map(list).collect()
    }
}

/// Says what to do about what is known. The guard is made when it is needed, which is seldom.
pub(crate) struct Advisor<'a> {
    guard: Option<Guard>,
    screening: &'a Screening,
    profile: &'a Member,
    now: Timestamp,
}

impl Advisor<'_> {
    fn guard(&mut self) -> &Guard {
        let (deliver, member) = (&self.screening.deliver, self.profile.id);
        self.guard.get_or_insert_with(|| {
            let (book, basis) = (deliver.gate.book(), deliver.basis());
            let (guard, _unread) = Guard::new(basis.lists(), &assets(&book, book.circles_of(member)));
            guard.fading(basis.models)
        })
    }
}
