//! Receipts for what is handed out: written down when a member's own system took it, not when an operator looks.

use policy::{Deed, Level, MemberId, Receipt, Upto};

use crate::gather::Deliver;

/// What a receipt for a zone is about.
pub const ZONE: &str = "zone";

impl Deliver {
    /// How long the lines of the member's circles are: asked before an artefact is made, it is what the artefact holds at least.
    #[must_use]
    pub fn heads(&self, member: MemberId) -> Vec<Upto> {
        self.gate.heads(member, (self.now)())
    }

    /// Notes that a member's system fetched an artefact that is identified by `mark`.
    pub(crate) fn fetched(&self, member: MemberId, what: &str, level: Level, upto: Vec<Upto>, mark: &str) {
        let receipt = Receipt::new(member, what, level, Deed::Fetched, (self.now)());
        self.gate.note(receipt.upto(upto).marked(mark));
    }

    /// Notes that a member's server asks about a zone that it has in its newest form; nothing if it has not.
    pub(crate) fn zone_is_held(&self, member: MemberId, upto: Vec<Upto>, serial: &str) {
        let held = self.gate.receipts(member).into_iter().any(|receipt| {
            receipt.what == ZONE && receipt.deed == Deed::Fetched && receipt.mark.as_deref() == Some(serial)
        });
        if held {
            self.fetched(member, ZONE, Level::Block, upto, serial);
        }
    }
}
