//! What flows where: routes of attacks through countries or networks, and what share of all crosses each.
//!
//! A route is a path seen from afar: the places of its hops, neighbours of one place made one, and the victim's last. Of some hops
//! nobody knows where they are; a share is therefore told three times: as it is known, and within which bounds the unknown keep it.
//!
//! Source: REQUIREMENTS T-1 to T-3.

use std::collections::BTreeMap;
use std::fmt;

use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::observed::{HOPS_MAX, Kept, Observed};
use super::place::{Country, Network, Place};
use super::{NOT_ATTRIBUTION, Role};

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

/// Stands in a route where nobody knows where.
pub const UNKNOWN: u32 = u32::MAX;

/// A route, and what flowed over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Spots, by their number in [`Flows::spots`], or [`UNKNOWN`]; the last is the victim's.
    pub spots: Box<[u32]>,
    /// Whether the first is where it came from; else that isn't known.
    pub has_source: bool,
    /// How many attacks, by the number of the period in which they were seen.
    pub weights: BTreeMap<u32, u64>,
}

impl Route {
    /// How many attacks.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weights.values().sum()
    }

    /// What lies between both ends.
    fn between(&self) -> &[u32] {
        let before_victim = self.spots.len().saturating_sub(1);
        self.spots.get(usize::from(self.has_source)..before_victim).unwrap_or_default()
    }

    fn source(&self) -> Option<u32> {
        self.spots.first().copied().filter(|spot| self.has_source && *spot != UNKNOWN)
    }

    fn victim(&self) -> Option<u32> {
        self.spots.last().copied().filter(|spot| *spot != UNKNOWN)
    }
}

/// How sightings are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What is looked at.
    pub by: By,
    /// The days of a period.
    pub period_days: u32,
}

impl Options {
    /// Periods of four weeks.
    #[must_use]
    pub const fn by(by: By) -> Self {
        Self { by, period_days: 28 }
    }
}

/// All routes, and where they go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flows {
    /// What is looked at.
    pub by: By,
    /// The countries or networks, ascending.
    pub spots: Vec<Spot>,
    /// The routes, by their spots.
    pub routes: Vec<Route>,
    /// How many periods there are.
    pub periods: u32,
    /// When the first begins, in seconds since 1970-01-01 UTC, and how many seconds one takes.
    pub period: (u32, u32),
    /// By spot, then by role: how many hops of attacks were there in that role.
    pub roles: Vec<[u64; Role::ALL.len()]>,
}

/// Attacks by whether their source is known (1 or 0), by period, and by the spots of their route.
type Routes = HashMap<Vec<u32>, u64>;

