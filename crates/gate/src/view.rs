//! What one member sees of one line: the questions that every surface asks about an entry.
//!
//! A view lives while a catalogue is looked at. It answers whether an entry may go, by which rule, and what must be
//! taken out of it; objects that refer to each other are followed with a budget, so that no chain of references
//! can make it run long: what is not settled within the budget is held.

use std::cell::Cell;
use std::collections::HashSet;

use line::{Catalogue, ClassIx, Entry, LineId, ObjectIx, Seq};
use policy::{Class, MemberId, Permit, Request, Rule, Terms, permit, settled_until};
use stix::marking::Definition;
use stix::{ObjectId, Tlp};

use crate::decisions::Table;
use crate::opening::{Inner, Standing};

/// Most entries looked at to settle one.
const BUDGET: u32 = 10_000;
/// Longest chain of essential references that is followed.
const DEPTH_MAX: u8 = 8;

/// What is to become of an entry.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It goes as it is.
    Whole(policy::Pass),
    /// A copy goes, without references to these objects.
    Redacted(policy::Cut, HashSet<ObjectIx>),
    /// It does not go.
    Held(Rule),
}

impl Fate {
    pub(crate) const fn goes(&self) -> bool {
        !matches!(self, Self::Held(_))
    }
}

/// A class with its markings resolved in one line.
pub(crate) struct Resolved {
    pub(crate) originator: MemberId,
    pub(crate) terms: Terms,
    pub(crate) tlp: Option<Tlp>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) unknown_marking: bool,
    pub(crate) granular: bool,
}

impl Resolved {
    pub(crate) fn class(&self, names_source: bool) -> Class<'_> {
        Class {
            originator: self.originator,
            terms: &self.terms,
            tlp: self.tlp,
            definitions: &self.definitions,
            unknown_marking: self.unknown_marking,
            granular: self.granular,
            names_source,
            withdrawn: false,
        }
    }
}

pub(crate) struct View<'v> {
    pub(crate) inner: &'v Inner,
    pub(crate) standing: &'v Standing,
    pub(crate) request: &'v Request,
    pub(crate) catalogue: &'v Catalogue,
    pub(crate) table: &'v mut Table,
    pub(crate) budget: Cell<u32>,
}

impl<'v> View<'v> {
    pub(crate) fn new(
        inner: &'v Inner,
        standing: &'v Standing,
        request: &'v Request,
        catalogue: &'v Catalogue,
        table: &'v mut Table,
    ) -> Self {
        Self { inner, standing, request, catalogue, table, budget: Cell::new(0) }
    }

    /// Whether and how an entry may go to the member.
    pub(crate) fn fate(&mut self, entry: &Entry<'_>) -> Fate {
        self.budget.set(BUDGET);
        self.fate_within(entry, DEPTH_MAX)
    }

    fn fate_within(&mut self, entry: &Entry<'_>, depth: u8) -> Fate {
        if !entry.counts() {
            return Fate::Held(Rule::Withdrawn);
        }
        let permit = match self.permit(entry) {
            Permit::Hold(rule) => return Fate::Held(rule),
            permit => permit,
        };
        let mut forbidden = HashSet::new();
        for (object, essential) in entry.references() {
            let seen = self.sees_object(object, depth);
            match (essential, seen) {
                (true, Some(true)) | (false, Some(true) | None) => {}
                (true, _) => return Fate::Held(Rule::EndNotReleasable),
                (false, Some(false)) => drop(forbidden.insert(object)),
            }
        }
        match permit {
            Permit::Whole(pass) if forbidden.is_empty() => Fate::Whole(pass),
            Permit::Whole(pass) => Fate::Redacted(pass.without_references(), forbidden),
            Permit::Redacted(cut) => Fate::Redacted(cut, forbidden),
            Permit::Hold(rule) => Fate::Held(rule),
        }
    }

