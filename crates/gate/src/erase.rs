//! Erasing objects: from a circle's line, from the quarantine and the parcels beside it, withdrawn first where they are in force.
//!
//! A withdrawal tells members that an object is out of use and leaves its bytes in the line; erasure removes the bytes and leaves
//! what proves that the line is still the same one (see [`line::erasing`]). So whoever had the object is told as of any withdrawal,
//! and what is left of it, its id, dates, creator and markings, is what that takes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use line::erasing::ERASED_AT_ONCE_MAX;
use line::{EraseError, Erased, LineId, RecordKind, Seq, StorageError};
use policy::{CircleId, MemberId};
use stix::{ObjectId, Timestamp};

use crate::federation::in_circle;
use crate::opening::{Gate, GateError};
use crate::parcels::Lies;
use crate::submit::SubmitError;

/// What erasing one object in one circle comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasePlan {
    /// The circle.
    pub circle: CircleId,
    /// The object.
    pub id: ObjectId,
    /// The records whose bytes go, in the circle's line and its quarantine.
    pub records: Vec<(LineId, Seq)>,
    /// Its texts that lie in parcels, of what waits for a second person and of what has waited.
    pub in_parcels: Vec<Lies>,
    /// Whether something of it waits for a second person, so that it is withdrawn there first.
    pub waits: bool,
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

impl From<GateError> for EraseFault {
    fn from(error: GateError) -> Self {
        StorageError::from(error).into()
    }
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
        Ok(self.all_erasable(circle, std::slice::from_ref(id))?.pop())
    }

    /// As [`Gate::erasable`], of several: what is not there is left out.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn all_erasable(&self, circle: CircleId, ids: &[ObjectId]) -> Result<Vec<ErasePlan>, StorageError> {
        let mut lying: HashMap<&ObjectId, Vec<Lies>> = ids.iter().map(|id| (id, Vec::new())).collect();
        self.lying_in_parcels(circle, &mut |lies| {
            if let Some(of) = lies.id.clone().and_then(|id| lying.get_mut(&id)) {
                of.push(lies);
            }
        })?;
        let mut plans = Vec::new();
        for id in ids.iter().filter(|id| id.object_type() != "marking-definition") {
            // An id that is named twice has its plan.
            let Some(in_parcels) = lying.remove(id) else { continue };
            let mut plan = self.erasable_in_lines(circle, id)?;
            plan.arrived =
                in_parcels.iter().map(|lies| lies.at).chain([plan.arrived]).max().unwrap_or(plan.arrived);
            plan.waits = self.waits_anywhere(circle, id);
            plan.in_parcels = in_parcels;
            if !plan.records.is_empty() || !plan.in_parcels.is_empty() {
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    fn erasable_in_lines(&self, circle: CircleId, id: &ObjectId) -> Result<ErasePlan, StorageError> {
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
        let (id, in_parcels) = (id.clone(), Vec::new());
        Ok(ErasePlan { circle, id, records, in_parcels, waits: false, is_live, arrived })
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
        // No page of these circles is taken meanwhile, so that what another node says again is told from what it says anew.
        let circles: BTreeSet<CircleId> = plans.iter().map(|plan| plan.circle).collect();
        let pages: Vec<_> = circles.iter().map(|circle| self.inner.statements.in_order(*circle)).collect();
        let _in_order: Vec<_> = pages.iter().map(|page| page.lock()).collect();
        self.erase_alone(&circles.into_iter().collect::<Vec<_>>(), &mut || {
            self.erase_in_order(by, note, plans, reason)
        })
    }

    /// Has no page of any of the circles taken by other nodes either.
    fn erase_alone(
        &self,
        circles: &[CircleId],
        work: &mut dyn FnMut() -> Result<Vec<Erased>, EraseFault>,
    ) -> Result<Vec<Erased>, EraseFault> {
        match circles {
            [first, rest @ ..] => self.alone(&in_circle(*first), || self.erase_alone(rest, work)),
            [] => work(),
        }
    }

    fn erase_in_order(
        &self,
        by: MemberId,
        note: &serde_json::Value,
        plans: &[ErasePlan],
        reason: &str,
    ) -> Result<Vec<Erased>, EraseFault> {
        let mut records = Vec::new();
        let mut parcelled: BTreeMap<CircleId, BTreeSet<&ObjectId>> = BTreeMap::new();
        for plan in plans.iter().filter(|plan| !plan.in_parcels.is_empty()) {
            parcelled.entry(plan.circle).or_default().insert(&plan.id);
        }
        let mut note = note.clone();
        if let (Some(note), false) = (note.as_object_mut(), parcelled.is_empty()) {
            // A parcel's record has many objects, so that its place and hash alone do not say which were meant.
            let ids: BTreeSet<String> = parcelled.values().flatten().map(ToString::to_string).collect();
            note.insert("in_parcels".to_owned(), ids.into_iter().collect());
        }
        for (circle, ids) in &parcelled {
            self.take_out_of_parcels(*circle, ids)?;
        }
        // Looked at anew: a second person may have let out of a parcel what waited when the plan was made.
        let mut live: BTreeMap<CircleId, Vec<ObjectId>> = BTreeMap::new();
        for plan in plans {
            let now = self.erasable_in_lines(plan.circle, &plan.id)?;
            records.extend(now.records);
            if now.is_live {
                live.entry(plan.circle).or_default().push(now.id);
            }
        }
        for (circle, ids) in live {
            self.withdraw_in_order(MemberId::NODE, circle, &ids, reason)?;
        }
        let old = self.old_parcels();
        records.extend(&old);
        records.sort_unstable();
        records.dedup();
        let mut erased = Vec::new();
        for some in records.chunks(ERASED_AT_ONCE_MAX) {
            let done = self.store().erase(by.uuid(), &note, some).and_then(|done| {
                let head = self.store().look(LineId::NODE, |catalogue| catalogue.head())?;
                Ok((done, head))
            });
            match done {
                // Kept in mind at once: what comes after it may fail, and this stays erased.
                Ok((done, head)) => {
                    self.inner.statements.erased(&done, head);
                    erased.extend(done);
                }
                Err(error) => {
                    self.still_old_parcels(old);
                    return Err(error.into());
                }
            }
        }
        Ok(erased)
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
        let mut lying: BTreeMap<ObjectId, Timestamp> = BTreeMap::new();
        self.lying_in_parcels(circle, &mut |lies| {
            if let Some(id) = lies.id {
                let last = lying.entry(id).or_insert(lies.at);
                *last = lies.at.max(*last);
            }
        })?;
        // A version that waits is a version that has come.
        due.retain(|id| lying.get(id).is_none_or(|at| is_due(id.object_type(), *at)));
        for (id, at) in lying {
            let last = self.erasable_in_lines(circle, &id)?.arrived.max(at);
            due.extend(is_due(id.object_type(), last).then_some(id));
        }
        let mut seen = HashSet::new();
        due.retain(|id| id.object_type() != "marking-definition" && seen.insert(id.clone()));
        due.truncate(limit);
        self.all_erasable(circle, &due)
    }
}