/// Sums sightings up.
#[must_use]
pub fn flows(observed: &Observed, options: Options) -> Flows {
    let Options { by, period_days } = options;
    let (first, last) = observed.times().unwrap_or_default();
    let seconds = period_days.clamp(1, 36_500) * 86_400;
    let period = |time: u32| time.saturating_sub(first) / seconds;
    let mut spots: Vec<Spot> =
        observed.infrastructure().iter().filter_map(|one| Spot::of(one.place, by)).collect();
    spots.extend(observed.victims().iter().filter_map(|place| Spot::of(*place, by)));
    spots.sort_unstable();
    spots.dedup();
    let number = |place: Place| {
        Spot::of(place, by).and_then(|spot| spots.binary_search(&spot).ok()).map_or(UNKNOWN, |at| at as u32)
    };
    let of_hop: Vec<u32> = observed.infrastructure().iter().map(|one| number(one.place)).collect();
    let of_victim: HashMap<Place, u32> =
        observed.victims().iter().map(|place| (*place, number(*place))).collect();
    let roles_of = || vec![[0_u64; Role::ALL.len()]; spots.len()];

    let one = |(routes, roles): &mut (Routes, Vec<[u64; Role::ALL.len()]>), kept: Kept<'_>| {
        let mut route = [UNKNOWN; 2 + HOPS_MAX + 1];
        let mut length = 2;
        let mut put = |spot: u32| {
            // Neighbours of one place are one, and so are neighbours that nobody knows.
            let is_same = length > 2 && route.get(length - 1) == Some(&spot);
            if let Some(place) = route.get_mut(length).filter(|_| !is_same) {
                *place = spot;
                length += 1;
            }
        };
        for (hop, role) in kept.hops {
            let spot = of_hop.get(*hop as usize).copied().unwrap_or(UNKNOWN);
            if let Some(count) = roles.get_mut(spot as usize).and_then(|roles| roles.get_mut(*role as usize))
            {
                *count += u64::from(kept.count);
            }
            put(spot);
        }
        put(of_victim.get(&kept.victim).copied().unwrap_or(UNKNOWN));
        let has_source = kept.hops.first().is_some_and(|(_, role)| *role == Role::Source);
        // Who attacks where it stands has a route of one place, whose end it is.
        route[0] = u32::from(has_source && length > 3);
        route[1] = period(kept.time);
        *routes.entry_ref(route.get(..length).unwrap_or_default()).or_default() += u64::from(kept.count);
    };
    let (routes, roles) = (0..observed.len().div_ceil(PIECE))
        .into_par_iter()
        .fold(
            || (Routes::new(), roles_of()),
            |mut sums, piece| {
                let end = ((piece + 1) * PIECE).min(observed.len());
                (piece * PIECE..end).for_each(|at| one(&mut sums, observed.sighting(at)));
                sums
            },
        )
        .reduce(
            || (Routes::new(), roles_of()),
            |(mut routes, mut roles), (more, more_roles)| {
                for (key, count) in more {
                    *routes.entry(key).or_default() += count;
                }
                for (sum, more) in roles.iter_mut().flatten().zip(more_roles.iter().flatten()) {
                    *sum += more;
                }
                (routes, roles)
            },
        );
    let mut by_spots: BTreeMap<(Box<[u32]>, bool), BTreeMap<u32, u64>> = BTreeMap::new();
    for (key, count) in routes {
        let [has_source, period, spots @ ..] = key.as_slice() else { continue };
        *by_spots.entry((spots.into(), *has_source == 1)).or_default().entry(*period).or_default() += count;
    }
    let routes = by_spots
        .into_iter()
        .map(|((spots, has_source), weights)| Route { spots, has_source, weights })
        .collect();
    let periods = if observed.is_empty() { 0 } else { period(last) + 1 };
    Flows { by, spots, routes, periods, period: (first, seconds), roles }
}

/// Sightings that one thread sums up at a time.
const PIECE: usize = 1 << 16;

/// What crosses a country or a network (T-2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// Which.
    pub spot: Spot,
    /// Attacks that cross it: paths through it that neither start nor end there.
    pub through: u64,
    /// Attacks that start there, as far as was seen.
    pub from: u64,
    /// Attacks that end there.
    pub to: u64,
    /// `through` ÷ all attacks.
    pub share: f64,
    /// The same if the unknown are elsewhere: paths count alone whose start is known.
    pub share_least: f64,
    /// The same if all unknown hops were there.
    pub share_most: f64,
    /// Those that cross it, by period.
    pub by_period: Vec<u64>,
    /// Hops there, by role; those without any are left out.
    pub roles: BTreeMap<Role, u64>,
    /// The share among the latter half of the periods ÷ that among the former; `None` without both.
    pub trend: Option<f64>,
}

