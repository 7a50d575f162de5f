//! Warning lists: values that are often taken for bad and are not.
//!
//! A choice of MISP's lists is compiled in; more can be given at run time in the same JSON. They are read once into
//! three structures: names and texts, ranges of addresses, and the first 16 bytes of hashes.
//!
//! Source: MISP warning-list format (github.com/MISP/misp-warninglists, schema.json).

use std::io::Read;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;
use ipnet::IpNet;
use serde::Deserialize;
use stix::Finding;

use super::names::{self, BELOW, By, EXACT, Names, SHARED};
use super::ranges::Ranges;
use crate::domain;
use crate::value::{Kind, Value, normalise};

/// Most lists in one guard.
pub(super) const LISTS_MAX: usize = 255;
/// Most entries in one list given at run time.
pub(super) const LIST_ENTRIES_MAX: usize = 5_000_000;

static PACKED: &[u8] = include_bytes!("../../data/warninglists.jsonl.gz");

/// Lists of names that many people share, each with a part of its own.
const SHARED_LISTS: [&str; 3] = ["dynamic-dns", "url-shortener", "link-in-bio"];

/// Free hosting and blogs where every name below belongs to somebody else and which the Public Suffix List lacks.
const SHARED_HOSTS: [&str; 33] = [
    "000webhostapp.com",
    "1apps.com",
    "atwebpages.com",
    "blogspot.com",
    "c1.biz",
    "duckdns.org",
    "getenjoyment.net",
    "github.io",
    "glitch.me",
    "mediafire.com",
    "medianewsonline.com",
    "myartsonline.com",
    "mygamesonline.org",
    "mypressonline.com",
    "mywebcommunity.org",
    "ngrok.io",
    "notion.site",
    "onlinewebshop.net",
    "pythonanywhere.com",
    "scienceontheweb.net",
    "serveo.net",
    "sharepoint.com",
    "sportsontheweb.net",
    "storage.googleapis.com",
    "substack.com",
    "tistory.com",
    "trycloudflare.com",
    "tumblr.com",
    "webflow.io",
    "weebly.com",
    "wixsite.com",
    "wordpress.com",
    "workers.dev",
];

/// Hosts of files and pastes whose users have pages and no names: what lies below one is the service itself.
const SHARED_SERVICES: [&str; 8] = [
    "catbox.moe",
    "file.io",
    "paste.ee",
    "pixeldrain.com",
    "rentry.co",
    "sendspace.com",
    "transfer.sh",
    "ufile.io",
];

const SHARED_HOSTS_TITLE: &str = "Shared hosting known to Bongsu";

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    slug: String,
    name: String,
    #[serde(rename = "type", default)]
    matching: String,
    list: Vec<String>,
}

/// Warning lists, ready to be asked. Share one by [`Arc`].
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// Lists under these, shared with other guards: the ones compiled in. Their numbers come first.
    base: Option<Arc<Lists>>,
    titles: Vec<Box<str>>,
    /// How many entries were read of each list.
    sizes: Vec<u32>,
    /// How many of these are compiled in, beside those of `base`.
    own_from: usize,
    names: Names,
    ipv4: Ranges<u32>,
    ipv6: Ranges<u128>,
    digests: Vec<u128>,
    digest_lists: Vec<u8>,
}

/// A list, as it is told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListInfo {
    /// Its title.
    pub title: String,
    /// How many of its entries are looked up.
    pub entries: u32,
    /// Whether it was given at run time.
    pub is_own: bool,
}

/// A name's hold, with the list's title.
pub(crate) struct NameHit<'a> {
    pub(crate) by: By,
    pub(crate) entry: &'a str,
    pub(crate) list: &'a str,
}

