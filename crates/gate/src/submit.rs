//! Into a circle: who may share there, under which terms.

use std::collections::HashMap;
use std::sync::Arc;

use line::{Added, Catalogue, Draft, LineId, Outcome, Refusal, Seq, StorageError};
use policy::{CircleId, Level, MemberId, Reach, Request, Rule, Terms};
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use stix::{Head, ObjectId, Timestamp, Tlp};

use crate::opening::{Gate, NotFound};

/// Objects that one thread hashes, so that small submissions stay on the thread that brings them.
const HASHED_TOGETHER: usize = 200;

/// An object to be shared: its text with the head read from it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its text, as it came.
    pub raw: String,
    /// Its head.
    pub head: Head,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is in the line, durably.
    Appended {
        /// Its number.
        seq: Seq,
        /// Its time.
        added: Added,
    },
    /// It was there already.
    Present,
    /// The line refused it.
    Refused(Refusal),
    /// The circle's rules refuse it.
    Forbidden(Rule),
}

/// Why nothing of a submission was taken.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No such circle for this member.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The circle is not in force.
    #[error("the circle is not in force: it has not begun or has ended, so nothing can be shared in it")]
    NotInForce,
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
}

/// Is told what became of a submission.
pub type Told = Box<dyn FnOnce(Result<Vec<Submitted>, SubmitError>) + Send>;

impl Gate {
    /// Shares objects in a circle; returns when they are durable. Outcomes are in the objects' order.
    ///
    /// # Errors
    /// [`SubmitError`]: then nothing was taken.
    pub fn submit(
        &self,
        member: MemberId,
        circle: CircleId,
        terms: &Terms,
        objects: Vec<Submission>,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.submit_then(member, circle, terms, objects, now, Box::new(move |told| drop(send.send(told))));
        receive.recv().unwrap_or(Err(SubmitError::Storage(StorageError::Closing)))
    }

    /// As [`Gate::submit`], but calls `told` when it is durable; `told` must not block.
    pub fn submit_then(
        &self,
        member: MemberId,
        circle: CircleId,
        terms: &Terms,
        objects: Vec<Submission>,
        now: Timestamp,
        told: Told,
    ) {
        let ceiling = match self.may_share(member, circle, now) {
            Ok(ceiling) => ceiling,
            Err(error) => return told(Err(error)),
        };
        // An embargo that is over says nothing any more; what carries one in a line is still to be announced.
        let over = terms.embargo_until.is_some_and(|until| until <= now);
        let terms = Terms { embargo_until: terms.embargo_until.filter(|_| !over), ..terms.clone() };
        let text: Option<Arc<str>> = (!terms.is_default()).then(|| terms.to_json().into());
        let taken = self.taken_by_others(member, circle, &objects, now);
        let refuse = |at: usize, head: &Head| {
            let marks = head.markings.iter().filter_map(Tlp::of);
            let over = marks.chain(terms.ceiling).max().is_some_and(|mark| mark > ceiling);
            if over { Some(Submitted::Forbidden(Rule::TlpOverCeiling)) } else { taken.get(&at).cloned() }
        };
        let mut settled = Vec::new();
        let mut rest = Vec::with_capacity(objects.len());
        for (at, object) in objects.into_iter().enumerate() {
            match refuse(at, &object.head) {
                Some(told) => settled.push((at, told)),
                None => rest.push(object),
            }
        }
        // A draft hashes its bytes, which is most of the work here. To hand a few to other threads takes longer.
        let draft = |Submission { raw, head }: Submission| {
            Draft::object(member.uuid(), text.clone(), raw.into_bytes(), head)
        };
        let drafts = match rest.len() {
            0..=HASHED_TOGETHER => rest.into_iter().map(draft).collect(),
            _ => rest.into_par_iter().with_min_len(HASHED_TOGETHER).map(draft).collect(),
        };
        let answer = move |outcomes: Result<Vec<Outcome>, StorageError>| {
            told(outcomes.map(|outcomes| merged(outcomes, settled)).map_err(SubmitError::from));
        };
        self.store().append_then(LineId::new(circle.uuid()), drafts, Box::new(answer));
    }

