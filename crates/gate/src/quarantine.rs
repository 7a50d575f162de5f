//! What is kept apart from a circle until an operator decides: looking at it, releasing it, dropping it.
//!
//! A quarantine is a line beside the circle's, in the same store and under the same promises. Releasing an object shares it
//! in the circle as its sender would have, terms and all, and then withdraws that version from the quarantine, in its
//! sender's name; stopped in between, it is in both, and releasing it again says so and ends it.

use line::{Added, Catalogue, Draft, Entry, LineId, Seq, StorageError};
use policy::{CircleId, Intake, MemberId, Terms};
use stix::{Finding, ObjectId, Severity, Timestamp};

use crate::federation::in_circle;
use crate::intake::findings;
use crate::opening::Gate;
use crate::submit::{Passing, Sharing, Submission, SubmitError, Submitted};

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
    /// Its version; the time at which it came for an object without versions.
    pub version: Timestamp,
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
    /// It was dropped or withdrawn, or never was there.
    Gone,
}

impl Gate {
    /// How many objects wait beside a circle.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantine_count(&self, circle: CircleId) -> Result<usize, StorageError> {
        Ok(self.waiting(circle, |catalogue| in_order(catalogue, Seq(0)).count())?.unwrap_or_default())
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
        let seqs = self.waiting(circle, |catalogue| {
            in_order(catalogue, Seq(0)).skip(skip).take(limit).map(|entry| entry.seq).collect::<Vec<Seq>>()
        })?;
        self.read_apart(line, &seqs.unwrap_or_default())
    }

    /// The ids of what waits beside a circle with its numbers, in the order of its coming: those after `after`, at most
    /// `limit`. An id comes as often as something waits under it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantined_ids(
        &self,
        circle: CircleId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Seq, ObjectId)>, StorageError> {
        let ids = self.waiting(circle, |catalogue| {
            let named = in_order(catalogue, after).filter_map(|entry| Some((entry.seq, entry.id()?)));
            named.take(limit).collect()
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// All that waits under one id, of whoever brought it, in the order of its coming.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantined_as(&self, circle: CircleId, id: &ObjectId) -> Result<Vec<Quarantined>, StorageError> {
        let line = LineId::new(circle.uuid()).quarantine();
        let seqs = self.waiting(circle, |catalogue| {
            let mut seqs: Vec<Seq> = of_id(catalogue, id).map(|entry| entry.seq).collect();
            seqs.sort_unstable();
            seqs
        })?;
        self.read_apart(line, &seqs.unwrap_or_default())
    }

    /// Where a version of a member's object stands; of an object without versions, whatever it has brought of it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn quarantine_state(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
        version: Timestamp,
    ) -> Result<QuarantineState, StorageError> {
        let is_it = |entry: Entry<'_>| {
            entry.sender() == Some(member.uuid()) && (!entry.versioned() || entry.version() == version)
        };
        let has = |catalogue: &Catalogue| of_id(catalogue, id).any(is_it);
        if self.waiting(circle, has)?.unwrap_or_default() {
            return Ok(QuarantineState::Waiting);
        }
        let shared = self.store().look(LineId::new(circle.uuid()), has)?;
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
        let page = self.inner.statements.in_order(circle);
        let _in_order = page.lock();
        self.alone(&in_circle(circle), || self.settle_alone(circle, id, verdict, now))
    }

    fn settle_alone(
        &self,
        circle: CircleId,
        id: &ObjectId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let line = LineId::new(circle.uuid()).quarantine();
        // What another node says once more of it does not come back to be decided again.
        if verdict == Verdict::Drop {
            self.note_taken_back(circle, std::slice::from_ref(id))?;
        }
        let reason = if verdict == Verdict::Release { "released" } else { "dropped" };
        let (mut told, mut over) = (Vec::new(), Vec::new());
        for waiting in self.quarantined_as(circle, id)? {
            let answer = match verdict {
                Verdict::Release => self.released(circle, line, &waiting, now)?,
                Verdict::Drop => Submitted::Present,
            };
            if !matches!(answer, Submitted::Refused(_) | Submitted::Forbidden(_)) {
                // This version and no other: what has come since was not looked at.
                over.push(Draft::withdrawal_of(waiting.sender.uuid(), id, reason, &[waiting.version]));
            }
            told.push(answer);
        }
        if !over.is_empty() {
            self.store().append(line, over)?;
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
        // The entry's, also where it was announced anew: such a record has no terms of its own.
        let terms = self.store().look(line, |catalogue| {
            let class = catalogue.entry(waiting.seq).and_then(|entry| catalogue.class(entry.class()));
            class.and_then(|class| class.terms.clone())
        })?;
        let unreadable = |what: String| SubmitError::Storage(StorageError::Backend(what));
        let terms = match terms {
            None => Terms::default(),
            Some(text) => Terms::from_json(&text).map_err(|error| unreadable(error.to_string()))?,
        };
        let raw = waiting.raw.clone();
        let head = stix::read_head(&raw).map_err(|finding| unreadable(finding.to_string()))?;
        let sharing =
            Sharing { member: waiting.sender, person: None, circle, terms: &terms, intake: Intake::Accept };
        let told =
            self.share_decided(&sharing, Passing::OutOfQuarantine, vec![Submission { raw, head }], now)?;
        Ok(told.into_iter().next().unwrap_or(Submitted::Present))
    }

    /// Looks at what waits beside a circle; `None` if nothing was ever kept apart there.
    fn waiting<T>(
        &self,
        circle: CircleId,
        look: impl FnOnce(&Catalogue) -> T,
    ) -> Result<Option<T>, StorageError> {
        match self.store().look(LineId::new(circle.uuid()).quarantine(), look) {
            Err(StorageError::NoSuchLine { .. }) => Ok(None),
            looked => looked.map(Some),
        }
    }

    fn read_apart(&self, line: LineId, seqs: &[Seq]) -> Result<Vec<Quarantined>, StorageError> {
        let mut texts = Vec::with_capacity(seqs.len());
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        self.store().bodies(line, seqs, &mut |seq, _, body| {
            texts.push((seq, String::from_utf8_lossy(body).into_owned()));
        })?;
        let mut read = self.store().look(line, |catalogue| {
            let of = |(seq, raw): (Seq, String)| {
                let entry = catalogue.entry(seq)?;
                let (sender, id) = (MemberId::new(entry.sender()?), entry.id()?);
                let (added, version, findings) = (entry.first_added(), entry.version(), Vec::new());
                Some(Quarantined { seq, added, sender, id, version, raw, findings })
            };
            texts.into_iter().filter_map(of).collect::<Vec<_>>()
        })?;
        // The line may grow while they are checked.
        read.iter_mut().for_each(|waiting| waiting.findings = findings(&waiting.raw, Severity::Warning));
        Ok(read)
    }
}

/// What waits, in the order of its coming.
fn in_order(catalogue: &Catalogue, after: Seq) -> impl Iterator<Item = Entry<'_>> {
    let entries = (after.0..catalogue.head().0).filter_map(|before| catalogue.entry(Seq(before + 1)));
    entries.filter(Entry::counts)
}

/// What counts of one object.
fn of_id<'c>(catalogue: &'c Catalogue, id: &ObjectId) -> impl Iterator<Item = Entry<'c>> + use<'c> {
    let object = catalogue.object(id);
    object.into_iter().flat_map(|object| catalogue.newest_first(object))
}
