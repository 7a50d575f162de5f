//! Who may see what, said a second time: slowly, from the table of docs/releases.md, and with nothing of the room `policy`.
//!
//! It errs to one side. What it calls hidden must show nowhere; of what it calls visible, the program may hold back more
//! (`owned-by-another`, marks that can't be read).

use std::collections::HashSet;

use policy::{Access, Level};
use stix::Tlp;

use super::doing::{Call, Plea, Says};
use super::plan::{Grant, Kind, Ring, Term, Thing, To, World};
use super::seal::Seal;

/// How many times over it is looked at what things name: deeper than worlds have things that name each other.
const DEEP: u8 = 8;

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
        let proven = !circle.signed || thing.seal == Some(Seal::Own);
        circle.term != Term::NotYet && writes && proven && !waits && self.mark(at) <= circle.ceiling
    }

    /// The mark that counts.
    pub(super) fn mark(&self, at: usize) -> Tlp {
        let thing = &self.things[at];
        let own = thing.mark.unwrap_or(self.circles[thing.circle].ceiling);
        own.max(thing.ceiling.unwrap_or(Tlp::Clear))
    }

    /// Whether a member may see something of a thing in some form, if it asks for that of the level `wanted`.
    pub(super) fn sees(&self, member: usize, at: usize, wanted: Level) -> bool {
        self.sees_within(member, at, wanted, DEEP)
    }

    /// As [`World::sees`], looking at what things name only so many times over: things may name each other in a ring, and nothing is
    /// seen for being in one.
    fn sees_within(&self, member: usize, at: usize, wanted: Level, deep: u8) -> bool {
        let Some(deep) = deep.checked_sub(1) else { return false };
        let thing = &self.things[at];
        if !self.is_taken(at) || thing.withdrawn || thing.expired || self.members[member].ended {
            return false;
        }
        let stands =
            || self.has_ends(member, at, wanted, deep) && self.has_something(member, at, wanted, deep);
        self.is_let_go(member, at, wanted) && (thing.by == member || stands())
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
            && !(thing.kind.object_type() == "identity" && thing.pseudonymise)
    }

    fn is_marked_for(&self, member: usize, at: usize) -> bool {
        let (thing, mark) = (&self.things[at], self.mark(at));
        let named = thing.recipients.contains(&member);
        mark <= self.members[member].clearance
            && (mark < Tlp::Red || named)
            && (thing.recipients.is_empty() || named)
    }

    /// Whether the ends of what makes no sense without them may be seen, in some version.
    fn has_ends(&self, member: usize, at: usize, wanted: Level, deep: u8) -> bool {
        let thing = &self.things[at];
        let is_seen = |named: &usize| {
            let id = &self.things[*named].id;
            let sees = |other: usize| self.sees_within(member, other, wanted, deep);
            (0..self.things.len()).any(|other| self.things[other].id == *id && other != at && sees(other))
        };
        !thing.kind.needs_ends() || thing.names.iter().all(is_seen)
    }

    /// Whether something is left of what says something of others: one of them that the member sees or had, or that its sender knows
    /// from elsewhere.
    fn has_something(&self, member: usize, at: usize, wanted: Level, deep: u8) -> bool {
        let thing = &self.things[at];
        let is_left = |named: &usize| {
            let id = &self.things[*named].id;
            let is_seen = |other: usize| {
                let gone = self.things[other].withdrawn && self.had(member, other);
                self.things[other].id == *id && (gone || self.sees_within(member, other, wanted, deep))
            };
            !self.has_it(at, *named)
                || self.is_under_pseudonym(at, *named)
                || (0..self.things.len()).any(is_seen)
        };
        !matches!(thing.kind, Kind::Report | Kind::Note) || thing.names.iter().any(is_left)
    }

    /// Whether a pseudonym stands in a thing for an identity that it names: its creator's, or another that its sender brought.
    fn is_under_pseudonym(&self, at: usize, named: usize) -> bool {
        let (thing, identity) = (&self.things[at], &self.things[named]);
        let is_its = |other: usize| {
            let one = &self.things[other];
            self.is_taken(other) && one.id == identity.id && (one.by, one.circle) == (thing.by, thing.circle)
        };
        let is_source = thing.source.is_some_and(|source| self.things[source].id == identity.id);
        thing.pseudonymise
            && identity.kind.object_type() == "identity"
            && (is_source || (0..self.things.len()).any(is_its))
    }

    /// Whether the sender of a thing sees in its circle what it names; if not, it has it from elsewhere, as what was let go into another
    /// circle than that of what it names.
    fn has_it(&self, at: usize, named: usize) -> bool {
        let Thing { by: sender, circle, .. } = self.things[at];
        (0..self.things.len()).any(|other| {
            self.is_taken(other)
                && self.things[other].circle == circle
                && self.things[other].id == self.things[named].id
                && self.is_let_go(sender, other, Level::Read)
        })
    }

    /// Whose key a thing is signed with, broken or not.
    pub(super) fn signer(&self, at: usize) -> Option<usize> {
        match self.things[at].seal {
            Some(Seal::Of(other)) => Some(other),
            Some(Seal::Own | Seal::Broken) => Some(self.things[at].by),
            Some(Seal::Stray) | None => None,
        }
    }

    /// Whether a member gets a thing as it came, with its signature: nothing of it is taken out, and its source is named.
    fn is_whole(&self, member: usize, at: usize, wanted: Level) -> bool {
        let thing = &self.things[at];
        let is_seen = |named: &usize| {
            let id = &self.things[*named].id;
            let sees = |other: usize| {
                // What it had until it was withdrawn is left in what names it.
                let gone = self.things[other].withdrawn && self.had(member, other);
                self.things[other].id == *id && (gone || self.sees(member, other, wanted))
            };
            !self.has_it(at, *named) || (0..self.things.len()).any(sees)
        };
        let names_none_hidden = || thing.names.iter().all(is_seen);
        self.sees(member, at, wanted)
            && (thing.by == member
                || !thing.pseudonymise && self.sees_said(member, at) && names_none_hidden())
    }

    /// Whether an ask is shown to a member: to its asker, and to who decides if that one is in the circles that it is about.
    pub(super) fn is_about(&self, member: usize, plea: &Plea) -> bool {
        let thing = &self.things[plea.thing];
        let mut circles = plea.wish.to.into_iter().chain([thing.circle]);
        let decides = thing.by == member && circles.all(|at| self.circles[at].stays(member));
        plea.made.is_some() && (plea.asker == member || decides)
    }

    /// What the link shows by which an originator answers an ask: the object's id, the circles, the wish and the reason, and who asks if
    /// members of both circles see each other (docs/asks.md).
    pub(super) fn shown_by_ask_link(&self, plea: &Plea) -> Vec<Canary> {
        let thing = &self.things[plea.thing];
        if !self.is_about(thing.by, plea) || self.members[thing.by].ended {
            return Vec::new();
        }
        let circles = plea.wish.to.into_iter().chain([thing.circle]);
        let circles: Vec<&Ring> = circles.map(|at| &self.circles[at]).collect();
        let is_named = circles.iter().all(|circle| !circle.hidden && circle.stays(plea.asker));
        let titles = circles.iter().flat_map(|circle| [circle.title.as_str(), circle.handle.as_str()]);
        let asker = is_named.then(|| self.members[plea.asker].name.as_str());
        let all = titles.chain([thing.id.as_str(), plea.why.as_str()]).chain(asker);
        all.filter_map(canary).collect()
    }

    /// What the link of a call shows: the question, who asks, and in which circle.
    pub(super) fn shown_by_call_link(&self, call: &Call) -> Vec<Canary> {
        let caller = call.caller.map(|at| self.members[at].name.as_str());
        let all =
            [call.question.as_str(), self.circles[call.circle].title.as_str()].into_iter().chain(caller);
        all.filter_map(canary).collect()
    }

    /// Whether a member is told how well the contacts that were called could be reached.
    fn hears_of(&self, member: usize, call: &Call) -> bool {
        self.circles[call.circle].members.contains(&member)
    }

    /// Whether nothing may be said of how a member stands, not even of several together: it has opened nothing to the one who looks, and
    /// there are fewer than three others in each circle that they share (docs/capacity.md).
    fn is_unsummed(&self, member: usize, other: usize) -> bool {
        let is_many = |circle: &&Ring| {
            let others = (0..self.members.len()).filter(|at| *at != member && circle.stays(*at));
            circle.stays(member) && circle.stays(other) && others.count() >= 3
        };
        let is_opened = self.grants.iter().any(|grant| grant.by == other && self.sees_through(member, grant));
        member != other && !is_opened && !self.circles.iter().any(|circle| is_many(&circle))
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
        let (mut allowed, mut allowed_notices) = (HashSet::new(), Vec::new());
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
        for plea in self.pleas.iter().filter(|plea| self.is_about(member, plea)) {
            let_in(&[&plea.why, &self.things[plea.thing].id]);
            if plea.says != Says::Nothing {
                let_in(&[&plea.said]);
            }
            // Who asked keeps what it asked, if it leaves as well.
            for circle in plea.wish.to.into_iter().chain([self.things[plea.thing].circle]) {
                let_in(&[&self.circles[circle].handle, &self.circles[circle].title]);
            }
        }
        for notice in self.notices.iter().filter(|notice| notice.member == member) {
            allowed_notices.extend([notice.address.clone(), notice.note.clone()]);
        }
        for run in self.runs.iter().filter(|run| run.ran && run.member == member) {
            let playbook = &self.things[run.thing];
            // It keeps the names of the steps as they were, and says where it was, if its member has left as well.
            let circle = &self.circles[playbook.circle];
            let_in(&[&circle.handle, &circle.title]);
            let_in(&[&run.by, &run.note, &run.id.to_string(), &playbook.id, &playbook.value]);
        }
        for (at, thing) in self.things.iter().enumerate() {
            // What it has brought it may meet again, whatever became of it.
            if thing.by == member {
                let_in(&[&thing.id, &thing.name, &thing.value, &thing.said]);
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
                    if thing.by == member || !self.has_it(at, *named) {
                        let_in(&[&self.things[*named].id]);
                    }
                }
            } else if thing.withdrawn && self.had(member, at) && self.circles[thing.circle].stays(member) {
                let_in(&[&thing.id, &thing.name, &thing.value]);
            }
        }
        allowed.extend(allowed_notices);
        for at in 0..self.members.len() {
            if self.knows(member, at) {
                allowed.extend(self.keys[at].iter().cloned());
                allowed.extend(self.members[at].revoked.clone());
            }
        }
        for at in 0..self.things.len() {
            if let Some(sealed) = self.sealed[at].as_ref().filter(|_| self.is_whole(member, at, wanted)) {
                allowed.extend([sealed.value.clone(), sealed.key.clone()]);
                // Why a key was revoked is for all who know the key, in a circle with hidden members too.
                let signer = (0..self.members.len()).find(|other| self.keys[*other][0] == sealed.key);
                let signer = signer.filter(|signer| *signer == self.things[at].by);
                allowed.extend(signer.and_then(|signer| self.members[signer].revoked.clone()));
            }
        }
        allowed
    }

    /// What a member may meet in what it was given before things were withdrawn, circles ended and members left.
    pub(super) fn had_canaries(&self, member: usize, wanted: Level) -> HashSet<Canary> {
        let mut had = self.allowed(member, wanted);
        let own = [self.members[member].handle.as_str()];
        let all = (0..self.things.len()).filter(|at| self.had(member, *at));
        let things = all.flat_map(|at| {
            let thing = &self.things[at];
            [thing.id.as_str(), thing.name.as_str(), thing.value.as_str()]
        });
        had.extend(things.chain(own).filter_map(canary));
        had
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
        let is_done_with = |at: usize| {
            self.pleas.iter().any(|plea| plea.thing == at) || self.runs.iter().any(|run| run.thing == at)
        };
        (0..self.planned)
            .filter(|at| !self.is_announced_again(*at) && !is_done_with(*at))
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
        // Fewer of them are fewer objects in a line that is no shorter.
        for first in self.unseen(member) {
            // Of what is revoked no version comes after.
            let alone = |at: &usize| {
                let thing = &self.things[*at];
                thing.embargo.is_none() && !thing.withdrawn && !thing.revoked
            };
            let like = |at: &usize| {
                let key = |at: usize| (self.things[at].by, self.things[at].circle);
                *at > first && key(*at) == key(first) && alone(at)
            };
            let second = self.unseen(member).into_iter().find(like).filter(|_| alone(&first));
            if let Some(second) = second.filter(|_| draw.in_100(50)) {
                twin.things[second].id = twin.things[first].id.clone();
                twin.things[second].version = twin.things[first].version + 1;
                break;
            }
        }
        for at in (0..self.members.len()).filter(|at| self.is_unsummed(member, *at)) {
            twin.levels[at] = twin.levels[at].map_or(Some(2), |level| (level < 3).then_some(level + 1));
        }
        for at in 0..self.members.len() {
            if !self.knows(member, at) && !self.is_named_to(member, at) {
                twin.members[at].handle = draw.word();
                twin.members[at].name = draw.word();
            }
        }
        for (at, circle) in twin.circles.iter_mut().enumerate() {
            // Who asked for something, or carried something out, reads there where it was, if it has left as well.
            let asked = self.pleas.iter().any(|plea| {
                self.is_about(member, plea)
                    && (plea.wish.to == Some(at) || self.things[plea.thing].circle == at)
            });
            let ran = self.runs.iter().any(|run| run.member == member && self.things[run.thing].circle == at);
            if !circle.stays(member) && !asked && !ran {
                circle.handle = draw.word();
                circle.title = draw.word();
            }
        }
        for at in 0..self.contacts.len() {
            if !self.is_shown(member, &self.contacts[at]) {
                twin.contacts[at].name = draw.word();
                twin.contacts[at].handle = draw.word();
            }
        }
        for (at, plea) in self.pleas.iter().enumerate().filter(|(_, plea)| !self.is_about(member, plea)) {
            twin.pleas[at] = Plea { why: draw.word(), said: draw.word(), ..plea.clone() };
        }
        for notice in twin.notices.iter_mut().filter(|notice| notice.member != member) {
            (notice.address, notice.note) = (draw.address(), draw.word());
        }
        for run in twin.runs.iter_mut().filter(|run| run.member != member) {
            (run.by, run.note) = (draw.word(), draw.word());
        }
        for call in &mut twin.calls {
            // Whoever hears of it hears whether it was answered, and not what.
            let is_answered = call.answer.is_some() == self.hears_of(member, call);
            call.answer = is_answered.then(|| (draw.word(), draw.word()));
            call.question = draw.word();
            call.closed = call.closed.as_ref().map(|_| draw.word());
        }
        let unseen = self.unseen(member);
        let signs = |signer: usize| {
            (0..self.things.len()).filter(|at| !unseen.contains(at)).any(|at| self.signer(at) == Some(signer))
        };
        for at in 0..self.members.len() {
            if !self.knows(member, at) && !signs(at) {
                twin.members[at].seed = draw.seed();
                twin.members[at].revoked = self.members[at].revoked.as_ref().map(|_| draw.word());
            }
        }
        twin.seal_all();
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
