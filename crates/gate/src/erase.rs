//! Erasing objects: from a circle's line and from what waits beside it, withdrawn first where they are in force.
//!
//! A withdrawal tells members that an object is out of use and leaves its bytes in the line; erasure removes the bytes and leaves
//! what proves that the line is still the same one (see [`line::erasing`]). So whoever had the object is told as of any withdrawal,
//! and what is left of it, its id, dates, creator and markings, is what that takes.

use std::collections::{BTreeMap, HashSet};

use line::{EraseError, Erased, LineId, RecordKind, Seq, StorageError};
use policy::{CircleId, MemberId};
use stix::{ObjectId, Timestamp};

use crate::opening::Gate;
use crate::submit::SubmitError;

/// What erasing one object in one circle comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasePlan {
    /// The circle.
    pub circle: CircleId,
    /// The object.
    pub id: ObjectId,
    /// The records whose bytes go, in the circle's line and beside it.
    pub records: Vec<(LineId, Seq)>,
    /// Whether it is still in force, so that it is withdrawn first.
    pub is_live: bool,
    /// When its last version came.
    pub arrived: Timestamp,
}

/// Why something was not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseFault {
    /// It could not be withdrawn.
    #[error(transparent)]
    Withdraw(#[from] SubmitError),
    /// It could not be erased.
    #[error(transparent)]
    Erase(#[from] EraseError),
}

impl From<StorageError> for EraseFault {
    fn from(error: StorageError) -> Self {
        Self::Erase(error.into())
    }
}

impl Gate {
    /// What would be erased of an object in a circle, by whoever brought it; `None` if nothing of it is there. Marking definitions
    /// are never erased: what others marked with them would be held.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn erasable(&self, circle: CircleId, id: &ObjectId) -> Result<Option<ErasePlan>, StorageError> {
        if id.object_type() == "marking-definition" {
            return Ok(None);
        }
        let line = LineId::new(circle.uuid());
        let (mut records, mut is_live, mut arrived) = (Vec::new(), false, Timestamp::MIN);
        for line in [line, line.quarantine()] {
            let looked = self.store().look(line, |catalogue| {
                let object = catalogue.object(id);
                for entry in object.into_iter().flat_map(|object| catalogue.all_versions(object)) {
                    is_live |= entry.counts();
                    arrived = arrived.max(entry.added().timestamp());
                    if entry.kind() == RecordKind::Object && !entry.erased() {
                        records.push((line, entry.seq));
                    }
                }
            });
            match looked {
                Ok(()) | Err(StorageError::NoSuchLine { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        records.sort_unstable();
        let plan = ErasePlan { circle, id: id.clone(), records, is_live, arrived };
        Ok(Some(plan).filter(|plan| !plan.records.is_empty()))
    }

    /// Erases what is planned, each object withdrawn first where it is in force; `reason` is what members are told then. Gives what
    /// was erased. The bytes are out of the file once [`line::Store::scrub`] has run.
    ///
    /// # Errors
    /// [`EraseFault`]: to be tried again; what was erased by then stays erased.
    pub fn erase(
        &self,
        by: MemberId,
        note: &serde_json::Value,
        plans: &[ErasePlan],
        reason: &str,
    ) -> Result<Vec<Erased>, EraseFault> {
        let mut live: BTreeMap<CircleId, Vec<ObjectId>> = BTreeMap::new();
        for plan in plans.iter().filter(|plan| plan.is_live) {
            live.entry(plan.circle).or_default().push(plan.id.clone());
        }
        for (circle, ids) in live {
            self.withdraw(MemberId::NODE, circle, &ids, reason)?;
        }
        let records: Vec<_> = plans.iter().flat_map(|plan| plan.records.iter().copied()).collect();
        Ok(self.store().erase(by.uuid(), note, &records)?)
    }

    /// The objects of a circle whose last version came before `before` (whoever brought it), of which bytes are still there as far
    /// as `is_due` says of type and time: for retention. At most `limit`, in the order of their coming.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn due_for_erasure(
        &self,
        circle: CircleId,
        limit: usize,
        is_due: impl Fn(&str, Timestamp) -> bool,
    ) -> Result<Vec<ErasePlan>, StorageError> {
        let line = LineId::new(circle.uuid());
        let mut due = Vec::new();
        for line in [line, line.quarantine()] {
            let looked = self.store().look(line, |catalogue| {
                let head = catalogue.head().0;
                for entry in (1..=head).filter_map(|seq| catalogue.entry(Seq(seq))) {
                    let is_there = entry.kind() == RecordKind::Object && !entry.erased();
                    let Some(object) = entry.object().filter(|_| is_there) else { continue };
                    let newest = catalogue.all_versions(object).map(|version| version.added()).max();
                    if newest.is_some_and(|newest| is_due(catalogue.object_type(object), newest.timestamp()))
                    {
                        due.extend(catalogue.id(object));
                    }
                }
            });
            match looked {
                Ok(()) | Err(StorageError::NoSuchLine { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut plans: Vec<ErasePlan> = Vec::new();
        let mut seen = HashSet::new();
        for id in due.into_iter().filter(|id| seen.insert(id.clone())) {
            if plans.len() == limit {
                break;
            }
            plans.extend(self.erasable(circle, &id)?);
        }
        Ok(plans)
    }
}
