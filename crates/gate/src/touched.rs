//! What of a member's view may have changed since it was last looked at.
//!
//! A view that is kept up to date asks here instead of reading a whole circle again. What is named may have changed, what is
//! not named has not: new records name their objects, and a date that comes (an embargo, an expiry, an agreement that begins)
//! names the objects of the classes whose decision it turns. Objects that make no sense without those follow them.

use std::collections::HashSet;

use line::{Catalogue, Class, ClassIx, ObjectIx, Seq, StorageError};
use policy::{Request, settled_until};
use stix::{ObjectId, Timestamp, Tlp};

use crate::reader::Reader;
use crate::view::View;

/// How far it is followed what depends on what.
const DEPTH_MAX: usize = 8;

/// Objects whose view may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// How long the line was when it was looked at.
    pub head: Seq,
    /// The next instant at which dates may change something.
    pub until: Option<Timestamp>,
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
            let (turned, until) = dates(view, since);
            if !turned.is_empty() {
                let rows = (1..=after.0).filter_map(|seq| view.catalogue.entry(Seq(seq)));
                touched.extend(
                    rows.filter(|entry| turned.contains(&entry.class())).filter_map(|entry| entry.object()),
                );
            }
            with_dependants(view.catalogue, &mut touched);
            let wanted = |object: &ObjectIx| types.contains(&view.catalogue.object_type(*object));
            let mut ids: Vec<ObjectId> =
                touched.into_iter().filter(wanted).filter_map(|object| view.catalogue.id(object)).collect();
            ids.sort_unstable();
            Touched { head, until, ids }
        })
    }
}

/// The classes for which a date came after `since`, and when the next one comes.
fn dates(view: &View<'_>, since: Timestamp) -> (HashSet<ClassIx>, Option<Timestamp>) {
    let now = view.request.now;
    let circle = view.standing.book.circle(view.request.circle);
    let circle_dates = circle.is_some_and(|circle| circle.starts.or(circle.ends).is_some());
    let (mut turned, mut until) = (HashSet::new(), None);
    for class in view.catalogue.class_ids() {
        if !circle_dates && !view.catalogue.class(class).is_some_and(may_have_dates) {
            continue;
        }
        let Some(resolved) = view.resolve(class) else { continue };
        let next = |from| {
            let request = Request { now: from, ..*view.request };
            settled_until(&view.standing.book, &request, &resolved.class(false))
        };
        if next(since).is_some_and(|date| date <= now) {
            turned.insert(class);
        }
        until = [until, next(now)].into_iter().flatten().min();
    }
    (turned, until)
}

/// Whether a date may decide about a class: one of its terms, or of a definition that is none of the TLP's.
fn may_have_dates(class: &Class) -> bool {
    let in_terms = |terms: &str| terms.contains("expires") || terms.contains("embargo");
    class.terms.as_deref().is_some_and(in_terms) || class.markings.iter().any(|id| Tlp::of(id).is_none())
}

fn with_dependants(catalogue: &Catalogue, touched: &mut HashSet<ObjectIx>) {
    let mut turn: Vec<ObjectIx> = touched.iter().copied().collect();
    for _ in 0..DEPTH_MAX {
        let dependants = turn.iter().flat_map(|object| catalogue.dependants(*object));
        let objects: Vec<ObjectIx> = dependants.filter_map(|seq| catalogue.entry(seq)?.object()).collect();
        turn = objects.into_iter().filter(|object| touched.insert(*object)).collect();
    }
}
