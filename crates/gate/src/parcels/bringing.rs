//! Into a parcel: what is kept apart until a second person of the member's lets it out.

use line::{LineId, Outcome, Seq, StorageError};
use policy::parcel::{Brought, Contents, Event, Noted};
use policy::{By, CircleId, Intake, Parcel, ParcelState};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use stix::{Severity, Timestamp};
use uuid::Uuid;

use super::{Bringing, Held, Kept, Weighed, draft};
use crate::asks::short;
use crate::intake::findings;
use crate::opening::Gate;
use crate::submit::{Submission, SubmitError, Submitted, Told};

/// Objects of one parcel; more become several.
const OBJECTS_MAX: usize = 5_000;
/// Bytes of one parcel's objects; more become several.
const BYTES_MAX: usize = 8 << 20;
/// Objects of one member that may wait at once.
pub(crate) const WAITING_OBJECTS_MAX: u64 = 100_000;
/// Parcels of one member that may wait at once. What comes at the same moment may go a little over both.
pub(crate) const WAITING_PARCELS_MAX: usize = 1_000;

/// Objects of one parcel to be, each with its place in the submission.
type Lot = Vec<(usize, Submission, Held)>;

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
        let lots = self.lots(bringing, objects, &mut answers, now);
        let (mut drafts, mut kept) = (Vec::with_capacity(lots.len()), Vec::with_capacity(lots.len()));
        let line = LineId::new(bringing.circle.uuid()).parcels();
        for lot in lots {
            let mut held = Vec::with_capacity(lot.len());
            let mut objects = Vec::with_capacity(lot.len());
            let places: Vec<usize> = lot.iter().map(|(at, ..)| *at).collect();
            for (_, object, of) in lot {
                objects.push(object.raw);
                held.push(Some(of));
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
            kept.push(Kept { parcel, line, seq: Seq(0), terms, held, over: false });
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

    /// Keeps an answer to an ask apart; gives the parcel. The same answer waits once; another takes the place of what waits.
    pub(crate) fn bring_answer(
        &self,
        by: By,
        (circle, until): (CircleId, Timestamp),
        contents: Contents,
        now: Timestamp,
    ) -> Result<Uuid, SubmitError> {
        let Contents::Answer { ask, .. } = &contents else { return Err(crate::NotFound.into()) };
        let waiting = self.waiting_answers(*ask, now);
        for parcel in &waiting {
            if self.parcel_contents(parcel)?.as_ref() == Some(&contents) {
                return Ok(parcel.id);
            }
        }
        if waiting.is_empty() && self.parcels_waiting(by.member, now).parcels >= WAITING_PARCELS_MAX {
            return Err(SubmitError::Crowded);
        }
        let (at, salt) = (now.micros().to_be_bytes(), self.inner.parcels.salt());
        let parts: [&[u8]; 3] = [ask.as_bytes(), &at, &salt];
        let id = short(&self.key().derive("parcel of an answer", &parts));
        let brought = Brought::new(id, by, until, contents);
        let (line, parcel) = (LineId::new(circle.uuid()).parcels(), Parcel::new(&brought, circle, now));
        self.store().ensure_line(line);
        let outcomes = self.store().append(line, vec![draft(&brought)])?;
        self.inner.parcels.keep(
            vec![Kept { parcel, line, seq: Seq(0), terms: None, held: Vec::new(), over: false }],
            outcomes,
        );
        // What was said before does not hold any more; stopped in between, both wait, and the first that is let out answers.
        self.withdraw_answers(by, &waiting)?;
        Ok(id)
    }

    /// Answers to an ask that wait for a second person.
    pub(crate) fn waiting_answers(&self, ask: Uuid, now: Timestamp) -> Vec<Parcel> {
        let known = self.inner.parcels.known.lock();
        let waits = |parcel: &&Parcel| parcel.ask == Some(ask) && parcel.state(now) == ParcelState::Waiting;
        known.all().map(|kept| &kept.parcel).filter(waits).cloned().collect()
    }

    /// Takes back answers that wait, because something else was answered since.
    pub(crate) fn withdraw_answers(&self, by: By, waiting: &[Parcel]) -> Result<(), StorageError> {
        for parcel in waiting {
            let noted = Noted::new(parcel, by.person, Event::Withdrawn { places: vec![0] });
            self.note_parcel(by.member, &noted)?;
        }
        Ok(())
    }

    /// Parcels to be made of objects. What waits already is answered, and so is what is too much.
    fn lots(
        &self,
        bringing: &Bringing,
        objects: Vec<(usize, Submission)>,
        answers: &mut [Option<Submitted>],
        now: Timestamp,
    ) -> Vec<Lot> {
        let mut known = self.inner.parcels.known.lock();
        known.sweep(now);
        let mut waits = known.waits(bringing.by.member, now);
        let waits_already = |held: &Held| {
            let same = |(kept, _, of): &(&Kept, u32, &Held)| {
                let parcel = &kept.parcel;
                *of == held
                    && parcel.by.member == bringing.by.member
                    && parcel.circle == bringing.circle
                    && kept.terms == bringing.terms
                    && parcel.state(now) == ParcelState::Waiting
            };
            known.holding(&held.id).find(same).map(|(kept, ..)| kept.parcel.id)
        };
        let (mut lots, mut bytes) = (Vec::<Lot>::new(), 0);
        for (at, object) in objects {
            let held = Held::of(&object);
            let mut answer = waits_already(&held).map(Submitted::Waiting);
            let goes_along = lots
                .last()
                .is_some_and(|lot| lot.len() < OBJECTS_MAX && bytes + object.raw.len() <= BYTES_MAX);
            if answer.is_none() {
                let crowded = waits.objects >= WAITING_OBJECTS_MAX
                    || (!goes_along && waits.parcels >= WAITING_PARCELS_MAX);
                answer = crowded.then_some(Submitted::Crowded);
            }
            if let Some(answer) = answer {
                if let Some(place) = answers.get_mut(at) {
                    *place = Some(answer);
                }
                continue;
            }
            waits.objects += 1;
            bytes += object.raw.len();
            match lots.last_mut().filter(|_| goes_along) {
                Some(lot) => lot.push((at, object, held)),
                None => {
                    (bytes, waits.parcels) = (object.raw.len(), waits.parcels + 1);
                    lots.push(vec![(at, object, held)]);
                }
            }
        }
        lots
    }

    /// An id that nobody else can tell beforehand.
    fn parcel_id(&self, bringing: &Bringing, held: &[Option<Held>], now: Timestamp) -> Uuid {
        let mut of_all = Sha256::new();
        held.iter().flatten().for_each(|held| of_all.update(held.digest));
        let (all, at): ([u8; 32], _) = (of_all.finalize().into(), now.micros().to_be_bytes());
        let salt = self.inner.parcels.salt();
        let (member, circle) = (bringing.by.member.uuid(), bringing.circle.uuid());
        let person = bringing.by.person.map(|person| person.uuid().into_bytes()).unwrap_or_default();
        let parts: [&[u8]; 6] = [member.as_bytes(), circle.as_bytes(), &person, &all, &at, &salt];
        short(&self.key().derive("parcel", &parts))
    }
}
