//! Screening: is this value known to be bad, who says so, and what is to be done?
//!
//! A question is a text as a person or a program has it. It is read as whatever values it can be, asked about in memory
//! ([`gate::Gate::known`]), and answered with all that the member may know. What can't be read is said to be so: it is not clear
//! of anything. Each screening leaves a record ([`journal`]) before it is answered.

mod advice;
mod answer;
mod appending;
pub mod audit;
pub mod exposure;
pub mod http;
pub mod journal;
mod lists;
mod reading;

use std::sync::{Arc, OnceLock};

use gate::{KnownValue, ListedParty};
use policy::{Level, Member, MemberId};
use rayon::prelude::*;
use stix::Timestamp;
use watch::names::{self, MATCH};
use watch::{Guard, Value};

pub use advice::{Advice, Ground};
pub use answer::{Answer, Known, Listed, Outcome, ReadAs, Source};
pub use lists::{List, Lists};
pub use reading::{NAME_KINDS, Question};

use crate::gather::{Deliver, DeliverError, assets};
use appending::Noted;
use exposure::{Bounds, Exposing, Exposures};
use journal::{Entry, Journal, JournalError, Seal};
use lists::Recent;
use reading::Reading;

/// Most values of one request.
pub const VALUES_MAX: usize = 10_000;

/// Parties that are told for one name, at most.
const PARTIES_MAX: usize = 10;
/// Questions that are read and answered by one thread; more are shared out.
const BY_ONE: usize = 128;

/// Answers questions about values, and keeps a record of them.
pub struct Screening {
    pub(crate) deliver: Arc<Deliver>,
    journal: Option<Journal>,
    recent: Recent,
    exposing: Option<Exposing>,
}

/// What is asked of wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Whether they are known.
    Listed,
    /// What they are exposed to as well, where transfers are known.
    Exposed,
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
    /// The name of this screening's record, if one is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The lists that were asked, by circle.
    pub lists: Lists,
    /// One for each question, in order.
    pub results: Vec<Answer>,
}

impl Screening {
    /// Answers from what `deliver` may give, and keeps records in `journal`.
    #[must_use]
    pub fn new(deliver: Arc<Deliver>, journal: Option<Journal>) -> Self {
        Self { deliver, journal, recent: Recent::default(), exposing: None }
    }

    /// Says of wallets also what they are exposed to, if that is asked.
    #[must_use]
    pub fn exposing(self, look: Arc<dyn Exposures>, bounds: Bounds) -> Self {
        Self { exposing: Some(Exposing::new(look, bounds)), ..self }
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
        self.settle(self.find(member, encrypted, (by, Extent::Listed), questions)?)
    }

    /// As [`Screening::ask`], and says of wallets what they are exposed to: that may take a second, and reads files.
    ///
    /// # Errors
    /// As [`Screening::ask`]. That an exposure can't be told is said in the answer, and is no error.
    pub fn ask_exposed(
        &self,
        member: MemberId,
        encrypted: bool,
        by: &str,
        questions: &[Question],
    ) -> Result<Answers, ScreeningError> {
        self.settle(self.find(member, encrypted, (by, Extent::Exposed), questions)?)
    }

