//! The HTTP server: where it listens, how it is encrypted, which proxies stand in front, and its limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Deserializer, de};
use web::auth::{Proxies, ProxyHeader};

use crate::exit::Failure;

/// Most proxies.
const PROXIES_MAX: usize = 100;
/// Addresses of IPv6 that stand for those of IPv4 (RFC 4291, section 2.5.5.2).
const MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address under which members reach the server, for links in what they get; no links unless it is set.
    pub public_url: Option<String>,
    /// Certificate chain, PEM. With it and `tls_key` the server speaks TLS only.
    pub tls_cert: Option<PathBuf>,
    /// Private key, PEM.
    pub tls_key: Option<PathBuf>,
    /// Authorities that sign clients' certificates, PEM. Clients may then show one that a member has registered.
    pub tls_client_ca: Option<PathBuf>,
    /// What those authorities have taken back (CRL), PEM; one list for each of them. Read again whenever it changes.
    pub tls_client_crl: Option<PathBuf>,
    /// A proxy in front ends TLS: requests count as encrypted.
    pub tls_ends_at_proxy: bool,
    /// Addresses and networks of proxies that are believed when they say from where a request came.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Where these say it.
    #[serde(deserialize_with = "header")]
    pub proxy_header: ProxyHeader,
    /// Others than this machine may be served without TLS.
    pub plain: bool,
    /// Connections at a time; more wait.
    pub connections_max: usize,
    /// Seconds for a request's header to arrive.
    pub header_timeout_s: u64,
    /// Seconds without a byte of the body after which it is given up.
    pub body_timeout_s: u64,
    /// Seconds that requests have to finish at shutdown.
    pub drain_timeout_s: u64,
    /// Bytes of a TAXII body.
    pub body_bytes_max: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8400),
            public_url: None,
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
            tls_client_crl: None,
            tls_ends_at_proxy: false,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            plain: false,
            connections_max: 2_000,
            header_timeout_s: 15,
            body_timeout_s: 30,
            drain_timeout_s: 20,
            body_bytes_max: 100 << 20,
        }
    }
}

/// Reads networks, of which each may be a single address.
fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let read = |text: &String| {
        let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        let network = address.or_else(|_| text.parse::<IpNet>().map(|network| network.trunc()));
        // Clients' addresses are looked at as those of IPv4 where they stand for them, so these would never be among them.
        let is_mapped = |network: &IpNet| matches!(network, IpNet::V6(network) if MAPPED.contains(network));
        network.ok().filter(|network| !is_mapped(network)).ok_or_else(|| {
            de::Error::custom(format!(
                "`{}` is no address and no network; write such as \"192.0.2.7\" or \"192.0.2.0/28\"",
                text.chars().take(60).collect::<String>()
            ))
        })
    };
    Vec::<String>::deserialize(from)?.iter().map(read).collect()
}

fn header<'de, D: Deserializer<'de>>(from: D) -> Result<ProxyHeader, D::Error> {
    let text = String::deserialize(from)?;
    ProxyHeader::ALL.into_iter().find(|header| header.name() == text).ok_or_else(|| {
        de::Error::custom("a proxy's header is \"x-forwarded-for\" or \"forwarded\"; one that it sets itself")
    })
}