    /// Whether the member sees some version of an object; `None` if the object is not in the line.
    fn sees_object(&mut self, object: ObjectIx, depth: u8) -> Option<bool> {
        let latest = self.catalogue.latest(object)?;
        // What an entry names itself is bounded by its size; what those name in turn, by the budget.
        let left = self.budget.get();
        if depth < DEPTH_MAX {
            if depth == 0 || left == 0 {
                return Some(false);
            }
            self.budget.set(left - 1);
        }
        let entry = self.catalogue.entry(latest)?;
        if self.fate_within(&entry, depth - 1).goes() {
            return Some(true);
        }
        let older: Vec<Seq> = self.catalogue.versions(object);
        let sees = older.into_iter().filter(|seq| *seq != latest).any(|seq| {
            self.budget.set(self.budget.get().saturating_sub(1));
            let entry = self.catalogue.entry(seq).filter(|_| self.budget.get() > 0);
            entry.is_some_and(|entry| self.fate_within(&entry, depth - 1).goes())
        });
        Some(sees)
    }

    /// What policy says of the entry's class.
    fn permit(&mut self, entry: &Entry<'_>) -> Permit {
        let class = entry.class();
        let names_source = self.names_source(entry);
        if !names_source && let Some(known) = self.table.get(class) {
            return known;
        }
        let Some(resolved) = self.resolve(class) else { return Permit::Hold(Rule::MarkingUnknown) };
        let asked = resolved.class(names_source);
        let permit = permit(&self.standing.book, self.request, &asked);
        if !names_source && !resolved.unknown_marking {
            self.table.keep(class, permit, settled_until(&self.standing.book, self.request, &asked));
        }
        permit
    }

    fn names_source(&self, entry: &Entry<'_>) -> bool {
        entry.object().is_some_and(|object| self.catalogue.object_type(object) == "identity")
    }

    /// The class with its markings resolved; `None` if its terms can't be read.
    pub(crate) fn resolve(&self, class: ClassIx) -> Option<Resolved> {
        let class = self.catalogue.class(class)?;
        let terms = match &class.terms {
            None => Terms::default(),
            Some(text) => Terms::from_json(text).ok()?,
        };
        let (tlp, definitions, unknown_marking) = self.markings(class.markings.iter());
        Some(Resolved {
            originator: MemberId::new(class.sender),
            terms,
            tlp,
            definitions,
            unknown_marking,
            granular: class.granular,
        })
    }

    /// What marking ids say: the strictest TLP mark, the other definitions, whether one is not known.
    pub(crate) fn markings<'i>(
        &self,
        ids: impl Iterator<Item = &'i ObjectId>,
    ) -> (Option<Tlp>, Vec<Definition>, bool) {
        let line = LineId::new(self.request.circle.uuid());
        let (mut tlp, mut definitions, mut unknown) = (None, Vec::new(), false);
        for id in ids {
            if let Some(mark) = Tlp::of(id) {
                tlp = tlp.max(Some(mark));
                continue;
            }
            match self.inner.definitions.of(&self.inner.store, line, self.catalogue, id) {
                Some(definition) => definitions.push(Definition::clone(&definition)),
                None => unknown = true,
            }
        }
        (tlp, definitions, unknown)
    }

    /// Whether an entry that goes is, for this member, the newest version of its object.
    pub(crate) fn is_last(&mut self, entry: &Entry<'_>) -> bool {
        entry.last() || !self.sees_version_beyond(entry, true)
    }

    /// Whether an entry that goes is, for this member, the oldest version of its object.
    pub(crate) fn is_first(&mut self, entry: &Entry<'_>) -> bool {
        !self.sees_version_beyond(entry, false)
    }

    fn sees_version_beyond(&mut self, entry: &Entry<'_>, newer: bool) -> bool {
        let Some(object) = entry.object() else { return false };
        let mine = (entry.version(), entry.seq);
        self.catalogue.versions(object).into_iter().any(|seq| {
            let Some(other) = self.catalogue.entry(seq) else { return false };
            let theirs = (other.version(), seq);
            let beyond = if newer { theirs > mine } else { theirs < mine };
            beyond && self.fate(&other).goes()
        })
    }
}