impl Lists {
    /// No lists: the registries, public suffixes and own assets still hold.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The lists compiled into the program, read once.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static READ: OnceLock<Arc<Lists>> = OnceLock::new();
        READ.get_or_init(|| {
            let mut build = Build::default();
            build.builtin();
            Arc::new(build.finish().0)
        })
        .clone()
    }

    /// The lists compiled in, which are shared and not read again, and more, each the text of a MISP warning list
    /// (`list.json`).
    ///
    /// A list that can't be read is a finding and left out; so are patterns, which are not looked up.
    pub fn with<S: AsRef<str>>(more: &[S]) -> (Self, Vec<Finding>) {
        let base = Self::builtin();
        let mut build = Build { first: base.titles.len(), ..Build::default() };
        for (at, list) in more.iter().enumerate() {
            build.list(list.as_ref(), &format!("lists[{at}]"));
        }
        build.lists.base = Some(base);
        build.finish()
    }

    /// As [`Lists::with`], without those whose title is among `off`: they are read again for it, as far as they count.
    ///
    /// A title that no list has is a finding.
    pub fn without<S: AsRef<str>>(more: &[S], off: &[String]) -> (Self, Vec<Finding>) {
        if off.is_empty() {
            return Self::with(more);
        }
        let mut build = Build { off: off.to_vec(), ..Build::default() };
        build.builtin();
        build.own_from = build.lists.titles.len();
        for (at, list) in more.iter().enumerate() {
            build.list(list.as_ref(), &format!("lists[{at}]"));
        }
        for (at, title) in off.iter().enumerate().filter(|(_, title)| !build.left_out.contains(*title)) {
            let message = format!("no warning list has the title `{title}`, so none is switched off by it");
            build.findings.push(Finding::warning("list-unknown", format!("off[{at}]"), message));
        }
        build.finish()
    }

    /// Whether a text is a list that [`Lists::with`] takes.
    ///
    /// # Errors
    /// The finding with which it would be left out.
    pub fn check(json: &str, path: &str) -> Result<(), Finding> {
        let mut build = Build::default();
        build.list(json, path);
        match build.findings.into_iter().find(|finding| finding.code != "list-entry-unread") {
            Some(finding) => Err(finding),
            None => Ok(()),
        }
    }

    /// The lists, in the order in which they were read.
    pub fn all(&self) -> impl Iterator<Item = ListInfo> {
        let own_from = self.own_from;
        let own = self.titles.iter().zip(&self.sizes).enumerate().map(move |(at, (title, entries))| {
            ListInfo { title: title.to_string(), entries: *entries, is_own: at >= own_from }
        });
        let base = self.base.iter().flat_map(|base| base.titles.iter().zip(&base.sizes));
        base.map(|(title, entries)| ListInfo { title: title.to_string(), entries: *entries, is_own: false })
            .chain(own)
    }

    /// The lists' titles, in the order in which they were read.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        let base = self.base.iter().flat_map(|base| base.titles.iter());
        base.chain(&self.titles).map(AsRef::as_ref)
    }

    /// About how many bytes of memory the lists take, shared ones included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = self.names.bytes() + self.ipv4.len() * 9 + self.ipv6.len() * 33 + self.digests.len() * 17;
        own + self.base.as_ref().map_or(0, |base| base.bytes())
    }

    pub(crate) fn name(&self, name: &str) -> Option<NameHit<'_>> {
        let names::Found { by, entry, list } =
            self.names.find(self.base.as_ref().map(|base| &base.names), name)?;
        Some(NameHit { by, entry, list: self.title(list) })
    }

    pub(crate) fn network(&self, network: &IpNet) -> Option<&str> {
        if let Some(title) = self.base.as_ref().and_then(|base| base.network(network)) {
            return Some(title);
        }
        let list = match network {
            IpNet::V4(net) => self.ipv4.touching(net.network().to_bits(), net.broadcast().to_bits()),
            IpNet::V6(net) => self.ipv6.touching(net.network().to_bits(), net.broadcast().to_bits()),
        };
        list.map(|list| self.title(list))
    }

    pub(crate) fn text(&self, value: &Value) -> Option<&str> {
        if let Some(title) = self.base.as_ref().and_then(|base| base.text(value)) {
            return Some(title);
        }
        if value.kind().is_hash() {
            let at = self.digests.binary_search(&digest_start(value.text())?).ok()?;
            return self.digest_lists.get(at).map(|list| self.title(*list));
        }
        self.names.exact(value.text()).map(|list| self.title(list))
    }

    fn title(&self, list: u8) -> &str {
        self.titles().nth(usize::from(list)).unwrap_or_default()
    }
}

/// The first 16 bytes of a hash: enough that no other hash is taken for it.
fn digest_start(hex: &str) -> Option<u128> {
    u128::from_str_radix(hex.get(..32)?, 16).ok()
}

#[derive(Default)]
struct Build {
    /// How many lists lie under these.
    first: usize,
    /// Titles of lists to leave out, and those that were.
    off: Vec<String>,
    left_out: Vec<String>,
    own_from: usize,
    lists: Lists,
    ipv4: Vec<(u32, u32, u8)>,
    ipv6: Vec<(u128, u128, u8)>,
    digests: Vec<(u128, u8)>,
    findings: Vec<Finding>,
}

