//! What a member was sent over a circle, as attacks: sightings, and what they, indicators and infrastructure say of addresses.
//!
//! Each comes through the member's reader, so that what may not go to it is in no sum. A sighting is an attack over the addresses of what was
//! sighted, and of the data that was observed; an indicator or infrastructure that nobody has sighted yet counts as seen once.

use gate::{Object, Query, Reader};
use ipnet::IpNet;
use line::{Seq, StorageError};
use region::transit::geo::Locate;
use region::transit::observed::HOPS_MAX;
use region::transit::{Country, Hop, Observed, Place, Role, Sighting};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use stix::Timestamp;

/// The types that say something of where attacks pass.
const TYPES: [&str; 8] = [
    "ipv4-addr",
    "ipv6-addr",
    "indicator",
    "infrastructure",
    "location",
    "observed-data",
    "relationship",
    "sighting",
];

/// What is read of an object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    value: String,
    pattern: String,
    pattern_type: String,
    revoked: bool,
    infrastructure_types: Vec<String>,
    country: String,
    source_ref: String,
    target_ref: String,
    sighting_of_ref: String,
    where_sighted_refs: Vec<String>,
    observed_data_refs: Vec<String>,
    object_refs: Vec<String>,
    valid_from: Option<String>,
    first_observed: Option<String>,
    first_seen: Option<String>,
    last_seen: Option<String>,
    last_observed: Option<String>,
    created: Option<String>,
    count: Option<u32>,
    number_observed: Option<u32>,
}

/// What is kept of an object: of most there is nothing.
#[derive(Clone, PartialEq)]
enum Said {
    /// An observable's.
    Address(IpAddr),
    /// Addresses of an indicator, and from when on.
    Indicator(BTreeSet<IpAddr>, Option<i64>),
    Infrastructure(Option<Role>, Option<i64>),
    Location(Country),
    /// When data was observed, and what of it may have an address.
    Observed(Option<i64>, Vec<String>),
    /// What refers to what may have an address.
    Relationship(String, String),
    Sighting(Box<Sighted>),
}

/// A sighting.
#[derive(Clone, PartialEq)]
struct Sighted {
    at: Option<i64>,
    of: String,
    data: Vec<String>,
    places: Vec<String>,
    count: u32,
}

/// Whether an object of this type may have an address or a role of its own.
fn has_address(id: &str) -> bool {
    let types = ["ipv4-addr--", "ipv6-addr--", "indicator--", "infrastructure--"];
    types.into_iter().any(|name| id.starts_with(name))
}

impl Said {
    /// What an object says of where attacks pass; nothing if that is nothing, if it was revoked, or if it can't be read.
    fn of(object: &Object) -> Option<Self> {
        let (object_type, text) = (object.id.object_type(), object.raw.as_str());
        // Most indicators name no address, and are not worth reading. Where signs are escaped, that can't be seen from here.
        let names_address =
            |text: &str| ["ipv4-addr", "ipv6-addr", "\\u"].into_iter().any(|part| text.contains(part));
        if object_type == "indicator" && !names_address(text) {
            return None;
        }
        let raw = serde_json::from_str::<Raw>(text).ok().filter(|raw| !raw.revoked)?;
        let time = |texts: [&Option<String>; 3]| texts.into_iter().find_map(|text| seconds(text.as_deref()?));
        let with_address = |ids: Vec<String>| ids.into_iter().filter(|id| has_address(id)).collect();
        match object_type {
            "ipv4-addr" | "ipv6-addr" => {
                // A whole network is no address that attacks use.
                let network = raw.value.parse::<IpNet>().ok();
                let whole = network.filter(|network| network.prefix_len() == network.max_prefix_len());
                whole.map(|one| one.addr()).or_else(|| raw.value.parse().ok()).map(Self::Address)
            }
            "indicator" if matches!(raw.pattern_type.as_str(), "stix" | "") => {
                let values = ::watch::actionable::pattern_values(&raw.pattern);
                let found: BTreeSet<IpAddr> =
                    values.iter().filter_map(|value| value.text().parse().ok()).collect();
                let from = time([&raw.valid_from, &raw.created, &None]);
                (!found.is_empty()).then_some(Self::Indicator(found, from))
            }
            "infrastructure" => {
                let role = raw.infrastructure_types.iter().find_map(|name| role(name));
                Some(Self::Infrastructure(role, time([&raw.last_seen, &raw.first_seen, &raw.created])))
            }
            "location" => Country::parse(&raw.country).ok().map(Self::Location),
            "observed-data" => {
                let at = time([&raw.last_observed, &raw.first_observed, &None]);
                Some(Self::Observed(at, with_address(raw.object_refs)))
            }
            "relationship" => {
                has_address(&raw.target_ref).then_some(Self::Relationship(raw.source_ref, raw.target_ref))
            }
            "sighting" => Some(Self::Sighting(Box::new(Sighted {
                at: time([&raw.last_seen, &raw.first_seen, &raw.created]),
                of: raw.sighting_of_ref,
                data: raw.observed_data_refs,
                places: raw.where_sighted_refs,
                count: raw.count.or(raw.number_observed).unwrap_or(1).max(1),
            }))),
            _ => None,
        }
    }
}

