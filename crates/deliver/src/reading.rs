//! What a member may read of its circles' lines, as changes of its view.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use gate::{Object, Query, Reader};
use line::StorageError;
use policy::{CircleId, Released};
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use stix::{ObjectId, Timestamp};
use watch::{actionable, actionable_of, seen};

use crate::entry::{Key, Shared, Source};
use crate::gather::{Deliver, DeliverError};
use crate::sightings::{Sighting, SightingChange};
use crate::steps::Limited;
use crate::view::{Change, View};

/// The types that a view is made of.
pub(crate) const TYPES: [&str; 2] = ["indicator", "sighting"];
/// Objects asked for at a time.
const ASKED_AT_ONCE: usize = 1_000;
/// Pages of objects that wait to be read, and fewest objects of one that a core reads.
const PAGES_AHEAD: usize = 1;
const READ_AT_ONCE_MIN: usize = 64;
/// Rows of a manifest asked for at a time.
const ROWS_AT_ONCE: usize = 10_000;

/// What is to become of a view.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) indicators: Vec<Change>,
    pub(crate) sightings: Vec<SightingChange>,
}

/// What an object says that a view is made of.
enum Said {
    Indicator(Released<Arc<Shared>>),
    Sighting(Sighting),
}

impl Changes {
    pub(crate) const fn is_empty(&self) -> bool {
        self.indicators.is_empty() && self.sightings.is_empty()
    }

    /// Of several changes of one object the last, sorted: one that changes while a circle is read can come twice.
    pub(crate) fn last_of_each(self) -> Self {
        let indicators = last_of_each(self.indicators, |change| change.key);
        Self { indicators, sightings: last_of_each(self.sightings, |change| change.key) }
    }

    fn push(&mut self, said: Said) {
        match said {
            Said::Indicator(by) => self.indicators.push(Change { key: by.get().key(), to: Some(by) }),
            Said::Sighting(sighting) => {
                self.sightings.push(SightingChange { key: sighting.key, to: Some(sighting) });
            }
        }
    }

    /// An object is not there any more, if `view` has it.
    fn gone(&mut self, id: &ObjectId, key: Key, view: Option<&View>) {
        let Some(view) = view else { return };
        if is_sighting(id) {
            if view.sightings.get(key).is_some() {
                self.sightings.push(SightingChange { key, to: None });
            }
        } else if view.shared(key).is_some() {
            self.indicators.push(Change { key, to: None });
        }
    }
}

pub(crate) fn last_of_each<C: Send>(mut changes: Vec<C>, key: impl Fn(&C) -> Key + Sync) -> Vec<C> {
    // The sort keeps the order of those for one object.
    changes.par_sort_by_key(&key);
    changes.dedup_by(|later, last| {
        let is_same = key(later) == key(last);
        if is_same {
            std::mem::swap(later, last);
        }
        is_same
    });
    changes
}

