//! What members do beside sharing: they ask for more, carry out playbooks, and call each other's contacts. Drawn here, made to happen
//! in [`super::happen`]; what came of it, the world learns from there.

use region::drill::Purpose;
use stix::{ObjectId, Tlp};
use uuid::Uuid;

use super::draw::Draw;
use super::happen::Facts;
use super::plan::{Kind, MARKS, Thing, World};
use super::seal::Seal;

/// How much wider something is to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wider {
    pub(super) to: Option<usize>,
    pub(super) tlp: Option<Tlp>,
    pub(super) without_source: bool,
}

/// What an originator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    /// This, which is less.
    Less(Wider),
    No,
    Nothing,
}

/// What a member asks to have let go wider, and what is answered.
#[derive(Debug, Clone)]
pub(super) struct Plea {
    pub(super) asker: usize,
    pub(super) thing: usize,
    pub(super) wish: Wider,
    pub(super) says: Says,
    pub(super) why: String,
    pub(super) said: String,
    /// Under which id it was asked, if it could be.
    pub(super) made: Option<Uuid>,
    /// What stands in its originator's link.
    pub(super) link: String,
}

/// A playbook that a member carries out.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) member: usize,
    pub(super) thing: usize,
    pub(super) id: Uuid,
    /// Who did it, by name, and what was noted.
    pub(super) by: String,
    pub(super) note: String,
    /// Whether it ends and its result is shared.
    pub(super) shares: bool,
    /// Whether it could begin.
    pub(super) ran: bool,
}

/// A notice to take something down.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) member: usize,
    /// What is to be taken down.
    pub(super) address: String,
    /// What was remarked when it went.
    pub(super) note: String,
}

/// A question to the contacts of a circle.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) circle: usize,
    pub(super) caller: Option<usize>,
    pub(super) purpose: Purpose,
    pub(super) question: String,
    /// Who answered, and what.
    pub(super) answer: Option<(String, String)>,
    /// Why it was ended.
    pub(super) closed: Option<String>,
    /// What stands in the link of the first contact that was asked, if one was.
    pub(super) link: Option<String>,
}

impl World {
    /// Draws what is done.
    pub(super) fn do_things(&mut self, draw: &mut Draw) {
        self.note(draw);
        for _ in 0..draw.of(&[0, 0, 1, 1, 2]) {
            let plea = self.plea(draw);
            self.pleas.extend(plea);
        }
        for at in 0..self.things.len() {
            if self.things[at].kind == Kind::Playbook && draw.in_100(60) {
                let member = draw.of(&self.circles[self.things[at].circle].members);
                let (by, note, id) = (draw.word(), draw.word(), draw.uuid());
                self.runs.push(Run { member, thing: at, id, by, note, shares: draw.in_100(60), ran: false });
            }
        }
        for _ in 0..if self.contacts.is_empty() { 0 } else { draw.below(3) } {
            let circle = draw.below(self.circles.len());
            let caller = draw.in_100(50).then(|| draw.of(&self.circles[circle].members));
            let answer = draw.in_100(40).then(|| (draw.word(), draw.word()));
            self.calls.push(Call {
                circle,
                caller,
                purpose: draw.of(&[Purpose::Drill, Purpose::Emergency]),
                question: draw.word(),
                answer,
                closed: draw.in_100(20).then(|| draw.word()),
                link: None,
            });
        }
    }

    /// Notices, in some worlds.
    pub(super) fn note(&mut self, draw: &mut Draw) {
        if draw.in_100(20) {
            let notice = |_| Notice { member: draw.below(4), address: draw.address(), note: draw.word() };
            self.notices = (0..2).map(notice).collect();
        }
    }

    /// Somebody asks for more of something; of what has an id of its own, so that it is plain what comes of it.
    fn plea(&self, draw: &mut Draw) -> Option<Plea> {
        let is_alone = |at: &usize| {
            let thing = &self.things[*at];
            let is_again = self.things.iter().filter(|other| other.id == thing.id).count() > 1;
            let is_asked = self.pleas.iter().any(|plea| plea.thing == *at);
            !is_again && !is_asked && thing.kind != Kind::Pap && self.is_taken(*at)
        };
        let all: Vec<usize> = (0..self.things.len()).filter(is_alone).collect();
        if all.is_empty() {
            return None;
        }
        let at = draw.of(&all);
        let thing = &self.things[at];
        let askers: Vec<usize> =
            self.circles[thing.circle].members.iter().copied().filter(|member| *member != thing.by).collect();
        let asker = if askers.is_empty() || draw.in_100(10) { draw.below(4) } else { draw.of(&askers) };
        let is_both = |to: &usize| {
            let circle = &self.circles[*to];
            *to != thing.circle && circle.members.contains(&asker) && circle.members.contains(&thing.by)
        };
        let both: Vec<usize> = (0..self.circles.len()).filter(is_both).collect();
        let to =
            if both.is_empty() || draw.in_100(10) { draw.below(self.circles.len()) } else { draw.of(&both) };
        let mut wish = Wider {
            to: draw.in_100(60).then_some(to),
            tlp: draw.in_100(40).then(|| draw.of(&MARKS)),
            without_source: draw.in_100(35),
        };
        if wish == Wider::default() {
            wish.to = Some(to);
        }
        let less = Wider { without_source: true, tlp: wish.tlp.map(|tlp| tlp.max(Tlp::Green)), ..wish };
        Some(Plea {
            asker,
            thing: at,
            wish,
            says: draw.of(&[Says::Yes, Says::Yes, Says::Yes, Says::Less(less), Says::No, Says::Nothing]),
            why: draw.word(),
            said: draw.word(),
            made: None,
            link: String::new(),
        })
    }

