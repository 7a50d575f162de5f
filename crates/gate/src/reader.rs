//! One member's view of one circle in one form.

use std::ops::ControlFlow;
use std::string::FromUtf8Error;
use std::sync::Arc;

use line::{Added, Catalogue, Entry, LineId, Seq, StorageError};
use policy::{Pass, Released, Request, Rule};
use stix::{ObjectId, SpecVersion, Timestamp};

use crate::decisions::Table;
use crate::opening::{Inner, Standing};
use crate::query::{ManifestRow, Object, Page, Query, VersionMatch};
use crate::redacted::{self, Made};
use crate::view::{Fate, View};

/// Objects fetched at a time by [`Reader::each`], and bytes.
const STRIDE: usize = 1_000;
const STRIDE_BYTES: usize = 32 * 1024 * 1024;
/// Entries looked at, and bytes of redacted copies made, before the line may grow again.
const LOOKED_AT_ONCE: u64 = 20_000;
const COPIED_AT_ONCE: usize = 256 * 1024;

/// A member's view. Holds the book as it stood when it was made: make one per request.
pub struct Reader {
    pub(crate) inner: Arc<Inner>,
    pub(crate) standing: Arc<Standing>,
    request: Request,
}

/// An entry that was settled.
pub(crate) enum Settled {
    /// It goes as it is.
    Whole(Pass),
    /// This copy goes.
    Copy(Made),
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
    Copy(Made),
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

    /// The number after which a query begins.
    #[must_use]
    pub fn start(&self, query: &Query) -> Seq {
        self.inner.store.look(self.line(), |catalogue| start(catalogue, query)).unwrap_or_default()
    }

