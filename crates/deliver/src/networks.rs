//! Addresses and networks, joined where they lie side by side.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use watch::Kind;

use crate::entry::Entry;
use crate::gather::Gathered;

/// The networks of all addresses of a gathering: what one network covers exactly is one network.
pub(crate) struct Networks {
    pub(crate) ipv4: Vec<Ipv4Net>,
    pub(crate) ipv6: Vec<Ipv6Net>,
}

impl Networks {
    pub(crate) fn of(gathered: &Gathered) -> Self {
        let entries = |kind| gathered.of_kind(kind).collect::<Vec<_>>();
        Self::of_entries(&[entries(Kind::Ipv4), entries(Kind::Ipv6)].concat())
    }

    /// The networks of some entries' addresses.
    pub(crate) fn of_entries(entries: &[&Entry]) -> Self {
        let networks = |kind| {
            let of_kind = entries.iter().filter(move |entry| entry.value().kind() == kind);
            of_kind.filter_map(|entry| entry.value().network())
        };
        let ipv4: Vec<Ipv4Net> = networks(Kind::Ipv4)
            .filter_map(|network| match network {
                IpNet::V4(network) => Some(network),
                IpNet::V6(_) => None,
            })
            .collect();
        let ipv6: Vec<Ipv6Net> = networks(Kind::Ipv6)
            .filter_map(|network| match network {
                IpNet::V6(network) => Some(network),
                IpNet::V4(_) => None,
            })
            .collect();
        Self { ipv4: Ipv4Net::aggregate(&ipv4), ipv6: Ipv6Net::aggregate(&ipv6) }
    }
}
