//! The index: of millions of values, which are there, and where.
//!
//! A value is known by its normal form and has *places*, numbers that mean something to whoever keeps the index. A question is
//! answered by the value itself, by the domains above it, by the networks that an address is in, and by the host of an address
//! of the web or the domain of a mailbox. A filter turns away nearly all that is not there, at the cost of one cache line; what
//! passes is compared, so that an answer is never a guess.

mod packed;
mod records;
mod snapshot;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _};

use hashbrown::{DefaultHashBuilder, HashTable};
use ipnet::IpNet;

pub use snapshot::{Frozen, SnapshotError};

use crate::filter::Filter;
use crate::value::{Kind, Value};
use packed::{Packed, network, text_of};
use records::{Record, Records};

/// How many questions are asked together: a bit of a word for each.
const TOGETHER: usize = 64;
/// For how many values there is room to begin with.
const ROOM_MIN: usize = 1 << 12;

/// Places of a value that are looked at when one is added, from the last one back.
const LOOKED_BACK: usize = 128;

/// By what a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// The value itself.
    Exact,
    /// A domain above the one asked for.
    Parent,
    /// A network that the address or network asked for is in.
    Network,
    /// The host of the address of the web, or the domain of the mailbox, that was asked for, or a domain above it.
    Host,
    /// A network that this host is in.
    HostNetwork,
}

impl Match {
    /// Its name: `exact`, `parent-domain`, `cidr`, `host`, `host-cidr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Parent => "parent-domain",
            Self::Network => "cidr",
            Self::Host => "host",
            Self::HostNetwork => "host-cidr",
        }
    }
}

/// Records that may be looked up by chance; beyond that, later ones take the places of earlier ones.
const BY_CHANCE_MAX: usize = 1 << 16;

/// Values and their places.
#[derive(Debug, Clone)]
pub struct Index {
    hasher: DefaultHashBuilder,
    filter: Filter,
    /// For how many values the filter was made.
    room: usize,
    table: HashTable<u32>,
    records: Records,
    /// All places but the first of the values that have several, by their records' numbers.
    more: HashMap<u32, Vec<u64>>,
    shape: Shape,
    /// Numbers of records that are looked up by chance ([`Index::look_by_chance`]).
    by_chance: Vec<u32>,
}

/// What kinds of look-ups can find something.
#[derive(Debug, Clone, Default)]
struct Shape {
    /// The lengths of the networks' prefixes, the longest first: of IPv4, of IPv6.
    prefixes: [Vec<u8>; 2],
    /// Whether a domain of one label is there.
    single_labels: bool,
}

/// A value that is there.
#[derive(Debug, Clone, Copy)]
pub struct Found<'i> {
    /// By what it answers the question.
    pub by: Match,
    record: Record<'i>,
    more: &'i [u64],
}

impl Found<'_> {
    /// What kind of value it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.record.kind
    }

    /// Its normal form.
    #[must_use]
    pub fn text(&self) -> String {
        text_of(self.record.kind, self.record.bytes).unwrap_or_default()
    }

    /// Its places, in the order in which they were added; at least one.
    pub fn places(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.record.place).chain(self.more.iter().copied())
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            filter: Filter::with_room(ROOM_MIN),
            room: ROOM_MIN,
            table: HashTable::new(),
            records: Records::default(),
            more: HashMap::new(),
            shape: Shape::default(),
            by_chance: Vec::new(),
        }
    }
}