impl Flows {
    /// All attacks.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.routes.iter().map(Route::weight).sum()
    }

    /// Of how many attacks a hop is unknown, or where they came from.
    #[must_use]
    pub fn with_unknown(&self) -> u64 {
        let unknown = |route: &&Route| !route.has_source || route.spots.contains(&UNKNOWN);
        self.routes.iter().filter(unknown).map(Route::weight).sum()
    }

    /// What crosses each, most first.
    #[must_use]
    pub fn crossings(&self) -> Vec<Crossing> {
        let periods = self.periods as usize;
        let (mut from, mut to) = (vec![0_u64; self.spots.len()], vec![0_u64; self.spots.len()]);
        let mut by_period = vec![vec![0_u64; periods]; self.spots.len()];
        // Those that surely cross it; and those that can't: because it is an end of theirs, or is on them already.
        let (mut surely, mut settled) = (vec![0_u64; self.spots.len()], vec![0_u64; self.spots.len()]);
        let mut all_by_period = vec![0_u64; periods];
        let mut with_unknown_hop = 0;
        let mut seen: Vec<u32> = Vec::new();
        for route in &self.routes {
            let weight = route.weight();
            let (source, victim) = (route.source(), route.victim());
            let add = |sums: &mut Vec<u64>, spot: Option<u32>| {
                if let Some(sum) = spot.and_then(|spot| sums.get_mut(spot as usize)) {
                    *sum += weight;
                }
            };
            add(&mut from, source);
            add(&mut to, victim);
            for (period, count) in &route.weights {
                if let Some(sum) = all_by_period.get_mut(*period as usize) {
                    *sum += count;
                }
            }
            seen.clear();
            seen.extend(route.between());
            seen.sort_unstable();
            seen.dedup();
            let has_unknown_hop = seen.pop_if(|last| *last == UNKNOWN).is_some();
            let ends_here = |spot: u32| Some(spot) == source || Some(spot) == victim;
            for spot in seen.iter().copied().filter(|spot| !ends_here(*spot)) {
                if let Some(series) = by_period.get_mut(spot as usize) {
                    for (period, count) in &route.weights {
                        if let Some(sum) = series.get_mut(*period as usize) {
                            *sum += count;
                        }
                    }
                }
                if source.is_some() && victim.is_some() {
                    add(&mut surely, Some(spot));
                }
            }
            if has_unknown_hop {
                with_unknown_hop += weight;
                seen.extend(source.into_iter().chain(victim));
                seen.sort_unstable();
                seen.dedup();
                seen.iter().for_each(|spot| add(&mut settled, Some(*spot)));
            }
        }
        let total = self.total();
        let share = |count: u64| if total == 0 { 0.0 } else { count as f64 / total as f64 };
        let mut crossings: Vec<Crossing> = self
            .spots
            .iter()
            .zip(from.iter().zip(&to))
            .zip(by_period.into_iter().zip(surely.iter().zip(&settled)))
            .zip(&self.roles)
            .map(|(((spot, (from, to)), (by_period, (surely, settled))), roles)| {
                let through = by_period.iter().sum();
                Crossing {
                    spot: *spot,
                    through,
                    from: *from,
                    to: *to,
                    share: share(through),
                    share_least: share(*surely),
                    share_most: share(through + with_unknown_hop - settled),
                    trend: trend(&by_period, &all_by_period),
                    by_period,
                    roles: Role::ALL.into_iter().zip(*roles).filter(|(_, count)| *count > 0).collect(),
                }
            })
            .collect();
        crossings.sort_by_key(|crossing| (std::cmp::Reverse(crossing.through), crossing.spot));
        crossings
    }

    /// What goes from one straight to another, by their numbers; what is unknown leads nowhere.
    #[must_use]
    pub fn edges(&self) -> BTreeMap<(u32, u32), u64> {
        let mut edges = BTreeMap::new();
        for route in &self.routes {
            for pair in route.spots.windows(2) {
                if let [from, to] = *pair
                    && from != UNKNOWN
                    && to != UNKNOWN
                {
                    *edges.entry((from, to)).or_default() += route.weight();
                }
            }
        }
        edges
    }

    /// What stands below every table of this.
    #[must_use]
    pub const fn remark(&self) -> &'static str {
        NOT_ATTRIBUTION
    }
}

