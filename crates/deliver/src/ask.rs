//! What can be asked for, and under which name: the same under `/d/` over HTTP and for `bongsu deliver`.

use std::fmt;
use std::str::FromStr;

use policy::{Level, MemberId};
use watch::Kind;

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use crate::list::{Form, KINDS};

/// An artefact that a member can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The advisory as a page.
    Advisory,
    /// A list of one kind, or of all.
    List(Option<Kind>, Form),
    /// The response-policy zone as a master file.
    Zone,
    /// A transaction for nftables that refuses listed addresses.
    Nftables,
    /// The sets alone, for a rule set of one's own.
    NftablesSets,
    /// Rules for Suricata.
    Suricata,
    /// Rules for Suricata that look for files by their hashes.
    SuricataFiles,
    /// An intelligence file for Zeek.
    Zeek,
    /// Rules for Sigma.
    Sigma,
    /// The fires of the member's circles, a line for each.
    Fires,
    /// The same as JSON.
    FiresJson,
}

/// A text that names no artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no such artefact. There are advisory.html, fires.txt, fires.json, list/KIND.txt and list/KIND.csv (KIND: domain, url, ipv4, ipv6, md5, sha1, \
     sha256, sha512, email, wallet or all), list/KIND.FORM.txt (FORM: bare, edl; hosts and adblock for domains, cidr for addresses), \
     zone.rpz, nftables.conf, nftables.sets, suricata.rules, suricata-files.rules, zeek.intel and sigma.yml"
)]
pub struct NoSuchArtefact;

/// Everything but lists, by its name.
const NAMED: [(&str, Ask); 10] = [
    ("advisory.html", Ask::Advisory),
    ("fires.txt", Ask::Fires),
    ("fires.json", Ask::FiresJson),
    ("zone.rpz", Ask::Zone),
    ("nftables.conf", Ask::Nftables),
    ("nftables.sets", Ask::NftablesSets),
    ("suricata.rules", Ask::Suricata),
    ("suricata-files.rules", Ask::SuricataFiles),
    ("zeek.intel", Ask::Zeek),
    ("sigma.yml", Ask::Sigma),
];

impl FromStr for Ask {
    type Err = NoSuchArtefact;

    fn from_str(text: &str) -> Result<Self, NoSuchArtefact> {
        let Some(file) = text.strip_prefix("list/") else {
            return NAMED
                .into_iter()
                .find(|(name, _)| *name == text)
                .map(|(_, ask)| ask)
                .ok_or(NoSuchArtefact);
        };
        let (name, end) = file.rsplit_once('.').ok_or(NoSuchArtefact)?;
        let (kind, form) = match (end, name.split_once('.')) {
            ("csv", None) => (name, Form::Csv),
            ("txt", None) => (name, Form::Plain),
            ("txt", Some((kind, form))) => (kind, form.parse().map_err(|_| NoSuchArtefact)?),
            _ => return Err(NoSuchArtefact),
        };
        let kind: Option<Kind> = match kind {
            "all" => None,
            kind => Some(kind.parse().map_err(|_| NoSuchArtefact)?),
        };
        let is_made = kind.is_none_or(|kind| KINDS.contains(&kind)) && form.is_for(kind);
        is_made.then_some(Self::List(kind, form)).ok_or(NoSuchArtefact)
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::List(kind, form) = self else {
            return NAMED.iter().filter(|(_, ask)| ask == self).try_for_each(|(name, _)| f.write_str(name));
        };
        let kind = kind.map_or("all", Kind::as_str);
        match form {
            Form::Csv => write!(f, "list/{kind}.csv"),
            Form::Plain => write!(f, "list/{kind}.txt"),
            form => write!(f, "list/{kind}.{form}.txt"),
        }
    }
}

