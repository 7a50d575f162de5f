//! What to ask for, so that a value is found as the index finds it.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::index::Match;
use crate::value::{Kind, Value, normalise};

/// What kinds of probes can find something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// The lengths of the networks' prefixes, in order: of IPv4, of IPv6.
    pub prefixes: [Vec<u8>; 2],
    /// Whether a domain of one label is there.
    pub single_labels: bool,
}

impl Shape {
    /// Notes what finding a value takes.
    pub fn add(&mut self, value: &Value) {
        match value.kind() {
            Kind::Domain => self.single_labels |= !value.text().contains('.'),
            Kind::Ipv4 | Kind::Ipv6 => {
                let Some(network) = value.network().filter(|_| value.text().contains('/')) else { return };
                let lengths = &mut self.prefixes[usize::from(value.kind() == Kind::Ipv6)];
                if let Err(at) = lengths.binary_search(&network.prefix_len()) {
                    lengths.insert(at, network.prefix_len());
                }
            }
            _ => {}
        }
    }
}

/// All that answers a question for `value` if it is there, the nearest first, with by what it answers: as [`crate::index::Index`]
/// answers.
#[must_use]
pub fn probes(value: &Value, shape: &Shape) -> Vec<(Match, Value)> {
    let mut probes = of(value, shape);
    if let Some(host) = value.url_host().or_else(|| value.mail_domain()) {
        probes.extend(of(&host, shape).into_iter().map(|(by, value)| match by {
            Match::Network => (Match::HostNetwork, value),
            _ => (Match::Host, value),
        }));
    }
    probes
}

fn of(value: &Value, shape: &Shape) -> Vec<(Match, Value)> {
    let mut probes = vec![(Match::Exact, value.clone())];
    match value.kind() {
        Kind::Domain => {
            let mut rest = value.text();
            while let Some((_, above)) = rest.split_once('.') {
                if above.contains('.') || shape.single_labels {
                    probes.extend(normalise(Kind::Domain, above).ok().map(|above| (Match::Parent, above)));
                }
                rest = above;
            }
        }
        kind @ (Kind::Ipv4 | Kind::Ipv6) => {
            let Some(network) = value.network() else { return probes };
            let wider = shape.prefixes[usize::from(kind == Kind::Ipv6)].iter().rev();
            for length in wider.filter(|length| **length < network.prefix_len()) {
                let wider =
                    IpNet::new(network.addr(), *length).ok().map(|network| network.trunc().to_string());
                let wider = wider.and_then(|wider| normalise(kind, &wider).ok());
                probes.extend(wider.map(|wider| (Match::Network, wider)));
            }
        }
        _ => {}
    }
    probes
}
