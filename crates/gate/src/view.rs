//! What one member sees of one line: the questions that every surface asks about an entry.
//!
//! A view lives while a catalogue is looked at. It answers whether an entry may go, by which rule, and what must be
//! taken out of it; objects that refer to each other are followed with a budget, so that no chain of references
//! can make it run long: what is not settled within the budget is held.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use line::{Added, Catalogue, ClassIx, Entry, LineId, ObjectIx, Seq};
use policy::{Class, Level, MemberId, Permit, Reach, Request, Rule, Terms, decide, permit, settled_until};
use stix::marking::Definition;
use stix::{ObjectId, SpecVersion, Tlp};
use uuid::Uuid;

use crate::decisions::Table;
use crate::opening::{Inner, Standing};
use crate::redacted;

/// Most entries looked at to settle one.
const BUDGET: u32 = 10_000;
/// Longest chain of references that is followed.
const DEPTH_MAX: u8 = 64;
/// Objects that a report lists which are looked at for nothing, to find one that is left of it.
const LISTED_FREE: usize = 8;

/// Whether an id follows from what an observable is, so that whoever observes it gives it the same one (STIX 2.1, 2.9).
pub(crate) fn is_told_by_content(id: &ObjectId) -> bool {
    id.uuid().get_version_num() == 5 && stix::id::is_observable(id.object_type())
}

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

/// What was found out of an object ([`View::sees_object`]).
#[derive(Debug, Clone, Copy)]
struct Found {
    sees: Option<bool>,
    /// How long a chain could still be followed, where the end of that is why it is not seen: with more it may be.
    cut_at: Option<u8>,
}

/// One member's view of a catalogue, while it is looked at.
pub(crate) struct View<'v> {
    pub(crate) inner: &'v Inner,
    pub(crate) standing: &'v Standing,
    pub(crate) request: &'v Request,
    pub(crate) catalogue: &'v Catalogue,
    pub(crate) table: &'v mut Table,
    pub(crate) budget: Cell<u32>,
    /// Whether a limit was met since this was last asked: what is not seen may be so for that alone.
    is_cut: Cell<bool>,
    /// Whether objects are seen, as far as it was found out for the entry that is being settled.
    seen: HashMap<ObjectIx, Found>,
    /// The newest version that is seen of objects of which it is not simply the newest.
    lasts: HashMap<(ObjectIx, Option<SpecVersion>), Option<Seq>>,
    /// Whether an entry is looked at as if nobody else had brought its object.
    pub(crate) is_alone: bool,
}

impl<'v> View<'v> {
    pub(crate) fn new(
        inner: &'v Inner,
        standing: &'v Standing,
        request: &'v Request,
        catalogue: &'v Catalogue,
        table: &'v mut Table,
    ) -> Self {
        let (seen, lasts) = (HashMap::new(), HashMap::new());
        let (budget, is_cut) = (Cell::new(0), Cell::new(false));
        Self { inner, standing, request, catalogue, table, budget, is_cut, seen, lasts, is_alone: false }
    }

    /// Whether and how an entry may go to the member.
    pub(crate) fn fate(&mut self, entry: &Entry<'_>) -> Fate {
        self.budget.set(BUDGET);
        self.seen.clear();
        self.fate_within(entry, DEPTH_MAX)
    }

    /// The beginning of what [`View::fate`] does, which is all of it for what is held by its class.
    pub(crate) fn fate_of_stand_in(&mut self, entry: &Entry<'_>, names_source: bool) -> Permit {
        self.budget.set(BUDGET);
        self.seen.clear();
        self.permit_of(entry.class(), names_source)
    }

    /// Whether something of an entry reaches the member.
    pub(crate) fn reaches(&mut self, entry: &Entry<'_>) -> bool {
        self.budget.set(BUDGET);
        self.seen.clear();
        self.comes_out(entry, DEPTH_MAX)
    }

    /// Whether and how the member had a version when it was taken away at `taken`: not, if it was under embargo until then, or if
    /// the member joined, or was cleared for its mark, only later. What had been withdrawn before that was taken away then.
    ///
    /// All else is asked as it is now: what the originator let expire before it took it away counts as never had.
    pub(crate) fn fate_until(&mut self, entry: &Entry<'_>, taken: Added) -> Fate {
        self.budget.set(BUDGET);
        self.seen.clear();
        self.fate_when(entry, taken, DEPTH_MAX)
    }

