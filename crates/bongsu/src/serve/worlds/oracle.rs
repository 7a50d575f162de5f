//! Who may see what, said a second time: slowly, from the table of docs/releases.md, and with nothing of the room `policy`.
//!
//! It errs to one side. What it calls hidden must show nowhere; of what it calls visible, the program may hold back more
//! (`owned-by-another`, `nothing-left`, marks that can't be read).

use std::collections::HashSet;

use policy::{Access, Level};
use stix::Tlp;

use super::plan::{Grant, Kind, Ring, Term, Thing, To, World};

/// A name under which a canary is looked for: a word, or the first digits of an id.
pub(super) type Canary = String;

/// The canary that a text begins with, after what comes before.
pub(super) fn canary(text: &str) -> Option<Canary> {
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.find(super::draw::WORD) {
        let (word, lower) = (text.get(at..at + 12)?, lower.get(at..at + 12)?);
        // Base64 has all letters in all cases; a word has its own, in one case or with a capital.
        let is_word =
            lower.bytes().skip(super::draw::WORD.len()).all(|letter| super::draw::LETTERS.contains(&letter))
                && (word == lower || word == lower.to_ascii_uppercase() || word.get(1..) == lower.get(1..));
        return is_word.then(|| lower.to_owned());
    }
    let at = lower.find(super::draw::HEX)?;
    let digits: String = lower[at + 8..].chars().filter(|c| *c != '-').take(8).collect();
    Some(format!("{}{digits}", super::draw::HEX))
}

impl World {
    /// Whether a thing is taken when it is brought: nothing that the circle forbids.
    pub(super) fn is_taken(&self, at: usize) -> bool {
        let (thing, circle) = (&self.things[at], &self.circles[self.things[at].circle]);
        let writes = matches!(circle.access_of(thing.by), Some(Access::Both | Access::Write));
        let waits = thing.malformed && self.members[thing.by].quarantines;
        circle.term != Term::NotYet && writes && !circle.signed && !waits && self.mark(at) <= circle.ceiling
    }

    /// The mark that counts.
    fn mark(&self, at: usize) -> Tlp {
        let thing = &self.things[at];
        let own = thing.mark.unwrap_or(self.circles[thing.circle].ceiling);
        own.max(thing.ceiling.unwrap_or(Tlp::Clear))
    }

    /// Whether a member may see something of a thing in some form, if it asks for that of the level `wanted`.
    pub(super) fn sees(&self, member: usize, at: usize, wanted: Level) -> bool {
        let thing = &self.things[at];
        if !self.is_taken(at) || thing.withdrawn || thing.expired || self.members[member].ended {
            return false;
        }
        self.is_let_go(member, at, wanted) && (thing.by == member || self.has_ends(member, at, wanted))
    }

    /// Whether it was seen, or would be if it had not been withdrawn.
    pub(super) fn had(&self, member: usize, at: usize) -> bool {
        let thing = &self.things[at];
        let circle = &self.circles[thing.circle];
        let reads = matches!(circle.access_of(member), Some(Access::Both | Access::Read));
        // It is withdrawn after the embargoes that pass have passed.
        let was_told = reads && thing.embargo != Some(true) && self.is_marked_for(member, at);
        self.is_taken(at) && (thing.by == member || was_told)
    }

    fn is_let_go(&self, member: usize, at: usize, wanted: Level) -> bool {
        let (thing, party) = (&self.things[at], &self.members[member]);
        let circle = &self.circles[thing.circle];
        if !circle.stays(member) {
            return false;
        }
        if thing.by == member {
            return true;
        }
        let reads = matches!(circle.access_of(member), Some(Access::Both | Access::Read));
        let sender_is_there = circle.stays(thing.by) && !self.members[thing.by].ended;
        let acts = matches!(wanted, Level::List | Level::Block);
        reads
            && sender_is_there
            && circle.term == Term::Open
            && wanted <= party.level
            && self.is_marked_for(member, at)
            && !(acts && thing.definition.is_some())
            && thing.embargo != Some(true)
            && !(thing.kind == Kind::Identity && thing.pseudonymise)
    }

    fn is_marked_for(&self, member: usize, at: usize) -> bool {
        let (thing, mark) = (&self.things[at], self.mark(at));
        let named = thing.recipients.contains(&member);
        mark <= self.members[member].clearance
            && (mark < Tlp::Red || named)
            && (thing.recipients.is_empty() || named)
    }