    /// Finds the answers, which may go out when [`Screening::settle`] has seen that their record is written.
    fn find(
        &self,
        member: MemberId,
        encrypted: bool,
        (by, extent): (&str, Extent),
        questions: &[Question],
    ) -> Result<Unsettled, ScreeningError> {
        let deliver = &self.deliver;
        let (book, now) = (deliver.gate.book(), (deliver.now)());
        let profile = book.member(member).filter(|member| !member.ended).ok_or(DeliverError::NoMember)?;
        let readings: Vec<Reading> = questions.par_iter().with_min_len(BY_ONE).map(Reading::of).collect();
        let values: Vec<Value> = readings.iter().flat_map(Reading::values).cloned().collect();
        // What was acknowledged before the lists' lengths are taken is part of the answer.
        let lists = self.recent.lists(&deliver.gate, member);
        let known =
            deliver.gate.known(member, Level::List, encrypted, now, &values).map_err(DeliverError::from)?;
        let named: Vec<names::Question<'_>> = questions
            .iter()
            .zip(&readings)
            .filter(|(_, reading)| matches!(reading, Reading::Name))
            .map(|(question, _)| question.of_name())
            .collect();
        let listed = match named.is_empty() {
            true => Vec::new(),
            false => {
                let least = questions.iter().map(Question::least).fold(MATCH, f32::min);
                let gate = &deliver.gate;
                gate.listed(member, Level::List, encrypted, now, &named, (least, PARTIES_MAX))
                    .map_err(DeliverError::from)?
            }
        };
        let (mut known, mut listed) = (known.into_iter(), listed.into_iter());
        let found: Vec<Found> = readings
            .iter()
            .map(|reading| match reading {
                Reading::Values(values) => {
                    Found::Values(known.by_ref().take(values.len()).flatten().collect())
                }
                Reading::Name => Found::Parties(listed.next().unwrap_or_default()),
                Reading::Unread(_) => Found::Values(Vec::new()),
            })
            .collect();
        let advisor = Advisor { guard: OnceLock::new(), screening: self, profile, now };
        let answer = |((question, reading), found)| {
            let answer = Answer::of(question, reading, found, &advisor);
            let told = self.journal.as_ref().map(|journal| journal.tell(question, reading, &answer));
            (answer, told.unwrap_or_default())
        };
        let asked = questions.par_iter().zip(&readings).zip(found).with_min_len(BY_ONE);
        let (mut results, told): (Vec<Answer>, Vec<String>) = asked.map(answer).unzip();
        if let (Some(exposing), Extent::Exposed) = (&self.exposing, extent) {
            exposing.tell(questions, &readings, &mut results);
        }
        let at = now.to_string();
        let noted = self.journal.as_ref().map(|journal| {
            let entry = Entry { at: &at, member: &profile.handle, by, lists: &lists };
            journal.note(&entry, &results, &told)
        });
        let noted = noted.transpose()?;
        Ok(Unsettled { answers: Answers { at, record: None, lists, results }, noted })
    }

    fn settle(&self, found: Unsettled) -> Result<Answers, ScreeningError> {
        let Unsettled { mut answers, noted } = found;
        if let (Some(journal), Some(noted)) = (&self.journal, noted) {
            answers.record = Some(journal.settle(&noted)?);
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

    /// That a seal was made known; until then it is given again.
    pub fn sealed(&self, seal: &Seal) {
        if let Some(journal) = &self.journal {
            journal.sealed(seal);
        }
    }

    /// Whether files of transfers are looked at for some of these.
    pub(crate) fn looks_at(&self, extent: Extent, questions: &[Question]) -> bool {
        extent == Extent::Exposed
            && self.exposing.as_ref().is_some_and(|exposing| exposing.looks_at(questions))
    }

    /// Whether an answer can be given at once, without reading what the lines have more than the index.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.deliver.gate.values_are_current()
    }
}

/// What was found for a question.
enum Found {
    Values(Vec<KnownValue>),
    Parties(Vec<ListedParty>),
}

/// Answers whose record is not known to be written yet.
struct Unsettled {
    answers: Answers,
    noted: Option<Noted>,
}

/// Says what to do about what is known. The guard is made when it is needed, which is seldom.
pub(crate) struct Advisor<'a> {
    guard: OnceLock<Guard>,
    screening: &'a Screening,
    profile: &'a Member,
    now: Timestamp,
}

impl Advisor<'_> {
    fn guard(&self) -> &Guard {
        let (deliver, member) = (&self.screening.deliver, self.profile.id);
        self.guard.get_or_init(|| {
            let (book, basis) = (deliver.gate.book(), deliver.basis());
            let (guard, _unread) = Guard::new(basis.lists(), &assets(&book, book.circles_of(member)));
            guard.fading(basis.models)
        })
    }
}
