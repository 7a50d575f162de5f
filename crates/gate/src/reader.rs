//! One member's view of one circle in one form.

use std::ops::ControlFlow;
use std::sync::Arc;

use line::{Added, Entry, LineId, Seq, StorageError};
use policy::{Pass, Released, Request, Rule};
use stix::{ObjectId, SpecVersion, Timestamp};

use crate::opening::{Inner, Standing};
use crate::query::{ManifestRow, Object, Page, Query, VersionMatch};
use crate::redacted;
use crate::view::{Fate, View};

/// Objects fetched at a time by [`Reader::each`].
const STRIDE: usize = 1_000;

/// A member's view. Holds the book as it stood when it was made: make one per request.
pub struct Reader {
    inner: Arc<Inner>,
    standing: Arc<Standing>,
    request: Request,
}

/// An entry that was settled.
pub(crate) enum Settled {
    /// It goes as it is.
    Whole(Pass),
    /// This copy goes.
    Copy(Released<String>),
    /// It does not go.
    Held(Rule),
}

pub(crate) fn settle(view: &mut View<'_>, entry: &Entry<'_>) -> Settled {
    match view.fate(entry) {
        Fate::Whole(pass) => Settled::Whole(pass),
        Fate::Held(rule) => Settled::Held(rule),
        Fate::Redacted(cut, forbidden) => match redacted::copy(view, entry, cut, &forbidden) {
            Ok(copy) => Settled::Copy(copy),
            Err(rule) => Settled::Held(rule),
        },
    }
}

/// What was picked for a page, before its bytes are read.
struct Picked {
    row: ManifestRow,
    goes: Goes,
}

enum Goes {
    Whole(Pass),
    Copy(Released<String>),
}

impl Reader {
    pub(crate) fn new(inner: Arc<Inner>, standing: Arc<Standing>, request: Request) -> Self {
        Self { inner, standing, request }
    }

    /// What was asked for.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    fn line(&self) -> LineId {
        LineId::new(self.request.circle.uuid())
    }

    /// How long the circle's line is, which its members may know.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.inner.store.look(self.line(), |catalogue| catalogue.head()).unwrap_or_default()
    }

    pub(crate) fn with_view<T>(&self, look: impl FnOnce(&mut View<'_>) -> T) -> Result<T, StorageError> {
        let table = self.inner.decisions.table(&self.request, self.standing.version);
        self.inner.store.look(self.line(), |catalogue| {
            let mut table = table.lock();
            look(&mut View::new(&self.inner, &self.standing, &self.request, catalogue, &mut table))
        })
    }

    /// A page of objects with their bytes, in the line's order.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page(&self, query: &Query) -> Result<Page<Object>, StorageError> {
        let (picked, next) = self.pick(query)?;
        let whole: Vec<Seq> =
            picked.iter().filter(|p| matches!(p.goes, Goes::Whole(_))).map(|p| p.row.seq).collect();
        let room = query.bytes_max.unwrap_or(usize::MAX);
        let (mut texts, mut bytes) = (Vec::with_capacity(whole.len()), 0_usize);
        self.inner.store.bodies(self.line(), &whole, &mut |seq, _, body| {
            if bytes < room {
                bytes += body.len();
                // Bytes were checked to be UTF-8 when they came in.
                texts.push((seq, String::from_utf8_lossy(body).into_owned()));
            }
        })?;
        let mut texts = texts.into_iter().peekable();
        let (mut items, mut next) = (Vec::with_capacity(picked.len()), next);
        for Picked { row, goes } in picked {
            let object = |raw| {
                let ManifestRow { id, seq, added, version, spec_version } = row.clone();
                Object { id, seq, added, version, spec_version, raw }
            };
            match goes {
                Goes::Copy(copy) => items.push(copy.map(object)),
                Goes::Whole(pass) => match texts.next_if(|(seq, _)| *seq == row.seq) {
                    Some((_, raw)) => items.push(pass.release(object(raw))),
                    // The page is full: this one begins the next.
                    None => {
                        next = items.last().map(|last: &Released<Object>| last.get().seq);
                        break;
                    }
                },
            }
        }
        Ok(Page { items, next })
    }

    /// A page of rows without bytes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn manifest(&self, query: &Query) -> Result<Page<ManifestRow>, StorageError> {
        let (picked, next) = self.pick(query)?;
        let items = picked.into_iter().map(|Picked { row, goes }| match goes {
            Goes::Whole(pass) => pass.release(row),
            Goes::Copy(copy) => copy.map(|_| row),
        });
        Ok(Page { items: items.collect(), next })
    }

    /// Everything of the given types (all, if none is named) in its newest version, in the line's order; `on` may stop.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn each(
        &self,
        types: &[&str],
        on: &mut dyn FnMut(Released<Object>) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        let mut query = Query { types, limit: STRIDE, ..Query::default() };
        loop {
            let page = self.page(&query)?;
            for object in page.items {
                if on(object).is_break() {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => query.after = next,
                None => return Ok(()),
            }
        }
    }

    fn pick(&self, query: &Query) -> Result<(Vec<Picked>, Option<Seq>), StorageError> {
        self.with_view(|view| pick(view, query))
    }
}

