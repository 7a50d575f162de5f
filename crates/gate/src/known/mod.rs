//! Whether a value is known to be bad, for one member: answers from memory, past releases.
//!
//! One index holds the values of all circles' indicators; it follows the lines and is up to date with each question. It only says
//! where to look: what answers a member is read through that member's own [`Reader`], so that what it may not see, or what a
//! newer version no longer says, answers nothing.

mod following;
mod snapshot;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use line::{Seq, StorageError};
use policy::{CircleId, MemberId, Released, Use};
use rayon::prelude::*;
use stix::{ObjectId, Timestamp};
use watch::index::{Found, Match};
use watch::{Indicator, Kind, Value, actionable_of};

use following::Place;
pub(crate) use following::Values;

use crate::opening::Gate;
use crate::query::{Object, Query};
use crate::reader::Reader;

/// Most indicators that are read for one value: who lists one a thousand times says no more than who lists it often.
pub const WITNESSES_MAX: usize = 64;
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
    places: Vec<Place>,
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
        let hits = self.hits(values);
        if hits.is_empty() {
            return Ok(answers);
        }
        let readers = self.readers_by_slot(member, wanted, encrypted, now);
        let mut seen: HashMap<usize, Seen> = HashMap::new();
        for (slot, reader) in &readers {
            let places = hits.iter().flat_map(|hit| &hit.places).filter(|place| place.slot == *slot);
            let seqs: BTreeSet<Seq> = places.map(|place| place.seq).collect();
            seen.insert(*slot, read(reader, &seqs)?);
        }
        for hit in hits {
            let told = hit.places.iter().filter_map(|place| {
                let seen = seen.get(&place.slot)?;
                let told = seen.told.get(seen.ids.get(&place.seq)?)?;
                let says = told
                    .indicator
                    .values
                    .iter()
                    .any(|value| value.kind() == hit.kind && value.text() == hit.text);
                says.then(|| Arc::clone(told))
            });
            let witnesses: Vec<Arc<Witness>> = told.collect();
            if !witnesses.is_empty()
                && let Some(answers) = answers.get_mut(hit.question)
            {
                answers.push(KnownValue { by: hit.by, kind: hit.kind, text: hit.text, witnesses });
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

    fn hits(&self, values: &[Value]) -> Vec<Hit> {
        self.inner.known.look(|followed| {
            let mut hits = Vec::new();
            let mut on = |question, found: Found<'_>| {
                let places = found.places().take(WITNESSES_MAX).map(Place::of).collect();
                hits.push(Hit { question, by: found.by, kind: found.kind(), text: found.text(), places });
            };
            if values.len() < FEW {
                for (question, value) in values.iter().enumerate() {
                    followed.index.look(value, |found| on(question, found));
                }
            } else {
                followed.index.look_each(values, on);
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
                let line = line::LineId::new(reader.request().circle.uuid());
                followed.lines.iter().position(|(other, _)| *other == line)
            };
            readers.into_iter().filter_map(|reader| Some((slot(&reader)?, reader))).collect()
        })
    }
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