impl Index {
    /// How many values are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The bytes of memory that it takes, near enough.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let more: usize = self.more.values().map(|places| places.capacity() * 8 + 40).sum();
        let by_chance = self.by_chance.capacity() * 4;
        self.filter.bytes() + self.table.allocation_size() + self.records.bytes() + more + by_chance
    }

    /// Adds a place to a value, unless it has that place, or one of `earlier` that stand for the same, among its last ones.
    ///
    /// Gives whether there was room: an index holds 4 GiB of values.
    pub fn add(&mut self, value: &Value, place: u64, earlier: &[u64]) -> bool {
        let packed = Packed::of(value);
        let hash = self.hash(value.kind(), packed.bytes());
        if let Some(number) = self.find(hash, value.kind(), packed.bytes()) {
            let first = self.records.get(number).map(|record| record.place);
            let more = self.more.get(&number).map(Vec::as_slice).unwrap_or_default();
            // Of a value that has thousands of places not all are looked at each time: one too many does no harm.
            let mut last = more.iter().rev().take(LOOKED_BACK).copied().chain(first);
            if !last.any(|other| other == place || earlier.contains(&other)) {
                self.more.entry(number).or_default().push(place);
            }
            return true;
        }
        let Some(number) = self.records.add(place, value.kind(), packed.bytes()) else { return false };
        self.shape.take(value);
        self.enter(hash, number);
        true
    }

    /// Enters a record that is new.
    fn enter(&mut self, hash: u64, number: u32) {
        if self.table.len() == self.room {
            self.widen();
        }
        self.filter.add(hash);
        if self.by_chance.len() < BY_CHANCE_MAX {
            self.by_chance.push(number);
        } else if let Some(place) = self.by_chance.get_mut(place_of(hash)) {
            *place = number;
        }
        let (records, hasher) = (&self.records, &self.hasher);
        self.table.insert_unique(hash, number, |number| {
            records.get(*number).map_or(0, |record| hash_of(hasher, record.kind, record.bytes))
        });
    }

    /// Makes room in the filter for twice as many.
    fn widen(&mut self) {
        self.room *= 2;
        let mut filter = Filter::with_room(self.room);
        for (_, record) in self.records.each() {
            filter.add(self.hash(record.kind, record.bytes));
        }
        self.filter = filter;
    }

    /// Gives everything that answers a question, the nearest first.
    pub fn look<'i>(&'i self, value: &Value, mut on: impl FnMut(Found<'i>)) {
        self.each_probe(value, |by, kind, bytes| self.probe(by, kind, bytes, &mut on));
    }

    /// Looks up a value that is there, by chance: as much work as for a question that is answered, for who must take as long for one
    /// that is not. The same number gives the same value as long as none is added.
    pub fn look_by_chance<'i>(&'i self, number: u64, mut on: impl FnMut(Found<'i>)) {
        let place = number.checked_rem(self.by_chance.len() as u64).and_then(|at| usize::try_from(at).ok());
        let record = place.and_then(|at| self.records.get(*self.by_chance.get(at)?));
        if let Some(Record { kind, bytes, .. }) = record {
            self.probe(Match::Exact, kind, bytes, &mut on);
        }
    }

    /// As [`Index::look`] for many questions: gives what answers each with the question's place among them.
    ///
    /// Twice as fast: the memory that the filter's answers are in is waited for together.
    pub fn look_each<'i>(&'i self, values: &[Value], mut on: impl FnMut(usize, Found<'i>)) {
        let mut probes: Vec<(u64, u32)> = Vec::with_capacity(TOGETHER * 4);
        for (start, some) in (0..).step_by(TOGETHER).zip(values.chunks(TOGETHER)) {
            probes.clear();
            for (at, value) in (0..).zip(some) {
                self.each_probe(value, |_, kind, bytes| probes.push((self.hash(kind, bytes), at)));
            }
            let may_be = probes.iter().filter(|(hash, _)| self.filter.may_have(*hash));
            let passed = may_be.fold(0_u64, |passed, (_, at)| passed | 1 << at);
            for (at, value) in some.iter().enumerate().filter(|(at, _)| passed >> at & 1 == 1) {
                self.look(value, |found| on(start + at, found));
            }
        }
    }

    /// Everything that answers a question if it is there, the nearest first.
    #[inline]
    fn each_probe(&self, value: &Value, mut on: impl FnMut(Match, Kind, &[u8])) {
        self.each_probe_of(value.kind(), value.text(), &mut on);
        if let Some(host) = host(value) {
            self.each_probe_of(host.kind(), host.text(), &mut |by, kind, bytes: &[u8]| {
                let by = if by == Match::Network { Match::HostNetwork } else { Match::Host };
                on(by, kind, bytes);
            });
        }
    }

    #[inline]
    fn each_probe_of(&self, kind: Kind, text: &str, on: &mut impl FnMut(Match, Kind, &[u8])) {
        match kind {
            Kind::Domain => {
                on(Match::Exact, kind, text.as_bytes());
                let mut rest = text;
                while let Some((_, above)) = rest.split_once('.') {
                    if !above.contains('.') && !self.shape.single_labels {
                        return;
                    }
                    on(Match::Parent, kind, above.as_bytes());
                    rest = above;
                }
            }
            Kind::Ipv4 | Kind::Ipv6 => {
                let Some(network) = network(text) else { return };
                on(Match::Exact, kind, Packed::of_network(network).bytes());
                for length in &self.shape.prefixes[usize::from(kind == Kind::Ipv6)] {
                    if *length < network.prefix_len()
                        && let Ok(wider) = IpNet::new(network.addr(), *length)
                    {
                        on(Match::Network, kind, Packed::of_network(wider.trunc()).bytes());
                    }
                }
            }
            _ => on(Match::Exact, kind, Packed::of_text(kind, text).bytes()),
        }
    }

    #[inline]
    fn probe<'i>(&'i self, by: Match, kind: Kind, bytes: &[u8], on: &mut impl FnMut(Found<'i>)) {
        let hash = self.hash(kind, bytes);
        if !self.filter.may_have(hash) {
            return;
        }
        if let Some(number) = self.find(hash, kind, bytes)
            && let Some(record) = self.records.get(number)
        {
            let more = self.more.get(&number).map(Vec::as_slice).unwrap_or_default();
            on(Found { by, record, more });
        }
    }

    #[inline]
    fn find(&self, hash: u64, kind: Kind, bytes: &[u8]) -> Option<u32> {
        let is = |number: &u32| {
            self.records.get(*number).is_some_and(|record| record.kind == kind && record.bytes == bytes)
        };
        self.table.find(hash, is).copied()
    }

    #[inline]
    fn hash(&self, kind: Kind, bytes: &[u8]) -> u64 {
        hash_of(&self.hasher, kind, bytes)
    }

    /// Every value, with its first place.
    pub fn values(&self) -> impl Iterator<Item = Found<'_>> {
        self.records.each().map(|(number, record)| {
            let more = self.more.get(&number).map(Vec::as_slice).unwrap_or_default();
            Found { by: Match::Exact, record, more }
        })
    }
}

/// Where among those that are looked up by chance a record goes.
fn place_of(hash: u64) -> usize {
    usize::try_from(hash % BY_CHANCE_MAX as u64).unwrap_or_default()
}

#[inline]
fn hash_of(hasher: &DefaultHashBuilder, kind: Kind, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.write_u8(kind as u8);
    hasher.finish()
}

impl Shape {
    fn take(&mut self, value: &Value) {
        match value.kind() {
            Kind::Domain => self.single_labels |= !value.text().contains('.'),
            Kind::Ipv4 | Kind::Ipv6 => {
                let network =
                    value.network().filter(|network| network.prefix_len() != network.max_prefix_len());
                if let Some(network) = network {
                    let lengths = &mut self.prefixes[usize::from(network.addr().is_ipv6())];
                    let length = network.prefix_len();
                    if let Err(at) = lengths.binary_search_by(|other| length.cmp(other)) {
                        lengths.insert(at, length);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What else a question asks for: an address's host, a mailbox's domain.
#[inline]
fn host(value: &Value) -> Option<Value> {
    match value.kind() {
        Kind::Url => value.url_host(),
        Kind::Email => value.mail_domain(),
        _ => None,
    }
}