impl Deliver {
    /// All indicators and sightings of a circle. While a page is read on all cores, the next one is taken from the disk.
    pub(crate) fn read_all(&self, reader: &Reader, changes: &mut Changes) -> Result<(), DeliverError> {
        let Some(source) = self.source(reader) else { return Ok(()) };
        let (pages, waiting) = sync_channel(PAGES_AHEAD);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                for page in waiting {
                    self.read_page(page, &source)?.into_iter().for_each(|(_, said)| changes.push(said));
                }
                Ok::<_, StorageError>(())
            });
            let taken = reader.each_page(&TYPES, &mut |page| match pages.send(page) {
                Ok(()) => ControlFlow::Continue(()),
                // Whoever reads them has failed.
                Err(_) => ControlFlow::Break(()),
            });
            drop(pages);
            let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(taken.and(read)?)
        })
    }

    /// What objects say, in their order.
    fn read_page(
        &self,
        objects: Vec<Released<Object>>,
        source: &Arc<Source>,
    ) -> Result<Vec<(ObjectId, Said)>, StorageError> {
        // Asked before: what is done on all cores takes no lock.
        let asked = objects.into_iter().map(|object| {
            let of = object.get();
            let limited = match is_sighting(&of.id) {
                true => None,
                false => self.limited(source.circle, &of.id, of.added)?,
            };
            Ok((object, limited))
        });
        let asked: Vec<_> = asked.collect::<Result<_, StorageError>>()?;
        let said = asked.into_par_iter().with_min_len(READ_AT_ONCE_MIN).filter_map(|(object, limited)| {
            let id = object.get().id.clone();
            Some((id, read(object, source, limited)?))
        });
        Ok(said.collect())
    }

    /// All indicators and sightings of a circle, those that `donor` has read as it has read them.
    pub(crate) fn adopt(
        &self,
        reader: &Reader,
        donor: &View,
        changes: &mut Changes,
    ) -> Result<(), DeliverError> {
        let types = TYPES.map(str::to_owned).to_vec();
        let mut query = Query { types, limit: ROWS_AT_ONCE, ..Query::default() };
        let mut unknown = Vec::new();
        loop {
            let page = reader.manifest(&query)?;
            for row in page.items {
                let (id, seq, whole) = (row.get().id.clone(), row.get().seq, row.get().whole);
                let key = (reader.request().circle, id.uuid());
                if is_sighting(&id) {
                    match donor.sightings.get(key).filter(|known| whole && known.whole && known.seq == seq) {
                        Some(known) => changes.push(Said::Sighting(*known)),
                        None => unknown.push(id),
                    }
                    continue;
                }
                let known = donor.shared(key).map(Released::get);
                match known.filter(|shared| whole && shared.whole && shared.seq == seq) {
                    Some(shared) => changes.push(Said::Indicator(row.map(|_| Arc::clone(shared)))),
                    None => unknown.push(id),
                }
            }
            match page.next {
                Some(next) => query.after = next,
                None => break,
            }
        }
        self.changes(reader, &unknown, None, changes)
    }

    /// What has become of objects of a circle since `view`, which had none of them if it is not given.
    pub(crate) fn changes(
        &self,
        reader: &Reader,
        ids: &[ObjectId],
        view: Option<&View>,
        changes: &mut Changes,
    ) -> Result<(), DeliverError> {
        let Some(source) = self.source(reader) else { return Ok(()) };
        for ids in ids.chunks(ASKED_AT_ONCE) {
            let types = TYPES.map(str::to_owned).to_vec();
            let mut query = Query { ids: ids.to_vec(), types, limit: ASKED_AT_ONCE, ..Query::default() };
            let mut found: HashMap<ObjectId, Said> = HashMap::new();
            loop {
                let page = reader.page(&query)?;
                found.extend(self.read_page(page.items, &source)?);
                match page.next {
                    Some(next) => query.after = next,
                    None => break,
                }
            }
            for id in ids {
                match found.remove(id) {
                    Some(said) => changes.push(said),
                    None => changes.gone(id, (source.circle, id.uuid()), view),
                }
            }
        }
        Ok(())
    }

    fn source(&self, reader: &Reader) -> Option<Arc<Source>> {
        let circle: CircleId = reader.request().circle;
        let handle = self.gate.book().circle(circle)?.handle.as_str().into();
        Some(Arc::new(Source { circle, handle }))
    }
}

fn is_sighting(id: &ObjectId) -> bool {
    id.object_type() == "sighting"
}

/// What an object says, an indicator released as the object was.
fn read(object: Released<Object>, source: &Arc<Source>, limited: Option<Arc<Limited>>) -> Option<Said> {
    if is_sighting(&object.get().id) {
        return read_sighting(object.get(), source.circle).map(Said::Sighting);
    }
    let by = object.and_then(|object| {
        let indicator = match object.whole {
            // Its head was read when it came.
            true => actionable_of(&object.raw, &object.id)?,
            false => actionable(&object.raw, &stix::read_head(&object.raw).ok()?)?,
        };
        let (seq, whole) = (object.seq, object.whole);
        Some(Arc::new(Shared { source: Arc::clone(source), seq, whole, limited, indicator }))
    });
    by.map(Said::Indicator)
}

fn read_sighting(object: &Object, circle: CircleId) -> Option<Sighting> {
    let head = stix::read_head(&object.raw).ok()?;
    let said = seen(&object.raw, &head)?;
    // What is said to be seen later than it was said is not known to have been seen.
    let at = said.at.min(Timestamp::from_micros(object.added.0));
    let of = said.indicator.uuid();
    Some(Sighting { key: (circle, object.id.uuid()), seq: object.seq, whole: object.whole, of, at })
}
