//! What a member was sent over a circle, as attacks: sightings, and what they, indicators and infrastructure say of addresses.
//!
//! Each comes through the member's reader, so that what may not go to it is in no sum. A sighting is an attack over the addresses of what was
//! sighted, and of the data that was observed; an indicator or infrastructure that nobody has sighted yet counts as seen once.

use gate::{Query, Reader};
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
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Raw {
    id: String,
    r#type: String,
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

impl Raw {
    /// That of an object; nothing of what was revoked, or can't be read.
    fn of(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().filter(|raw| !raw.revoked)
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
    objects: BTreeMap<String, Raw>,
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
            if let Some(raw) = Raw::of(&object.get().raw) {
                objects.insert(raw.id.clone(), raw);
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
            let mut found: BTreeMap<String, Raw> = BTreeMap::new();
            let mut query = Query { ids: ids.to_vec(), limit: ASKED_AT_ONCE, ..Query::default() };
            loop {
                let page = reader.page(&query)?;
                let raws = page.items.iter().filter_map(|object| Raw::of(&object.get().raw));
                found.extend(raws.map(|raw| (raw.id.clone(), raw)));
                match page.next {
                    Some(next) => query.after = next,
                    None => break,
                }
            }
            for id in ids {
                let id = id.to_string();
                is_new |= match found.remove(&id) {
                    Some(raw) => {
                        self.objects.get(&id) != Some(&raw) && {
                            self.objects.insert(id, raw);
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
        self.objects.values().for_each(|raw| told.take(raw.clone()));
        told.add(observed, tables);
    }
}

#[derive(Default)]
struct Circle {
    /// Addresses of observables, indicators, infrastructure and observed data, by id; first those that they hold themselves.
    addresses: BTreeMap<String, BTreeSet<IpAddr>>,
    /// What refers to what: relationships, and data that was observed.
    refers: Vec<(String, String)>,
    roles: BTreeMap<String, Role>,
    countries: BTreeMap<String, Country>,
    /// What counts as seen once if nobody sighted it, with its time.
    alone: BTreeMap<String, i64>,
    sightings: Vec<Raw>,
}

impl Circle {
    fn take(&mut self, raw: Raw) {
        let time = |text: &Option<String>| seconds(text.as_deref()?);
        match raw.r#type.as_str() {
            "ipv4-addr" | "ipv6-addr" => {
                // A whole network is no address that attacks use.
                let network = raw.value.parse::<IpNet>().ok();
                let whole = network.filter(|network| network.prefix_len() == network.max_prefix_len());
                if let Some(address) = whole.map(|one| one.addr()).or_else(|| raw.value.parse().ok()) {
                    self.addresses.entry(raw.id).or_default().insert(address);
                }
            }
            "indicator" if matches!(raw.pattern_type.as_str(), "stix" | "") => {
                let values = ::watch::actionable::pattern_values(&raw.pattern);
                let found: BTreeSet<IpAddr> =
                    values.iter().filter_map(|value| value.text().parse().ok()).collect();
                if !found.is_empty() {
                    if let Some(at) = time(&raw.valid_from).or_else(|| time(&raw.created)) {
                        self.alone.insert(raw.id.clone(), at);
                    }
                    self.addresses.entry(raw.id).or_default().extend(found);
                }
            }
            "infrastructure" => {
                if let Some(role) = raw.infrastructure_types.iter().find_map(|name| role(name)) {
                    self.roles.insert(raw.id.clone(), role);
                }
                let at =
                    time(&raw.last_seen).or_else(|| time(&raw.first_seen)).or_else(|| time(&raw.created));
                self.alone.extend(at.map(|at| (raw.id, at)));
            }
            "location" => {
                if let Ok(country) = Country::parse(&raw.country) {
                    self.countries.insert(raw.id, country);
                }
            }
            "observed-data" => {
                let at = time(&raw.last_observed).or_else(|| time(&raw.first_observed));
                self.alone.extend(at.map(|at| (raw.id.clone(), at)));
                self.refers.extend(raw.object_refs.into_iter().map(|to| (raw.id.clone(), to)));
            }
            "relationship" => self.refers.push((raw.source_ref, raw.target_ref)),
            "sighting" => self.sightings.push(raw),
            _ => {}
        }
    }

    fn add(mut self, observed: &mut Observed, tables: &impl Locate) {
        // What an indicator indicates, infrastructure consists of, and data is about: one step far.
        let own = self.addresses.clone();
        for (from, to) in &self.refers {
            if let Some(there) = own.get(to) {
                self.addresses.entry(from.clone()).or_default().extend(there);
            }
            if let Some(role) = self.roles.get(to).copied() {
                self.roles.entry(from.clone()).or_insert(role);
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
            let of = std::iter::once(sighting.sighting_of_ref.as_str());
            let ids = || of.clone().chain(sighting.observed_data_refs.iter().map(String::as_str));
            sighted.extend(ids());
            let hops = hops(&mut ids());
            let time = [&sighting.last_seen, &sighting.first_seen, &sighting.created];
            let time = time.into_iter().find_map(|text| seconds(text.as_deref()?));
            let country = sighting.where_sighted_refs.iter().find_map(|id| self.countries.get(id).copied());
            let count = sighting.count.or(sighting.number_observed).unwrap_or(1).max(1);
            if let Some(time) = time.filter(|_| !hops.is_empty()) {
                put(observed, time, &hops, country, count, tables);
            }
        }
        for (id, time) in self.alone.iter().filter(|(id, _)| !sighted.contains(id.as_str())) {
            for hop in hops(&mut std::iter::once(id.as_str())) {
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
