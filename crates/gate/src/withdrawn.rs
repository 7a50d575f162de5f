//! What was withdrawn or revoked of late, for those who had it.
//!
//! A withdrawal travels to whoever had the record: a member is told of an object that it would have if it had not been
//! withdrawn, and has in no version any more. Of anything else a withdrawal says nothing to it. A revoked object is an
//! object of which the newest version says so (STIX 2.1, 3.2), and is told to those who see that version.

use std::collections::HashSet;

use line::{Added, Entry, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::{Pass, Released};
use stix::{ObjectId, Timestamp};

use crate::reader::Reader;
use crate::redacted;
use crate::view::{Fate, View};

/// Most withdrawals that are told at a time: the latest.
pub const WITHDRAWN_MAX: usize = 1_000;

/// An object that was withdrawn or revoked.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// Its id.
    pub id: ObjectId,
    /// When that was.
    pub at: Added,
    /// Its text, as the member had it.
    pub raw: String,
}

impl Reader {
    /// The objects of `types` that the member had and that were withdrawn or revoked after `since`, the latest first, each
    /// once; at most [`WITHDRAWN_MAX`].
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn withdrawn(
        &self,
        types: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Released<Withdrawn>>, StorageError> {
        let found = self.with_view(|view| {
            let catalogue = view.catalogue;
            let (mut told, mut seen) = (Vec::new(), HashSet::new());
            let begin = catalogue.until(Added(since.micros()));
            for entry in catalogue.takings(begin, catalogue.head()).rev() {
                if told.len() >= WITHDRAWN_MAX {
                    break;
                }
                let Some(object) = entry.object() else { continue };
                if types.contains(&catalogue.object_type(object)) && seen.insert(object) {
                    told.extend(gone(view, &entry, object).map(|had| (entry.added(), had)));
                }
            }
            told
        })?;
        let mut told = Vec::with_capacity(found.len());
        for (at, (id, seq, fate)) in found {
            match fate {
                Had::Copy(copy) => told.push(copy.map(|raw| Withdrawn { id, at, raw })),
                Had::Whole(pass) => {
                    let line = LineId::new(self.request().circle.uuid());
                    self.inner.store.bodies(line, &[seq], &mut |_, _, body| {
                        let raw = String::from_utf8_lossy(body).into_owned();
                        told.push(pass.release(Withdrawn { id: id.clone(), at, raw }));
                    })?;
                }
            }
        }
        Ok(told)
    }
}

/// How a member had a version.
enum Had {
    Whole(Pass),
    Copy(Released<String>),
}

/// What the member had of an object before a record took it away from it.
fn gone(view: &mut View<'_>, by: &Entry<'_>, object: ObjectIx) -> Option<(ObjectId, Seq, Had)> {
    let catalogue = view.catalogue;
    if by.kind() != RecordKind::Withdrawal {
        let is_newest = by.counts() && view.is_last(by, None);
        return if is_newest { had(view, by, by.added()) } else { None };
    }
    if catalogue.newest_first(object).any(|version| view.reaches(&version)) {
        return None;
    }
    catalogue.withdrawn(object).find_map(|version| had(view, &version, by.added()))
}

/// A version as the member had it, if it had it when it was taken away.
fn had(view: &mut View<'_>, version: &Entry<'_>, taken: Added) -> Option<(ObjectId, Seq, Had)> {
    let had = match view.fate_until(version, taken) {
        Fate::Whole(pass) => Had::Whole(pass),
        Fate::Redacted(cut, forbidden) => Had::Copy(redacted::copy(view, version, cut, &forbidden).ok()?),
        Fate::Held(_) => return None,
    };
    Some((version.id()?, version.seq, had))
}
