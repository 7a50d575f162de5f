//! What can be asked for, and under which name: the same under `/d/` over HTTP and for `bongsu deliver`.

use std::fmt;
use std::str::FromStr;

use policy::{Level, MemberId};
use watch::Kind;

use crate::advisory;
use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use crate::list::{Form, KINDS};
use crate::rules;
use crate::speech::Language;
use crate::suricata_datasets::Set;

/// An artefact that a member can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The advisory in a form, in this language, or else in the member's.
    Advisory(advisory::Form, Option<Language>),
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
    /// Rules for Suricata over datasets.
    SuricataDatasets,
    /// One of these datasets.
    SuricataDataset(Set),
    /// An intelligence file for Zeek.
    Zeek,
    /// Rules for Sigma.
    Sigma,
    /// The fires of the member's circles, a line for each.
    Fires,
    /// The same as JSON.
    FiresJson,
    /// Rules that partners wrote.
    Shared(rules::Language),
    /// STIX patterns.
    Patterns,
    /// A watch file, for `bongsu hunt`.
    Watch,
}

/// How a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The number of a state that the member was given: what has changed since then is wanted, and not the whole.
    pub since: Option<String>,
    /// The name of a device: what it holds is wanted, what matters most first.
    pub device: Option<String>,
    /// Most entries, beside what the device holds.
    pub entries: Option<usize>,
    /// Most bytes of a line, beside what the device holds.
    pub line_bytes: Option<usize>,
    /// What the limits leave out is wanted, and not what goes.
    pub left_out: bool,
}

/// A text that names no artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no such artefact. There are advisory.html, advisory.txt, advisory.pdf, advisory.eml, fires.txt, fires.json, list/KIND.txt and list/KIND.csv (KIND: domain, url, ipv4, ipv6, md5, sha1, \
     sha256, sha512, email, wallet or all), list/KIND.FORM.txt (FORM: bare, edl; hosts and adblock for domains, cidr for addresses), \
     zone.rpz, nftables.conf, nftables.sets, suricata.rules, suricata-files.rules, suricata-datasets.rules with \
     datasets/SET.lst (SET: domain, md5, sha256), zeek.intel, sigma.yml, patterns.jsonl, watch.bongsu, and what partners wrote: yara.yar, \
     shared.sigma.yml, shared-suricata.rules and shared-snort.rules"
)]
pub struct NoSuchArtefact;

/// Everything but lists, by its name.
const NAMED: [(&str, Ask); 23] = [
    ("advisory.html", Ask::Advisory(advisory::Form::Html, None)),
    ("advisory.txt", Ask::Advisory(advisory::Form::Text, None)),
    ("advisory.pdf", Ask::Advisory(advisory::Form::Pdf, None)),
    ("advisory.eml", Ask::Advisory(advisory::Form::Mail, None)),
    ("fires.txt", Ask::Fires),
    ("fires.json", Ask::FiresJson),
    ("zone.rpz", Ask::Zone),
    ("nftables.conf", Ask::Nftables),
    ("nftables.sets", Ask::NftablesSets),
    ("suricata.rules", Ask::Suricata),
    ("suricata-files.rules", Ask::SuricataFiles),
    ("suricata-datasets.rules", Ask::SuricataDatasets),
    ("datasets/domain.lst", Ask::SuricataDataset(Set::Domain)),
    ("datasets/md5.lst", Ask::SuricataDataset(Set::Md5)),
    ("datasets/sha256.lst", Ask::SuricataDataset(Set::Sha256)),
    ("zeek.intel", Ask::Zeek),
    ("sigma.yml", Ask::Sigma),
    ("yara.yar", Ask::Shared(rules::Language::Yara)),
    ("shared.sigma.yml", Ask::Shared(rules::Language::Sigma)),
    ("shared-suricata.rules", Ask::Shared(rules::Language::Suricata)),
    ("shared-snort.rules", Ask::Shared(rules::Language::Snort)),
    ("patterns.jsonl", Ask::Patterns),
    ("watch.bongsu", Ask::Watch),
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
            let plain = self.in_language(None);
            return NAMED.iter().filter(|(_, ask)| *ask == plain).try_for_each(|(name, _)| f.write_str(name));
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
    /// The same in a language, if it has words.
    #[must_use]
    pub const fn in_language(self, language: Option<Language>) -> Self {
        match self {
            Self::Advisory(form, _) => Self::Advisory(form, language),
            other => other,
        }
    }

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
            Self::Advisory(..) | Self::Fires | Self::FiresJson => Level::Read,
            Self::List(..) => Level::List,
            Self::Zone | Self::Nftables | Self::NftablesSets => Level::Block,
            Self::Suricata
            | Self::SuricataFiles
            | Self::SuricataDatasets
            | Self::SuricataDataset(_)
            | Self::Zeek
            | Self::Sigma
            | Self::Shared(_)
            | Self::Patterns
            | Self::Watch => Level::Detect,
        }
    }
}

