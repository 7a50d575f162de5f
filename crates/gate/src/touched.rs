//! What of a member's view may have changed since it was last looked at.
//!
//! A view that is kept up to date asks here instead of reading a whole circle again. What is named may have changed, what is
//! not named has not: new records name their objects, and a date that comes (an embargo, an expiry, an agreement that begins)
//! names the objects of the classes whose decision it turns. Objects that make no sense without those follow them, and with a
//! marking definition all of which parts are marked.

use std::collections::{BTreeSet, HashSet};

use line::{Class, ClassIx, LineId, ObjectIx, Seq, StorageError};
use policy::{Request, settled_until};
use stix::{ObjectId, Timestamp, Tlp};

use crate::reader::Reader;
use crate::view::View;

/// The type of marking definitions.
const DEFINITION: &str = "marking-definition";
/// How far it is followed what depends on what.
const DEPTH_MAX: usize = 8;
/// Objects that a report lists beside those that are touched which are looked at, to find one that is seen.
const OTHERS_MAX: usize = 64;

/// Objects whose view may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// How long the line was when it was looked at.
    pub head: Seq,
    /// The objects of the types asked for, each once, sorted.
    pub ids: Vec<ObjectId>,
}

impl Reader {
    /// The objects of `types` whose view may have changed by records after `after`, or by dates that lie after `since` and not
    /// after the request's `now`.
    ///
    /// Holds for as long as the book is the one of this reader: another book changes everything.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn touched(&self, types: &[&str], after: Seq, since: Timestamp) -> Result<Touched, StorageError> {
        self.with_view(|view| {
            let head = view.catalogue.head();
            let rows = (after.0 + 1..=head.0).filter_map(|seq| view.catalogue.entry(Seq(seq))?.object());
            let mut touched: HashSet<ObjectIx> = rows.collect();
            let mut classes: HashSet<ClassIx> = turned(view, since);
            if touched.iter().any(|object| view.catalogue.object_type(*object) == DEFINITION) {
                // Which definitions mark parts of an object, its bytes alone say.
                classes.extend(view.catalogue.class_ids().filter(|class| is_granular(view, *class)));
            }
            if !classes.is_empty() {
                let rows = (1..=after.0).filter_map(|seq| view.catalogue.entry(Seq(seq)));
                let rows = rows.filter(|entry| classes.contains(&entry.class()));
                touched.extend(rows.filter_map(|entry| entry.object()));
            }
            with_dependants(view, &mut touched);
            let wanted = |object: &ObjectIx| types.contains(&view.catalogue.object_type(*object));
            let mut ids: Vec<ObjectId> =
                touched.into_iter().filter(wanted).filter_map(|object| view.catalogue.id(object)).collect();
            ids.sort_unstable();
            Touched { head, ids }
        })
    }

    /// The next instant at which what this view shows may change although nothing is added and the book stays: an embargo
    /// that ends, an agreement that begins. Of what marks parts of objects, those count that have been looked at.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn settled_until(&self) -> Result<Option<Timestamp>, StorageError> {
        self.with_view(|view| {
            let classes = view.catalogue.class_ids();
            classes.filter_map(|class| next_date(view, class, view.request.now)).min()
        })
    }
}

/// The classes for which a date has come since.
fn turned(view: &View<'_>, since: Timestamp) -> HashSet<ClassIx> {
    let has_come =
        |class: &ClassIx| next_date(view, *class, since).is_some_and(|date| date <= view.request.now);
    view.catalogue.class_ids().filter(has_come).collect()
}

/// The first date after `from` that may decide about a class.
fn next_date(view: &View<'_>, class: ClassIx, from: Timestamp) -> Option<Timestamp> {
    let (book, circle) = (&view.standing.book, view.request.circle);
    let is_dated = book.circle(circle).is_some_and(|circle| circle.starts.or(circle.ends).is_some());
    if !is_dated && !view.catalogue.class(class).is_some_and(may_have_dates) {
        return None;
    }
    let resolved = view.resolve(class)?;
    let of_class = settled_until(book, &Request { now: from, ..*view.request }, &resolved.class(false));
    let of_parts = resolved
        .granular
        .then(|| view.inner.definitions.next_date(LineId::new(circle.uuid()), from))
        .flatten();
    [of_class, of_parts].into_iter().flatten().min()
}

fn is_granular(view: &View<'_>, class: ClassIx) -> bool {
    view.catalogue.class(class).is_some_and(|class| class.granular)
}

/// Whether a date may decide about a class: one of its terms, or of a definition that is none of the TLP's.
fn may_have_dates(class: &Class) -> bool {
    let in_terms = |terms: &str| terms.contains("expires") || terms.contains("embargo");
    let is_defined = |id: &ObjectId| Tlp::of(id).is_none();
    class.granular || class.terms.as_deref().is_some_and(in_terms) || class.markings.iter().any(is_defined)
}

/// Adds what is seen or not for what is touched: what makes no sense without it, and what lists it and nothing else that is seen.
fn with_dependants(view: &mut View<'_>, touched: &mut HashSet<ObjectIx>) {
    let catalogue = view.catalogue;
    let mut turn: Vec<ObjectIx> = touched.iter().copied().collect();
    for _ in 0..DEPTH_MAX {
        let dependants = turn.iter().flat_map(|object| catalogue.dependants(*object));
        let mut next: BTreeSet<Seq> = dependants.collect();
        let lists: BTreeSet<Seq> = turn.iter().flat_map(|object| catalogue.listing(*object)).collect();
        for seq in lists {
            let listed = catalogue.entry(seq).into_iter().flat_map(|entry| entry.listed());
            let mut others = listed.filter(|object| !touched.contains(object)).take(OTHERS_MAX);
            if !others.any(|object| view.is_left(object)) {
                next.insert(seq);
            }
        }
        let objects: Vec<ObjectIx> =
            next.into_iter().filter_map(|seq| catalogue.entry(seq)?.object()).collect();
        turn = objects.into_iter().filter(|object| touched.insert(*object)).collect();
    }
}
