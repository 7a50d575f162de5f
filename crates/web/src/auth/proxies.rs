//! From where a request came, where a proxy stands in front: what proxies say of it, as far as they are trusted. Pure.
//!
//! A proxy adds to a header by whom it was asked itself. Whoever asks can have written anything before that, so the header is read
//! from its end: what a trusted proxy says counts, and if it names another trusted proxy, what that one said before it. The first that is no
//! trusted proxy is the client. One header is read alone, which the operator names, since a proxy hands on untouched the one that it does
//! not know. What can't be read says nothing, and no header makes anybody a caller of this machine.
//!
//! Sources: RFC 7239 (`Forwarded`), sections 4 and 6; `X-Forwarded-For` as nginx, HAProxy and Apache write it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// Steps of a header that are looked at.
const HOPS_MAX: usize = 32;

/// The header in which proxies say from where a request came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: addresses, one after the other.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): elements with the parameter `for`.
    Forwarded,
}

impl ProxyHeader {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::XForwardedFor, Self::Forwarded];

    /// Its name, in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    const fn header(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }

    /// What a line of the header says, from its end; `None` is what says nothing.
    fn hops(self, line: &str) -> Vec<Option<IpAddr>> {
        match self {
            Self::XForwardedFor => line.rsplit(',').take(HOPS_MAX).map(|hop| node(hop.trim())).collect(),
            Self::Forwarded => elements(line).into_iter().map(|element| forwarded_for(element?)).collect(),
        }
    }
}

/// Proxies that are believed when they say from where a request came.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
}

impl Proxies {
    /// Those in these networks, which say it in this header.
    #[must_use]
    pub const fn new(trusted: Vec<IpNet>, header: ProxyHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether a proxy at `address` is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// From where a request came that `peer` has sent: from there, unless that is a trusted proxy that says better. A client's port is not
    /// known then, and is 0.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, peer: SocketAddr) -> SocketAddr {
        // What most nodes have: no proxy, and nothing to look at.
        if self.trusted.is_empty() || !self.trusts(peer.ip()) {
            return peer;
        }
        let mut client = peer;
        let lines = headers.get_all(self.header.header());
        let mut lines: Vec<_> = lines.iter().map(|line| line.to_str()).collect();
        lines.reverse();
        let hops = lines
            .into_iter()
            .flat_map(|line| line.map_or_else(|_| vec![None], |line| self.header.hops(line)));
        for hop in hops.take(HOPS_MAX) {
            let Some(hop) = hop.map(|hop| hop.to_canonical()) else { break };
            let is_trusted = self.trusts(hop);
            if !hop.is_loopback() && !hop.is_unspecified() {
                client = SocketAddr::new(hop, 0);
            } else if !is_trusted {
                break;
            }
            if !is_trusted {
                break;
            }
        }
        client
    }
}

/// The address of a hop: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`. `None` for names that stand
/// for one (`unknown`, `_hidden`), and for all else.
fn node(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let is_port = port.is_empty() || port.starts_with(':');
        return is_port.then(|| address.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6)).flatten();
    }
    let address = match text.split_once(':') {
        Some((address, port)) if !port.contains(':') => address,
        _ => text,
    };
    address.parse().ok()
}

/// The elements of a `Forwarded` line from its end; `None` for what begins inside a quoted text that never began. Read backwards, so that
/// nothing that stands before what a proxy has added can swallow it.
fn elements(line: &str) -> Vec<Option<&str>> {
    let bytes = line.as_bytes();
    let (mut all, mut end, mut quoted) = (Vec::new(), line.len(), false);
    for at in (0..line.len()).rev() {
        if all.len() >= HOPS_MAX {
            return all;
        }
        match bytes.get(at) {
            Some(b'"') => {
                let before = bytes.get(..at).unwrap_or_default();
                let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
                quoted ^= !quoted || escapes % 2 == 0;
            }
            Some(b',') if !quoted => {
                all.push(line.get(at + 1..end));
                end = at;
            }
            _ => {}
        }
    }
    all.push(line.get(..end).filter(|_| !quoted));
    all
}

