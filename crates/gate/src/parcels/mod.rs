//! What waits for a second person: in circles that ask for four eyes, what a member brings is kept apart until another of its people
//! has let it out.
//!
//! A parcel lies whole in a line beside its circle's, so that it is in nobody's view, count or number of the circle; what is decided
//! is on the node's line, with both persons. Nobody but the member's own people learns that there is one: what others bring, ask
//! or are refused does not depend on it. Letting it out shares the bytes that were brought, under the terms that they came with;
//! stopped in between, it is carried out at the next start ([`Gate::finish_releases`]). What is withdrawn is withdrawn at once, from
//! here as well.

mod deciding;
mod goes;

use std::collections::{BTreeMap, HashMap};

use line::{Draft, LineId, Outcome, Record, RecordKind, Seq, StorageError, Store};
use parking_lot::Mutex;
use policy::parcel::{Brought, Contents, Event, Noted};
use policy::{By, CircleId, Intake, MemberId, Parcel, ParcelState, Wish};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stix::{ObjectId, Severity, Timestamp};
use uuid::Uuid;

use crate::asks::short;
use crate::intake::findings;
use crate::opening::{Gate, GateError};
use crate::submit::{Submission, SubmitError, Submitted, Told};

pub use deciding::ReleaseError;
pub use goes::Goes;

/// Objects of one parcel; more become several.
const OBJECTS_MAX: usize = 5_000;
/// Bytes of one parcel's objects; more become several.
const BYTES_MAX: usize = 8 << 20;
/// Parcels that are read at once at a start.
const WINDOW: usize = 4;

/// All parcels, as the lines have them.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    all: Mutex<BTreeMap<Uuid, Kept>>,
    /// Held while one is judged and carried out, so that each is decided once.
    one_at_a_time: Mutex<()>,
    /// How many ids were made since the start.
    made: AtomicU64,
}

/// A parcel, and where its contents lie.
#[derive(Debug, Clone)]
struct Kept {
    parcel: Parcel,
    line: LineId,
    seq: Seq,
    /// The terms of its objects, as they are stored.
    terms: Option<Arc<str>>,
    held: Vec<Held>,
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
        let parcels = Self::default();
        for circle in circles {
            let (line, mut after) = (LineId::new(circle.uuid()).parcels(), Seq(0));
            loop {
                let records = match store.records(line, after, WINDOW) {
                    Err(StorageError::NoSuchLine { .. }) => break,
                    records => records?,
                };
                let Some(last) = records.last() else { break };
                after = last.seq;
                for record in records.iter().filter(|record| record.kind == RecordKind::Parcel) {
                    parcels.load_one(circle, line, record)?;
                }
            }
        }
        for record in decided {
            // What a newer program wrote of a parcel could be a decision: to pass over it could let it be decided twice.
            let noted = read(record, Noted::from_json)?;
            parcels.apply(noted, record.added.timestamp());
        }
        Ok(parcels)
    }

    fn load_one(&self, circle: CircleId, line: LineId, record: &Record) -> Result<(), GateError> {
        let brought = read(record, Brought::from_json)?;
        let parcel = Parcel::new(&brought, circle, record.added.timestamp());
        let (mut held, mut kept_terms) = (Vec::new(), None);
        if let Contents::Objects { objects, terms, .. } = brought.contents {
            kept_terms = terms.map(Into::into);
            for raw in objects {
                if let Ok(head) = stix::read_head(&raw) {
                    held.push(Held::of(&Submission { raw, head }));
                }
            }
        }
        self.all.lock().insert(parcel.id, Kept { parcel, line, seq: record.seq, terms: kept_terms, held });
        Ok(())
    }

    fn apply(&self, noted: Noted, at: Timestamp) {
        if let Some(kept) = self.all.lock().get_mut(&noted.parcel) {
            kept.parcel.apply(noted, at);
        }
    }

    fn get(&self, id: Uuid) -> Option<Kept> {
        self.all.lock().get(&id).cloned()
    }

    /// Takes in what was written.
    fn keep(&self, kept: Vec<Kept>, outcomes: Vec<Outcome>) {
        let mut all = self.all.lock();
        for (mut kept, outcome) in kept.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Appended { seq, added } => (kept.seq, kept.parcel.at) = (seq, added.timestamp()),
                Outcome::Present { seq } => kept.seq = seq,
                Outcome::Refused(_) => continue,
            }
            all.insert(kept.parcel.id, kept);
        }
    }

    /// What no other parcel has: how many there are, and how many ids were made since the start.
    fn salt(&self) -> [u8; 16] {
        let known = u128::from(self.all.lock().len() as u64) << 64;
        (known | u128::from(self.made.fetch_add(1, Ordering::Relaxed))).to_be_bytes()
    }
}

