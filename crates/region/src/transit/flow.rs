//! What flows where: what share of all attacks crosses each country or network, and what goes straight from one to another.
//!
//! Of some hops nobody knows where they are; a share is therefore told three times: as it is known, and within which bounds the
//! unknown keep it.
//!
//! Source: REQUIREMENTS T-1 to T-3.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::Role;
use super::observed::Observed;
use super::spot::{By, Spot, Spots, UNKNOWN, Way};

/// How sightings are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What is looked at.
    pub by: By,
    /// The days of a period; where there would be more than [`PERIODS_MAX`] of them, they are longer.
    pub period_days: u32,
}

/// The most periods that are told apart.
pub const PERIODS_MAX: u32 = 120;

impl Options {
    /// Periods of four weeks.
    #[must_use]
    pub const fn by(by: By) -> Self {
        Self { by, period_days: 28 }
    }
}

/// What flows where.
#[derive(Debug, Clone, PartialEq)]
pub struct Flows {
    /// What is looked at.
    pub by: By,
    /// All attacks.
    pub total: u64,
    /// Of how many of them a hop is unknown, or where they came from.
    pub with_unknown: u64,
    /// When the first period begins, in seconds since 1970-01-01 UTC, and how many seconds one takes.
    pub period: (u32, u32),
    /// The countries or networks, ascending.
    pub spots: Vec<Spot>,
    /// What crosses each, in the same order.
    pub crossings: Vec<Crossing>,
    /// What goes from one straight to another, by their numbers; what is unknown leads nowhere.
    pub edges: BTreeMap<(u32, u32), u64>,
}

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

/// Sums sightings up.
#[must_use]
pub fn flows(observed: &Observed, options: Options) -> Flows {
    let spots = Spots::of(observed, options.by);
    let (first, last) = observed.times().unwrap_or_default();
    let days = options.period_days.clamp(1, 36_500).max((last - first) / 86_400 / PERIODS_MAX + 1);
    let seconds = days * 86_400;
    let periods = if observed.is_empty() { 0 } else { ((last - first) / seconds + 1) as usize };
    let pieces = observed.len().div_ceil(PIECE);
    let sums = (0..pieces)
        .into_par_iter()
        // Sums are large, and each run of pieces has its own.
        .with_min_len(pieces.div_ceil(2 * rayon::current_num_threads().max(1)).max(1))
        .fold(
            || Sums::new(spots.len(), periods),
            |mut sums, piece| {
                let mut way = Way::default();
                for at in piece * PIECE..((piece + 1) * PIECE).min(observed.len()) {
                    let kept = observed.sighting(at);
                    for hop in kept.hops {
                        sums.role(spots.of_hop(hop.number()), hop.role(), kept.count.into());
                    }
                    spots.way(&kept, observed.victim_number(at), &mut way);
                    sums.way(&way, ((kept.time - first) / seconds) as usize, kept.count.into());
                }
                sums
            },
        )
        .reduce(|| Sums::new(spots.len(), periods), Sums::with);
    sums.told(options.by, spots.into_list(), (first, seconds))
}

/// Sightings that one thread sums up at a time.
const PIECE: usize = 1 << 16;
/// So many spots have what flows between them in a square; more have it in a map.
const SQUARE_MAX: usize = 2048;

/// What is summed up while sightings are gone through. Lists are by spot.
struct Sums {
    total: u64,
    with_unknown: u64,
    with_unknown_hop: u64,
    from: Vec<u64>,
    to: Vec<u64>,
    /// By spot, then by period.
    through: Vec<u64>,
    all_by_period: Vec<u64>,
    /// Those whose ends are known too.
    surely: Vec<u64>,
    /// Those with an unknown hop that can't be here: this is an end of theirs, or is on them already.
    settled: Vec<u64>,
    roles: Vec<[u64; Role::ALL.len()]>,
    /// By spot, then by spot; empty where there are too many. What is too much for it is in `edges`, to be added.
    square: Vec<u32>,
    edges: hashbrown::HashMap<(u32, u32), u64>,
    /// Scratch.
    seen: Vec<u32>,
}