    /// What is to be said of objects that another member has brought before and this one sees: the same is there already,
    /// another version is not its to bring. What it does not see is, for it, not there.
    fn taken_by_others(
        &self,
        member: MemberId,
        circle: CircleId,
        objects: &[Submission],
        now: Timestamp,
    ) -> HashMap<usize, Submitted> {
        let line = LineId::new(circle.uuid());
        let of_another = |catalogue: &Catalogue, object: &Submission| {
            let known = catalogue.object(&object.head.id)?;
            let mut others =
                catalogue.newest_first(known).filter(|entry| entry.sender() != Some(member.uuid()));
            others.next().map(|_| known)
        };
        let several = self.store().look(line, |catalogue| {
            let mut senders = catalogue.class_ids().filter_map(|class| catalogue.class(class));
            senders.any(|class| class.sender != member.uuid())
        });
        if !several.unwrap_or(false) || member == MemberId::NODE {
            return HashMap::new();
        }
        let request =
            Request { member, circle, wanted: Level::Read, encrypted: true, now, reach: Reach::Member };
        let Ok(reader) = self.reader(request) else { return HashMap::new() };
        let seen = reader.with_view(|view| {
            let catalogue = view.catalogue;
            let mut seen = Vec::new();
            for (at, object) in objects.iter().enumerate() {
                let Some(known) = of_another(catalogue, object) else { continue };
                let mut others =
                    catalogue.newest_first(known).filter(|entry| entry.sender() != Some(member.uuid()));
                if others.any(|entry| view.fate(&entry).goes()) {
                    let versions: Vec<Seq> = catalogue.newest_first(known).map(|entry| entry.seq).collect();
                    seen.push((at, versions));
                }
            }
            seen
        });
        let same = |at: usize, versions: &[Seq]| {
            let mut found = false;
            let mut sorted = versions.to_vec();
            sorted.sort_unstable();
            let raw = objects.get(at).map_or("", |object| object.raw.as_str());
            let read = self.store().bodies(line, &sorted, &mut |_, _, body| found |= body == raw.as_bytes());
            read.is_ok() && found
        };
        seen.unwrap_or_default()
            .into_iter()
            .map(|(at, versions)| {
                let told = match same(at, &versions) {
                    true => Submitted::Present,
                    false => Submitted::Forbidden(Rule::OwnedByAnother),
                };
                (at, told)
            })
            .collect()
    }

    /// Withdraws objects from a circle: the member its own, the node's operators ([`MemberId::NODE`]) any.
    ///
    /// # Errors
    /// [`SubmitError`]: then nothing was withdrawn.
    pub fn withdraw(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        reason: &str,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let book = self.book();
        let is_in = book.circle(circle).is_some_and(|circle| circle.has(member));
        let takes_part = member == MemberId::NODE || book.member(member).is_some_and(|member| !member.ended);
        if !is_in || !takes_part {
            return Err(NotFound.into());
        }
        let drafts = ids.iter().map(|id| Draft::withdrawal(member.uuid(), id, reason)).collect();
        let outcomes = self.store().append(LineId::new(circle.uuid()), drafts)?;
        Ok(merged(outcomes, Vec::new()))
    }

    /// Which of these the member itself has brought to the circle and not withdrawn; nothing is said of others'.
    #[must_use]
    pub fn has_brought(&self, member: MemberId, circle: CircleId, ids: &[ObjectId]) -> Vec<bool> {
        let own = |catalogue: &Catalogue, id: &ObjectId| {
            let mut versions =
                catalogue.object(id).into_iter().flat_map(|known| catalogue.newest_first(known));
            versions.any(|entry| entry.counts() && entry.sender() == Some(member.uuid()))
        };
        let looked = self
            .store()
            .look(LineId::new(circle.uuid()), |catalogue| ids.iter().map(|id| own(catalogue, id)).collect());
        looked.unwrap_or_else(|_| vec![false; ids.len()])
    }

    /// Whether the member may share in the circle now; the circle's ceiling if it may.
    ///
    /// # Errors
    /// [`SubmitError::NotFound`], [`SubmitError::NotInForce`].
    pub fn may_share(&self, member: MemberId, circle: CircleId, now: Timestamp) -> Result<Tlp, SubmitError> {
        let book = self.book();
        let circle = book.circle(circle).filter(|circle| circle.has(member)).ok_or(NotFound)?;
        if member != MemberId::NODE && book.member(member).is_none_or(|member| member.ended) {
            return Err(NotFound.into());
        }
        if circle.in_force(now) { Ok(circle.ceiling) } else { Err(SubmitError::NotInForce) }
    }
}

/// Outcomes in the order of what was submitted, with what never went to the line in its place.
fn merged(outcomes: Vec<Outcome>, settled: Vec<(usize, Submitted)>) -> Vec<Submitted> {
    let count = outcomes.len() + settled.len();
    let mut outcomes = outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Appended { seq, added } => Submitted::Appended { seq, added },
        Outcome::Present { .. } => Submitted::Present,
        Outcome::Refused(refusal) => Submitted::Refused(refusal),
    });
    let mut settled = settled.into_iter().peekable();
    (0..count)
        .filter_map(|at| match settled.next_if(|(place, _)| *place == at) {
            Some((_, told)) => Some(told),
            None => outcomes.next(),
        })
        .collect()
}
