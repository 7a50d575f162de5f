//! Whether a value is known to be bad, for one member: answers from memory, past releases.
//!
//! One index holds the values of all circles' indicators; it follows the lines and is up to date with each question. It only says
//! where to look: what answers a member is read through that member's own [`Reader`], so that what it may not see, or what a
//! newer version no longer says, answers nothing.

mod following;
mod snapshot;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use line::{LineId, Seq, StorageError};
use policy::{CircleId, MemberId, Released, Use};
use rayon::prelude::*;
use stix::{ObjectId, Timestamp};
use watch::index::{Found, Match};
use watch::{Indicator, Kind, Value, actionable_of};

pub(crate) use following::Values;
use following::{Followed, Place};

use crate::absent::{number_of, stand_in};
use crate::opening::Gate;
use crate::query::{Object, Query};
use crate::reader::Reader;

/// Most indicators that are told for one value: who lists one a thousand times says no more than who lists it often.
pub const WITNESSES_MAX: usize = 64;
/// Most records that are read for one value in one circle, the newest first, to find them among those that say nothing to the
/// member: under embargo, for others alone, or withdrawn.
const READ_MAX: usize = 4_096;
/// Fewer values than this are asked for one by one.
const FEW: usize = 16;
/// Objects that one thread reads; more are shared out.
const BY_ONE: usize = 64;
/// Objects asked for in one go.
const PAGE: usize = 1_000;

/// An indicator that answers a question.
#[derive(Debug, Clone)]
pub struct Witness {
    /// The circle that it is in.
    pub circle: CircleId,
    /// Its text as the member may see it.
    pub object: Released<Object>,
    /// What it says.
    pub indicator: Indicator,
}

/// A value that answers a question, and who says what of it.
#[derive(Debug, Clone)]
pub struct KnownValue {
    /// By what it answers.
    pub by: Match,
    /// What kind of value it is.
    pub kind: Kind,
    /// Its normal form.
    pub text: String,
    /// The indicators that name it; at least one.
    pub witnesses: Vec<Arc<Witness>>,
}

/// A value that was found, before it is known whether the member may know it.
struct Hit {
    question: usize,
    by: Match,
    kind: Kind,
    text: String,
    /// In the member's circles, the newest first.
    places: Vec<Place>,
    /// Whether it stands at these places.
    is_there: bool,
    witnesses: Vec<Arc<Witness>>,
}

/// What of a circle has been read for the answers, by records' numbers.
#[derive(Default)]
struct Seen {
    ids: HashMap<Seq, ObjectId>,
    told: HashMap<ObjectId, Arc<Witness>>,
}

impl Gate {
    /// What the circles of a member say of each of some values, as far as it may know in the form of `wanted`.
    ///
    /// What was acknowledged before the question is part of the answer. Answers stand in the questions' order; a value that
    /// nothing is known of has none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn known(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
        now: Timestamp,
        values: &[Value],
    ) -> Result<Vec<Vec<KnownValue>>, StorageError> {
        self.follow_values()?;
        let mut answers: Vec<Vec<KnownValue>> = std::iter::repeat_with(Vec::new).take(values.len()).collect();
        let readers = self.readers_by_slot(member, wanted, encrypted, now);
        let mut hits = self.hits(&readers, values);
        for (slot, reader) in &readers {
            drop_held(*slot, reader, &mut hits)?;
        }
        hits.retain(|hit| !hit.places.is_empty());
        for (slot, reader) in &readers {
            witness(*slot, reader, &mut hits)?;
        }
        for Hit { question, by, kind, text, witnesses, .. } in hits {
            if !witnesses.is_empty()
                && let Some(answers) = answers.get_mut(question)
            {
                answers.push(KnownValue { by, kind, text, witnesses });
            }
        }
        Ok(answers)
    }

    /// Brings the index up to the lines' ends. At a start this reads them whole, or what a snapshot lacks.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn follow_values(&self) -> Result<(), StorageError> {
        self.inner.known.follow(&self.inner.store, &self.book())
    }

    /// Whether the index is up to the lines' ends, as far as can be told without waiting: a question is then answered at once.
    #[must_use]
    pub fn values_are_current(&self) -> bool {
        self.inner.known.is_current(&self.inner.store, &self.book())
    }

    /// How many values the index holds, and the bytes of memory that it takes.
    #[must_use]
    pub fn values_known(&self) -> (usize, usize) {
        self.inner.known.look(|followed| (followed.index.len(), followed.index.bytes()))
    }

    /// What of some values stands in a member's circles. What does not stand there is among it all the same, at the places of another
    /// by chance, which say nothing of it: see [`crate::absent`].
    fn hits(&self, readers: &[(usize, Reader)], values: &[Value]) -> Vec<Hit> {
        self.inner.known.look(|followed| {
            // What is not in a circle of its own is for a member as if it were nowhere, also in how long the answer takes.
            let mut is_mine = vec![false; followed.lines.len()];
            for (slot, _) in readers {
                if let Some(mine) = is_mine.get_mut(*slot) {
                    *mine = true;
                }
            }
            let mut hits: Vec<Hit> = Vec::new();
            let mut is_there = vec![false; values.len()];
            let hit = |question, found: Found<'_>, is_there| {
                let places = found.places().map(Place::of);
                let mut places: Vec<Place> =
                    places.filter(|place| is_mine.get(place.slot).is_some_and(|mine| *mine)).collect();
                places.reverse();
                let (by, kind) = (found.by, found.kind());
                (!places.is_empty()).then(|| {
                    let (text, witnesses) = (found.text(), Vec::new());
                    Hit { question, by, kind, text, places, is_there, witnesses }
                })
            };
            let mut on = |question, found: Found<'_>| {
                let Some(hit) = hit(question, found, true) else { return };
                hits.push(hit);
                if let Some(is_there) = is_there.get_mut(question) {
                    *is_there = true;
                }
            };
            if values.len() < FEW {
                for (question, value) in values.iter().enumerate() {
                    followed.index.look(value, |found| on(question, found));
                }
            } else {
                followed.index.look_each(values, on);
            }
            let absent = values.iter().zip(is_there).enumerate().filter(|(_, (_, is_there))| !is_there);
            for (question, (value, _)) in absent {
                let number = number_of(value.text());
                let mut stands_in = None;
                followed.index.look_by_chance(number, |found| stands_in = hit(question, found, false));
                hits.extend(stands_in.or_else(|| absentee(question, (value, number), readers, followed)));
            }
            hits
        })
    }

    fn readers_by_slot(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
        now: Timestamp,
    ) -> Vec<(usize, Reader)> {
        let readers = self.readers(member, wanted, encrypted, now);
        self.inner.known.look(|followed| {
            let slot = |reader: &Reader| {
                let line = LineId::new(reader.request().circle.uuid());
                followed.lines.iter().position(|(other, _)| *other == line)
            };
            readers.into_iter().filter_map(|reader| Some((slot(&reader)?, reader))).collect()
        })
    }
}