/// The share in the latter half ÷ that in the former; an odd period in the middle belongs to neither.
fn trend(some: &[u64], all: &[u64]) -> Option<f64> {
    let half = some.len() / 2;
    let share = |some: &[u64], all: &[u64]| {
        let all: u64 = all.iter().sum();
        (all > 0).then(|| some.iter().sum::<u64>() as f64 / all as f64)
    };
    let before = share(some.get(..half)?, all.get(..half)?)?;
    let after = share(some.get(some.len() - half..)?, all.get(all.len().checked_sub(half)?..)?)?;
    (before > 0.0).then(|| after / before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::{Hop, Sighting};

    const DAY: i64 = 86_400;

    /// Each letter is a country that begins with it and ends in a fixed letter; `?` is unknown, a leading `>` says that the first is
    /// the source.
    fn seen(paths: &[(&str, i64, u32)]) -> Observed {
        let mut observed = Observed::default();
        for (path, day, count) in paths {
            let (text, has_source) = path.strip_prefix('>').map_or((*path, false), |text| (text, true));
            let place = |letter: char| Place {
                country: match letter {
                    'A' => Country::parse("AT").ok(),
                    'B' => Country::parse("BE").ok(),
                    'C' => Country::parse("CA").ok(),
                    'K' => Country::parse("KR").ok(),
                    _ => None,
                },
                network: None,
            };
            let mut letters: Vec<char> = text.chars().collect();
            let victim = place(letters.pop().unwrap());
            let role = |at: usize| if at == 0 && has_source { Role::Source } else { Role::Proxy };
            let hops: Vec<Hop> = letters
                .iter()
                .enumerate()
                .map(|(at, letter)| Hop { address: None, place: place(*letter), role: role(at) })
                .collect();
            observed
                .add(&Sighting { time: day * DAY, hops: &hops, victim, count: *count }, &NoTable)
                .unwrap();
        }
        observed
    }

    fn crossing(flows: &Flows, code: &str) -> Crossing {
        let spot = Spot::Country(Country::parse(code).unwrap());
        flows.crossings().into_iter().find(|crossing| crossing.spot == spot).unwrap()
    }

    #[test]
    fn a_path_crosses_where_it_neither_starts_nor_ends() {
        let observed = seen(&[(">ABK", 0, 3), (">AABBK", 1, 1), (">BAK", 2, 4), (">ABA", 3, 2)]);
        let flows = flows(&observed, Options::by(By::Country));
        assert_eq!((flows.total(), flows.routes.len(), flows.with_unknown()), (10, 3, 0));
        let (austria, belgium) = (crossing(&flows, "AT"), crossing(&flows, "BE"));
        assert_eq!((belgium.through, belgium.from, belgium.to), (6, 4, 0));
        assert_eq!((austria.through, austria.from, austria.to), (4, 6, 2));
        assert!((belgium.share - 0.6).abs() < 1e-12);
        assert_eq!((belgium.share, belgium.share), (belgium.share_least, belgium.share_most));
        assert_eq!(belgium.roles, BTreeMap::from([(Role::Source, 4), (Role::Proxy, 7)]));
        assert_eq!(flows.crossings()[0].spot, belgium.spot);
        assert_eq!(flows.edges().values().sum::<u64>(), 20);
    }

    #[test]
    fn what_is_unknown_stays_unknown_and_bounds_the_share() {
        // Known to cross B: 2 of 8. Of these one has no source, and may have started there. Two more have a hop that may be there; one
        // more has one, but ends there.
        let observed = seen(&[(">ABK", 0, 1), ("BK", 0, 1), (">A?K", 0, 2), (">A?B", 0, 1), (">AK", 0, 3)]);
        let flows = flows(&observed, Options::by(By::Country));
        let belgium = crossing(&flows, "BE");
        assert_eq!(belgium.through, 2);
        let shares = [belgium.share_least, belgium.share, belgium.share_most].map(|share| share * 8.0);
        assert_eq!(shares, [1.0, 2.0, 4.0]);
        assert_eq!(flows.with_unknown(), 4);
        // Nothing leads from or to where nobody knows.
        assert_eq!(flows.edges().len(), 3);
    }

    #[test]
    fn a_trend_compares_halves_of_the_time() {
        let paths = [(">ABK", 0, 1), (">ACK", 1, 3), (">ABK", 28, 2), (">ACK", 40, 0), (">ACK", 57, 2)];
        let flows = flows(&seen(&paths), Options::by(By::Country));
        assert_eq!((flows.periods, flows.period), (3, (0, 28 * 86_400)));
        let (belgium, canada) = (crossing(&flows, "BE"), crossing(&flows, "CA"));
        assert_eq!(belgium.by_period, [1, 2, 0]);
        assert_eq!(canada.by_period, [3, 0, 2]);
        assert_eq!((belgium.trend, canada.trend), (Some(0.0), Some(1.0 / 0.75)));
    }

    #[test]
    fn without_sightings_there_is_nothing() {
        let flows = flows(&Observed::default(), Options::by(By::Network));
        assert_eq!((flows.total(), flows.periods, flows.crossings().len()), (0, 0, 0));
    }
}