    pub(crate) fn with_view<T>(&self, look: impl FnOnce(&mut View<'_>) -> T) -> Result<T, StorageError> {
        let table = self.inner.decisions.table(&self.request, self.standing.version);
        self.inner.store.look(self.line(), |catalogue| {
            let mut shared = table.lock();
            // Between asking for the table and holding it, the book may have changed, and another request come by.
            let mut own = Table::new(self.standing.version, self.request.now);
            let table = match shared.holds(self.standing.version, self.request.now) {
                true => &mut *shared,
                false => &mut own,
            };
            look(&mut View::new(&self.inner, &self.standing, &self.request, catalogue, table))
        })
    }

    /// The version of the book that this view holds.
    #[must_use]
    pub fn book_version(&self) -> u64 {
        self.standing.version
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
        self.inner.store.bodies_while(self.line(), &whole, &mut |seq, _, body| {
            bytes += body.len();
            // Bytes were checked to be UTF-8 when they came in.
            let text = String::from_utf8(body.into_owned());
            let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
            texts.push((seq, text.unwrap_or_else(lossy)));
            if bytes < room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut texts = texts.into_iter().peekable();
        let (mut items, mut next) = (Vec::with_capacity(picked.len()), next);
        for Picked { row, goes } in picked {
            let object = |raw| {
                let ManifestRow { id, seq, added, version, spec_version, whole, .. } = row.clone();
                Object { id, seq, added, version, spec_version, whole, raw }
            };
            match goes {
                Goes::Copy(copy) => items.push(copy.text.map(object)),
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
            Goes::Copy(copy) => copy.text.map(|_| row),
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
        self.each_page(types, &mut |objects| objects.into_iter().try_for_each(&mut *on))
    }

    /// As [`Reader::each`], some objects at a time: at most 1,000, and about 32 MiB of text.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn each_page(
        &self,
        types: &[&str],
        on: &mut dyn FnMut(Vec<Released<Object>>) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        let mut query = Query { types, limit: STRIDE, bytes_max: Some(STRIDE_BYTES), ..Query::default() };
        loop {
            let page = self.page(&query)?;
            match page.next {
                _ if on(page.items).is_break() => return Ok(()),
                Some(next) => query.after = next,
                None => return Ok(()),
            }
        }
    }

    /// Picks what the query asks for, some entries at a time, so that the line can grow in between.
    fn pick(&self, query: &Query) -> Result<(Vec<Picked>, Option<Seq>), StorageError> {
        let mut picking = Picking { query, picked: Vec::new(), copied: 0 };
        if !query.ids.is_empty() {
            let stopped = self.with_view(|view| {
                let seqs = of_ids(view, &query.ids, start(view.catalogue, query));
                seqs.into_iter().try_for_each(|seq| picking.visit(view, seq))
            })?;
            return Ok((picking.picked, stopped.break_value().flatten()));
        }
        if !query.numbers.is_empty() {
            let stopped = self.with_view(|view| {
                let after = start(view.catalogue, query);
                let mut seqs = query.numbers.iter().filter(|seq| **seq > after);
                seqs.try_for_each(|seq| picking.visit(view, *seq))
            })?;
            return Ok((picking.picked, stopped.break_value().flatten()));
        }
        let (mut at, head) = self.with_view(|view| (start(view.catalogue, query), view.catalogue.head()))?;
        while at < head {
            let stopped = self.with_view(|view| {
                let (until, copies) = (Seq(head.0.min(at.0 + LOOKED_AT_ONCE)), picking.copied);
                while at < until && picking.copied - copies < COPIED_AT_ONCE {
                    at = Seq(at.0 + 1);
                    picking.visit(view, at)?;
                }
                ControlFlow::Continue(())
            })?;
            if let ControlFlow::Break(next) = stopped {
                return Ok((picking.picked, next));
            }
        }
        Ok((picking.picked, None))
    }
}

/// The number after which a query begins.
fn start(catalogue: &Catalogue, query: &Query) -> Seq {
    let after = query.added_after.map_or(Seq(0), |after| catalogue.until(Added(after.micros())));
    after.max(query.after)
}

/// What a query has picked so far.
struct Picking<'q> {
    query: &'q Query,
    picked: Vec<Picked>,
    /// Bytes of redacted copies.
    copied: usize,
}

impl Picking<'_> {
    /// Takes an entry in if it is asked for and may go. Breaks at one that has no room, with where the next page begins.
    fn visit(&mut self, view: &mut View<'_>, seq: Seq) -> ControlFlow<Option<Seq>> {
        let (catalogue, query) = (view.catalogue, self.query);
        let Some((goes, entry)) =
            catalogue.entry(seq).and_then(|entry| Some((matched(view, query, &entry)?, entry)))
        else {
            return ControlFlow::Continue(());
        };
        let is_full =
            self.picked.len() == query.limit.max(1) || self.copied > query.bytes_max.unwrap_or(usize::MAX);
        if is_full {
            return ControlFlow::Break(self.picked.last().map(|last| last.row.seq));
        }
        if let Goes::Copy(copy) = &goes {
            self.copied += copy.text.get().len();
        }
        if let Some(id) = entry.id() {
            let (added, version, spec_version) = (entry.added(), entry.version(), entry.spec_version());
            let whole = match &goes {
                Goes::Whole(_) => true,
                Goes::Copy(copy) => copy.is_original,
            };
            let revoked = entry.revoked();
            let row = ManifestRow { id, seq, added, version, spec_version, whole, revoked };
            self.picked.push(Picked { row, goes });
        }
        ControlFlow::Continue(())
    }
}

fn of_ids(view: &mut View<'_>, ids: &[ObjectId], after: Seq) -> Vec<Seq> {
    let catalogue = view.catalogue;
    let mut seqs = Vec::with_capacity(ids.len());
    for id in ids {
        let versions = catalogue.object(id).map(|object| catalogue.versions(object)).unwrap_or_default();
        if versions.is_empty() {
            view.pass_by(id);
        }
        seqs.extend(versions.into_iter().filter(|seq| *seq > after));
    }
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
    let among = among(&query.spec_versions, entry);
    let named = view.catalogue.object_type(object);
    if !query.types.is_empty() && !query.types.iter().any(|wanted| wanted == named) {
        return None;
    }
    let goes = match settle(view, entry) {
        Settled::Whole(pass) => Goes::Whole(pass),
        Settled::Copy(copy) => Goes::Copy(copy),
        Settled::Held(_) => return None,
    };
    if query.spec_versions.is_empty() && view.has_later_spec(object, entry) {
        return None;
    }
    is_wanted_version(view, &query.versions, entry, among).then_some(goes)
}

/// Of which specification the versions are among which an entry is the first or the last; `None` for all.
///
/// Without a filter, an object is given in the newest specification that it is here in, and its versions are those.
/// Source: TAXII 2.1, section 3.4.1 (`match[spec_version]`).
fn among(wanted: &[SpecVersion], entry: &Entry<'_>) -> Option<SpecVersion> {
    match wanted {
        [] => Some(entry.spec_version()),
        // The same one twice is one.
        [first, rest @ ..] => rest.iter().all(|other| other == first).then_some(*first),
    }
}

fn fits(wanted: &[SpecVersion], found: &SpecVersion) -> bool {
    wanted.is_empty() || wanted.contains(found)
}

fn is_wanted_version(
    view: &mut View<'_>,
    wanted: &[VersionMatch],
    entry: &Entry<'_>,
    among: Option<SpecVersion>,
) -> bool {
    let wanted = if wanted.is_empty() { &[VersionMatch::Last] } else { wanted };
    let same = |at: &Timestamp| *at == entry.version();
    wanted.iter().any(|version| match version {
        VersionMatch::All => true,
        VersionMatch::Last => view.is_last(entry, among),
        VersionMatch::First => view.is_first(entry, among),
        VersionMatch::At(at) => same(at),
    })
}