/// What stands in for a value that is in none of the readers' circles, where one that is there by chance isn't either.
fn absentee(
    question: usize,
    (value, number): (&Value, u64),
    readers: &[(usize, Reader)],
    followed: &Followed,
) -> Option<Hit> {
    let (slot, _) = readers.get(usize::try_from(number >> 32).ok()?.checked_rem(readers.len())?)?;
    let (_, head) = followed.lines.get(*slot)?;
    let places = vec![Place { slot: *slot, seq: stand_in(number, *head) }];
    let (by, kind, text) = (Match::Exact, value.kind(), value.text().to_owned());
    Some(Hit { question, by, kind, text, places, is_there: false, witnesses: Vec::new() })
}

/// Leaves out the places of which nothing may go, as far as classes tell: reading them would take time that tells that something is
/// there.
fn drop_held(slot: usize, reader: &Reader, hits: &mut [Hit]) -> Result<(), StorageError> {
    if !hits.iter().any(|hit| hit.places.iter().any(|place| place.slot == slot)) {
        return Ok(());
    }
    reader.with_view(|view| {
        for Hit { places, is_there, .. } in hits {
            let mut left = READ_MAX;
            places.retain(|place| {
                if place.slot != slot {
                    return true;
                }
                let is_near = left > 0;
                left = left.saturating_sub(1);
                is_near && view.may_come_out(place.seq) && *is_there
            });
        }
    })
}

/// Reads who says so in a circle, some records of each value at a time, until there are enough or no more.
fn witness(slot: usize, reader: &Reader, hits: &mut [Hit]) -> Result<(), StorageError> {
    let mut waiting: Vec<(usize, VecDeque<Seq>)> = hits
        .iter()
        .enumerate()
        .map(|(at, hit)| {
            let seqs = hit.places.iter().filter(|place| place.slot == slot).map(|place| place.seq);
            (at, seqs.take(READ_MAX).collect())
        })
        .collect();
    loop {
        waiting.retain(|(at, rest)| {
            !rest.is_empty() && hits.get(*at).is_some_and(|hit| hit.witnesses.len() < WITNESSES_MAX)
        });
        if waiting.is_empty() {
            return Ok(());
        }
        let turn: Vec<(usize, Vec<Seq>)> = waiting
            .iter_mut()
            .map(|(at, rest)| (*at, rest.drain(..rest.len().min(WITNESSES_MAX)).collect()))
            .collect();
        let seen = read(reader, &turn.iter().flat_map(|(_, seqs)| seqs).copied().collect())?;
        for (at, seqs) in turn {
            let Some(hit) = hits.get_mut(at) else { continue };
            for told in seqs.iter().filter_map(|seq| seen.told.get(seen.ids.get(seq)?)) {
                let mut values = told.indicator.values.iter();
                let says_so = values.any(|value| value.kind() == hit.kind && value.text() == hit.text);
                let is_new =
                    !hit.witnesses.iter().any(|other| Arc::ptr_eq(other, told) || is_same(other, told));
                if says_so && is_new && hit.witnesses.len() < WITNESSES_MAX {
                    hit.witnesses.push(Arc::clone(told));
                }
            }
        }
    }
}

/// Whether two are of one object in one circle.
fn is_same(one: &Witness, other: &Witness) -> bool {
    one.circle == other.circle && one.indicator.object == other.indicator.object
}

/// Reads the objects of some records as the reader's member may see them.
fn read(reader: &Reader, seqs: &BTreeSet<Seq>) -> Result<Seen, StorageError> {
    let ids: HashMap<Seq, ObjectId> = reader.with_view(|view| {
        let id = |seq: &Seq| Some((*seq, view.catalogue.entry(*seq)?.id()?));
        seqs.iter().filter_map(id).collect()
    })?;
    let wanted: BTreeSet<&ObjectId> = ids.values().collect();
    let wanted: Vec<ObjectId> = wanted.into_iter().cloned().collect();
    let (circle, mut told) = (reader.request().circle, HashMap::new());
    for some in wanted.chunks(PAGE) {
        let query = Query { ids: some.to_vec(), limit: PAGE, ..Query::default() };
        let witness = |object: Released<Object>| {
            let found = object.get();
            let indicator = actionable_of(&found.raw, &found.id)?;
            Some((found.id.clone(), Arc::new(Witness { circle, object, indicator })))
        };
        let objects = reader.page(&query)?.items.into_par_iter().with_min_len(BY_ONE);
        told.par_extend(objects.filter_map(witness));
    }
    Ok(Seen { ids, told })
}
