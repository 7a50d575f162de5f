//! The classes of a line of which something may go to a member, and what they count as: with them a search begins, so that what is
//! held by its class is not looked at one by one.

use std::collections::HashSet;
use std::sync::Arc;

use line::{ClassIx, StorageError};
use policy::{CircleId, Level, MemberId, Permit, Reach, Request, counts_as};
use stix::{Timestamp, Tlp};

use crate::opening::Gate;
use crate::reader::Reader;
use crate::view::View;

/// A class of records, as it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSeen {
    /// Which, in its circle's line.
    pub class: ClassIx,
    /// What its records count as. One that is marked in parts may go under a stricter mark.
    pub tlp: Tlp,
    /// Who brought them, if that may be known.
    pub source: Option<MemberId>,
    /// Whether its records are marked in parts.
    pub in_parts: bool,
}

impl Reader {
    /// The classes of which something may go. That one is among them says of none of its records that it goes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn classes(&self) -> Result<Vec<ClassSeen>, StorageError> {
        self.with_view(|view| {
            let request = *view.request;
            let shown = view.standing.book.visible_members(request.member, request.circle);
            let shown: HashSet<MemberId> = shown.into_iter().map(|member| member.id).collect();
            let mut seen = Vec::new();
            for class in view.catalogue.class_ids() {
                let is_named = match view.permit_of(class, false) {
                    Permit::Hold(_) => continue,
                    Permit::Whole(_) => true,
                    Permit::Redacted(cut) => !cut.conceals_source(),
                };
                let Some(sender) = view.catalogue.class(class).map(|class| MemberId::new(class.sender))
                else {
                    continue;
                };
                let is_known = is_named && (sender == request.member || shown.contains(&sender));
                seen.extend(class_seen(view, class, is_known.then_some(sender)));
            }
            seen
        })
    }
}

impl Gate {
    /// All classes of a circle's line. For operators.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn classes(&self, circle: CircleId, now: Timestamp) -> Result<Vec<ClassSeen>, StorageError> {
        let request = Request {
            member: MemberId::NODE,
            circle,
            wanted: Level::Read,
            encrypted: true,
            now,
            reach: Reach::Member,
        };
        let reader = Reader::new(Arc::clone(&self.inner), self.inner.book.load_full(), request);
        reader.with_view(|view| {
            let all = view.catalogue.class_ids().filter_map(|class| {
                let sender = view.catalogue.class(class).map(|class| MemberId::new(class.sender));
                class_seen(view, class, sender)
            });
            all.collect()
        })
    }
}

fn class_seen(view: &View<'_>, class: ClassIx, source: Option<MemberId>) -> Option<ClassSeen> {
    let circle = view.standing.book.circle(view.request.circle)?;
    // What can't be told counts as the strictest that may be there.
    let Some(resolved) = view.resolve(class) else {
        return Some(ClassSeen { class, tlp: circle.ceiling, source, in_parts: true });
    };
    let tlp = counts_as(circle, &resolved.class(false));
    Some(ClassSeen { class, tlp, source, in_parts: resolved.granular })
}