/// The address in an element's `for`, if it has one, and one alone.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let (mut found, mut rest) = (None, element.trim());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => {
                // An address needs no escapes; another value may have them.
                let mut is_escaped = false;
                let end = quoted.bytes().position(|byte| {
                    let ends = byte == b'"' && !is_escaped;
                    is_escaped = byte == b'\\' && !is_escaped;
                    ends
                })?;
                (quoted.get(..end)?, quoted.get(end + 1..)?)
            }
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if name.trim().eq_ignore_ascii_case("for") && found.replace(node(value.trim())?).is_some() {
            return None;
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn proxies(header: ProxyHeader) -> Proxies {
        let trusted = ["127.0.0.1/32", "10.0.0.0/24", "2001:db8:1::/64"];
        Proxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect(), header)
    }

    fn seen(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.header(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies(header).client(&headers, SocketAddr::new(peer.parse().unwrap(), 5)).ip().to_string()
    }

    #[test]
    fn only_trusted_proxies_say_from_where_a_request_came() {
        let x = |peer: &str, lines: &[&str]| seen(ProxyHeader::XForwardedFor, peer, lines);
        assert_eq!(x("198.51.100.1", &["203.0.113.9"]), "198.51.100.1", "whoever is no proxy says nothing");
        assert_eq!(x("127.0.0.2", &["203.0.113.9"]), "127.0.0.2");
        for (lines, client) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            (&["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9, 10.0.0.7"], "203.0.113.9"),
            (&["203.0.113.9", "10.0.0.7, 127.0.0.1"], "203.0.113.9"),
            (&["1.2.3.4,203.0.113.9 ,10.0.0.7"], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["[2001:db8::9]:80"], "2001:db8::9"),
            (&["2001:db8::9"], "2001:db8::9"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["1.2.3.4, 10.0.0.7, 2001:db8:1::5"], "1.2.3.4"),
            // All are proxies: the request began at the first.
            (&["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
            // What can't be read ends it: the last that was known counts.
            (&["203.0.113.9, unknown, 10.0.0.7"], "10.0.0.7"),
            (&["203.0.113.9, \u{e9}"], "127.0.0.1"),
            (&[""], "127.0.0.1"),
            (&[], "127.0.0.1"),
            (&["203.0.113.9,"], "127.0.0.1"),
            (&["203.0.113.9, [2001:db8::9"], "127.0.0.1"),
            (&["203.0.113.9, fe80::1%eth0"], "127.0.0.1"),
        ] {
            assert_eq!(x("127.0.0.1", lines), client, "{lines:?}");
        }
        for own in ["127.0.0.1", "127.0.0.9", "::1", "0.0.0.0", "::ffff:127.0.0.9"] {
            assert_eq!(x("10.0.0.7", &[own]), "10.0.0.7", "{own}: nobody becomes a caller of this machine");
        }
    }

    #[test]
    fn forwarded_is_read_from_its_end_and_its_quotes_swallow_nothing() {
        let f = |lines: &[&str]| seen(ProxyHeader::Forwarded, "127.0.0.1", lines);
        for (lines, client) in [
            (&["for=203.0.113.9"][..], "203.0.113.9"),
            (&["For=\"203.0.113.9:80\";proto=https;by=10.0.0.7"], "203.0.113.9"),
            (&["proto=https; for=\"[2001:db8::9]:4711\""], "2001:db8::9"),
            (&["for=1.2.3.4, for=203.0.113.9;host=\"a,b\""], "203.0.113.9"),
            (&["for=203.0.113.9;host=\"a\\\",for=1.2.3.4\""], "203.0.113.9"),
            (&["for=\"evil, for=203.0.113.9"], "203.0.113.9"),
            (&["for=\"evil\\", "for=203.0.113.9"], "203.0.113.9"),
            (&["for=203.0.113.9, for=10.0.0.7"], "203.0.113.9"),
            (&["for=203.0.113.9, for=_hidden"], "127.0.0.1"),
            (&["for=203.0.113.9, proto=https"], "127.0.0.1"),
            (&["for=203.0.113.9;for=1.2.3.4"], "127.0.0.1"),
            (&["for=203.0.113.9 x"], "127.0.0.1"),
            (&["for"], "127.0.0.1"),
        ] {
            assert_eq!(f(lines), client, "{lines:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::FORWARDED, HeaderValue::from_static("for=1.2.3.4"));
        let peer = SocketAddr::new("127.0.0.1".parse().unwrap(), 5);
        assert_eq!(
            proxies(ProxyHeader::XForwardedFor).client(&headers, peer),
            peer,
            "the other header says nothing"
        );
    }

    proptest! {
        /// Whatever stands before it, what a proxy adds counts.
        #[test]
        fn nothing_before_it_changes_what_a_proxy_adds(before in "[ -~]{0,60}", lines in prop::collection::vec("[ -~]{0,30}", 0..3)) {
            for (header, added) in [(ProxyHeader::XForwardedFor, "203.0.113.9"), (ProxyHeader::Forwarded, "for=203.0.113.9;host=\"x\"")] {
                let last = format!("{before}, {added}");
                let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
                all.push(&last);
                prop_assert_eq!(seen(header, "10.0.0.7", &all), "203.0.113.9");
                all.push(added);
                prop_assert_eq!(seen(header, "10.0.0.7", &all), "203.0.113.9");
                prop_assert_eq!(seen(header, "198.51.100.1", &all), "198.51.100.1");
            }
        }

        #[test]
        fn no_header_makes_anybody_a_caller_of_this_machine(text in "[0-9a-f:.,=\" ;for\\[\\]]{0,80}") {
            for header in ProxyHeader::ALL {
                let seen: IpAddr = seen(header, "10.0.0.7", &[&text]).parse().unwrap();
                prop_assert!(!seen.is_loopback() && !seen.is_unspecified());
            }
        }
    }
}