/// Objects that are read again at once.
const ASKED_AT_ONCE: usize = 500;

/// What a member was sent over a circle, followed record by record.
pub(super) struct Followed {
    book_version: u64,
    head: Seq,
    at: Timestamp,
    /// When a date next decides about a release.
    until: Option<Timestamp>,
    objects: BTreeMap<String, Said>,
    /// Another number each time that something of it changed; no two have the same.
    pub(super) version: u64,
}

/// Numbers for what changed.
static VERSIONS: AtomicU64 = AtomicU64::new(1);

impl Followed {
    /// What was sent up to now: what was followed before, with what has changed since; read whole if the book is another.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) fn upto(before: Option<Self>, reader: &Reader) -> Result<Self, StorageError> {
        let (now, book_version) = (reader.request().now, reader.book_version());
        match before.filter(|before| before.book_version == book_version && before.at <= now) {
            Some(mut before) => {
                before.follow(reader)?;
                Ok(before)
            }
            None => Self::begin(reader),
        }
    }

    fn begin(reader: &Reader) -> Result<Self, StorageError> {
        // What comes after this is touched again.
        let head = reader.head();
        let mut objects = BTreeMap::new();
        reader.each(&TYPES, &mut |object| {
            let object = object.get();
            if let Some(said) = Said::of(object) {
                objects.insert(object.id.to_string(), said);
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self {
            book_version: reader.book_version(),
            head,
            at: reader.request().now,
            until: reader.settled_until()?,
            objects,
            version: VERSIONS.fetch_add(1, Ordering::Relaxed),
        })
    }

    fn follow(&mut self, reader: &Reader) -> Result<(), StorageError> {
        let now = reader.request().now;
        let is_dated = self.until.is_some_and(|until| until <= now);
        if !is_dated && reader.head() == self.head {
            self.at = now;
            return Ok(());
        }
        let touched = reader.touched(&TYPES, self.head, self.at)?;
        let mut is_new = false;
        for ids in touched.ids.chunks(ASKED_AT_ONCE) {
            let mut found: BTreeMap<String, Said> = BTreeMap::new();
            let mut query = Query { ids: ids.to_vec(), limit: ASKED_AT_ONCE, ..Query::default() };
            loop {
                let page = reader.page(&query)?;
                let all = page.items.iter().map(|object| object.get());
                found.extend(all.filter_map(|object| Some((object.id.to_string(), Said::of(object)?))));
                match page.next {
                    Some(next) => query.after = next,
                    None => break,
                }
            }
            for id in ids {
                let id = id.to_string();
                is_new |= match found.remove(&id) {
                    Some(said) => {
                        self.objects.get(&id) != Some(&said) && {
                            self.objects.insert(id, said);
                            true
                        }
                    }
                    None => self.objects.remove(&id).is_some(),
                };
            }
        }
        if is_new {
            self.version = VERSIONS.fetch_add(1, Ordering::Relaxed);
        }
        (self.head, self.at, self.until) = (touched.head, now, reader.settled_until()?);
        Ok(())
    }

    /// Adds it to what was observed.
    pub(super) fn add(&self, observed: &mut Observed, tables: &impl Locate) {
        let mut told = Circle::default();
        self.objects.iter().for_each(|(id, said)| told.take(id, said));
        told.add(observed, tables);
    }
}

#[derive(Default)]
struct Circle<'s> {
    /// Addresses of observables, indicators, infrastructure and observed data, by id; first those that they hold themselves.
    addresses: BTreeMap<&'s str, BTreeSet<IpAddr>>,
    /// What refers to what: relationships, and data that was observed.
    refers: Vec<(&'s str, &'s str)>,
    roles: BTreeMap<&'s str, Role>,
    countries: BTreeMap<&'s str, Country>,
    /// What counts as seen once if nobody sighted it, with its time.
    alone: BTreeMap<&'s str, i64>,
    sightings: Vec<&'s Sighted>,
}

