//! A contact as it is shown: with its member's name, its deputy if that may be shown too, and how it answered lately.

use policy::{Book, Caller, CircleId, MemberId, Opened};
use serde_json::{Value, json};
use stix::Timestamp;

use super::Listed;
use crate::drill::{Call, Reach};
use crate::register::Register;

/// A contact with what stands beside it.
#[derive(Debug, Clone)]
pub struct Shown<'r> {
    /// The contact.
    pub listed: &'r Listed,
    /// Its member's handle.
    pub member: String,
    /// Its member's name.
    pub member_name: String,
    /// Its deputy's handle, if that may be shown to the same caller.
    pub deputy: Option<String>,
    /// Handles of the circles that it is opened to and that the caller may know of: those that it is in itself.
    pub circles: Vec<String>,
    /// How it answered.
    pub reach: Reach,
}

/// Who looks, at what time, and from when on calls count.
#[derive(Debug, Clone, Copy)]
pub struct Looking<'b> {
    /// Who takes part.
    pub book: &'b Book,
    /// Who looks.
    pub caller: Caller,
    /// From when on calls count.
    pub since: Timestamp,
    /// The time.
    pub now: Timestamp,
}

impl Looking<'_> {
    /// `value`, if what has this opening may be shown.
    pub fn opened<T>(&self, opening: policy::Opening<'_>, value: T) -> Option<Opened<T>> {
        self.book.opened(self.caller, opening, self.now, value)
    }

    /// Whether what has this opening may be shown.
    pub(crate) fn sees(&self, opening: policy::Opening<'_>) -> bool {
        self.book.opened(self.caller, opening, self.now, ()).is_some()
    }

    /// Whether it may be known that somebody of this member was asked in a call: to the member itself, and in the call's circle.
    #[must_use]
    pub fn knows_of(&self, call: &Call, member: MemberId) -> bool {
        self.sees(policy::Opening { owners: &[member], circles: &[call.definition.circle] })
    }
}

impl Register {
    /// The contacts that a caller may see, by member and handle, and how they answered the calls that it may know of.
    #[must_use]
    pub fn contacts_for<'r>(&'r self, looking: &Looking<'_>) -> Vec<Opened<Shown<'r>>> {
        let takes_part =
            |listed: &&Listed| looking.book.member(listed.contact.member).is_some_and(|member| !member.ended);
        let reaches = self.reaches(looking);
        let mut all: Vec<Opened<Shown<'r>>> = self
            .contacts()
            .filter(takes_part)
            // Asked before anything is gathered, so that it costs nothing for what may not be seen.
            .filter(|listed| looking.sees(listed.contact.opening()))
            .filter_map(|listed| {
                let reach = reaches.get(listed.handle.as_str()).cloned().unwrap_or_default();
                let shown = self.shown(looking, listed, reach);
                looking.book.opened(looking.caller, listed.contact.opening(), looking.now, shown)
            })
            .collect();
        all.sort_by_cached_key(|shown| {
            let shown = shown.get();
            (shown.member.clone(), shown.listed.contact.function, shown.listed.handle.clone())
        });
        all
    }

    fn shown<'r>(&'r self, looking: &Looking<'_>, listed: &'r Listed, reach: Reach) -> Shown<'r> {
        let (book, contact) = (looking.book, &listed.contact);
        let member = book.member(contact.member);
        let deputy = contact.deputy.as_deref().and_then(|handle| self.contact(handle));
        let deputy = deputy.filter(|deputy| looking.sees(deputy.contact.opening()));
        let knows = |id: &&CircleId| match looking.caller {
            Caller::Operator => true,
            Caller::Member(member) => book.circles_of(member).iter().any(|circle| circle.id == **id),
        };
        let circles = contact.circles.iter().filter(knows).filter_map(|id| book.circle(*id));
        Shown {
            listed,
            member: member.map(|member| member.handle.clone()).unwrap_or_default(),
            member_name: member.map(|member| member.name.clone()).unwrap_or_default(),
            deputy: deputy.map(|deputy| deputy.handle.clone()),
            circles: circles.map(|circle| circle.handle.clone()).collect(),
            reach,
        }
    }
}

/// A contact as JSON, for programs and for `--json`.
#[must_use]
pub fn json(shown: &Opened<Shown<'_>>) -> Value {
    let shown = shown.get();
    let (listed, contact) = (shown.listed, &shown.listed.contact);
    let channels = contact.channels.iter();
    json!({
        "contact": listed.handle, "member": shown.member, "organisation": shown.member_name,
        "function": contact.function.name(), "name": contact.name, "position": contact.role,
        "languages": contact.languages, "hours": contact.hours.to_string(), "zone": contact.zone,
        "channels": channels.map(|channel| json!({"by": channel.way.name(), "at": channel.value})).collect::<Vec<_>>(),
        "key": contact.key.as_ref().map(|key| json!({"fingerprint": key.fingerprint, "armour": key.armour})),
        "deputy": shown.deputy, "circles": shown.circles,
        "changed": listed.changed.to_string(), "verified": listed.verified.map(|at| at.to_string()),
        "reach": shown.reach.json(),
    })
}
