//! What was withdrawn or revoked of that which a member had.
//!
//! A withdrawal is a record by which versions are taken away, or a version that says that the object is revoked (STIX 2.1, 3.2).
//! It is told by number, so that whoever was told of an object up to a number is told of its end after it. What the member
//! never saw is not named: that something was withdrawn would say that it was there.
//!
//! Objects are looked at some at a time, so that the line can grow in between; texts are read one by one, for those who need
//! them.

use std::collections::{BTreeMap, HashSet};

use line::{Added, Entry, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::Released;
use stix::ObjectId;

use crate::reader::Reader;
use crate::redacted;
use crate::view::{Fate, View};

/// Objects looked at before the line may grow again.
const LOOKED_AT_ONCE: usize = 64;

/// An object that the member had, and of which nothing holds any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: ObjectId,
    /// The number under which the member could see it first.
    pub first: Seq,
    /// The number of the version that it had last.
    pub last: Seq,
    /// The number of the withdrawal.
    pub seq: Seq,
    /// When it came.
    pub at: Added,
}

impl Reader {
    /// The objects of `types` (all, if none is named) that were withdrawn or revoked by records after `after` and that the
    /// member had until then, in the order of these records; each once.
    ///
    /// An object of which the member still sees a version that holds is not among them, nor is one that goes out only together
    /// with another that was withdrawn as well. What was revoked is not told again when it is withdrawn too.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn withdrawals(&self, after: Seq, types: &[&str]) -> Result<Vec<Withdrawal>, StorageError> {
        // Of each object the last record that withdrew it, if it was not only revoked.
        let taken: Vec<(ObjectIx, Option<Seq>)> = self.with_view(|view| {
            let catalogue = view.catalogue;
            let mut taken: BTreeMap<ObjectIx, Option<Seq>> = BTreeMap::new();
            for entry in catalogue.takings(after, catalogue.head()) {
                let Some(object) = entry.object() else { continue };
                if types.is_empty() || types.contains(&catalogue.object_type(object)) {
                    let by = taken.entry(object).or_default();
                    *by = (entry.kind() == RecordKind::Withdrawal).then_some(entry.seq).or(*by);
                }
            }
            taken.into_iter().collect()
        })?;
        let mut found = Vec::new();
        for some in taken.chunks(LOOKED_AT_ONCE) {
            self.with_view(|view| {
                let gone = some.iter().filter_map(|(object, by)| gone(view, *object, *by));
                found.extend(gone.filter(|gone| gone.seq > after));
            })?;
        }
        found.sort_unstable_by_key(|gone| gone.seq);
        Ok(found)
    }

    /// Of these objects, those whose bytes were erased, and that the member had: each with the number of the version that it had
    /// last.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn erased(&self, ids: &[ObjectId]) -> Result<Vec<(ObjectId, Seq)>, StorageError> {
        let line = LineId::new(self.request().circle.uuid());
        let lasts: Vec<(ObjectId, Seq)> = self.with_view(|view| {
            let catalogue = view.catalogue;
            let wanted: HashSet<ObjectIx> = ids.iter().filter_map(|id| catalogue.object(id)).collect();
            let mut taken: BTreeMap<ObjectIx, Option<Seq>> = BTreeMap::new();
            for entry in catalogue.takings(Seq(0), catalogue.head()) {
                if let Some(object) = entry.object().filter(|object| wanted.contains(object)) {
                    let by = taken.entry(object).or_default();
                    *by = (entry.kind() == RecordKind::Withdrawal).then_some(entry.seq).or(*by);
                }
            }
            let gone = taken.into_iter().filter_map(|(object, by)| gone(view, object, by));
            gone.map(|gone| (gone.id, gone.last)).collect()
        })?;
        let is_erased = |id: &ObjectId| {
            self.inner.store.look(line, |catalogue| {
                let object = catalogue.object(id);
                object.is_some_and(|object| catalogue.all_versions(object).any(|version| version.erased()))
            })
        };
        let mut erased = Vec::new();
        for (id, last) in lasts {
            if is_erased(&id)? {
                erased.push((id, last));
            }
        }
        Ok(erased)
    }

    /// The text of what was withdrawn, in the version that the member had last and as it had it; `None` if that can't be said
    /// any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn as_had(&self, gone: &Withdrawal) -> Result<Option<Released<String>>, StorageError> {
        let fate = self.with_view(|view| {
            let version = view.catalogue.entry(gone.last)?;
            match view.fate_until(&version, gone.at) {
                Fate::Whole(pass) => Some(Err(pass)),
                Fate::Redacted(cut, forbidden) => {
                    redacted::copy(view, &version, cut, &forbidden).ok().map(|copy| Ok(copy.text))
                }
                Fate::Held(_) => None,
            }
        })?;
        let pass = match fate {
            None => return Ok(None),
            Some(Ok(copy)) => return Ok(Some(copy)),
            Some(Err(pass)) => pass,
        };
        let (line, mut text) = (LineId::new(self.request().circle.uuid()), None);
        self.inner.store.bodies(line, &[gone.last], &mut |_, _, body| {
            // Bytes were checked to be UTF-8 when they came in.
            text = Some(pass.release(String::from_utf8_lossy(body).into_owned()));
        })?;
        Ok(text)
    }
}

/// What the member had of an object, if nothing of it holds any more. `by` is the last record that withdrew it.
fn gone(view: &mut View<'_>, object: ObjectIx, by: Option<Seq>) -> Option<Withdrawal> {
    let catalogue = view.catalogue;
    let mut had: Vec<Entry<'_>> = catalogue.all_versions(object).collect();
    had.sort_unstable_by_key(|version| version.seq);
    let (seq, at, until) = match view.newest_seen(object, None).and_then(|seq| catalogue.entry(seq)) {
        Some(newest) if !newest.revoked() => return None,
        // A version that was announced again came before, and what was shared before that was not had since.
        Some(newest) => (first_said(view, &newest, &had), newest.added(), newest.first_added()),
        None => {
            let by = by.and_then(|by| catalogue.entry(by))?;
            had.retain(|version| version.withdrawn() && view.had(version, by.added()));
            match had.last().filter(|last| last.revoked()) {
                None => (by.seq, by.added(), by.added()),
                Some(last) => (last.seq, last.added(), last.first_added()),
            }
        }
    };
    had.retain(|version| {
        let stood = version.counts() || version.withdrawn();
        stood && version.seq < seq && !version.revoked() && view.had(version, until)
    });
    let (first, last) = (had.first()?.seq, had.last()?.seq);
    Some(Withdrawal { id: catalogue.id(object)?, first, last, seq, at })
}

/// The number under which the member could first see what a version says: its sender may have said it again under other terms.
/// What was announced again is told again, because it may not have been seen before.
fn first_said(view: &mut View<'_>, version: &Entry<'_>, versions: &[Entry<'_>]) -> Seq {
    let same = |other: &&Entry<'_>| {
        other.sender() == version.sender()
            && other.version() == version.version()
            && other.says_the_same(version)
    };
    let same: Vec<&Entry<'_>> = versions.iter().filter(same).collect();
    let from = same.iter().rposition(|other| other.kind() == RecordKind::Again).unwrap_or_default();
    let mut since = same.into_iter().skip(from);
    since.find(|other| view.had(other, other.added())).map_or(version.seq, |other| other.seq)
}
