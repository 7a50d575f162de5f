//! Erasing objects from what waits, and from what is kept of what waited.
//!
//! A parcel is one record and may hold many objects. So it is written anew without the texts of those that are erased, each place
//! left empty so that the others keep theirs, and the record that has them is erased. Stopped in between, both are there, and the next
//! erasure ends it; the later one counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use line::{EraseError, LineId, Outcome, Record, Seq, StorageError};
use policy::parcel::{Brought, Contents, Event, Noted};
use policy::{CircleId, MemberId};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use super::{draft, each_record};
use crate::erase::EraseFault;
use crate::opening::Gate;

/// A text of an object that lies in a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lies {
    /// Its number in the line of parcels.
    pub seq: Seq,
    /// In which parcel.
    pub parcel: Uuid,
    /// Whose it is.
    pub member: MemberId,
    /// When it was brought.
    pub at: Timestamp,
    /// The text; of an answer to an ask, what is said with it.
    pub text: String,
    /// The object; `None` for an answer to an ask.
    pub id: Option<ObjectId>,
}

fn brought(record: &Record) -> Result<Brought, StorageError> {
    let unreadable = |error| StorageError::Backend(format!("parcel {}: {error}", record.seq.0));
    Brought::from_json(&String::from_utf8_lossy(&record.body)).map_err(unreadable)
}

impl Gate {
    /// Tells of all texts that lie in parcels beside a circle, in the order of their coming: what waits, and what has waited.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn lying_in_parcels(&self, circle: CircleId, on: &mut dyn FnMut(Lies)) -> Result<(), StorageError> {
        each_record(self.store(), circle, Seq(0), &mut |record| {
            let brought = brought(record)?;
            let (seq, parcel, member) = (record.seq, brought.id, brought.member);
            let at = brought.at.unwrap_or(record.added.timestamp());
            let lies = |text: String, id| Lies { seq, parcel, member, at, text, id };
            match brought.contents {
                Contents::Objects { objects, .. } => {
                    for raw in objects {
                        if let Ok(head) = stix::read_head(&raw) {
                            on(lies(raw, Some(head.id)));
                        }
                    }
                }
                Contents::Answer { said, .. } => on(lies(said, None)),
            }
            Ok(())
        })
    }

    /// Takes these objects out of all parcels beside a circle: what waits of them is withdrawn, and parcels are written anew without
    /// them. The records that have them are among [`Gate::old_parcels`] then, also if this fails midway.
    pub(crate) fn take_out_of_parcels(
        &self,
        circle: CircleId,
        ids: &BTreeSet<&ObjectId>,
    ) -> Result<(), EraseFault> {
        let line = LineId::new(circle.uuid()).parcels();
        let parcels = &self.inner.parcels;
        let _one_at_a_time = parcels.one_at_a_time.lock();
        self.alone(super::PARCELS, || self.take_out_alone(line, circle, ids))
    }

    fn take_out_alone(
        &self,
        line: LineId,
        circle: CircleId,
        ids: &BTreeSet<&ObjectId>,
    ) -> Result<(), EraseFault> {
        let (mut last, mut has) = (HashMap::<Uuid, Seq>::new(), BTreeMap::<Seq, Uuid>::new());
        self.lying_in_parcels(circle, &mut |lies| {
            last.insert(lies.parcel, lies.seq);
            if lies.id.as_ref().is_some_and(|id| ids.contains(id)) {
                has.insert(lies.seq, lies.parcel);
            }
        })?;
        for (seq, parcel) in has {
            if last.get(&parcel) == Some(&seq) {
                self.write_without(line, seq, parcel, ids)?;
            }
            self.still_old_parcels(vec![(line, seq)]);
        }
        Ok(())
    }

    /// Whether something was taken out of a parcel and the record that has it is not erased yet: the next erasure ends it, of whatever
    /// it is.
    #[must_use]
    pub fn has_old_parcels(&self) -> bool {
        self.inner.parcels.known.lock().has_old()
    }

    /// Records of parcels that others stand for, and which are not erased yet.
    pub(crate) fn old_parcels(&self) -> Vec<(LineId, Seq)> {
        self.inner.parcels.known.lock().take_old()
    }

    /// Keeps in mind that these are still to be erased.
    pub(crate) fn still_old_parcels(&self, old: Vec<(LineId, Seq)>) {
        self.inner.parcels.known.lock().still_old(old);
    }

    /// Whether something of an object waits for a second person, whosever it is.
    pub(crate) fn waits_anywhere(&self, circle: CircleId, id: &ObjectId) -> bool {
        let known = self.inner.parcels.known.lock();
        known.holding(id).any(|(kept, ..)| kept.parcel.circle == circle && !kept.parcel.is_over())
    }

    /// Writes a parcel anew without some objects.
    fn write_without(
        &self,
        line: LineId,
        seq: Seq,
        parcel: Uuid,
        ids: &BTreeSet<&ObjectId>,
    ) -> Result<(), EraseFault> {
        let record = self.store().records(line, Seq(seq.0.saturating_sub(1)), 1)?.into_iter().next();
        let Some(record) = record.filter(|record| record.erased.is_none()) else { return Ok(()) };
        let mut brought = brought(&record)?;
        brought.at = brought.at.or(Some(record.added.timestamp()));
        let Contents::Objects { objects, .. } = &mut brought.contents else { return Ok(()) };
        let mut places = Vec::new();
        for (at, raw) in (0_u32..).zip(objects.iter_mut()) {
            if stix::read_head(raw).is_ok_and(|head| ids.contains(&head.id)) {
                raw.clear();
                places.push(at);
            }
        }
        // What could still be let out of it is not any more, before anything of it goes.
        if let Some(kept) = self.inner.parcels.get(parcel).filter(|kept| !kept.parcel.is_over()) {
            let waits = |at: &u32| !kept.parcel.withdrawn.contains(at);
            let out: Vec<u32> = places.iter().copied().filter(waits).collect();
            if !out.is_empty() {
                let noted = Noted::new(&kept.parcel, None, Event::Withdrawn { places: out });
                self.note_parcel(MemberId::NODE, &noted)?;
            }
        }
        let seq = match self.store().append(line, vec![draft(&brought)])?.into_iter().next() {
            Some(Outcome::Appended { seq, .. } | Outcome::Present { seq }) => seq,
            Some(Outcome::Refused(_)) | None => return Err(EraseError::NotErasable { line, seq }.into()),
        };
        self.inner.parcels.known.lock().erased(parcel, seq, &places);
        Ok(())
    }
}