impl Http {
    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_s)
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_s)
    }

    pub(crate) fn drain_timeout(&self) -> Duration {
        Duration::from_secs(self.drain_timeout_s)
    }

    /// The proxies that are believed.
    pub(crate) fn proxies(&self) -> Proxies {
        Proxies::new(self.trusted_proxies.clone(), self.proxy_header)
    }

    /// Whether everybody comes from the address of a proxy elsewhere, which nobody is told of.
    pub(crate) fn hides_clients(&self) -> bool {
        self.tls_ends_at_proxy && self.trusted_proxies.is_empty() && !self.listen.ip().is_loopback()
    }

    /// What makes no sense in it, or is less safe than somebody may have meant.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(Failure::usage(
                "http.tls_cert and http.tls_key belong together: one of them is missing",
            )
            .hint("set both for TLS, or neither"));
        }
        if self.tls_client_ca.is_some() && self.tls_cert.is_none() {
            return Err(Failure::usage("http.tls_client_ca is set without http.tls_cert: there is no TLS in which a client could show a certificate")
                .hint("set http.tls_cert and http.tls_key as well; behind a proxy that ends TLS, certificates don't reach the node"));
        }
        if self.tls_client_crl.is_some() && self.tls_client_ca.is_none() {
            return Err(Failure::usage(
                "http.tls_client_crl is set without http.tls_client_ca: no clients' certificates are taken",
            )
            .hint("set http.tls_client_ca to the authorities whose lists these are"));
        }
        if let Some(url) = &self.public_url
            && !is_address(url)
        {
            return Err(Failure::usage(format!(
                "http.public_url is `{url}`: that is no address of a server"
            ))
            .hint("name it as in a browser, without a query: https://bongsu.example"));
        }
        self.check_plain()?;
        self.check_proxies()?;
        if self.connections_max == 0 {
            return Err(Failure::usage("http.connections_max is 0: nobody could connect"));
        }
        for (name, seconds) in
            [("http.header_timeout_s", self.header_timeout_s), ("http.body_timeout_s", self.body_timeout_s)]
        {
            if seconds == 0 {
                return Err(Failure::usage(format!("{name} is 0: every request would time out at once")));
            }
        }
        Ok(())
    }

    /// Tokens travel with every request: that others than this machine read them along must be what was meant.
    fn check_plain(&self) -> Result<(), Failure> {
        let is_encrypted = self.tls_cert.is_some() || self.tls_ends_at_proxy;
        if self.listen.ip().is_loopback() || is_encrypted || self.plain {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "http.listen is {}, and there is no TLS: whoever is on the way would read every token and all content",
            self.listen
        ))
        .hint("set http.tls_cert and http.tls_key, or http.tls_ends_at_proxy where a proxy ends TLS; http.plain = true if it is to be so"))
    }

    fn check_proxies(&self) -> Result<(), Failure> {
        if self.trusted_proxies.len() > PROXIES_MAX {
            return Err(Failure::usage(format!("http.trusted_proxies has more than {PROXIES_MAX} entries")));
        }
        match self.trusted_proxies.iter().find(|network| network.prefix_len() == 0) {
            Some(all) => Err(Failure::usage(format!(
                "http.trusted_proxies has {all}: everybody could say from where a request came"
            ))
            .hint("name the proxies' own addresses")),
            None => Ok(()),
        }
    }
}

/// Whether links can be made by putting a path behind it.
fn is_address(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok().filter(|uri| uri.query().is_none() && !url.contains('#'));
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use web::auth::ProxyHeader;

    fn said(text: &str) -> Option<String> {
        match toml::from_str::<Config>(&format!("[http]\n{text}")) {
            Err(error) => Some(error.to_string()),
            Ok(config) => config.check().err().map(|failure| failure.message),
        }
    }

    #[test]
    fn an_open_channel_to_others_must_be_meant() {
        for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.10:8400"] {
            let told = said(&format!("listen = \"{listen}\"")).unwrap();
            assert!(told.contains("there is no TLS"), "{told}");
            for well in ["plain = true", "tls_ends_at_proxy = true", "tls_cert = \"a\"\ntls_key = \"b\""] {
                assert_eq!(said(&format!("listen = \"{listen}\"\n{well}")), None, "{well}");
            }
        }
        for listen in ["127.0.0.1:80", "[::1]:80", "127.5.5.5:0"] {
            assert_eq!(said(&format!("listen = \"{listen}\"")), None, "{listen}");
        }
    }

    #[test]
    fn proxies_are_named_by_their_addresses() {
        let text = "[http]\ntrusted_proxies = [\"127.0.0.1\", \"192.0.2.7/28\", \"2001:db8::/64\", \"::ffff:192.0.2.40\"]\nproxy_header = \"forwarded\"";
        let http = toml::from_str::<Config>(text).unwrap().http;
        let shown: Vec<String> = http.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.1/32", "192.0.2.0/28", "2001:db8::/64", "192.0.2.40/32"]);
        assert_eq!(http.proxy_header, ProxyHeader::Forwarded);
        for (bad, why) in [
            ("trusted_proxies = [\"proxy.example\"]", "no address and no network"),
            ("trusted_proxies = [\"192.0.2.0/33\"]", "no address and no network"),
            ("trusted_proxies = [\"::ffff:192.0.2.0/120\"]", "no address and no network"),
            ("trusted_proxies = [\"0.0.0.0/0\"]", "everybody could say"),
            ("trusted_proxies = [\"::/0\"]", "everybody could say"),
            ("proxy_header = \"x-real-ip\"", "x-forwarded-for"),
            ("trusted_proxies = [\"127.0.0.1\"]\n[web]\nopen_on_loopback = true", "http.trusted_proxies"),
        ] {
            assert!(said(bad).is_some_and(|told| told.contains(why)), "{bad}: {:?}", said(bad));
        }
    }
}