fn read<T>(record: &Record, from: impl FnOnce(&str) -> Result<T, serde_json::Error>) -> Result<T, GateError> {
    from(&String::from_utf8_lossy(&record.body))
        .map_err(|source| GateError::Entry { seq: record.seq, source: source.into() })
}

impl Gate {
    /// Sorts out what need not wait: what is refused anyhow, and what the circle has from this member already.
    pub(crate) fn weigh(
        &self,
        bringing: &Bringing,
        mut settled: Vec<(usize, Submitted)>,
        objects: Vec<(usize, Submission)>,
        unproven: impl Fn(&Submission) -> Option<Submitted>,
    ) -> Weighed {
        let (line, member) = (LineId::new(bringing.circle.uuid()), bringing.by.member);
        let mut rest = Vec::with_capacity(objects.len());
        for (at, object) in objects {
            let invalid = || {
                let found = match bringing.intake {
                    Intake::Refuse => findings(&object.raw, Severity::Error),
                    Intake::Accept | Intake::Quarantine => Vec::new(),
                };
                (!found.is_empty()).then_some(Submitted::Invalid(found))
            };
            match unproven(&object).or_else(invalid) {
                Some(told) => settled.push((at, told)),
                None if self.has_from(line, member, &object) => settled.push((at, Submitted::Present)),
                None => rest.push((at, object)),
            }
        }
        Weighed { settled, rest }
    }

    /// Keeps objects apart until a second person of the member's has let them out, and tells when that is durable.
    pub(crate) fn bring(
        &self,
        bringing: &Bringing,
        Weighed { settled, rest: objects }: Weighed,
        now: Timestamp,
        told: Told,
    ) {
        let mut answers: Vec<Option<Submitted>> = vec![None; settled.len() + objects.len()];
        for (at, answer) in settled {
            answers[at] = Some(answer);
        }
        let waiting = self.waiting_already(bringing, now);
        let (mut lots, mut bytes) = (Vec::<Vec<(usize, Submission, Held)>>::new(), 0);
        for (at, object) in objects {
            let held = Held::of(&object);
            if let Some(parcel) = waiting.get(&(held.id.clone(), held.digest)) {
                answers[at] = Some(Submitted::Waiting(*parcel));
                continue;
            }
            bytes += object.raw.len();
            match lots.last_mut() {
                Some(lot) if lot.len() < OBJECTS_MAX && bytes <= BYTES_MAX => lot.push((at, object, held)),
                _ => {
                    bytes = object.raw.len();
                    lots.push(vec![(at, object, held)]);
                }
            }
        }
        let (mut drafts, mut kept) = (Vec::with_capacity(lots.len()), Vec::with_capacity(lots.len()));
        let line = LineId::new(bringing.circle.uuid()).parcels();
        for lot in lots {
            let mut held = Vec::with_capacity(lot.len());
            let mut objects = Vec::with_capacity(lot.len());
            let places: Vec<usize> = lot.iter().map(|(at, ..)| *at).collect();
            for (_, object, of) in lot {
                objects.push(object.raw);
                held.push(of);
            }
            let terms = bringing.terms.clone();
            let contents = Contents::Objects {
                terms: terms.as_deref().map(str::to_owned),
                intake: bringing.intake,
                objects,
            };
            let brought =
                Brought::new(self.parcel_id(bringing, &held, now), bringing.by, bringing.until, contents);
            places.iter().for_each(|at| answers[*at] = Some(Submitted::Waiting(brought.id)));
            drafts.push(draft(&brought));
            let parcel = Parcel::new(&brought, bringing.circle, now);
            kept.push(Kept { parcel, line, seq: Seq(0), terms, held });
        }
        if drafts.is_empty() {
            return told(Ok(answers.into_iter().flatten().collect()));
        }
        self.store().ensure_line(line);
        // The writer's thread must not be the last that holds the store.
        let parcels = Arc::clone(&self.inner.parcels);
        let then = move |outcomes: Result<Vec<Outcome>, StorageError>| match outcomes {
            Err(error) => told(Err(error.into())),
            Ok(outcomes) => {
                parcels.keep(kept, outcomes);
                told(Ok(answers.into_iter().flatten().collect()));
            }
        };
        self.store().append_then(line, drafts, Box::new(then));
    }

