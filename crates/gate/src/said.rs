//! Who has said something of an object: several members can observe the same.

use line::{Added, StorageError};
use policy::{MemberId, Permit, Rule};
use stix::ObjectId;

use crate::reader::{Reader, Settled, settle};
use crate::view::is_told_by_content;

/// One that has said something of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Who; `None` if it does not want to be named, or the circle hides its members.
    pub member: Option<MemberId>,
    /// When it was first shared.
    pub added: Added,
}

impl Reader {
    /// Who has shared the version of an object that the member sees. For deciding alone: whether the member may know is
    /// [`Reader::said_by`]'s.
    pub(crate) fn sender_of(&self, id: &ObjectId) -> Result<Option<MemberId>, StorageError> {
        self.with_view(|view| {
            let seen = view.newest_seen(view.catalogue.object(id)?, None)?;
            view.catalogue.entry(seen)?.sender().map(MemberId::new)
        })
    }

    /// Who has shared an object of which the member sees what they say, the first one first; each once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn said_by(&self, id: &ObjectId) -> Result<Vec<Said>, StorageError> {
        self.with_view(|view| {
            let catalogue = view.catalogue;
            let Some(object) = catalogue.object(id) else { return Vec::new() };
            let mut said: Vec<(MemberId, Said)> = Vec::new();
            for entry in catalogue.newest_first(object) {
                let Some(sender) = entry.sender().map(MemberId::new) else { continue };
                match settle(view, &entry) {
                    // What is held because the same was said before may be seen, and so may be known to have been said.
                    Settled::Held(Rule::OwnedByAnother) if is_told_by_content(id) => {}
                    Settled::Held(_) => continue,
                    Settled::Whole(_) | Settled::Copy(_) => {}
                }
                let is_named = match view.permit(&entry) {
                    Permit::Whole(_) => true,
                    Permit::Redacted(cut) => !cut.conceals_source(),
                    Permit::Hold(_) => continue,
                };
                let asks = view.request.member;
                let book = &view.standing.book;
                let seen = book.visible_members(asks, view.request.circle);
                let is_shown = sender == asks || seen.iter().any(|member| member.id == sender);
                let one =
                    Said { member: (is_named && is_shown).then_some(sender), added: entry.first_added() };
                match said.iter_mut().find(|(known, _)| *known == sender) {
                    Some((_, known)) => {
                        let member = known.member.and(one.member);
                        *known = Said { member, added: known.added.min(one.added) };
                    }
                    None => said.push((sender, one)),
                }
            }
            let mut said: Vec<Said> = said.into_iter().map(|(_, said)| said).collect();
            said.sort_unstable_by_key(|said| said.added);
            said
        })
    }
}