impl<'s> Circle<'s> {
    fn take(&mut self, id: &'s str, said: &'s Said) {
        match said {
            Said::Address(address) => {
                self.addresses.entry(id).or_default().insert(*address);
            }
            Said::Indicator(addresses, from) => {
                self.alone.extend(from.map(|at| (id, at)));
                self.addresses.entry(id).or_default().extend(addresses);
            }
            Said::Infrastructure(role, at) => {
                self.roles.extend(role.map(|role| (id, role)));
                self.alone.extend(at.map(|at| (id, at)));
            }
            Said::Location(country) => {
                self.countries.insert(id, *country);
            }
            Said::Observed(at, of) => {
                self.alone.extend(at.map(|at| (id, at)));
                self.refers.extend(of.iter().map(|to| (id, to.as_str())));
            }
            Said::Relationship(from, to) => self.refers.push((from, to)),
            Said::Sighting(sighted) => self.sightings.push(sighted),
        }
    }

    fn add(mut self, observed: &mut Observed, tables: &impl Locate) {
        // What an indicator indicates, infrastructure consists of, and data is about: one step far.
        let own = self.addresses.clone();
        for (from, to) in &self.refers {
            if let Some(there) = own.get(to) {
                self.addresses.entry(from).or_default().extend(there);
            }
            if let Some(role) = self.roles.get(to).copied() {
                self.roles.entry(from).or_insert(role);
            }
        }
        let mut sighted: BTreeSet<&str> = BTreeSet::new();
        let hops = |ids: &mut dyn Iterator<Item = &str>| {
            let mut hops: Vec<Hop> = Vec::new();
            for id in ids {
                let role = self.roles.get(id).copied().unwrap_or(Role::Unknown);
                for address in self.addresses.get(id).into_iter().flatten() {
                    let is_there = hops.iter().any(|hop| hop.address == Some(*address));
                    if !is_there && hops.len() < HOPS_MAX {
                        hops.push(Hop { address: Some(*address), place: Place::default(), role });
                    }
                }
            }
            hops
        };
        for sighting in &self.sightings {
            let of = std::iter::once(sighting.of.as_str());
            let ids = || of.clone().chain(sighting.data.iter().map(String::as_str));
            sighted.extend(ids());
            let hops = hops(&mut ids());
            let country = sighting.places.iter().find_map(|id| self.countries.get(id.as_str()).copied());
            if let Some(time) = sighting.at.filter(|_| !hops.is_empty()) {
                put(observed, time, &hops, country, sighting.count, tables);
            }
        }
        for (id, time) in self.alone.iter().filter(|(id, _)| !sighted.contains(*id)) {
            for hop in hops(&mut std::iter::once(*id)) {
                put(observed, *time, &[hop], None, 1, tables);
            }
        }
    }
}

fn put(
    observed: &mut Observed,
    time: i64,
    hops: &[Hop],
    country: Option<Country>,
    count: u32,
    tables: &impl Locate,
) {
    let victim = Place { country, network: None };
    if let Err(error) = observed.add(&Sighting { time, hops, victim, count }, tables) {
        tracing::debug!(%error, "a sighting of a circle is left out");
    }
}

/// What infrastructure is to an attack. Source: STIX 2.1, 10.9 (infrastructure type vocabulary).
fn role(name: &str) -> Option<Role> {
    Some(match name {
        "command-and-control" => Role::CommandAndControl,
        "anonymization" => Role::Proxy,
        "botnet" => Role::CompromisedDevice,
        "exfiltration" | "staging" => Role::Drop,
        "hosting-malware" | "hosting-target-lists" | "phishing" => Role::Hosting,
        _ => return None,
    })
}

fn seconds(text: &str) -> Option<i64> {
    Timestamp::parse(text).ok().map(|time| time.micros().div_euclid(1_000_000))
}
