//! What waits for a second person: in circles that ask for four eyes, what a member brings is kept apart until another of its people
//! has let it out.
//!
//! A parcel lies whole in a line beside its circle's, so that it is in nobody's view, count or number of the circle; what is decided
//! is on the node's line, with both persons. Nobody but the member's own people learns that there is one: what others bring, ask
//! or are refused does not depend on it. Letting it out shares the bytes that were brought, under the terms that they came with;
//! stopped in between, it is carried out at the next start ([`Gate::finish_releases`]). What is withdrawn is withdrawn at once, from
//! here as well, and what is erased is erased here too.
//!
//! In memory is what waits, up to a limit for each member, and of what is decided the latest, without what is in it
//! ([`known`]). The lines have all of it.

mod became;
mod bringing;
mod deciding;
mod erasing;
mod goes;
mod known;
mod withdrawing;

use std::collections::{HashMap, HashSet};

use line::{Draft, LineId, Outcome, Record, RecordKind, Seq, StorageError, Store};
use parking_lot::Mutex;
use policy::parcel::{Brought, Contents, Event, Noted};
use policy::{By, CircleId, Intake, MemberId, Parcel, ParcelState, Wish};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use crate::opening::{Gate, GateError};
use crate::submit::{Submission, Submitted};
use known::Known;

pub use became::{Became, BecameOf};
pub(crate) use bringing::{WAITING_OBJECTS_MAX, WAITING_PARCELS_MAX};
pub use deciding::ReleaseError;
pub use erasing::Lies;
pub use goes::Goes;

/// Under what name parcels are decided, by one node at a time.
const PARCELS: &str = "parcels";
/// Parcels that are read at once.
const WINDOW: usize = 4;

/// All parcels, as the lines have them.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    known: Mutex<Known>,
    /// Held while one is judged and carried out, so that each is decided once.
    one_at_a_time: Mutex<()>,
    /// How many ids were made, in all.
    made: AtomicU64,
    /// How far the lines beside circles' were taken in, where other nodes write too.
    upto: Mutex<HashMap<LineId, Seq>>,
}

/// A parcel, and where its contents lie.
#[derive(Debug, Clone)]
struct Kept {
    parcel: Parcel,
    line: LineId,
    seq: Seq,
    /// The terms of its objects, as they are stored.
    terms: Option<Arc<str>>,
    /// Its objects, each at its place; `None` was erased.
    held: Vec<Option<Held>>,
    /// Whether nothing of it can be let out any more: then terms and objects are left to the line.
    over: bool,
}

/// An object in a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    id: ObjectId,
    version: Option<Timestamp>,
    digest: [u8; 32],
}

impl Held {
    fn of(object: &Submission) -> Self {
        let head = &object.head;
        let digest = Sha256::digest(object.raw.as_bytes()).into();
        Self { id: head.id.clone(), version: head.modified.or(head.created), digest }
    }
}

/// What waits of a member's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many parcels wait.
    pub parcels: usize,
    /// How many objects are in them and were not withdrawn.
    pub objects: u64,
    /// When the first of them lapses.
    pub until: Option<Timestamp>,
}

/// What is brought, and how.
pub(crate) struct Bringing {
    pub(crate) by: By,
    pub(crate) circle: CircleId,
    pub(crate) terms: Option<Arc<str>>,
    pub(crate) intake: Intake,
    pub(crate) until: Timestamp,
}

/// A submission of which some is settled, each with its place.
pub(crate) struct Weighed {
    settled: Vec<(usize, Submitted)>,
    rest: Vec<(usize, Submission)>,
}

impl Parcels {
    /// All that the lines beside those of `circles` have, and what was decided of it.
    pub(crate) fn load(
        store: &Store,
        circles: impl Iterator<Item = CircleId>,
        decided: &[Record],
    ) -> Result<Self, GateError> {
        let (mut events, mut over) = (Vec::with_capacity(decided.len()), HashSet::new());
        for record in decided {
            // What a newer program wrote of a parcel could be a decision: to pass over it could let it be decided twice.
            let noted = read(record, Noted::from_json)?;
            if matches!(noted.event, Event::Refused { .. } | Event::Done(_)) {
                over.insert(noted.parcel);
            }
            events.push((noted, record.added.timestamp()));
        }
        let parcels = Self::default();
        for circle in circles {
            let mut last = Seq(0);
            each_record(store, circle, Seq(0), &mut |record| {
                last = record.seq;
                parcels.load_one(circle, record, &over)
            })?;
            parcels.upto.lock().insert(LineId::new(circle.uuid()).parcels(), last);
        }
        let mut known = parcels.known.lock();
        for (noted, at) in events {
            known.apply(noted, at);
        }
        known.shorten();
        drop(known);
        Ok(parcels)
    }