    /// As [`View::fate_until`], within the budget of what is being settled.
    fn fate_when(&mut self, entry: &Entry<'_>, taken: Added, depth: u8) -> Fate {
        let Some(resolved) = self.resolve(entry.class()) else { return Fate::Held(Rule::MarkingUnknown) };
        let taken = self.catalogue.taking(entry).map_or(taken, |by| by.added().min(taken));
        if resolved.terms.embargo_until.is_some_and(|until| until.micros() > taken.0) {
            return Fate::Held(Rule::Embargo);
        }
        let Request { circle, member, .. } = *self.request;
        let ceiling = self.standing.book.circle(circle).map_or(Tlp::Red, |circle| circle.ceiling);
        let (mark, is_own) = (resolved.tlp.unwrap_or(ceiling), resolved.originator == member);
        if !is_own && !self.standing.since.was_there(circle, member, mark, taken) {
            return Fate::Held(Rule::CircleNotMember);
        }
        self.fate_of_counting(entry, depth)
    }

    /// Whether an object stays in what names it: the member sees it, or it is not here.
    pub(crate) fn is_left(&mut self, object: ObjectIx) -> bool {
        self.budget.set(BUDGET);
        self.seen.clear();
        self.sees_object(object, DEPTH_MAX) != Some(false)
    }

    /// Whether the member had something of a version when it was taken away at `taken`.
    pub(crate) fn had(&mut self, entry: &Entry<'_>, taken: Added) -> bool {
        let fate = self.fate_until(entry, taken);
        self.leaves_something(entry, &fate)
    }

    fn fate_within(&mut self, entry: &Entry<'_>, depth: u8) -> Fate {
        match entry.counts() {
            true => self.fate_of_counting(entry, depth),
            false => Fate::Held(Rule::Withdrawn),
        }
    }

    fn fate_of_counting(&mut self, entry: &Entry<'_>, depth: u8) -> Fate {
        let permit = match self.permit(entry) {
            Permit::Hold(rule) => return Fate::Held(rule),
            permit => permit,
        };
        if !self.is_alone && self.is_overshadowed(entry, depth) {
            return Fate::Held(Rule::OwnedByAnother);
        }
        // What a member brought it has whole: what is left out of it would tell what is in the circle beside.
        if let Permit::Whole(pass) = permit
            && pass.rule() == Rule::Originator
        {
            return Fate::Whole(pass);
        }
        let mut forbidden = HashSet::new();
        let mut needs_all = (depth == DEPTH_MAX).then_some(true);
        for (object, essential) in entry.references() {
            // Whether an object goes depends on its essential references; the others are left out of a copy of it.
            if !essential && !*needs_all.get_or_insert_with(|| self.may_need(entry)) {
                continue;
            }
            if depth < DEPTH_MAX && (self.budget.get() == 0 || !essential && !self.spend()) {
                self.is_cut.set(true);
                return Fate::Held(Rule::EndNotReleasable);
            }
            match (essential, self.sees_object(object, depth)) {
                (true, Some(true)) | (false, Some(true) | None) => {}
                (true, _) => return Fate::Held(Rule::EndNotReleasable),
                (false, Some(false)) if self.could_know(entry, object) => drop(forbidden.insert(object)),
                // The one who names it has it from elsewhere: leaving it out would say that it is here.
                (false, Some(false)) => {}
            }
        }
        if needs_all != Some(true) {
            match self.all_listed_if_hidden(entry, depth) {
                Ok(hidden) => forbidden.extend(hidden),
                Err(rule) => return Fate::Held(rule),
            }
        }
        match permit {
            Permit::Whole(pass) if forbidden.is_empty() => Fate::Whole(pass),
            Permit::Whole(pass) => Fate::Redacted(pass.without_references(), forbidden),
            Permit::Redacted(cut) => Fate::Redacted(cut, forbidden),
            Permit::Hold(rule) => Fate::Held(rule),
        }
    }

    /// Whether an entry may be held for any reference that is taken out of it: its id follows from its content, or parts of it are
    /// marked, so that only its copy tells.
    fn may_need(&self, entry: &Entry<'_>) -> bool {
        let id = || entry.object().and_then(|object| self.catalogue.id(object));
        entry.granular() || id().is_some_and(|id| is_told_by_content(&id))
    }

    /// All that a report, a grouping, a note or an opinion is about, if nothing of that is left to the member: then it is held, unless
    /// its copy has something instead. Empty if something is left, as it is as soon as one of them is seen.
    fn all_listed_if_hidden(&mut self, entry: &Entry<'_>, depth: u8) -> Result<Vec<ObjectIx>, Rule> {
        let mut hidden = Vec::new();
        for object in entry.listed() {
            if hidden.len() >= LISTED_FREE && !self.spend() {
                return Err(Rule::EndNotReleasable);
            }
            if self.sees_object(object, depth) != Some(false) || !self.could_know(entry, object) {
                return Ok(Vec::new());
            }
            hidden.push(object);
        }
        Ok(hidden)
    }