impl Build {
    fn builtin(&mut self) {
        self.shared_hosts();
        let mut text = String::new();
        // The file is part of the program, and a test reads it: what is wrong with it shows there.
        if GzDecoder::new(PACKED).read_to_string(&mut text).is_ok() {
            for (at, line) in text.lines().enumerate() {
                self.list(line, &format!("builtin[{at}]"));
            }
        }
        self.own_from = self.lists.titles.len();
    }

    /// Whether a list is switched off by its title.
    fn is_off(&mut self, title: &str) -> bool {
        let is_off = self.off.iter().any(|off| off == title);
        if is_off {
            self.left_out.push(title.to_owned());
        }
        is_off
    }

    fn shared_hosts(&mut self) {
        if self.is_off(SHARED_HOSTS_TITLE) {
            return;
        }
        self.lists.titles.push(SHARED_HOSTS_TITLE.into());
        let entries = SHARED_HOSTS.len() + SHARED_SERVICES.len();
        self.lists.sizes.push(u32::try_from(entries).unwrap_or(u32::MAX));
        for host in SHARED_HOSTS {
            self.lists.names.add(host, 0, SHARED);
        }
        for host in SHARED_SERVICES {
            self.lists.names.add_domain(host, 0, EXACT | BELOW);
        }
    }

    fn list(&mut self, json: &str, path: &str) {
        let wire: Wire = match serde_json::from_str(json) {
            Ok(wire) => wire,
            Err(error) => {
                let message = format!("not a MISP warning list: {error}");
                self.findings.push(Finding::error("list-unread", path, message));
                return;
            }
        };
        let number = self.first + self.lists.titles.len();
        let number = u8::try_from(number).ok().filter(|_| number < LISTS_MAX);
        let Some(number) = number.filter(|_| wire.list.len() <= LIST_ENTRIES_MAX) else {
            let message =
                format!("more than {LISTS_MAX} lists or {LIST_ENTRIES_MAX} entries; the list was left out");
            self.findings.push(Finding::error("list-too-large", path, message));
            return;
        };
        if wire.matching == "regex" {
            let message = format!("`{}` holds patterns, which are not looked up; it was left out", wire.name);
            self.findings.push(Finding::warning("list-unread", path, message));
            return;
        }
        let title = wire.name.trim();
        if self.is_off(title) {
            return;
        }
        self.lists.titles.push(title.into());
        let flags = if SHARED_LISTS.contains(&wire.slug.as_str()) { SHARED } else { EXACT | BELOW };
        let unread = wire.list.iter().filter(|entry| !self.entry(entry.trim(), number, flags)).count();
        self.lists.sizes.push(u32::try_from(wire.list.len() - unread).unwrap_or(u32::MAX));
        if unread > 0 {
            let message = format!("{unread} entries of `{}` are no value that the guard looks up", wire.name);
            self.findings.push(Finding::warning("list-entry-unread", path, message));
        }
    }

    fn entry(&mut self, entry: &str, list: u8, flags: u8) -> bool {
        let name = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
        if entry.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') && self.network(entry, list) {
            return true;
        }
        let is_hash =
            matches!(entry.len(), 32 | 40 | 64 | 128) && entry.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hash && let Some(start) = digest_start(&entry.to_ascii_lowercase()) {
            self.digests.push((start, list));
            return true;
        }
        let other = if entry.contains("://") {
            Kind::Url
        } else if entry.contains('@') {
            Kind::Email
        } else {
            return match domain::normal(name) {
                Ok(name) => {
                    self.lists.names.add_domain(&name, list, flags);
                    true
                }
                Err(_) => false,
            };
        };
        match normalise(other, entry) {
            Ok(value) => {
                self.lists.names.add(value.text(), list, EXACT);
                true
            }
            Err(_) => false,
        }
    }

    fn network(&mut self, entry: &str, list: u8) -> bool {
        let network = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(IpNet::V4(net)) => self.ipv4.push((net.network().to_bits(), net.broadcast().to_bits(), list)),
            Ok(IpNet::V6(net)) => self.ipv6.push((net.network().to_bits(), net.broadcast().to_bits(), list)),
            Err(_) => return false,
        }
        true
    }

    fn finish(mut self) -> (Lists, Vec<Finding>) {
        self.lists.own_from = self.own_from;
        self.lists.names.shrink();
        self.lists.ipv4 = Ranges::build(self.ipv4);
        self.lists.ipv6 = Ranges::build(self.ipv6);
        self.digests.sort_unstable();
        self.digests.dedup_by_key(|(start, _)| *start);
        self.lists.digests = self.digests.iter().map(|(start, _)| *start).collect();
        self.lists.digest_lists = self.digests.iter().map(|(_, list)| *list).collect();
        (self.lists, self.findings)
    }
}
