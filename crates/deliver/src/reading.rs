//! What a member may read of its circles' lines, as changes of its view.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use gate::{Object, Query, Reader};
use line::StorageError;
use policy::{CircleId, Released};
use stix::{ObjectId, Timestamp};
use watch::{actionable, seen};

use crate::entry::{Key, Shared, Source};
use crate::gather::{Deliver, DeliverError};
use crate::sightings::{Sighting, SightingChange};
use crate::view::{Change, View};

/// The types that a view is made of.
pub(crate) const TYPES: [&str; 2] = ["indicator", "sighting"];
/// Objects asked for at a time.
const ASKED_AT_ONCE: usize = 1_000;
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
        if id.object_type() == "sighting" {
            if view.sightings.get(key).is_some() {
                self.sightings.push(SightingChange { key, to: None });
            }
        } else if view.shared(key).is_some() {
            self.indicators.push(Change { key, to: None });
        }
    }
}

pub(crate) fn last_of_each<C>(mut changes: Vec<C>, key: impl Fn(&C) -> Key) -> Vec<C> {
    // The sort keeps the order of those for one object.
    changes.sort_by_key(&key);
    let mut last: Vec<C> = Vec::with_capacity(changes.len());
    for change in changes {
        match last.last_mut().filter(|last| key(last) == key(&change)) {
            Some(last) => *last = change,
            None => last.push(change),
        }
    }
    last
}

impl Deliver {
    /// All indicators and sightings of a circle.
    pub(crate) fn read_all(&self, reader: &Reader, changes: &mut Changes) -> Result<(), DeliverError> {
        let Some(source) = self.source(reader) else { return Ok(()) };
        let mut failed = Ok(());
        reader.each(&TYPES, &mut |object| match self.read(object, &source) {
            Ok(said) => {
                said.into_iter().for_each(|said| changes.push(said));
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Err(error);
                ControlFlow::Break(())
            }
        })?;
        Ok(failed?)
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
                if id.object_type() == "sighting" {
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
                for object in page.items {
                    let id = object.get().id.clone();
                    found.extend(self.read(object, &source)?.map(|said| (id, said)));
                }
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

    /// What an object says, an indicator released as the object was.
    fn read(&self, object: Released<Object>, source: &Arc<Source>) -> Result<Option<Said>, StorageError> {
        let of = object.get();
        if of.id.object_type() == "sighting" {
            return Ok(read_sighting(of, source.circle).map(Said::Sighting));
        }
        let limited = self.limited(source.circle, &of.id, of.added)?;
        let by = object.and_then(|object| {
            let head = stix::read_head(&object.raw).ok()?;
            let indicator = actionable(&object.raw, &head)?;
            let (seq, whole) = (object.seq, object.whole);
            Some(Arc::new(Shared { source: Arc::clone(source), seq, whole, limited, indicator }))
        });
        Ok(by.map(Said::Indicator))
    }
}

fn read_sighting(object: &Object, circle: CircleId) -> Option<Sighting> {
    let head = stix::read_head(&object.raw).ok()?;
    let said = seen(&object.raw, &head)?;
    // What is said to be seen later than it was said is not known to have been seen.
    let at = said.at.min(Timestamp::from_micros(object.added.0));
    let of = said.indicator.uuid();
    Some(Sighting { key: (circle, object.id.uuid()), seq: object.seq, whole: object.whole, of, at })
}
