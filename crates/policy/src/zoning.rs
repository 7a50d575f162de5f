//! How a member has its response-policy zone: what its resolver is to answer, and how the zone gets there.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use stix::Timestamp;

/// Most addresses that are notified, and most networks that may fetch, of one member.
pub const ADDRESSES_MAX: usize = 64;

/// What a resolver answers where a rule holds. Source: draft-vixie-dnsop-dns-rpz-00, section 3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ZoneAction {
    /// The name does not exist.
    #[default]
    NxDomain,
    /// The name exists and has no records.
    NoData,
    /// The name leads to this host, a walled garden that tells people what happened.
    Garden(String),
}

impl fmt::Display for ZoneAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NxDomain => f.write_str("nxdomain"),
            Self::NoData => f.write_str("nodata"),
            Self::Garden(host) => write!(f, "garden:{host}"),
        }
    }
}

/// Why a text is no action of a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action of a zone; use nxdomain, nodata or garden:HOST with a host's full name")]
pub struct ZoneActionError(String);

impl FromStr for ZoneAction {
    type Err = ZoneActionError;

    fn from_str(text: &str) -> Result<Self, ZoneActionError> {
        let error = || ZoneActionError(text.chars().take(80).collect());
        match (text, text.strip_prefix("garden:")) {
            ("nxdomain", _) => Ok(Self::NxDomain),
            ("nodata", _) => Ok(Self::NoData),
            (_, Some(host)) if is_host(host) => {
                Ok(Self::Garden(host.trim_end_matches('.').to_ascii_lowercase()))
            }
            _ => Err(error()),
        }
    }
}

/// Whether a text is the full name of a host (RFC 1123, 2.1). Under a name that begins with `rpz-`, a resolver would take it for
/// another action.
fn is_host(text: &str) -> bool {
    let name = text.trim_end_matches('.');
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 200
        && name.contains('.')
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(|last| last.to_ascii_lowercase().starts_with("rpz-"))
}

impl Serialize for ZoneAction {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ZoneAction {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a member has its zone. The default refuses with NXDOMAIN, notifies nobody and hands out to keys alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Zoning {
    /// What its resolver answers.
    pub action: ZoneAction,
    /// Until then, its resolver lets through what it would refuse, and logs it: a trial.
    #[serde(with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub trial_until: Option<Timestamp>,
    /// Whether also names are refused whose name servers are listed domains.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub name_servers: bool,
    /// Its servers that are told at once when the zone changes (RFC 1996).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<SocketAddr>,
    /// From where the zone may be fetched without a key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<IpNet>,
}

impl Zoning {
    /// Whether the zone may be fetched from an address without a key.
    #[must_use]
    pub fn may_fetch(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.from.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_they_are_written() {
        for (text, action) in [
            ("nxdomain", Some(ZoneAction::NxDomain)),
            ("nodata", Some(ZoneAction::NoData)),
            ("garden:Stop.example.", Some(ZoneAction::Garden("stop.example".to_owned()))),
            ("garden:localhost", None),
            ("garden:a b.example", None),
            ("garden:x.rpz-passthru", None),
            ("garden:", None),
            ("NXDOMAIN", None),
        ] {
            assert_eq!(text.parse().ok(), action, "{text}");
        }
        let garden = ZoneAction::Garden("stop.example".to_owned());
        assert_eq!(garden.to_string().parse(), Ok(garden));
    }

    #[test]
    fn an_address_that_comes_mapped_is_itself() {
        let zoning = Zoning { from: vec!["192.0.2.0/24".parse().unwrap()], ..Zoning::default() };
        assert!(zoning.may_fetch("::ffff:192.0.2.7".parse().unwrap()));
        assert!(!zoning.may_fetch("192.0.3.7".parse().unwrap()));
    }
}