    /// Whether a member that brought the object before this entry's sender has a version of it that the member sees.
    fn is_overshadowed(&mut self, entry: &Entry<'_>, depth: u8) -> bool {
        let Some(object) = entry.object().filter(|object| self.catalogue.is_of_several(*object)) else {
            return false;
        };
        let catalogue = self.catalogue;
        let mut firsts: HashMap<Uuid, Seq> = HashMap::new();
        for version in catalogue.newest_first(object) {
            if let Some(sender) = version.sender() {
                let first = firsts.entry(sender).or_insert(version.seq);
                *first = version.seq.min(*first);
            }
        }
        let mine = entry.sender().and_then(|sender| firsts.get(&sender).copied()).unwrap_or_default();
        let mut earlier: Vec<Entry<'_>> = catalogue
            .newest_first(object)
            .filter(|version| {
                version.sender().and_then(|sender| firsts.get(&sender)).is_some_and(|first| *first < mine)
            })
            .collect();
        earlier.sort_unstable_by_key(|version| version.seq);
        // What several observed is one object, and what each says of it is a version: only the same words need not be said
        // again, and only to who has them whole. If a copy stood for them, whoever guesses what was taken out of it would see
        // its own version vanish when it is right.
        let is_observed = self.catalogue.id(object).is_some_and(|id| is_told_by_content(&id));
        if is_observed {
            earlier.retain(|version| version.says_the_same(entry));
        }
        depth > 0
            && earlier.iter().any(|version| {
                self.spend()
                    && match is_observed {
                        true => matches!(self.fate_within(version, depth - 1), Fate::Whole(_)),
                        false => self.comes_out(version, depth - 1),
                    }
            })
    }

