//! Who said something: a name that may be known must not stand beside what does not say whose it is.
//!
//! Canaries don't show that: who takes part in a circle may be known, and yet that one of them shared this object not. So whoever is
//! named where sources are told must have shared the thing under its name, in a circle that shows its members.

use super::build::Told;
use super::crawl::Question;
use super::plan::{Kind, World};
use super::{Crawl, Who};

/// Where the sources of personas are told, to programs and to people.
const PERSONAS: [&str; 2] = ["/persona/check", "/personas"];

impl World {
    /// Whether a member may read that another has shared, or signed, one of some things.
    fn may_be_named(&self, member: usize, other: usize, is_one: impl Fn(usize) -> bool) -> bool {
        let names = |at: usize| {
            let thing = &self.things[at];
            let circle = &self.circles[thing.circle];
            // A signature goes along, and says whose it is to who has that one's keys, in a circle that hides its members too.
            let is_its = thing.by == other && !circle.hidden || self.signer(at) == Some(other);
            // Who brings something without a name has the signature in its own copy.
            is_its && is_one(at) && (!thing.pseudonymise || thing.by == member) && circle.stays(member)
        };
        member == other || (0..self.things.len()).any(names)
    }
}

impl Crawl<'_> {
    /// That nobody is named as the source of what does not say whose it is: on an object's page and that of its proof, and of personas.
    pub(super) fn check_sources(&mut self, who: Who, question: &Question, told: &Told) {
        let (world, Some(member)) = (self.world, who.member) else { return };
        let path = question.path.split('?').next().unwrap_or_default();
        let object = path.strip_prefix("/objects/").and_then(|rest| rest.split_once('/'));
        // The page of its proof says whose signature it carries, too.
        let object = object.map(|(handle, rest)| (handle, rest.split('/').next().unwrap_or_default()));
        if !told.status.is_success() || object.is_none() && !PERSONAS.contains(&path) {
            return;
        }
        let is_one = |at: usize| match object {
            Some((handle, id)) => {
                world.things[at].id == id && world.circles[world.things[at].circle].handle == handle
            }
            None => world.things[at].kind == Kind::Persona,
        };
        for (other, party) in world.members.iter().enumerate().filter(|(other, _)| *other != member) {
            if !told.body.contains(&party.name) && !told.body.contains(&party.handle) {
                continue;
            }
            *self.count.happened.entry("sources named").or_default() += 1;
            if !world.may_be_named(member, other, is_one) {
                self.count.leaks.push(format!(
                    "BONGSU_WORLD={}: {question:?} as {member} names {other} as a source: {}\nof {:#?}",
                    self.seed, told.body, world.things
                ));
            }
        }
    }
}
