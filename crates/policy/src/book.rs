//! The book: members and circles as they stand, built from the entries of the node's own line.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use crate::text;

macro_rules! identity {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

identity!(MemberId, "Names a member: the UUID of its STIX identity.");
identity!(CircleId, "Names a circle: the UUID of its line and of its TAXII collection.");

/// How a member can use intelligence; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// People, e-mail, a browser.
    Read,
    /// A resolver or firewall with an import button.
    List,
    /// A DNS server or firewall that can subscribe.
    Block,
    /// A SOC, sensors, a SIEM.
    Detect,
    /// A threat-intelligence team.
    Exchange,
}

/// The form in which an object is asked for: the artefact of one level.
pub type Use = Level;

/// Whether what was shared may be handed on by another node; from the freest to the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onward {
    /// To circles of its own.
    Allowed,
    /// To members of the same circle.
    WithinCircle,
    /// Not at all.
    #[default]
    Forbidden,
}

/// An organisation that shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its identity.
    pub id: MemberId,
    /// Its short name, `[a-z0-9-]{1,63}`, for commands and log-ins.
    pub handle: String,
    /// Its full name.
    pub name: String,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The language of its advisories, BCP 47.
    pub language: String,
    /// The level offered to it.
    pub level: Level,
    /// The strictest TLP mark that it may have.
    #[serde(with = "text")]
    pub clearance: Tlp,
    /// Its sectors, in the words of STIX's `industry-sector-ov`.
    pub sectors: Vec<String>,
    /// Domains and networks that are its own and must never be blocked.
    pub own_assets: Vec<String>,
    /// Confidence, 0 to 100, below which nothing reaches its blocking artefacts.
    pub confidence_min: u8,
    /// Where its people are reached.
    pub contact: Option<String>,
    /// Whether it has left.
    pub ended: bool,
}

/// An agreement between members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Its identity.
    pub id: CircleId,
    /// Its short name, `[a-z0-9-]{1,63}`.
    pub handle: String,
    /// Its full name.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// The strictest TLP mark that may be shared in it; what is unmarked counts as marked so.
    #[serde(with = "text")]
    pub ceiling: Tlp,
    /// Its onward rule.
    pub onward: Onward,
    /// From when it is in force.
    #[serde(with = "text::option", default)]
    pub starts: Option<Timestamp>,
    /// Until when it is in force.
    #[serde(with = "text::option", default)]
    pub ends: Option<Timestamp>,
    /// Who is in it.
    pub members: Vec<MemberId>,
    /// Whether its members are hidden from each other.
    pub hidden_members: bool,
    /// Its alert level, 1 calm to 5 attack under way.
    pub fires: u8,
}

impl Circle {
    /// Whether the agreement holds at `now`; the end is exclusive.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.starts.is_none_or(|starts| starts <= now) && self.ends.is_none_or(|ends| now < ends)
    }
}

/// What the originator asks for in one circle, beside the marks on the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// A ceiling of its own, under the circle's.
    #[serde(with = "text::option", skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Tlp>,
    /// Nobody gets it before.
    #[serde(with = "text::option", skip_serializing_if = "Option::is_none")]
    pub embargo_until: Option<Timestamp>,
    /// If any are named, nobody else gets it. TLP:RED needs names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<MemberId>,
    /// The originator's onward rule; the stricter of it and the circle's holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onward: Option<Onward>,
    /// Nobody gets it any more from here on.
    #[serde(with = "text::option", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether the originator is not to be named.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pseudonymise: bool,
}

/// One entry of the node's line: the state of one thing, replacing the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "lowercase")]
pub enum Entry {
    /// A member.
    Member(Member),
    /// A circle.
    Circle(Circle),
}

/// Members and circles as they stand.
#[derive(Debug, Clone, Default)]
pub struct Book {
    members: BTreeMap<MemberId, Member>,
    circles: BTreeMap<CircleId, Circle>,
}

impl Book {
    /// Takes an entry in; a later one for the same thing replaces it.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Member(member) => drop(self.members.insert(member.id, member)),
            Entry::Circle(circle) => drop(self.circles.insert(circle.id, circle)),
        }
    }

    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// The member with this handle.
    #[must_use]
    pub fn member_by_handle(&self, handle: &str) -> Option<&Member> {
        self.members.values().find(|member| member.handle == handle)
    }

    /// All members.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The circle with this id.
    #[must_use]
    pub fn circle(&self, id: CircleId) -> Option<&Circle> {
        self.circles.get(&id)
    }

    /// The circle with this handle.
    #[must_use]
    pub fn circle_by_handle(&self, handle: &str) -> Option<&Circle> {
        self.circles.values().find(|circle| circle.handle == handle)
    }

    /// All circles.
    pub fn circles(&self) -> impl Iterator<Item = &Circle> {
        self.circles.values()
    }

    /// The circles that a member is in.
    pub fn circles_of(&self, member: MemberId) -> impl Iterator<Item = &Circle> {
        self.circles.values().filter(move |circle| circle.members.contains(&member))
    }

    /// The members of a circle whom `viewer` may know of: itself alone where members are hidden, nobody where it is
    /// not in the circle (rule P-8).
    #[must_use]
    pub fn visible_members(&self, viewer: MemberId, circle: &Circle) -> Vec<&Member> {
        if !circle.members.contains(&viewer) {
            return Vec::new();
        }
        let seen = |id: &&MemberId| !circle.hidden_members || **id == viewer;
        circle.members.iter().filter(seen).filter_map(|id| self.member(*id)).collect()
    }
}
