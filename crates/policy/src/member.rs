//! Members: the organisations that take part, and how each can use intelligence.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stix::Tlp;
use uuid::Uuid;

use crate::zoning::Zoning;

/// A member's identity. Never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(Uuid);

impl MemberId {
    /// The node itself, for which operators act. It is in every circle and reads nothing as a member.
    pub const NODE: Self = Self(Uuid::nil());

    /// The member with this UUID.
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

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MemberId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// How a member can use intelligence, from the least means to the most: the ladder.
///
/// A member is offered its own level's form and those of the levels below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// People who read advisories.
    Read,
    /// A device that imports lists.
    List,
    /// A DNS server or firewall that subscribes to what is blocked.
    Block,
    /// Sensors that take rules.
    Detect,
    /// A threat-intelligence team that exchanges objects.
    Exchange,
}

impl Level {
    /// All five, from the least means to the most.
    pub const ALL: [Self; 5] = [Self::Read, Self::List, Self::Block, Self::Detect, Self::Exchange];

    /// Its name, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Block => "block",
            Self::Detect => "detect",
            Self::Exchange => "exchange",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The form in which something is wanted: the form of the level with that name.
pub type Use = Level;

/// What becomes of objects that break a MUST of STIX 2.1, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intake {
    /// They are shared, and the one who brought them is told what is wrong.
    #[default]
    Accept,
    /// They are kept where operators alone see them, until one decides.
    Quarantine,
    /// They are not taken.
    Refuse,
}

impl Intake {
    /// Its name, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Quarantine => "quarantine",
            Self::Refuse => "refuse",
        }
    }
}

/// An organisation that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its identity.
    pub id: MemberId,
    /// Its short name, `[a-z0-9-]{1,63}`, unique among members.
    pub handle: String,
    /// Its name, for people.
    pub name: String,
    /// Its country, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The language of its advisories (BCP 47).
    pub language: String,
    /// Its level.
    pub level: Level,
    /// The strictest mark that it may see.
    #[serde(with = "crate::stored::tlp")]
    pub clearance: Tlp,
    /// Its sectors (STIX 2.1, 10.12).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<String>,
    /// Domains, addresses and networks of its own, which are never blocked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_assets: Vec<String>,
    /// What is less certain than this, 0 to 100, is not blocked for it.
    #[serde(default)]
    pub confidence_min: u8,
    /// Whom to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What becomes of malformed objects that it brings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub intake: Intake,
    /// Its resolver, if the node may ask it about test names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<SocketAddr>,
    /// How it has its zone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zone: Zoning,
    /// Whether it takes part no more.
    #[serde(default)]
    pub ended: bool,
}

impl Member {
    /// A member under its handle, of which nothing else is known: it reads, in English, up to AMBER.
    pub fn new(id: MemberId, handle: impl Into<String>) -> Self {
        let handle = handle.into();
        Self {
            id,
            name: handle.clone(),
            handle,
            country: None,
            language: "en".to_owned(),
            level: Level::Read,
            clearance: Tlp::Amber,
            sectors: Vec::new(),
            own_assets: Vec::new(),
            confidence_min: 0,
            contact: None,
            intake: Intake::default(),
            resolver: None,
            zone: Zoning::default(),
            ended: false,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
