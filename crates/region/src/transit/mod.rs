//! Pass-through: which countries and networks attacks cross on their way, and where help would remove most of them.
//!
//! A [`Sighting`] is an attack that somebody saw: its hops, in order, and whose it came to. [`Observed`] keeps many of them small;
//! [`flow`] says what crosses each country or network, [`route`] which ways are taken most, [`between`] how central each is to what flows, [`stay`] how
//! long what attacks use stays there, and [`help`] what would not have come through if some of them had acted sooner. [`told`] and [`plan`] are what is
//! shown of it; [`published`] reads lists and logs that others publish.
//!
//! **Location is not attribution.** That an attack crossed a country says where somebody's computer stood, and nothing of who
//! attacked, nor of who is to blame. [`NOT_ATTRIBUTION`] stands on everything that is made of this.
//!
//! *Pure:* who is where is looked up through [`geo::Locate`], in tables that are handed in.
//!
//! Source: REQUIREMENTS T-1 to T-6.

pub mod between;
pub mod flow;
pub mod geo;
pub mod help;
pub mod lasting;
pub mod observed;
pub mod place;
pub mod plan;
pub mod published;
pub mod read;
pub mod route;
pub mod spot;
pub mod stay;
pub mod told;
pub mod words;

pub use observed::Observed;
pub use place::{Country, Network, Place};
pub use spot::{By, Spot};

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What stands on every picture and table of this kind.
pub const NOT_ATTRIBUTION: &str = "Location is not attribution: a country or network through which attacks pass is where others' computers are misused.";

/// What a hop is to an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Role {
    /// Where it came from, as far as was seen: the first address, which may itself be misused.
    Source,
    /// Command and control.
    CommandAndControl,
    /// A proxy or a relay.
    Proxy,
    /// The exit of a VPN or an anonymising network.
    VpnExit,
    /// Rented hosting.
    Hosting,
    /// A device whose owner doesn't know.
    CompromisedDevice,
    /// Where loot or tools are dropped.
    Drop,
    /// It isn't known what.
    Unknown,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Source,
        Self::CommandAndControl,
        Self::Proxy,
        Self::VpnExit,
        Self::Hosting,
        Self::CompromisedDevice,
        Self::Drop,
        Self::Unknown,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::CommandAndControl => "command-and-control",
            Self::Proxy => "proxy",
            Self::VpnExit => "vpn-exit",
            Self::Hosting => "hosting",
            Self::CompromisedDevice => "compromised-device",
            Self::Drop => "drop",
            Self::Unknown => "unknown",
        }
    }

    /// The role of a name; also `c2`, `vpn` and `device`.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "c2" => Some(Self::CommandAndControl),
            "vpn" => Some(Self::VpnExit),
            "device" => Some(Self::CompromisedDevice),
            name => Self::ALL.into_iter().find(|role| role.name() == name),
        }
    }
}

/// One hop of an attack. What isn't known of it stays unknown (T-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Its address.
    pub address: Option<IpAddr>,
    /// Where that is, if the source says so.
    pub place: Place,
    /// What it is to the attack.
    pub role: Role,
}

/// An attack that was seen, once or often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting<'a> {
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Its hops, from the first that is known to the last before the victim.
    pub hops: &'a [Hop],
    /// Where the victim is.
    pub victim: Place,
    /// How often it was seen.
    pub count: u32,
}
