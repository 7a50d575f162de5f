//! What is kept apart from a circle until an operator decides: looking at it, releasing it, dropping it.
//!
//! A quarantine is a line beside the circle's, in the same store and under the same promises. Releasing an object shares it
//! in the circle as its sender would have, terms and all, and then withdraws it from the quarantine; stopped in between, it
//! is in both, and releasing it again says so and ends it.

use line::{Added, Draft, Entry, LineId, RecordKind, Seq, StorageError};
use policy::{CircleId, Intake, MemberId, Terms};
use stix::{Finding, ObjectId, Severity, Timestamp};

use crate::intake::findings;
use crate::opening::Gate;
use crate::submit::{Sharing, Submission, SubmitError, Submitted};

/// An object that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number in the quarantine.
    pub seq: Seq,
    /// When it came.
    pub added: Added,
    /// Who brought it.
    pub sender: MemberId,
    /// Its id.
    pub id: ObjectId,
    /// Its text.
    pub raw: String,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What an operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is shared after all, as it is.
    Release,
    /// It is not shared. Its sender can bring a later, mended version.
    Drop,
}

/// Where an object of a member's stands that was once kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantineState {
    /// It waits.
    Waiting,
    /// It is in the circle.
    Shared,
    /// It was dropped, or never was there.
    Gone,
}

fn waits(entry: &Entry<'_>) -> bool {
    entry.kind() == RecordKind::Object && entry.counts()
}

impl Gate {
    /// How many objects wait beside a circle.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantine_count(&self, circle: CircleId) -> Result<usize, StorageError> {
        Ok(self.waiting(circle, |_| true)?.len())
    }

    /// What waits beside a circle, in the order of its coming: those after `skip`, at most `limit`. For operators.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantined(
        &self,
        circle: CircleId,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StorageError> {
        let line = LineId::new(circle.uuid()).quarantine();
        let seqs: Vec<Seq> = self.waiting(circle, |_| true)?.into_iter().skip(skip).take(limit).collect();
        self.read_apart(line, &seqs)
    }

    /// All that waits under one id, of whoever brought it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantined_as(&self, circle: CircleId, id: &ObjectId) -> Result<Vec<Quarantined>, StorageError> {
        let line = LineId::new(circle.uuid()).quarantine();
        let seqs = self.waiting(circle, |entry| entry.id().as_ref() == Some(id))?;
        self.read_apart(line, &seqs)
    }

    /// Where a member's object stands.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantine_state(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
    ) -> Result<QuarantineState, StorageError> {
        let own =
            |entry: &Entry<'_>| entry.id().as_ref() == Some(id) && entry.sender() == Some(member.uuid());
        if !self.waiting(circle, own)?.is_empty() {
            return Ok(QuarantineState::Waiting);
        }
        let shared = self.store().look(LineId::new(circle.uuid()), |catalogue| {
            let known = catalogue.object(id);
            known.is_some_and(|object| catalogue.newest_first(object).any(|entry| own(&entry)))
        })?;
        Ok(if shared { QuarantineState::Shared } else { QuarantineState::Gone })
    }

    /// Carries a decision out, for all that waits under an id. What became of each version, in the order of their coming;
    /// empty if nothing waits under it. What the circle refuses stays where it is.
    ///
    /// # Errors
    /// [`SubmitError`]: to be tried again.
    pub fn settle(
        &self,
        circle: CircleId,
        id: &ObjectId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let line = LineId::new(circle.uuid()).quarantine();
        let mut told = Vec::new();
        for waiting in self.quarantined_as(circle, id)? {
            let answer = match verdict {
                Verdict::Release => self.released(circle, line, &waiting, now)?,
                Verdict::Drop => Submitted::Present,
            };
            told.push(answer);
        }
        let refused = |answer: &Submitted| matches!(answer, Submitted::Refused(_) | Submitted::Forbidden(_));
        if !told.is_empty() && !told.iter().any(refused) {
            let reason = if verdict == Verdict::Release { "released" } else { "dropped" };
            self.store().append(line, vec![Draft::withdrawal(MemberId::NODE.uuid(), id, reason)])?;
        }
        Ok(told)
    }

    /// Shares what waits as its sender would have.
    fn released(
        &self,
        circle: CircleId,
        line: LineId,
        waiting: &Quarantined,
        now: Timestamp,
    ) -> Result<Submitted, SubmitError> {
        let record = self.store().records(line, Seq(waiting.seq.0.saturating_sub(1)), 1)?;
        let terms = record.first().and_then(|record| record.terms.as_deref());
        let unreadable = |what: String| SubmitError::Storage(StorageError::Backend(what));
        let terms = match terms {
            None => Terms::default(),
            Some(text) => Terms::from_json(text).map_err(|error| unreadable(error.to_string()))?,
        };
        let raw = waiting.raw.clone();
        let head = stix::read_head(&raw).map_err(|finding| unreadable(finding.to_string()))?;
        let sharing = Sharing { member: waiting.sender, circle, terms: &terms, intake: Intake::Accept };
        let told = self.share_decided(&sharing, vec![Submission { raw, head }], now)?;
        Ok(told.into_iter().next().unwrap_or(Submitted::Present))
    }

    fn waiting(
        &self,
        circle: CircleId,
        wanted: impl Fn(&Entry<'_>) -> bool,
    ) -> Result<Vec<Seq>, StorageError> {
        let line = LineId::new(circle.uuid()).quarantine();
        let looked = self.store().look(line, |catalogue| {
            let entries = (1..=catalogue.head().0).filter_map(|seq| catalogue.entry(Seq(seq)));
            entries.filter(|entry| waits(entry) && wanted(entry)).map(|entry| entry.seq).collect()
        });
        match looked {
            // Nothing was ever kept apart there.
            Err(StorageError::NoSuchLine { .. }) => Ok(Vec::new()),
            looked => looked,
        }
    }

    fn read_apart(&self, line: LineId, seqs: &[Seq]) -> Result<Vec<Quarantined>, StorageError> {
        let mut texts = Vec::with_capacity(seqs.len());
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        self.store().bodies(line, seqs, &mut |seq, added, body| {
            texts.push((seq, added, String::from_utf8_lossy(body).into_owned()));
        })?;
        self.store().look(line, |catalogue| {
            let of = |(seq, added, raw): (Seq, Added, String)| {
                let entry = catalogue.entry(seq)?;
                let (sender, id) = (MemberId::new(entry.sender()?), entry.id()?);
                Some(Quarantined { seq, added, sender, id, findings: findings(&raw, Severity::Warning), raw })
            };
            texts.into_iter().filter_map(of).collect()
        })
    }
}