    /// Whether the ends of what makes no sense without them may be seen, in some version.
    fn has_ends(&self, member: usize, at: usize, wanted: Level) -> bool {
        let thing = &self.things[at];
        let is_seen = |named: &usize| {
            let id = &self.things[*named].id;
            (0..self.things.len())
                .any(|other| self.things[other].id == *id && other != at && self.sees(member, other, wanted))
        };
        !thing.kind.needs_ends() || thing.names.iter().all(is_seen)
    }

    /// Whether a thing is held for nothing but ends of which the member brought something under the same id itself: with that, the ends
    /// are there for it.
    pub(super) fn has_own_ends(
        &self,
        member: usize,
        at: usize,
        wanted: Level,
        brought: &HashSet<Canary>,
    ) -> bool {
        let thing = &self.things[at];
        let is_brought = |named: &usize| {
            let id = &self.things[*named].id;
            let is_seen = (0..self.things.len())
                .any(|other| self.things[other].id == *id && other != at && self.sees(member, other, wanted));
            is_seen || canary(id).is_some_and(|id| brought.contains(&id))
        };
        let holds = self.is_taken(at) && !thing.withdrawn && !thing.expired;
        holds && self.is_let_go(member, at, wanted) && thing.names.iter().all(is_brought)
    }

    /// Whether the description of a thing that is seen may be seen.
    fn sees_said(&self, member: usize, at: usize) -> bool {
        let (thing, party) = (&self.things[at], &self.members[member]);
        let Some(mark) = thing.said_mark else { return true };
        let named = thing.recipients.contains(&member);
        thing.by == member
            || mark <= party.clearance
                && mark <= self.circles[thing.circle].ceiling
                && (mark < Tlp::Red || named)
    }

    /// Whether a member may know that another takes part.
    pub(super) fn knows(&self, member: usize, other: usize) -> bool {
        let shows = |circle: &Ring| circle.stays(member) && circle.stays(other) && !circle.hidden;
        member == other || self.circles.iter().any(shows) && !self.members[other].ended
    }

    fn is_shown(&self, member: usize, desk: &super::plan::Desk) -> bool {
        let opened = |at: &usize| {
            let circle = &self.circles[*at];
            let reads = matches!(circle.access_of(member), Some(Access::Both | Access::Read));
            circle.stays(member)
                && reads
                && circle.stays(desk.member)
                && circle.term == Term::Open
                && !circle.hidden
        };
        desk.member == member || desk.circles.iter().any(opened)
    }

    /// Whether a member sees through what another opened.
    fn sees_through(&self, member: usize, grant: &Grant) -> bool {
        let takes_part = !self.members[grant.by].ended && !self.members[member].ended;
        let is_to = match grant.to {
            To::Member(to) => to == member,
            To::Circle(at) => {
                let circle = &self.circles[at];
                let reads = matches!(circle.access_of(member), Some(Access::Both | Access::Read));
                let both = circle.stays(member) && circle.stays(grant.by);
                both && reads && circle.term == Term::Open && !circle.hidden
            }
        };
        takes_part && !grant.over && is_to
    }

    /// Whether a member has another's name by what one of them opened to the other.
    fn is_named_to(&self, member: usize, other: usize) -> bool {
        self.grants.iter().any(|grant| {
            grant.by == other && self.sees_through(member, grant)
                || grant.by == member && grant.to == To::Member(other)
        })
    }

    /// Every canary that a member may meet where it is given what is for the level `wanted`.
    pub(super) fn allowed(&self, member: usize, wanted: Level) -> HashSet<Canary> {
        let mut allowed = HashSet::new();
        let mut let_in = |texts: &[&str]| allowed.extend(texts.iter().filter_map(|text| canary(text)));
        for (at, party) in self.members.iter().enumerate() {
            if self.knows(member, at) || self.is_named_to(member, at) {
                let_in(&[&party.handle, &party.name, &party.id.to_string()]);
            }
        }
        for circle in self.circles.iter().filter(|circle| circle.stays(member)) {
            let_in(&[&circle.handle, &circle.title, &circle.id.to_string()]);
        }
        for desk in self.contacts.iter().filter(|desk| self.is_shown(member, desk)) {
            let_in(&[&desk.handle, &desk.name]);
        }
        for grant in self.grants.iter().filter(|grant| grant.by == member || self.sees_through(member, grant))
        {
            let_in(&[&grant.act]);
        }
        for (at, thing) in self.things.iter().enumerate() {
            if thing.by == member {
                let_in(&[&thing.id]);
            }
            if self.sees(member, at, wanted) {
                let_in(&[&thing.id, &thing.name, &thing.value]);
                if self.sees_said(member, at) {
                    let_in(&[&thing.said]);
                }
                // Who does not hide its name says it.
                if let Some(source) = thing.source.filter(|_| !thing.pseudonymise || thing.by == member) {
                    let_in(&[&self.things[source].id]);
                }
                for named in thing.names.iter().chain(&thing.definition) {
                    // Who names what it can't see itself has it from elsewhere.
                    let has_it = (0..self.things.len()).any(|other| {
                        self.is_taken(other)
                            && self.things[other].id == self.things[*named].id
                            && self.is_let_go(thing.by, other, Level::Read)
                    });
                    if thing.by == member || !has_it {
                        let_in(&[&self.things[*named].id]);
                    }
                }
            } else if thing.withdrawn && self.had(member, at) && self.circles[thing.circle].stays(member) {
                let_in(&[&thing.id, &thing.name, &thing.value]);
            }
        }
        allowed
    }

