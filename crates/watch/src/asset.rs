//! A member's own assets: what no list may ever make its devices refuse.

use ipnet::IpNet;
use stix::Finding;

use crate::value::{Kind, Value, normalise};
use crate::{domain, extract};

/// The assets of one or more members, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets {
    names: Vec<Box<str>>,
    networks: Vec<IpNet>,
    others: Vec<Value>,
}

impl Assets {
    /// Reads assets: domains (with all below them), addresses, networks, mail addresses, wallets, hashes.
    pub(crate) fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> (Self, Vec<Finding>) {
        let mut assets = Self::default();
        let mut findings = Vec::new();
        for (at, text) in texts.into_iter().enumerate() {
            let value = extract::guess(text).or_else(|| normalise(Kind::Domain, text).ok());
            let Some(value) = value else {
                let message =
                    format!("`{text}` is no domain, address, network or other value; it protects nothing");
                findings.push(Finding::warning("own-asset-unread", format!("own_assets[{at}]"), message));
                continue;
            };
            match value.kind() {
                Kind::Domain => assets.names.push(value.text().into()),
                Kind::Ipv4 | Kind::Ipv6 => assets.networks.extend(value.network()),
                Kind::Url => match value.url_host() {
                    Some(host) if host.kind() == Kind::Domain => assets.names.push(host.text().into()),
                    Some(host) => assets.networks.extend(host.network()),
                    None => {}
                },
                _ => assets.others.push(value),
            }
        }
        (assets, findings)
    }

    /// The asset that acting on `value` would hit.
    pub(crate) fn hit(&self, value: &Value) -> Option<String> {
        match value.kind() {
            Kind::Domain => self.name(value.text()),
            Kind::Ipv4 | Kind::Ipv6 => self.network(&value.network()?),
            Kind::Url => self.hit(&value.url_host()?),
            Kind::Email => {
                let (_, host) = value.text().rsplit_once('@')?;
                self.name(host).or_else(|| self.other(value))
            }
            _ => self.other(value),
        }
    }

    /// A name is hit from above too: who refuses `example.kr` refuses `mail.example.kr`.
    fn name(&self, name: &str) -> Option<String> {
        let hit = |asset: &&str| domain::is_or_below(name, asset) || domain::is_or_below(asset, name);
        self.names.iter().map(AsRef::as_ref).find(hit).map(str::to_owned)
    }

    fn network(&self, network: &IpNet) -> Option<String> {
        let hit = |asset: &&IpNet| asset.contains(network) || network.contains(*asset);
        self.networks.iter().find(hit).map(ToString::to_string)
    }

    fn other(&self, value: &Value) -> Option<String> {
        self.others.iter().find(|asset| *asset == value).map(ToString::to_string)
    }
}