fn pick(view: &mut View<'_>, query: &Query) -> (Vec<Picked>, Option<Seq>) {
    let catalogue = view.catalogue;
    let after = query.added_after.map_or(Seq(0), |after| catalogue.until(Added(after.micros())));
    let after = after.max(query.after);
    let (mut picked, mut copied): (Vec<Picked>, usize) = (Vec::new(), 0);
    let mut visit = |seq: Seq| {
        let Some(row) = catalogue.entry(seq).and_then(|entry| Some((matched(view, query, &entry)?, entry)))
        else {
            return ControlFlow::Continue(());
        };
        if picked.len() == query.limit.max(1) || copied > query.bytes_max.unwrap_or(usize::MAX) {
            return ControlFlow::Break(picked.last().map(|last| last.row.seq));
        }
        let (goes, entry) = row;
        if let Goes::Copy(copy) = &goes {
            copied += copy.get().len();
        }
        let (Some(object), version) = (entry.object(), entry.version()) else {
            return ControlFlow::Continue(());
        };
        let Some(id) = catalogue.id(object) else { return ControlFlow::Continue(()) };
        let (added, spec_version) = (entry.added(), entry.spec_version());
        picked.push(Picked { row: ManifestRow { id, seq, added, version, spec_version }, goes });
        ControlFlow::Continue(())
    };
    let stopped = if query.ids.is_empty() {
        (after.0 + 1..=catalogue.head().0).map(Seq).try_for_each(&mut visit)
    } else {
        of_ids(catalogue, &query.ids, after).into_iter().try_for_each(&mut visit)
    };
    (picked, stopped.break_value().flatten())
}

fn of_ids(catalogue: &line::Catalogue, ids: &[ObjectId], after: Seq) -> Vec<Seq> {
    let objects = ids.iter().filter_map(|id| catalogue.object(id));
    let mut seqs: Vec<Seq> =
        objects.flat_map(|object| catalogue.versions(object)).filter(|seq| *seq > after).collect();
    seqs.sort_unstable();
    seqs.dedup();
    seqs
}

/// How an entry goes, if it matches the query and may go.
fn matched(view: &mut View<'_>, query: &Query, entry: &Entry<'_>) -> Option<Goes> {
    if !entry.counts() || !fits(&query.spec_versions, &entry.spec_version()) {
        return None;
    }
    let object = entry.object()?;
    let named = view.catalogue.object_type(object);
    if !query.types.is_empty() && !query.types.iter().any(|wanted| wanted == named) {
        return None;
    }
    let goes = match settle(view, entry) {
        Settled::Whole(pass) => Goes::Whole(pass),
        Settled::Copy(copy) => Goes::Copy(copy),
        Settled::Held(_) => return None,
    };
    is_wanted_version(view, &query.versions, entry).then_some(goes)
}

fn fits(wanted: &[SpecVersion], found: &SpecVersion) -> bool {
    wanted.is_empty() || wanted.contains(found)
}

fn is_wanted_version(view: &mut View<'_>, wanted: &[VersionMatch], entry: &Entry<'_>) -> bool {
    let wanted = if wanted.is_empty() { &[VersionMatch::Last] } else { wanted };
    let same = |at: &Timestamp| *at == entry.version();
    wanted.iter().any(|version| match version {
        VersionMatch::All => true,
        VersionMatch::Last => view.is_last(entry),
        VersionMatch::First => view.is_first(entry),
        VersionMatch::At(at) => same(at),
    })
}