    /// Keeps an answer to an ask apart; gives the parcel, which may be one that waits already.
    pub(crate) fn bring_answer(
        &self,
        by: By,
        (circle, until): (CircleId, Timestamp),
        contents: Contents,
        now: Timestamp,
    ) -> Result<Uuid, SubmitError> {
        let Contents::Answer { ask, .. } = &contents else { return Err(crate::NotFound.into()) };
        let waiting = {
            let all = self.inner.parcels.all.lock();
            let waits = |kept: &&Kept| {
                kept.parcel.ask == Some(*ask) && kept.parcel.state(now) == ParcelState::Waiting
            };
            all.values().find(waits).map(|kept| kept.parcel.id)
        };
        if let Some(waiting) = waiting {
            return Ok(waiting);
        }
        let (at, salt) = (now.micros().to_be_bytes(), self.inner.parcels.salt());
        let parts: [&[u8]; 3] = [ask.as_bytes(), &at, &salt];
        let id = short(&self.key().derive("parcel of an answer", &parts));
        let brought = Brought::new(id, by, until, contents);
        let (line, parcel) = (LineId::new(circle.uuid()).parcels(), Parcel::new(&brought, circle, now));
        self.store().ensure_line(line);
        let outcomes = self.store().append(line, vec![draft(&brought)])?;
        self.inner
            .parcels
            .keep(vec![Kept { parcel, line, seq: Seq(0), terms: None, held: Vec::new() }], outcomes);
        Ok(id)
    }

    /// Objects that wait already, by id and bytes, under the same terms.
    fn waiting_already(&self, bringing: &Bringing, now: Timestamp) -> HashMap<(ObjectId, [u8; 32]), Uuid> {
        let all = self.inner.parcels.all.lock();
        let is_same = |kept: &&Kept| {
            let parcel = &kept.parcel;
            parcel.by.member == bringing.by.member
                && parcel.circle == bringing.circle
                && kept.terms == bringing.terms
                && parcel.state(now) == ParcelState::Waiting
        };
        let of = |kept: &Kept| {
            let stays = |(at, _): &(usize, &Held)| !kept.is_withdrawn(*at);
            let held = kept.held.iter().enumerate().filter(stays);
            held.map(|(_, held)| ((held.id.clone(), held.digest), kept.parcel.id)).collect::<Vec<_>>()
        };
        all.values().filter(is_same).flat_map(of).collect()
    }

    /// An id that nobody else can tell beforehand.
    fn parcel_id(&self, bringing: &Bringing, held: &[Held], now: Timestamp) -> Uuid {
        let mut of_all = Sha256::new();
        held.iter().for_each(|held| of_all.update(held.digest));
        let (all, at): ([u8; 32], _) = (of_all.finalize().into(), now.micros().to_be_bytes());
        let salt = self.inner.parcels.salt();
        let (member, circle) = (bringing.by.member.uuid(), bringing.circle.uuid());
        let person = bringing.by.person.map(|person| person.uuid().into_bytes()).unwrap_or_default();
        let parts: [&[u8]; 6] = [member.as_bytes(), circle.as_bytes(), &person, &all, &at, &salt];
        short(&self.key().derive("parcel", &parts))
    }

    /// Whether these very bytes of a member's were let out by a second person for this circle.
    pub(crate) fn was_released(&self, member: MemberId, circle: CircleId, object: &Submission) -> bool {
        let held = Held::of(object);
        let all = self.inner.parcels.all.lock();
        all.values().any(|kept| {
            let parcel = &kept.parcel;
            let is_out = parcel.decided.as_ref().is_some_and(|decided| decided.released);
            let has = || kept.held.iter().enumerate().any(|(at, of)| *of == held && !kept.is_withdrawn(at));
            is_out && parcel.by.member == member && parcel.circle == circle && has()
        })
    }