    /// Takes one of the budget; whether there was one.
    fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        if left == 0 {
            self.is_cut.set(true);
        }
        left > 0
    }

    /// Whether the one who brought an entry may itself have an object that the entry names.
    fn could_know(&self, entry: &Entry<'_>, object: ObjectIx) -> bool {
        let Some(sender) = entry.sender() else { return true };
        let member = MemberId::new(sender);
        let asks =
            Request { member, wanted: Level::Read, encrypted: true, reach: Reach::Member, ..*self.request };
        // What was withdrawn was there as well, and what its sender has since shared anew under other terms.
        let mut asked = HashSet::new();
        let mut all = self.catalogue.all_versions(object).filter(|version| asked.insert(version.class()));
        all.any(|version| {
            let Some(mut resolved) = self.resolve(version.class()) else { return false };
            // What has expired was there when the sender named it.
            resolved.terms.expires = None;
            let class = resolved.class(self.names_source(&version));
            member == MemberId::NODE || !decide(&self.standing.book, &asks, &class).is_hold()
        })
    }

    /// Whether the member sees some version of an object; `None` if the object is not in the line, or the member had it until it
    /// was withdrawn.
    fn sees_object(&mut self, object: ObjectIx, depth: u8) -> Option<bool> {
        if let Some(found) = self.seen.get(&object).filter(|found| found.cut_at.is_none_or(|at| depth <= at))
        {
            if found.cut_at.is_some() {
                self.is_cut.set(true);
            }
            return found.sees;
        }
        let was_cut = self.is_cut.replace(false);
        let sees = self.looks_for_object(object, depth);
        let is_cut = sees == Some(false) && self.is_cut.get();
        self.is_cut.set(was_cut || is_cut);
        self.seen.insert(object, Found { sees, cut_at: is_cut.then_some(depth) });
        sees
    }

    fn looks_for_object(&mut self, object: ObjectIx, depth: u8) -> Option<bool> {
        if self.catalogue.latest(object).is_none() {
            return self.looks_for_withdrawn(object, depth);
        }
        // What an entry names itself is bounded by its size; what those name in turn, by the budget.
        if depth < DEPTH_MAX && (depth == 0 || !self.spend()) {
            self.is_cut.set(true);
            return Some(false);
        }
        let catalogue = self.catalogue;
        let mut versions = catalogue.newest_first(object);
        let newest = versions.next()?;
        if self.comes_out(&newest, depth - 1) {
            return Some(true);
        }
        Some(versions.any(|version| self.spend() && self.comes_out(&version, depth - 1)))
    }

    /// As [`View::looks_for_object`], of an object of which nothing holds any more: what the member never had stays as hidden as it
    /// was.
    fn looks_for_withdrawn(&mut self, object: ObjectIx, depth: u8) -> Option<bool> {
        let catalogue = self.catalogue;
        let taken = catalogue.withdrawal(object)?.added();
        if depth < DEPTH_MAX && (depth == 0 || !self.spend()) {
            self.is_cut.set(true);
            return Some(false);
        }
        let mut versions = catalogue.withdrawn(object);
        let had = versions.any(|version| {
            self.spend() && {
                let fate = self.fate_when(&version, taken, depth - 1);
                self.leaves_something(&version, &fate)
            }
        });
        (!had).then_some(false)
    }

    /// Whether something of an entry comes out: what can't be taken out of it, or leaves nothing, holds it back when its copy
    /// is made.
    fn comes_out(&mut self, entry: &Entry<'_>, depth: u8) -> bool {
        let fate = self.fate_within(entry, depth);
        self.leaves_something(entry, &fate)
    }

    fn leaves_something(&mut self, entry: &Entry<'_>, fate: &Fate) -> bool {
        match fate {
            Fate::Whole(_) => true,
            Fate::Redacted(cut, forbidden) if entry.granular() || !forbidden.is_empty() => {
                redacted::id_of(self, entry, *cut, forbidden).is_some()
            }
            Fate::Redacted(..) => true,
            Fate::Held(_) => false,
        }
    }

    /// What policy says of the entry's class.
    pub(crate) fn permit(&mut self, entry: &Entry<'_>) -> Permit {
        self.permit_of(entry.class(), self.names_source(entry))
    }

    /// What policy says of a class, and of those of its objects that name their source or of the others.
    pub(crate) fn permit_of(&mut self, class: ClassIx, names_source: bool) -> Permit {
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
        let originator = MemberId::new(class.sender);
        let (tlp, definitions, unknown_marking) = self.markings(originator, class.markings.iter());
        Some(Resolved { originator, terms, tlp, definitions, unknown_marking, granular: class.granular })
    }

    /// What marking ids say where `originator` uses them: the strictest TLP mark, the other definitions, whether one is
    /// not known.
    pub(crate) fn markings<'i>(
        &self,
        originator: MemberId,
        ids: impl Iterator<Item = &'i ObjectId>,
    ) -> (Option<Tlp>, Vec<Definition>, bool) {
        let line = LineId::new(self.request.circle.uuid());
        let (mut tlp, mut definitions, mut unknown) = (None, Vec::new(), false);
        for id in ids {
            if let Some(mark) = Tlp::of(id) {
                tlp = tlp.max(Some(mark));
                continue;
            }
            match self.inner.definitions.of(&self.inner.store, line, self.catalogue, id, originator) {
                Some(definition) => definitions.push(Definition::clone(&definition)),
                None => unknown = true,
            }
        }
        (tlp, definitions, unknown)
    }

    /// Whether an entry that goes is, for this member, the newest version of its object, of those that follow `among`
    /// (all of them for `None`).
    pub(crate) fn is_last(&mut self, entry: &Entry<'_>, among: Option<SpecVersion>) -> bool {
        if entry.last() {
            return true;
        }
        entry.object().is_some_and(|object| self.newest_seen(object, among) == Some(entry.seq))
    }

    /// The newest version of an object that the member sees, of those that follow `among`.
    pub(crate) fn newest_seen(&mut self, object: ObjectIx, among: Option<SpecVersion>) -> Option<Seq> {
        if let Some(known) = self.lasts.get(&(object, among)) {
            return *known;
        }
        let newest = self.ordered(object, among).into_iter().rev().find(|entry| self.reaches(entry));
        let newest = newest.map(|version| version.seq);
        self.lasts.insert((object, among), newest);
        newest
    }

    /// Whether an entry that goes is, for this member, the oldest version of its object, of those that follow `among`.
    pub(crate) fn is_first(&mut self, entry: &Entry<'_>, among: Option<SpecVersion>) -> bool {
        let Some(object) = entry.object() else { return false };
        let first = self.ordered(object, among).into_iter().find(|version| self.reaches(version));
        first.is_some_and(|first| first.seq == entry.seq)
    }

    /// The versions of an object that count, from the oldest to the newest version, however they came.
    fn ordered(&self, object: ObjectIx, among: Option<SpecVersion>) -> Vec<Entry<'v>> {
        let catalogue = self.catalogue;
        let is_meant = |entry: &Entry<'_>| among.is_none_or(|among| entry.spec_version() == among);
        let mut versions: Vec<Entry<'v>> = catalogue.newest_first(object).filter(is_meant).collect();
        versions.sort_unstable_by_key(|entry| (entry.version(), entry.seq));
        versions
    }

    /// Whether the member sees the object in a later specification than the one that an entry follows.
    pub(crate) fn has_later_spec(&mut self, object: ObjectIx, entry: &Entry<'_>) -> bool {
        if entry.spec_version() >= SpecVersion::V21 {
            return false;
        }
        let catalogue = self.catalogue;
        let is_later = |other: &Entry<'_>| other.spec_version() > entry.spec_version();
        let mut later = catalogue.newest_first(object).filter(is_later);
        later.any(|other| self.reaches(&other))
    }
}