    /// Whether a line beside a circle's has more than was taken in, as far as this process has heard.
    pub(crate) fn are_behind(&self, store: &Store) -> bool {
        let upto = self.upto.lock();
        let grew = |(line, upto): (&LineId, &Seq)| {
            store.look(*line, |catalogue| catalogue.head()).is_ok_and(|head| head > *upto)
        };
        store.beside().is_some() && upto.iter().any(grew)
    }

    /// Takes in what other nodes brought since.
    pub(crate) fn read_on(
        &self,
        store: &Store,
        circles: impl Iterator<Item = CircleId>,
    ) -> Result<(), GateError> {
        let mut upto = self.upto.lock();
        for circle in circles {
            let line = LineId::new(circle.uuid()).parcels();
            let after = upto.entry(line).or_default();
            // What was decided of it is known before it only where it was not taken in yet.
            each_record(store, circle, *after, &mut |record| {
                *after = record.seq;
                self.load_one(circle, record, &HashSet::new())
            })?;
        }
        Ok(())
    }

    fn load_one(&self, circle: CircleId, record: &Record, over: &HashSet<Uuid>) -> Result<(), GateError> {
        let brought = read(record, Brought::from_json)?;
        let parcel = Parcel::new(&brought, circle, record.added.timestamp());
        let (mut held, mut kept_terms) = (Vec::new(), None);
        if let Contents::Objects { objects, terms, .. } = brought.contents
            && !over.contains(&parcel.id)
        {
            kept_terms = terms.map(Into::into);
            let of = |raw: String| {
                let head = stix::read_head(&raw).ok()?;
                Some(Held::of(&Submission { raw, head }))
            };
            held = objects.into_iter().map(of).collect();
        }
        let line = LineId::new(circle.uuid()).parcels();
        self.made.fetch_add(1, Ordering::Relaxed);
        let mut known = self.known.lock();
        if known.get(parcel.id).is_some_and(|kept| kept.seq >= record.seq) {
            return Ok(());
        }
        known.insert(Kept { parcel, line, seq: record.seq, terms: kept_terms, held, over: false });
        Ok(())
    }

    pub(crate) fn apply(&self, noted: Noted, at: Timestamp) {
        let mut known = self.known.lock();
        known.apply(noted, at);
        known.shorten();
    }

    fn get(&self, id: Uuid) -> Option<Kept> {
        self.known.lock().get(id).cloned()
    }

    /// Takes in what was written.
    fn keep(&self, kept: Vec<Kept>, outcomes: Vec<Outcome>) {
        let mut known = self.known.lock();
        for (mut kept, outcome) in kept.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Appended { seq, added } => (kept.seq, kept.parcel.at) = (seq, added.timestamp()),
                Outcome::Present { seq } => kept.seq = seq,
                Outcome::Refused(_) => continue,
            }
            // Another thread may have read it on the line by now.
            if known.get(kept.parcel.id).is_none_or(|known| known.seq < kept.seq) {
                known.insert(kept);
            }
        }
    }

    /// What no other parcel has: how many there are, and how many ids were made since the start.
    fn salt(&self) -> [u8; 8] {
        self.made.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }
}

pub(crate) fn read<T>(
    record: &Record,
    from: impl FnOnce(&str) -> Result<T, serde_json::Error>,
) -> Result<T, GateError> {
    from(&String::from_utf8_lossy(&record.body))
        .map_err(|source| GateError::Entry { seq: record.seq, source: source.into() })
}

/// Reads the parcels that lie beside a circle's line, in the order of their coming, some at a time; what was erased is passed over.
fn each_record<E: From<StorageError>>(
    store: &Store,
    circle: CircleId,
    mut after: Seq,
    on: &mut dyn FnMut(&Record) -> Result<(), E>,
) -> Result<(), E> {
    let line = LineId::new(circle.uuid()).parcels();
    loop {
        let records = match store.records(line, after, WINDOW) {
            Err(StorageError::NoSuchLine { .. }) => return Ok(()),
            records => records?,
        };
        let Some(last) = records.last() else { return Ok(()) };
        after = last.seq;
        let is_there = |record: &&Record| record.kind == RecordKind::Parcel && record.erased.is_none();
        records.iter().filter(is_there).try_for_each(&mut *on)?;
    }
}

