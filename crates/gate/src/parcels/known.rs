//! What is in memory of parcels: those that wait, with an index of what is in them, and the latest that do not any more.

use std::collections::{BTreeMap, HashMap};

use line::{LineId, Seq};
use policy::parcel::Noted;
use policy::{MemberId, ParcelState};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use super::{Held, Kept, Waits};

/// Parcels of one member that don't wait any more and are still told; older ones stay in the lines alone.
const SETTLED_MAX: usize = 1_000;
/// What has lapsed counts as over a day later: a clock may be set back.
const LAPSED_MICROS: i64 = 86_400_000_000;

/// Parcels, by their ids.
#[derive(Debug, Default)]
pub(super) struct Known {
    all: BTreeMap<Uuid, Kept>,
    /// Where objects stand that can still be let out: in which parcel, and at which place.
    places: HashMap<ObjectId, Vec<(Uuid, u32)>>,
    /// Records of parcels in whose place others stand, and which are still to be erased.
    old: Vec<(LineId, Seq)>,
}

impl Known {
    /// Takes one in. What stands for an earlier record of the same parcel takes its place.
    pub(super) fn insert(&mut self, kept: Kept) {
        let id = kept.parcel.id;
        if let Some(before) = self.all.get(&id).filter(|before| before.seq < kept.seq) {
            self.old.push((before.line, before.seq));
        }
        self.unplace(id);
        for (at, held) in kept.held.iter().enumerate() {
            if let (Some(held), Ok(at)) = (held, u32::try_from(at)) {
                self.places.entry(held.id.clone()).or_default().push((id, at));
            }
        }
        self.all.insert(id, kept);
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Kept> {
        self.all.get(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Kept> {
        self.all.values()
    }

    pub(super) fn has_old(&self) -> bool {
        !self.old.is_empty()
    }

    /// Records of parcels that others stand for and which are still to be erased; they are not told again.
    pub(super) fn take_old(&mut self) -> Vec<(LineId, Seq)> {
        std::mem::take(&mut self.old)
    }

    /// Keeps in mind that these are still to be erased.
    pub(super) fn still_old(&mut self, old: Vec<(LineId, Seq)>) {
        self.old.extend(old);
    }

    /// What can still be let out of an object and was not withdrawn: each with its parcel and its place there.
    pub(super) fn holding<'k>(
        &'k self,
        id: &ObjectId,
    ) -> impl Iterator<Item = (&'k Kept, u32, &'k Held)> + use<'k> {
        let places = self.places.get(id).into_iter().flatten();
        places.filter_map(|(parcel, at)| {
            let kept = self.all.get(parcel)?;
            let held = kept.held.get(usize::try_from(*at).ok()?)?.as_ref()?;
            (!kept.parcel.withdrawn.contains(at)).then_some((kept, *at, held))
        })
    }

    /// Takes an event in. What is over by it is kept without what is in it.
    pub(super) fn apply(&mut self, noted: Noted, at: Timestamp) {
        let id = noted.parcel;
        let Some(kept) = self.all.get_mut(&id) else { return };
        kept.parcel.apply(noted, at);
        if kept.parcel.is_over() {
            self.settle(id);
        }
    }

    /// Takes out what an object was erased from.
    pub(super) fn erased(&mut self, id: Uuid, seq: Seq, places: &[u32]) {
        self.unplace(id);
        let Some(mut kept) = self.all.remove(&id) else { return };
        kept.seq = seq;
        for at in places {
            if let Some(held) = usize::try_from(*at).ok().and_then(|at| kept.held.get_mut(at)) {
                *held = None;
            }
        }
        self.insert(kept);
    }

    /// Lets go of what is in those that have lapsed, or of which all was withdrawn.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let before = Timestamp::from_micros(now.micros().saturating_sub(LAPSED_MICROS));
        let is_over = |kept: &&Kept| {
            !kept.over && matches!(kept.parcel.state(before), ParcelState::Lapsed | ParcelState::Withdrawn)
        };
        let over: Vec<Uuid> = self.all.values().filter(is_over).map(|kept| kept.parcel.id).collect();
        over.into_iter().for_each(|id| self.settle(id));
        self.shorten();
    }

    /// Of each member, lets go the oldest of those that are over and too many.
    pub(super) fn shorten(&mut self) {
        let mut over: HashMap<MemberId, Vec<(Timestamp, Uuid)>> = HashMap::new();
        for kept in self.all.values().filter(|kept| kept.over) {
            over.entry(kept.parcel.by.member).or_default().push((kept.parcel.at, kept.parcel.id));
        }
        for mut of_member in over.into_values() {
            let too_many = of_member.len().saturating_sub(SETTLED_MAX);
            of_member.sort_unstable();
            for (_, id) in of_member.into_iter().take(too_many) {
                self.all.remove(&id);
            }
        }
    }

    /// How much of a member's waits.
    pub(super) fn waits(&self, member: MemberId, now: Timestamp) -> Waits {
        let own = self.all.values().map(|kept| &kept.parcel).filter(|parcel| parcel.by.member == member);
        let mut waits = Waits::default();
        for parcel in own.filter(|parcel| parcel.state(now) == ParcelState::Waiting) {
            waits.parcels += 1;
            waits.objects += parcel.objects.saturating_sub(parcel.withdrawn.len() as u64);
            waits.until = Some(waits.until.map_or(parcel.until, |until| until.min(parcel.until)));
        }
        waits
    }

    fn settle(&mut self, id: Uuid) {
        self.unplace(id);
        if let Some(kept) = self.all.get_mut(&id) {
            (kept.held, kept.terms, kept.over) = (Vec::new(), None, true);
        }
    }

    fn unplace(&mut self, id: Uuid) {
        let Some(kept) = self.all.get(&id) else { return };
        for held in kept.held.iter().flatten() {
            if let Some(places) = self.places.get_mut(&held.id) {
                places.retain(|(parcel, _)| *parcel != id);
                if places.is_empty() {
                    self.places.remove(&held.id);
                }
            }
        }
    }
}