impl Sums {
    fn new(spots: usize, periods: usize) -> Self {
        let zeros = || vec![0; spots];
        Self {
            total: 0,
            with_unknown: 0,
            with_unknown_hop: 0,
            from: zeros(),
            to: zeros(),
            through: vec![0; spots * periods],
            all_by_period: vec![0; periods],
            surely: zeros(),
            settled: zeros(),
            roles: vec![[0; Role::ALL.len()]; spots],
            square: if spots <= SQUARE_MAX { vec![0; spots * spots] } else { Vec::new() },
            edges: hashbrown::HashMap::new(),
            seen: Vec::new(),
        }
    }

    /// The edge of a place in the square.
    fn edge(&self, at: usize) -> (u32, u32) {
        let side = self.from.len().max(1);
        ((at / side) as u32, (at % side) as u32)
    }

    fn role(&mut self, spot: u32, role: Role, count: u64) {
        if let Some(sum) = self.roles.get_mut(spot as usize).and_then(|roles| roles.get_mut(role as usize)) {
            *sum += count;
        }
    }

    fn way(&mut self, way: &Way, period: usize, count: u64) {
        let (source, victim) = (way.source(), way.victim());
        self.total += count;
        add(&mut self.all_by_period, period, count);
        add(&mut self.from, source as usize, count);
        add(&mut self.to, victim as usize, count);
        for pair in way.spots().windows(2) {
            if let [from, to] = *pair
                && from != UNKNOWN
                && to != UNKNOWN
            {
                let place = self.square.get_mut(from as usize * self.from.len() + to as usize);
                let sum = place.as_ref().map_or(count, |place| u64::from(**place) + count);
                match (place, u32::try_from(sum)) {
                    (Some(place), Ok(sum)) => *place = sum,
                    (place, _) => {
                        *self.edges.entry((from, to)).or_default() += sum;
                        place.into_iter().for_each(|place| *place = 0);
                    }
                }
            }
        }
        self.seen.clear();
        let mut has_unknown_hop = false;
        for spot in way.between().iter().copied() {
            match spot {
                UNKNOWN => has_unknown_hop = true,
                // Ways are short, so that looking through what was seen is the fastest.
                spot if spot == source || spot == victim || self.seen.contains(&spot) => {}
                spot => self.seen.push(spot),
            }
        }
        let periods = self.all_by_period.len();
        let are_ends_known = source != UNKNOWN && victim != UNKNOWN;
        for spot in self.seen.iter().map(|spot| *spot as usize) {
            add(&mut self.through, spot * periods + period, count);
            add(&mut self.surely, spot, if are_ends_known { count } else { 0 });
            add(&mut self.settled, spot, if has_unknown_hop { count } else { 0 });
        }
        if has_unknown_hop {
            self.with_unknown_hop += count;
            add(&mut self.settled, source as usize, count);
            add(&mut self.settled, if victim == source { UNKNOWN } else { victim } as usize, count);
        }
        if has_unknown_hop || !are_ends_known {
            self.with_unknown += count;
        }
    }

    fn with(mut self, more: Self) -> Self {
        let lists = [
            (&mut self.from, more.from),
            (&mut self.to, more.to),
            (&mut self.through, more.through),
            (&mut self.all_by_period, more.all_by_period),
            (&mut self.surely, more.surely),
            (&mut self.settled, more.settled),
        ];
        for (sums, more) in lists {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        self.roles.iter_mut().flatten().zip(more.roles.iter().flatten()).for_each(|(sum, more)| *sum += more);
        for (at, count) in more.square.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let edge = self.edge(at);
            match self.square.get_mut(at).map(|sum| (sum.checked_add(count), sum)) {
                Some((Some(more), sum)) => *sum = more,
                _ => *self.edges.entry(edge).or_default() += u64::from(count),
            }
        }
        for (edge, count) in more.edges {
            *self.edges.entry(edge).or_default() += count;
        }
        self.total += more.total;
        self.with_unknown += more.with_unknown;
        self.with_unknown_hop += more.with_unknown_hop;
        self
    }