impl Ask {
    /// Everything that a member can ask for, lists of one kind in every form that is read as it is.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        let forms = [Form::Plain, Form::Csv, Form::Hosts, Form::Adblock, Form::Cidr];
        let lists = KINDS.into_iter().flat_map(move |kind| {
            let made = forms.into_iter().filter(move |form| form.is_for(Some(kind)));
            made.map(move |form| Self::List(Some(kind), form))
        });
        NAMED.into_iter().map(|(_, ask)| ask).chain(lists)
    }

    /// The level that it belongs to.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Advisory | Self::Fires | Self::FiresJson => Level::Read,
            Self::List(..) => Level::List,
            Self::Zone | Self::Nftables | Self::NftablesSets => Level::Block,
            Self::Suricata | Self::SuricataFiles | Self::Zeek | Self::Sigma => Level::Detect,
        }
    }
}

/// Kinds that detection rules look for on the network, and in files.
const ON_THE_NETWORK: [Kind; 4] = [Kind::Domain, Kind::Ipv4, Kind::Ipv6, Kind::Url];
const IN_FILES: [Kind; 3] = [Kind::Md5, Kind::Sha1, Kind::Sha256];

impl Deliver {
    /// How many values what is asked for holds, without making it.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn holds(&self, member: MemberId, ask: Ask, encrypted: bool) -> Result<usize, DeliverError> {
        let gathered = self.gather(member, ask.level(), encrypted)?;
        let count = |kinds: &[Kind]| kinds.iter().map(|kind| gathered.count(*kind)).sum::<usize>();
        Ok(match ask {
            Ask::Fires | Ask::FiresJson => self.fires(member)?.len(),
            Ask::Advisory => gathered.len(),
            Ask::List(Some(kind), _) => gathered.count(kind),
            Ask::List(None, _) => count(&KINDS),
            Ask::Zone => gathered.refusable().count(),
            Ask::Nftables | Ask::NftablesSets => count(&[Kind::Ipv4, Kind::Ipv6]),
            Ask::Suricata => count(&ON_THE_NETWORK),
            Ask::SuricataFiles => count(&IN_FILES),
            Ask::Zeek => count(&ON_THE_NETWORK) + count(&IN_FILES) + count(&[Kind::Sha512, Kind::Email]),
            Ask::Sigma => count(&ON_THE_NETWORK) + count(&IN_FILES),
        })
    }

    /// Makes what is asked for.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn make(&self, member: MemberId, ask: Ask, encrypted: bool) -> Result<Artefact, DeliverError> {
        match ask {
            Ask::Advisory => self.advisory(member, encrypted),
            Ask::List(kind, form) => self.list(member, kind, form, encrypted),
            Ask::Zone => self.zone_file(member, encrypted),
            Ask::Nftables => self.nftables(member, encrypted),
            Ask::NftablesSets => self.nftables_sets(member, encrypted),
            Ask::Suricata => self.suricata(member, encrypted),
            Ask::SuricataFiles => self.suricata_files(member, encrypted),
            Ask::Zeek => self.zeek(member, encrypted),
            Ask::Sigma => self.sigma(member, encrypted),
            Ask::Fires => self.fires_text(member),
            Ask::FiresJson => self.fires_json(member),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "advisory.html",
            "fires.txt",
            "fires.json",
            "list/domain.txt",
            "list/all.csv",
            "list/all.txt",
            "list/domain.hosts.txt",
            "list/domain.adblock.txt",
            "list/ipv4.cidr.txt",
            "list/url.edl.txt",
            "list/sha256.bare.txt",
            "zone.rpz",
            "nftables.conf",
            "nftables.sets",
            "suricata.rules",
            "suricata-files.rules",
            "zeek.intel",
            "sigma.yml",
        ] {
            assert_eq!(name.parse::<Ask>().map(|ask| ask.to_string()), Ok(name.to_owned()));
        }
        for name in [
            "",
            "list/",
            "list/domain",
            "list/cve.txt",
            "list/ipv4.hosts.txt",
            "list/all.edl.txt",
            "list/domain.cidr.txt",
            "list/domain.csv.txt",
            "list/domain.plain.txt",
            "list/domain.hosts.csv",
            "../advisory.html",
        ] {
            assert_eq!(name.parse::<Ask>(), Err(NoSuchArtefact), "{name}");
        }
    }
}
