//! Since when a member may read what it may read in a circle: what was taken away before that, it never had.

use std::collections::HashMap;

use line::Added;
use policy::{Book, Circle, CircleId, Entry, MemberId};
use stix::Tlp;

/// All marks, the least strict first.
const MARKS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

/// Since when each member reads what is marked so, in each circle. Follows from the book's entries and when they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Since(HashMap<(CircleId, MemberId), [Option<Added>; MARKS.len()]>);

impl Since {
    /// Takes in what an entry changes that came at `at` and is not in the book yet.
    pub(crate) fn note(&mut self, book: &Book, entry: &Entry, at: Added) {
        match entry {
            Entry::Circle(circle) => {
                let before = book.circle(circle.id);
                for member in &circle.members {
                    if reads(Some(circle), *member) && !reads(before, *member) {
                        let clearance = book.member(*member).map_or(Tlp::Clear, |member| member.clearance);
                        self.begin(circle.id, *member, None, clearance, at);
                    }
                }
            }
            Entry::Member(member) => {
                let before = book.member(member.id).filter(|before| !before.ended);
                for circle in book.circles_of(member.id) {
                    self.begin(
                        circle.id,
                        member.id,
                        before.map(|before| before.clearance),
                        member.clearance,
                        at,
                    );
                }
            }
            Entry::Credential(_)
            | Entry::Setting(_)
            | Entry::SigningKey(_)
            | Entry::Person(_)
            | Entry::Account(_)
            | Entry::Peer(_)
            | Entry::Agreement(_)
            | Entry::Proposal(_) => {}
        }
    }

    /// A member reads what is marked stricter than `known`, up to `clearance`, from `at` on.
    fn begin(&mut self, circle: CircleId, member: MemberId, known: Option<Tlp>, clearance: Tlp, at: Added) {
        let since = self.0.entry((circle, member)).or_default();
        for (mark, since) in MARKS.into_iter().zip(since) {
            if mark <= clearance && known.is_none_or(|known| mark > known) {
                *since = Some(at);
            }
        }
    }

    /// Whether a member could read what is marked so in a circle when it was taken away at `taken`.
    pub(crate) fn was_there(&self, circle: CircleId, member: MemberId, mark: Tlp, taken: Added) -> bool {
        let since = self.0.get(&(circle, member)).and_then(|since| since[mark as usize]);
        since.is_some_and(|since| since <= taken)
    }
}

fn reads(circle: Option<&Circle>, member: MemberId) -> bool {
    circle.is_some_and(|circle| circle.members.contains(&member) && circle.access(member).reads())
}