    /// Takes in what could be asked, carried out and called, and what came of it (docs/asks.md, docs/playbooks.md).
    pub(super) fn learn(&mut self, facts: &Facts) {
        for (at, (made, done)) in facts.pleas.iter().enumerate() {
            let plea = &mut self.pleas[at];
            plea.made = made.as_ref().map(|(id, _)| *id);
            plea.link = made.as_ref().map(|(_, link)| link.clone()).unwrap_or_default();
            let plea = plea.clone();
            for (circle, object) in done {
                self.let_wider(&plea, *circle, object);
            }
        }
        for (at, result) in facts.runs.iter().enumerate() {
            self.runs[at].ran = result.is_some();
            let run = self.runs[at].clone();
            if let Some(Some(note)) = result {
                let playbook = self.things[run.thing].clone();
                self.add(Thing {
                    kind: Kind::Note,
                    id: note.clone(),
                    by: run.member,
                    name: playbook.value.clone(),
                    said: String::new(),
                    mark: Some(self.mark(run.thing)),
                    names: vec![run.thing],
                    ..playbook.bare()
                });
            }
        }
        for (at, link) in facts.calls.iter().enumerate() {
            self.calls[at].link.clone_from(link);
        }
    }

    /// How often what was drawn happened.
    pub(super) fn happened(&self) -> [(&'static str, usize); 12] {
        let seals = |wanted: fn(&Seal) -> bool| {
            let taken = (0..self.planned).filter(|at| self.is_taken(*at));
            taken.filter(|at| self.things[*at].seal.as_ref().is_some_and(wanted)).count()
        };
        let made = &self.things[self.planned..];
        let copies =
            made.iter().filter(|thing| self.things[..self.planned].iter().all(|old| old.id != thing.id));
        let of =
            |kind| (0..self.planned).filter(|at| self.things[*at].kind == kind && self.is_taken(*at)).count();
        [
            ("signed", seals(|seal| *seal == Seal::Own)),
            ("broken", seals(|seal| *seal == Seal::Broken)),
            ("signed by a stray key", seals(|seal| *seal == Seal::Stray)),
            ("signed by another", seals(|seal| matches!(seal, Seal::Of(_)))),
            ("asks", self.pleas.iter().filter(|plea| plea.made.is_some()).count()),
            ("let go wider", made.iter().filter(|thing| thing.kind != Kind::Note).count()),
            ("copies without a source, and results", copies.count()),
            ("playbooks", of(Kind::Playbook)),
            ("runs", self.runs.iter().filter(|run| run.ran).count()),
            ("calls", self.calls.iter().filter(|call| call.link.is_some()).count()),
            ("personas", of(Kind::Persona)),
            ("notices", self.notices.len()),
        ]
    }

    fn add(&mut self, thing: Thing) {
        let sealed = match thing.seal {
            // Shared as it is: with the signature that it has.
            Some(_) => self.things.iter().position(|other| other.id == thing.id),
            None => None,
        };
        self.sealed.push(sealed.and_then(|at| self.sealed[at].clone()));
        self.things.push(thing);
    }

    /// What came of an ask in one circle.
    fn let_wider(&mut self, plea: &Plea, circle: usize, object: &ObjectId) {
        let wider = if let Says::Less(less) = plea.says { less } else { plea.wish };
        let thing = self.things[plea.thing].clone();
        let own = self.mark(plea.thing);
        let is_here = circle == thing.circle;
        let is_copy = object.to_string() != thing.id;
        let mut made = Thing {
            id: object.to_string(),
            circle,
            mark: wider.tlp.or(thing.mark),
            ceiling: match wider.tlp {
                Some(tlp) => thing.ceiling.map(|ceiling| ceiling.min(tlp)),
                None => Some(own),
            },
            seal: thing.seal.filter(|_| wider.tlp.is_none() && !is_copy),
            pseudonymise: thing.pseudonymise || wider.without_source,
            withdrawn: thing.withdrawn && is_here && !is_copy,
            version: thing.version + i64::from(wider.tlp.is_some() || is_copy),
            ..thing.clone()
        };
        if !is_here {
            made.recipients = Vec::new();
        }
        if is_copy {
            made.source = None;
            let names = |at: &usize| {
                let named = &self.things[*at];
                named.kind.object_type() != "identity" || named.by != thing.by
            };
            made.names.retain(names);
        }
        if let Some(definition) = thing.definition.filter(|_| !is_here) {
            // The marking definition goes along, by the same member.
            self.add(Thing { circle, ..self.things[definition].clone() });
            made.definition = Some(self.things.len() - 1);
        }
        self.add(made);
    }
}

impl Thing {
    /// A thing in the same circle without terms of its own, and unmarked.
    fn bare(&self) -> Self {
        Self {
            version: 0,
            value: String::new(),
            definition: None,
            said_mark: None,
            ceiling: None,
            embargo: None,
            expired: false,
            pseudonymise: false,
            recipients: Vec::new(),
            names: Vec::new(),
            source: None,
            revoked: false,
            withdrawn: false,
            malformed: false,
            seal: None,
            ..self.clone()
        }
    }
}