    /// Takes objects out of what waits: the member's own, for the node's operators ([`MemberId::NODE`]) any. What became of each.
    pub(crate) fn withdraw_waiting(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        versions: &[Timestamp],
    ) -> Result<Vec<Option<Outcome>>, StorageError> {
        let mut told = vec![None; ids.len()];
        let is_meant = |held: &Held| {
            ids.contains(&held.id)
                && (versions.is_empty() || held.version.is_none_or(|version| versions.contains(&version)))
        };
        let found = |parcels: &Parcels| -> Vec<Kept> {
            let all = parcels.all.lock();
            let of = all.values().filter(|kept| {
                let parcel = &kept.parcel;
                let is_own = member == MemberId::NODE || parcel.by.member == member;
                is_own && parcel.circle == circle && !parcel.is_over() && kept.held.iter().any(is_meant)
            });
            of.cloned().collect()
        };
        let parcels = &self.inner.parcels;
        // Most circles have nothing that waits, and most withdrawals are of what is in the line.
        if parcels.all.lock().values().all(|kept| kept.parcel.circle != circle) {
            return Ok(told);
        }
        let _one_at_a_time = parcels.one_at_a_time.lock();
        for kept in found(parcels) {
            let stays = |(at, held): &(usize, &Held)| is_meant(held) && !kept.is_withdrawn(*at);
            let out: Vec<(usize, &Held)> = kept.held.iter().enumerate().filter(stays).collect();
            if out.is_empty() {
                continue;
            }
            let places = out.iter().filter_map(|(at, _)| u32::try_from(*at).ok()).collect();
            let noted = Noted::new(&kept.parcel, None, Event::Withdrawn { places });
            let outcome = self.note_parcel(member, noted)?;
            for (id, told) in ids.iter().zip(&mut told) {
                if out.iter().any(|(_, held)| held.id == *id) {
                    *told = Some(outcome.clone());
                }
            }
        }
        Ok(told)
    }

    /// Writes what happened to a parcel to the node's line; when this returns, it is durable and holds.
    fn note_parcel(&self, by: MemberId, noted: Noted) -> Result<Outcome, StorageError> {
        let draft = Draft::note(RecordKind::Release, by.uuid(), noted.to_json().into_bytes());
        let outcome = self.store().append(LineId::NODE, vec![draft])?.into_iter().next();
        let outcome = outcome.unwrap_or(Outcome::Refused(line::Refusal::Full));
        if let Outcome::Appended { added, .. } = &outcome {
            self.inner.parcels.apply(noted, added.timestamp());
        }
        Ok(outcome)
    }

    /// The parcels of a member, or all, the newest first.
    #[must_use]
    pub fn parcels(&self, of: Option<MemberId>) -> Vec<Parcel> {
        let all = self.inner.parcels.all.lock();
        let mut found: Vec<Parcel> = all
            .values()
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
        let all = self.inner.parcels.all.lock();
        let own = all.values().map(|kept| &kept.parcel).filter(|parcel| parcel.by.member == member);
        let mut waits = Waits::default();
        for parcel in own.filter(|parcel| parcel.state(now) == ParcelState::Waiting) {
            waits.parcels += 1;
            waits.until = Some(waits.until.map_or(parcel.until, |until| until.min(parcel.until)));
        }
        waits
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
        let all = self.inner.parcels.all.lock();
        let is_it = |held: &Held| held.id == *id && held.version.is_none_or(|own| own == version);
        all.values().any(|kept| {
            let parcel = &kept.parcel;
            parcel.by.member == member
                && parcel.circle == circle
                && matches!(parcel.state(now), ParcelState::Waiting | ParcelState::Released)
                && kept.held.iter().enumerate().any(|(at, held)| is_it(held) && !kept.is_withdrawn(at))
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

impl Kept {
    fn is_withdrawn(&self, at: usize) -> bool {
        u32::try_from(at).is_ok_and(|at| self.parcel.withdrawn.contains(&at))
    }
}

fn draft(brought: &Brought) -> Draft {
    Draft::note(RecordKind::Parcel, brought.member.uuid(), brought.to_json().into_bytes())
}
