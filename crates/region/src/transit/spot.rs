//! Countries or networks, as numbers: what sightings look like from afar.

use std::fmt;

use serde::Serialize;

use super::Role;
use super::observed::{HOPS_MAX, Kept, Observed};
use super::place::{Country, Network, Place};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Countries.
    Country,
    /// Networks.
    Network,
}

/// A country or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Spot {
    /// A country.
    Country(Country),
    /// A network.
    Network(Network),
}

impl Spot {
    /// What a place is, looked at in this way; `None` if that isn't known.
    #[must_use]
    pub fn of(place: Place, by: By) -> Option<Self> {
        match by {
            By::Country => place.country.map(Self::Country),
            By::Network => place.network.map(Self::Network),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => country.fmt(f),
            Self::Network(network) => network.fmt(f),
        }
    }
}

/// Stands where nobody knows where.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The spots of what was observed, and the number of each.
pub(super) struct Spots {
    list: Vec<Spot>,
    of_hop: Vec<u32>,
    of_victim: Vec<u32>,
}

impl Spots {
    pub(super) fn of(observed: &Observed, by: By) -> Self {
        let mut list: Vec<Spot> =
            observed.infrastructure().iter().filter_map(|one| Spot::of(one.place, by)).collect();
        list.extend(observed.victims().iter().filter_map(|place| Spot::of(*place, by)));
        list.sort_unstable();
        list.dedup();
        let number = |place: Place| {
            Spot::of(place, by)
                .and_then(|spot| list.binary_search(&spot).ok())
                .map_or(UNKNOWN, |at| at as u32)
        };
        let of_hop = observed.infrastructure().iter().map(|one| number(one.place)).collect();
        let of_victim = observed.victims().iter().map(|place| number(*place)).collect();
        Self { list, of_hop, of_victim }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn into_list(self) -> Vec<Spot> {
        self.list
    }

    pub(super) fn get(&self, number: u32) -> Option<Spot> {
        self.list.get(number as usize).copied()
    }

    /// The spot of some infrastructure.
    pub(super) fn of_hop(&self, hop: u32) -> u32 {
        self.of_hop.get(hop as usize).copied().unwrap_or(UNKNOWN)
    }

    /// The way that an attack took: a sighting, and the number of its victim.
    pub(super) fn way(&self, kept: &Kept<'_>, victim: usize, way: &mut Way) {
        way.length = 0;
        kept.hops.iter().for_each(|hop| way.put(self.of_hop(hop.number())));
        way.put(self.of_victim.get(victim).copied().unwrap_or(UNKNOWN));
        // Who attacks where it stands has a way of one place, which is its end.
        way.has_source = way.length > 1 && kept.hops.first().is_some_and(|hop| hop.role() == Role::Source);
    }
}

/// A way from afar: neighbours of one place are one, and so are neighbours that nobody knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    spots: [u32; HOPS_MAX + 1],
    length: usize,
    has_source: bool,
}

impl Default for Way {
    fn default() -> Self {
        Self { spots: [UNKNOWN; HOPS_MAX + 1], length: 0, has_source: false }
    }
}

impl Way {
    fn put(&mut self, spot: u32) {
        let is_same = self.length > 0 && self.spots.get(self.length - 1) == Some(&spot);
        if let Some(place) = self.spots.get_mut(self.length).filter(|_| !is_same) {
            *place = spot;
            self.length += 1;
        }
    }

    /// All of it; the last is the victim's.
    pub(super) fn spots(&self) -> &[u32] {
        self.spots.get(..self.length).unwrap_or_default()
    }

    /// What lies between both ends.
    pub(super) fn between(&self) -> &[u32] {
        self.spots.get(usize::from(self.has_source)..self.length.saturating_sub(1)).unwrap_or_default()
    }

    /// Where it came from, or [`UNKNOWN`].
    pub(super) fn source(&self) -> u32 {
        self.spots().first().copied().filter(|_| self.has_source).unwrap_or(UNKNOWN)
    }

    /// Where it came to, or [`UNKNOWN`].
    pub(super) fn victim(&self) -> u32 {
        self.spots().last().copied().unwrap_or(UNKNOWN)
    }

    pub(super) fn has_source(&self) -> bool {
        self.has_source
    }
}