impl Ask {
    /// Whether domains stand in it.
    pub(crate) fn has_domains(self) -> bool {
        match self {
            Self::List(kind, _) => kind.is_none_or(|kind| kind == Kind::Domain),
            Self::Zone
            | Self::Suricata
            | Self::SuricataDataset(Set::Domain)
            | Self::Zeek
            | Self::Sigma
            | Self::Patterns
            | Self::Watch => true,
            Self::Advisory(..)
            | Self::Nftables
            | Self::NftablesSets
            | Self::SuricataFiles
            | Self::SuricataDatasets
            | Self::SuricataDataset(_)
            | Self::Fires
            | Self::FiresJson
            | Self::Shared(_) => false,
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
            Ask::Advisory(..) => gathered.len(),
            Ask::List(Some(kind), _) => gathered.count(kind),
            Ask::List(None, _) => count(&KINDS),
            Ask::Zone => gathered.refusable().count(),
            Ask::Nftables | Ask::NftablesSets => count(&[Kind::Ipv4, Kind::Ipv6]),
            Ask::Suricata => count(&ON_THE_NETWORK),
            Ask::SuricataFiles => count(&IN_FILES),
            Ask::SuricataDatasets => Set::ALL.iter().map(|set| gathered.count(set.kind())).sum(),
            Ask::SuricataDataset(set) => gathered.count(set.kind()),
            Ask::Zeek => count(&ON_THE_NETWORK) + count(&IN_FILES) + count(&[Kind::Sha512, Kind::Email]),
            Ask::Sigma => count(&ON_THE_NETWORK) + count(&IN_FILES),
            Ask::Watch => gathered.len(),
            Ask::Shared(_) | Ask::Patterns => self.make(member, ask, encrypted)?.entries,
        })
    }

    /// Makes what is asked for.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn make(&self, member: MemberId, ask: Ask, encrypted: bool) -> Result<Artefact, DeliverError> {
        self.make_with(member, ask, &Options::default(), encrypted)
    }

    /// The same with options, which are for lists alone.
    ///
    /// # Errors
    /// [`DeliverError`]; [`DeliverError::NotFor`] when something else than a list is asked for with options.
    pub fn make_with(
        &self,
        member: MemberId,
        ask: Ask,
        options: &Options,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        if *options != Options::default() && !matches!(ask, Ask::List(..)) {
            return Err(DeliverError::NotFor(
                "`since`, `device`, `entries`, `line` and `left-out` are for lists alone",
            ));
        }
        match ask {
            Ask::Advisory(form, language) => self.advisory(member, form, language, encrypted),
            Ask::List(kind, form) => self.list_with(member, (kind, form), options, encrypted),
            Ask::Zone => self.zone_file(member, encrypted),
            Ask::Nftables => self.nftables(member, encrypted),
            Ask::NftablesSets => self.nftables_sets(member, encrypted),
            Ask::Suricata => self.suricata(member, encrypted),
            Ask::SuricataFiles => self.suricata_files(member, encrypted),
            Ask::SuricataDatasets => self.suricata_datasets(member, encrypted),
            Ask::SuricataDataset(set) => self.suricata_dataset(member, set, encrypted),
            Ask::Zeek => self.zeek(member, encrypted),
            Ask::Sigma => self.sigma(member, encrypted),
            Ask::Fires => self.fires_text(member),
            Ask::FiresJson => self.fires_json(member),
            Ask::Shared(language) => self.shared_rules(member, language, encrypted),
            Ask::Patterns => self.patterns(member, encrypted),
            Ask::Watch => self.watch_file(member, encrypted),
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
            "advisory.txt",
            "advisory.pdf",
            "advisory.eml",
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
            "suricata-datasets.rules",
            "datasets/domain.lst",
            "zeek.intel",
            "sigma.yml",
            "yara.yar",
            "shared.sigma.yml",
            "shared-suricata.rules",
            "patterns.jsonl",
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