impl Gate {
    /// Whether these very bytes of a member's were let out by a second person for this circle, and break STIX 2.1 so that they came
    /// to quarantine then.
    pub(crate) fn was_released(&self, member: MemberId, circle: CircleId, object: &Submission) -> bool {
        let parcels: Vec<Parcel> = {
            let known = self.inner.parcels.known.lock();
            let is_out = |parcel: &&Parcel| {
                let done = parcel.done.as_ref();
                let apart = done.is_none_or(|(_, became)| became.quarantined > 0);
                let released = parcel.decided.as_ref().is_some_and(|decided| decided.released);
                released && apart && parcel.by.member == member && parcel.circle == circle
            };
            known.all().map(|kept| &kept.parcel).filter(is_out).cloned().collect()
        };
        parcels.iter().any(|parcel| {
            let Ok(Some(Contents::Objects { objects, .. })) = self.parcel_contents(parcel) else {
                return false;
            };
            let stays = |at: usize| u32::try_from(at).is_ok_and(|at| !parcel.withdrawn.contains(&at));
            objects.iter().enumerate().any(|(at, raw)| *raw == object.raw && stays(at))
        })
    }

    /// Writes what happened to a parcel to the node's line; when this returns, it is durable and holds.
    fn note_parcel(&self, by: MemberId, noted: &Noted) -> Result<Outcome, StorageError> {
        let draft = Draft::note(RecordKind::Release, by.uuid(), noted.to_json().into_bytes());
        let outcome = self.store().append(LineId::NODE, vec![draft])?.into_iter().next();
        let outcome = outcome.unwrap_or(Outcome::Refused(line::Refusal::Full));
        self.read_on()?;
        Ok(outcome)
    }

    /// The parcels of a member, or all, the newest first: all that wait, and the latest of those that do not any more.
    #[must_use]
    pub fn parcels(&self, of: Option<MemberId>) -> Vec<Parcel> {
        let known = self.inner.parcels.known.lock();
        let mut found: Vec<Parcel> = known
            .all()
            .map(|kept| &kept.parcel)
            .filter(|parcel| of.is_none_or(|member| parcel.by.member == member))
            .cloned()
            .collect();
        found.sort_by_key(|parcel| std::cmp::Reverse((parcel.at, parcel.id)));
        found
    }

    /// One of them; `None` also if it is there and not the member's.
    #[must_use]
    pub fn parcel(&self, id: Uuid, of: Option<MemberId>) -> Option<Parcel> {
        let kept = self.inner.parcels.get(id)?;
        of.is_none_or(|member| kept.parcel.by.member == member).then_some(kept.parcel)
    }

    /// How much of a member's waits, for whoever begins the day.
    #[must_use]
    pub fn parcels_waiting(&self, member: MemberId, now: Timestamp) -> Waits {
        self.inner.parcels.known.lock().waits(member, now)
    }

    /// What is in a parcel, byte for byte as it was brought.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn parcel_contents(&self, parcel: &Parcel) -> Result<Option<Contents>, StorageError> {
        let Some(kept) = self.inner.parcels.get(parcel.id) else { return Ok(None) };
        let mut found = None;
        self.store().bodies(kept.line, &[kept.seq], &mut |_, _, body| {
            found = Brought::from_json(&String::from_utf8_lossy(body)).ok();
        })?;
        Ok(found.map(|brought| brought.contents))
    }

    /// Whether a version of a member's object waits for a second person.
    #[must_use]
    pub fn waits_for_release(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
        version: Timestamp,
        now: Timestamp,
    ) -> bool {
        let known = self.inner.parcels.known.lock();
        known.holding(id).any(|(kept, _, held)| {
            let parcel = &kept.parcel;
            parcel.by.member == member
                && parcel.circle == circle
                && matches!(parcel.state(now), ParcelState::Waiting | ParcelState::Released)
                && held.version.is_none_or(|own| own == version)
        })
    }

    /// Until when a yes to an ask would wait, and where: in the first circle of the two that asks for four eyes.
    pub(crate) fn answer_waits(
        &self,
        asked: CircleId,
        grant: &Wish,
        now: Timestamp,
    ) -> Option<(CircleId, Timestamp)> {
        let book = self.book();
        let circles = grant.circle.into_iter().chain([asked]);
        let asks = |id: CircleId| Some((id, book.circle(id)?.four_eyes?.until(now)));
        circles.filter_map(asks).next()
    }
}

fn draft(brought: &Brought) -> Draft {
    Draft::note(RecordKind::Parcel, brought.member.uuid(), brought.to_json().into_bytes())
}
