//! What whoever looks sees of one circle: an operator the line, a member what its reader releases. All that an object's page shows
//! comes from here, so that nothing on it follows from what is hidden.

use std::ops::ControlFlow;

use gate::{Object, Query, Reader, VersionMatch};
use line::{LineId, Seq, StorageError};
use policy::{Caller, Circle, Level, Released};
use serde_json::Value;
use stix::{ObjectId, Timestamp};

use super::super::{Pages, Viewer, objects};

/// Objects that name one, at most; the newest.
pub(in super::super) const ABOUT_MAX: usize = 300;
/// Records that are looked through at a time.
const STRIDE: usize = 500;
/// Versions that are shown.
const VERSIONS_MAX: usize = 50;
/// Bytes of objects that one question brings.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A viewer's view of a circle.
pub(in super::super) struct Sight<'p> {
    pages: &'p Pages,
    line: LineId,
    /// A member's; an operator looks at the line itself.
    reader: Option<Reader>,
    is_operator: bool,
}

/// An object and what its text says.
pub(in super::super) struct Seen {
    pub(in super::super) id: ObjectId,
    pub(in super::super) version: Timestamp,
    pub(in super::super) value: Value,
    pub(in super::super) raw: String,
    pub(in super::super) seq: Seq,
}

impl Seen {
    fn of(object: Object) -> Self {
        let value = serde_json::from_str(&object.raw).unwrap_or_default();
        Self { id: object.id, version: object.version, value, raw: object.raw, seq: object.seq }
    }

    /// A property that is a text.
    pub(in super::super) fn text(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }

    /// The ids in a property.
    pub(in super::super) fn ids(&self, key: &str) -> impl Iterator<Item = ObjectId> + use<> {
        let value = self.value.get(key);
        let many = value.and_then(Value::as_array).cloned().unwrap_or_default();
        let one = value.filter(|value| value.is_string()).cloned();
        let all: Vec<ObjectId> =
            many.into_iter().chain(one).filter_map(|id| ObjectId::parse(id.as_str()?).ok()).collect();
        all.into_iter()
    }
}

impl<'p> Sight<'p> {
    pub(in super::super) fn of(pages: &'p Pages, viewer: &Viewer, circle: &Circle) -> Self {
        let reader = match viewer.caller {
            Caller::Operator => None,
            Caller::Member(member) => {
                let level = pages.gate.book().member(member).map_or(Level::Read, |member| member.level);
                objects::reader(pages, viewer, member, circle, level)
            }
        };
        Self { pages, line: LineId::new(circle.id.uuid()), reader, is_operator: viewer.is_operator() }
    }

    /// The versions of an object, the newest first.
    pub(in super::super) fn versions(&self, id: &ObjectId) -> Result<Vec<Seen>, StorageError> {
        let mut all = match (&self.reader, self.is_operator) {
            (Some(reader), _) => self.released(reader, vec![id.clone()], VersionMatch::All, VERSIONS_MAX)?,
            (None, true) => {
                let seqs = self.pages.gate.store().look(self.line, |catalogue| {
                    let object = catalogue.object(id)?;
                    Some(catalogue.versions(object))
                })?;
                self.bodies(seqs.unwrap_or_default())?
            }
            (None, false) => Vec::new(),
        };
        all.sort_by_key(|seen| std::cmp::Reverse((seen.version, seen.seq)));
        all.truncate(VERSIONS_MAX);
        Ok(all)
    }

    /// The newest versions of these objects, as far as they are seen.
    pub(in super::super) fn newest(&self, ids: Vec<ObjectId>) -> Result<Vec<Seen>, StorageError> {
        match (&self.reader, self.is_operator) {
            (_, _) if ids.is_empty() => Ok(Vec::new()),
            (Some(reader), _) => {
                let many = ids.len();
                self.released(reader, ids, VersionMatch::Last, many)
            }
            (None, true) => {
                let seqs = self.pages.gate.store().look(self.line, |catalogue| {
                    let latest = |id: &ObjectId| catalogue.latest(catalogue.object(id)?);
                    ids.iter().filter_map(latest).collect()
                })?;
                self.bodies(seqs)
            }
            (None, false) => Ok(Vec::new()),
        }
    }

    /// The objects whose newest version names this one, as far as they are seen: the newest first.
    pub(in super::super) fn about(&self, id: &ObjectId) -> Result<Vec<Seen>, StorageError> {
        let mut found = Vec::new();
        let (mut skip, mut known) = (0, std::collections::HashSet::new());
        loop {
            let ids: Vec<ObjectId> = self
                .pages
                .gate
                .store()
                .look(self.line, |catalogue| {
                    let object = catalogue.object(id);
                    let seqs = object
                        .into_iter()
                        .flat_map(|object| catalogue.referrers(object))
                        .skip(skip)
                        .take(STRIDE);
                    seqs.map(|seq| catalogue.entry(seq).and_then(|entry| entry.id())).collect::<Vec<_>>()
                })?
                .into_iter()
                .inspect(|_| skip += 1)
                .flatten()
                .collect();
            let looked = ids.len();
            let fresh: Vec<ObjectId> = ids.into_iter().filter(|id| known.insert(id.clone())).collect();
            let names = |seen: &Seen| seen.raw.contains(&id.to_string());
            found.extend(self.newest(fresh)?.into_iter().filter(names));
            if looked == 0 || found.len() >= ABOUT_MAX {
                found.sort_by_key(|seen| std::cmp::Reverse(seen.seq));
                found.truncate(ABOUT_MAX);
                return Ok(found);
            }
        }
    }

    fn released(
        &self,
        reader: &Reader,
        ids: Vec<ObjectId>,
        version: VersionMatch,
        limit: usize,
    ) -> Result<Vec<Seen>, StorageError> {
        let versions = vec![version];
        let query = Query { ids, versions, limit, bytes_max: Some(BYTES_MAX), ..Query::default() };
        Ok(reader.page(&query)?.items.into_iter().map(Released::into_inner).map(Seen::of).collect())
    }

    fn bodies(&self, mut seqs: Vec<Seq>) -> Result<Vec<Seen>, StorageError> {
        seqs.sort_unstable();
        seqs.dedup();
        let known = self.pages.gate.store().look(self.line, |catalogue| {
            let one = |seq: &Seq| {
                catalogue.entry(*seq).and_then(|entry| Some((*seq, (entry.id()?, entry.version()))))
            };
            seqs.iter().filter_map(one).collect::<std::collections::HashMap<_, _>>()
        })?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        self.pages.gate.store().bodies_while(self.line, &seqs, &mut |seq, _, body| {
            let Some((id, version)) = known.get(&seq) else { return ControlFlow::Continue(()) };
            bytes += body.len();
            let raw = String::from_utf8_lossy(&body).into_owned();
            let value = serde_json::from_str(&raw).unwrap_or_default();
            found.push(Seen { id: id.clone(), version: *version, value, raw, seq });
            if bytes < BYTES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }
}