    /// The things that a member may not see at all, and of which no sign may reach it: nothing that it sees names them, and nobody
    /// who sees them brings the same id.
    pub(super) fn unseen(&self, member: usize) -> Vec<usize> {
        let hidden = |at: usize| {
            !self.sees(member, at, Level::Read) && !self.had(member, at) && self.things[at].by != member
        };
        let is_named = |at: usize| {
            let id = &self.things[at].id;
            (0..self.things.len()).any(|other| {
                let thing = &self.things[other];
                let mut all = thing.names.iter().chain(&thing.source).chain(&thing.definition);
                all.any(|named| self.things[*named].id == *id)
            })
        };
        let is_again = |at: usize| {
            let id = &self.things[at].id;
            self.things.iter().enumerate().any(|(other, thing)| other != at && thing.id == *id)
        };
        (0..self.things.len())
            .filter(|at| !self.is_announced_again(*at))
            .filter(|at| self.is_taken(*at) && hidden(*at) && !is_named(*at) && !is_again(*at))
            .filter(|at| self.things[*at].kind != Kind::Pap)
            .collect()
    }

    /// Whether it may come twice: what names something that comes later, or is under embargo for a time, is announced again then, which
    /// makes its line longer by one.
    fn is_announced_again(&self, at: usize) -> bool {
        let thing = &self.things[at];
        let mut all = thing.names.iter().chain(&thing.source).chain(&thing.definition);
        all.any(|named| {
            !self.is_taken(*named) || self.things[*named].embargo.is_some() || self.is_announced_again(*named)
        })
    }

    /// Another world, in which there is something else in the place of all that a member may not see, and which is the same for
    /// that member.
    pub(super) fn twin(&self, member: usize) -> Self {
        let mut twin = self.clone();
        let mut draw = self.draw.clone();
        for at in self.unseen(member) {
            let Thing { by, circle, withdrawn, .. } = self.things[at];
            twin.things[at] = Thing {
                kind: Kind::Malware,
                id: format!("malware--{}", draw.uuid()),
                name: draw.word(),
                said: draw.word(),
                recipients: vec![by],
                mark: Some(Tlp::Clear),
                definition: None,
                said_mark: None,
                ceiling: None,
                names: Vec::new(),
                source: None,
                version: 0,
                by,
                circle,
                withdrawn,
                ..self.things[at].clone()
            };
        }
        for at in 0..self.members.len() {
            if !self.knows(member, at) && !self.is_named_to(member, at) {
                // Nor is it one of those of whom together something may be said.
                twin.levels[at] = twin.levels[at].map_or(Some(2), |level| (level < 3).then_some(level + 1));
                twin.members[at].handle = draw.word();
                twin.members[at].name = draw.word();
            }
        }
        for circle in twin.circles.iter_mut().filter(|circle| !circle.stays(member)) {
            circle.handle = draw.word();
            circle.title = draw.word();
        }
        for at in 0..self.contacts.len() {
            if !self.is_shown(member, &self.contacts[at]) {
                twin.contacts[at].name = draw.word();
                twin.contacts[at].handle = draw.word();
            }
        }
        for grant in twin.grants.iter_mut() {
            if grant.by != member && !self.sees_through(member, grant) {
                grant.act = draw.word();
            }
        }
        twin
    }
}

impl Ring {
    /// Whether the member is still in it.
    pub(super) fn stays(&self, member: usize) -> bool {
        self.members.contains(&member) && self.left != Some(member)
    }

    pub(super) fn access_of(&self, member: usize) -> Option<Access> {
        self.members.contains(&member).then(|| self.access.get(&member).copied().unwrap_or_default())
    }
}
