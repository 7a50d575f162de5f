//! Out of a parcel: what is withdrawn while it waits.

use std::collections::{BTreeMap, HashSet};

use line::{Outcome, StorageError};
use policy::parcel::{Contents, Event, Noted};
use policy::{CircleId, MemberId, Parcel, ParcelState};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use super::{Held, Kept, PARCELS};
use crate::opening::Gate;

impl Gate {
    /// Takes objects out of what waits: the member's own, for the node's operators ([`MemberId::NODE`]) any. What became of each.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn withdraw_waiting(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        versions: &[Timestamp],
    ) -> Result<Vec<Option<Outcome>>, StorageError> {
        let parcels = &self.inner.parcels;
        // Most circles have nothing that waits, and most withdrawals are of what is in the line.
        if parcels.known.lock().all().all(|kept| kept.over || kept.parcel.circle != circle) {
            return Ok(vec![None; ids.len()]);
        }
        let _one_at_a_time = parcels.one_at_a_time.lock();
        self.alone(PARCELS, || self.withdraw_waiting_alone(member, circle, ids, versions))
    }

    fn withdraw_waiting_alone(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        versions: &[Timestamp],
    ) -> Result<Vec<Option<Outcome>>, StorageError> {
        let (parcels, mut told) = (&self.inner.parcels, vec![None; ids.len()]);
        let is_meant = |(kept, _, held): &(&Kept, u32, &Held)| {
            let is_own = member == MemberId::NODE || kept.parcel.by.member == member;
            let is_version =
                versions.is_empty() || held.version.is_none_or(|version| versions.contains(&version));
            is_own && kept.parcel.circle == circle && !kept.parcel.is_over() && is_version
        };
        let mut out: BTreeMap<Uuid, (Parcel, Vec<u32>, HashSet<&ObjectId>)> = BTreeMap::new();
        {
            let known = parcels.known.lock();
            for id in ids {
                for (kept, at, _) in known.holding(id).filter(is_meant) {
                    let parcel = || (kept.parcel.clone(), Vec::new(), HashSet::new());
                    let (_, places, of) = out.entry(kept.parcel.id).or_insert_with(parcel);
                    places.push(at);
                    of.insert(id);
                }
            }
        }
        for (parcel, mut places, of) in out.into_values() {
            // One id may be named twice.
            places.sort_unstable();
            places.dedup();
            let outcome =
                self.note_parcel(member, &Noted::new(&parcel, None, Event::Withdrawn { places }))?;
            for (id, told) in ids.iter().zip(&mut told) {
                if of.contains(id) {
                    *told = Some(outcome.clone());
                }
            }
        }
        Ok(told)
    }

    /// Whether an object of a member's waits for a second person, and was not withdrawn.
    #[must_use]
    pub fn is_waiting(&self, member: MemberId, circle: CircleId, id: &ObjectId, now: Timestamp) -> bool {
        let known = self.inner.parcels.known.lock();
        known.holding(id).any(|(kept, ..)| {
            let parcel = &kept.parcel;
            parcel.by.member == member && parcel.circle == circle && parcel.state(now) == ParcelState::Waiting
        })
    }

    /// The objects of a member's with this UUID that wait for a second person, whatever their types: in which circle, and as which
    /// text they were brought.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn waiting_as(
        &self,
        member: MemberId,
        uuid: Uuid,
        now: Timestamp,
    ) -> Result<Vec<(CircleId, ObjectId, String)>, StorageError> {
        let found: Vec<(Parcel, usize, ObjectId)> = {
            let known = self.inner.parcels.known.lock();
            let own = known.all().filter(|kept| {
                kept.parcel.by.member == member && kept.parcel.state(now) == ParcelState::Waiting
            });
            own.flat_map(|kept| {
                let held = kept.held.iter().enumerate();
                let of = held.filter_map(move |(at, held)| {
                    let id = &held.as_ref().filter(|held| held.id.uuid() == uuid)?.id;
                    let stays = u32::try_from(at).is_ok_and(|at| !kept.parcel.withdrawn.contains(&at));
                    stays.then(|| (kept.parcel.clone(), at, id.clone()))
                });
                of.collect::<Vec<_>>()
            })
            .collect()
        };
        let mut waiting = Vec::with_capacity(found.len());
        for (parcel, at, id) in found {
            if let Some(Contents::Objects { mut objects, .. }) = self.parcel_contents(&parcel)?
                && at < objects.len()
            {
                waiting.push((parcel.circle, id, objects.swap_remove(at)));
            }
        }
        Ok(waiting)
    }
}
