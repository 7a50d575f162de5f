//! Circles: agreements between members about what is shared and how far it may go.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stix::{SpecVersion, Timestamp, Tlp};
use uuid::Uuid;

use crate::member::MemberId;
use crate::parcel::FourEyes;

/// A circle's identity: also that of its line and of its TAXII collection. Never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CircleId(Uuid);

impl CircleId {
    /// The circle with this UUID.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for CircleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CircleId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// How far receivers may pass something on, from the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Onward {
    /// They keep it.
    Forbidden,
    /// To members of the same circle at other nodes.
    WithinCircle,
    /// As far as the marking lets it go.
    Allowed,
}

impl Onward {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::WithinCircle => "within-circle",
            Self::Allowed => "allowed",
        }
    }
}

/// What a member may do in a circle. TAXII 2.1, section 5.2, calls it `can_read` and `can_write`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It gets what is shared and shares itself.
    #[default]
    Both,
    /// It gets what is shared and shares nothing.
    Read,
    /// It shares and gets nothing.
    Write,
    /// It is in the circle, and neither gets nor shares anything for now.
    None,
}

impl Access {
    /// Whether it gets what is shared.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Both | Self::Read)
    }

    /// Whether it shares.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Both | Self::Write)
    }

    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Read => "read",
            Self::Write => "write",
            Self::None => "none",
        }
    }
}

/// Whether a circle takes objects that nobody has signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// It takes them; whether an object is signed is shown.
    #[default]
    Optional,
    /// It takes what is signed with a key that the node knows as the sender's, and nothing else.
    Required,
}

impl Signatures {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    fn is_optional(&self) -> bool {
        *self == Self::Optional
    }
}

/// An agreement between members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circle {
    /// Its identity.
    pub id: CircleId,
    /// Its short name, `[a-z0-9-]{1,63}`, unique among circles.
    pub handle: String,
    /// Its title, for people.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub purpose: String,
    /// The strictest mark that travels in it, and what unmarked objects count as.
    #[serde(with = "crate::stored::tlp")]
    pub ceiling: Tlp,
    /// How far receivers may pass on what they got here.
    pub onward: Onward,
    /// From when it is in force.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
    /// Until when it is in force, exclusive.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Who is in it.
    pub members: Vec<MemberId>,
    /// What members may do in it who may not do both; whoever is not named here reads and writes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub access: BTreeMap<MemberId, Access>,
    /// The STIX versions of objects that are taken in it; none named means all.
    #[serde(default, with = "crate::stored::spec_versions", skip_serializing_if = "Vec::is_empty")]
    pub spec_versions: Vec<SpecVersion>,
    /// Whether its members are hidden from each other.
    #[serde(default)]
    pub hidden_members: bool,
    /// Whether objects must be signed by those who share them.
    #[serde(default, skip_serializing_if = "Signatures::is_optional")]
    pub signatures: Signatures,
    /// Whether what members share waits for a second of their people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<FourEyes>,
    /// From how many members on something may be said of all of them together; the node's default, if none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate_from: Option<u8>,
    /// What it says of personal data.
    #[serde(default, skip_serializing_if = "crate::Privacy::is_silent")]
    pub privacy: crate::Privacy,
}

impl Circle {
    /// A circle of nobody yet, under its handle: up to AMBER, passed on within itself, open-ended.
    pub fn new(id: CircleId, handle: impl Into<String>) -> Self {
        let handle = handle.into();
        Self {
            id,
            title: handle.clone(),
            handle,
            purpose: String::new(),
            ceiling: Tlp::Amber,
            onward: Onward::WithinCircle,
            starts: None,
            ends: None,
            members: Vec::new(),
            access: BTreeMap::new(),
            spec_versions: Vec::new(),
            hidden_members: false,
            signatures: Signatures::Optional,
            four_eyes: None,
            aggregate_from: None,
            privacy: crate::Privacy::default(),
        }
    }

    /// Whether it is in force at `now`.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.starts.is_none_or(|starts| starts <= now) && self.ends.is_none_or(|ends| now < ends)
    }

    /// Whether the member is in it. The node itself is in every circle.
    #[must_use]
    pub fn has(&self, member: MemberId) -> bool {
        member == MemberId::NODE || self.members.contains(&member)
    }

    /// What the member may do in it; nothing if it is not in it.
    #[must_use]
    pub fn access(&self, member: MemberId) -> Access {
        match self.has(member) {
            true => self.access.get(&member).copied().unwrap_or_default(),
            false => Access::None,
        }
    }

    /// Whether the member is shown its fires at `now`: it is in force, and the member gets what is shared in it.
    #[must_use]
    pub fn shows_fires(&self, member: MemberId, now: Timestamp) -> bool {
        self.in_force(now) && self.access(member).reads()
    }

    /// Whether objects of this STIX version are taken in it.
    #[must_use]
    pub fn takes(&self, version: SpecVersion) -> bool {
        self.spec_versions.is_empty() || self.spec_versions.contains(&version)
    }
}
