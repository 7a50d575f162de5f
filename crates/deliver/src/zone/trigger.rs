//! Owner names of rules: what in a query or an answer makes a resolver refuse.

use ipnet::IpNet;
use watch::{Kind, Value};

/// Longest name on the wire, in bytes (RFC 1035, 2.3.4).
const NAME_BYTES_MAX: usize = 255;
/// Under it stand name servers' names.
const NSDNAME: &str = ".rpz-nsdname";

/// The owner names for a value, relative to a zone whose own name takes `origin_bytes` on the wire; none for what DNS can't see,
/// or when a name would be too long.
pub(super) fn of(value: &Value, origin_bytes: usize, name_servers: bool) -> Vec<String> {
    match value.kind() {
        Kind::Domain => {
            let name = value.text();
            // Under such a top-level domain, a name would be taken for another kind of trigger: an address, a name server.
            if name.rsplit('.').next().is_some_and(|last| last.starts_with("rpz-")) {
                return Vec::new();
            }
            // A label takes one byte more than its letters; the wildcard's takes two.
            let fits = |more: usize| name.len() + 1 + 2 + more + origin_bytes <= NAME_BYTES_MAX;
            let mut owners = Vec::new();
            if fits(0) {
                owners.extend([name.to_owned(), format!("*.{name}")]);
            }
            if name_servers && fits(NSDNAME.len()) {
                owners.extend([format!("{name}{NSDNAME}"), format!("*.{name}{NSDNAME}")]);
            }
            owners
        }
        Kind::Ipv4 | Kind::Ipv6 => value.network().map(|network| address(&network)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `rpz-ip` encoding: prefix length, then the address from its end; the longest run of zeros of an IPv6 address is `zz`.
fn address(network: &IpNet) -> String {
    match network {
        IpNet::V4(network) => {
            let [a, b, c, d] = network.network().octets();
            format!("{}.{d}.{c}.{b}.{a}.rpz-ip", network.prefix_len())
        }
        IpNet::V6(network) => {
            let groups = network.network().segments();
            let (from, length) = longest_zeros(&groups);
            let mut parts: Vec<String> = groups.iter().map(|group| format!("{group:x}")).collect();
            if length > 1 {
                parts.splice(from..from + length, ["zz".to_owned()]);
            }
            parts.reverse();
            format!("{}.{}.rpz-ip", network.prefix_len(), parts.join("."))
        }
    }
}

fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let run = |from: usize| groups.iter().skip(from).take_while(|group| **group == 0).count();
    (0..8)
        .map(|from| (from, run(from)))
        .fold((0, 0), |best, found| if found.1 > best.1 { found } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use watch::normalise;

    fn owners(kind: Kind, text: &str) -> Vec<String> {
        of(&normalise(kind, text).unwrap(), 30, false)
    }

    #[test]
    fn names_and_addresses_have_the_owners_that_resolvers_expect() {
        assert_eq!(owners(Kind::Domain, "Evil.example"), ["evil.example", "*.evil.example"]);
        let with_servers = of(&normalise(Kind::Domain, "evil.example").unwrap(), 30, true);
        assert_eq!(with_servers[2..], ["evil.example.rpz-nsdname", "*.evil.example.rpz-nsdname"]);
        assert_eq!(owners(Kind::Ipv4, "198.51.100.7"), ["32.7.100.51.198.rpz-ip"]);
        assert_eq!(owners(Kind::Ipv4, "198.51.100.0/24"), ["24.0.100.51.198.rpz-ip"]);
        assert_eq!(owners(Kind::Ipv6, "2001:db8::1"), ["128.1.zz.db8.2001.rpz-ip"]);
        assert_eq!(owners(Kind::Ipv6, "2001:db8::/32"), ["32.zz.db8.2001.rpz-ip"]);
        assert!(owners(Kind::Sha256, &"a".repeat(64)).is_empty());
        for name in ["32.8.8.8.8.rpz-ip", "a.example.rpz-nsdname", "32.8.8.8.8.rpz-client-ip"] {
            assert!(
                owners(Kind::Domain, name).is_empty(),
                "{name} would refuse what the guard was not asked about"
            );
        }
        let long = format!("{0}.{0}.{0}.{1}.example", "a".repeat(63), "b".repeat(40));
        assert!(owners(Kind::Domain, &long).is_empty());
    }
}