    fn told(self, by: By, spots: Vec<Spot>, period: (u32, u32)) -> Flows {
        let share = |count: u64| if self.total == 0 { 0.0 } else { count as f64 / self.total as f64 };
        let at = |list: &[u64], spot: usize| list.get(spot).copied().unwrap_or(0);
        let periods = self.all_by_period.len();
        let one = |(number, spot): (usize, &Spot)| {
            let by_period = self.through.get(number * periods..(number + 1) * periods).unwrap_or_default();
            let through = by_period.iter().sum();
            let roles = self.roles.get(number).copied().unwrap_or_default();
            Crossing {
                spot: *spot,
                through,
                from: at(&self.from, number),
                to: at(&self.to, number),
                share: share(through),
                share_least: share(at(&self.surely, number)),
                share_most: share(through + self.with_unknown_hop - at(&self.settled, number)),
                trend: trend(by_period, &self.all_by_period),
                by_period: by_period.to_vec(),
                roles: Role::ALL.into_iter().zip(roles).filter(|(_, count)| *count > 0).collect(),
            }
        };
        let crossings = spots.iter().enumerate().map(one).collect();
        let of_square = self.square.iter().enumerate().filter(|(_, count)| **count > 0);
        let mut edges: BTreeMap<(u32, u32), u64> =
            of_square.map(|(at, count)| (self.edge(at), u64::from(*count))).collect();
        for (edge, count) in &self.edges {
            *edges.entry(*edge).or_default() += count;
        }
        Flows { by, total: self.total, with_unknown: self.with_unknown, period, spots, crossings, edges }
    }
}

/// Adds at a place, if there is one: [`UNKNOWN`] has none.
fn add(sums: &mut [u64], at: usize, count: u64) {
    if let Some(sum) = sums.get_mut(at) {
        *sum += count;
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
    use crate::transit::{Country, Hop, Place, Sighting};

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
        flows.crossings.iter().find(|crossing| crossing.spot == spot).cloned().unwrap()
    }

    #[test]
    fn a_path_crosses_where_it_neither_starts_nor_ends() {
        let observed = seen(&[(">ABK", 0, 3), (">AABBK", 1, 1), (">BAK", 2, 4), (">ABA", 3, 2)]);
        let flows = flows(&observed, Options::by(By::Country));
        assert_eq!((flows.total, flows.with_unknown), (10, 0));
        let (austria, belgium) = (crossing(&flows, "AT"), crossing(&flows, "BE"));
        assert_eq!((belgium.through, belgium.from, belgium.to), (6, 4, 0));
        assert_eq!((austria.through, austria.from, austria.to), (4, 6, 2));
        assert!((belgium.share - 0.6).abs() < 1e-12);
        assert_eq!((belgium.share, belgium.share), (belgium.share_least, belgium.share_most));
        assert_eq!(belgium.roles, BTreeMap::from([(Role::Source, 4), (Role::Proxy, 7)]));
        assert_eq!(flows.edges.values().sum::<u64>(), 20);
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
        assert_eq!(flows.with_unknown, 4);
        // Nothing leads from or to where nobody knows.
        assert_eq!(flows.edges.len(), 3);
    }

    #[test]
    fn a_trend_compares_halves_of_the_time() {
        let paths = [(">ABK", 0, 1), (">ACK", 1, 3), (">ABK", 28, 2), (">ACK", 40, 0), (">ACK", 57, 2)];
        let flows = flows(&seen(&paths), Options::by(By::Country));
        assert_eq!(flows.period, (0, 28 * 86_400));
        let (belgium, canada) = (crossing(&flows, "BE"), crossing(&flows, "CA"));
        assert_eq!(belgium.by_period, [1, 2, 0]);
        assert_eq!(canada.by_period, [3, 0, 2]);
        assert_eq!((belgium.trend, canada.trend), (Some(0.0), Some(1.0 / 0.75)));
    }

    #[test]
    fn what_flows_may_be_more_than_a_small_number_holds() {
        let many: Vec<(&str, i64, u32)> = (0..5).map(|day| (">ABK", day, u32::MAX)).collect();
        let flows = flows(&seen(&many), Options::by(By::Country));
        assert_eq!(flows.edges.into_values().collect::<Vec<_>>(), [5 * u64::from(u32::MAX); 2]);
    }

    #[test]
    fn without_sightings_there_is_nothing() {
        let flows = flows(&Observed::default(), Options::by(By::Network));
        assert_eq!((flows.total, flows.crossings.len()), (0, 0));
    }
}
