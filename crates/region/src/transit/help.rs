//! Where help removes most: what would not have come through, had some countries or networks acted sooner.
//!
//! The question is put to the paths that were recorded. An attack over something that had stood in a place for longer than the time
//! to takedown that is asked for would not have come through, had that place been so fast ([`sooner`]); or would have been stopped
//! with some likelihood, had it blocked ([`blocking`]). One place on the path is enough, so that two on the same path do not remove
//! it twice: what a set of places removes is a monotone submodular function of the set, and choosing the place that adds most, again
//! and again, comes within 1 − 1/e of the best choice of as many places (at least 63 % of it); with costs, the better of choosing by
//! gain and by gain for the cost comes within half of that. A place's gain never grows as others are chosen, so that most need not
//! be looked at again.
//!
//! Beside it stands the [ranking by volume](by_volume), which counts each place alone.
//!
//! Source: Nemhauser, Wolsey and Fisher, 1978, section 4; Minoux, 1978 (lazy evaluation); Leskovec and others, "Cost-effective
//! outbreak detection in networks", 2007, section 3 (costs); REQUIREMENTS T-5.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::observed::Observed;
use super::spot::{By, Spot};

/// What each place would remove: attacks by the places that would each stop them.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The places that can be helped, ascending.
    pub spots: Vec<Spot>,
    /// Sets of places, by their numbers, ascending; and how many attacks each of them alone would stop.
    pub groups: Vec<(Box<[u32]>, u64)>,
    /// All attacks, also those that none of them would stop.
    pub total: u64,
    /// How likely a place stops an attack that it can stop: more than 0, at most 1.
    pub effect: f64,
}

/// Who would stop what, if all had what attacks use gone `days` after it was first seen.
#[must_use]
pub fn sooner(observed: &Observed, by: By, days: u32) -> Coverage {
    let limit = u64::from(days) * 86_400;
    coverage(observed, by, 1.0, |first, time| u64::from(time.saturating_sub(first)) > limit)
}

/// Who would stop what, if all blocked what attacks use with this likelihood (between 0 and 1).
#[must_use]
pub fn blocking(observed: &Observed, by: By, effect: f64) -> Coverage {
    let effect = if effect.is_finite() { effect.clamp(f64::MIN_POSITIVE, 1.0) } else { 1.0 };
    coverage(observed, by, effect, |_, _| true)
}

fn coverage(
    observed: &Observed,
    by: By,
    effect: f64,
    would_stop: impl Fn(u32, u32) -> bool + Sync,
) -> Coverage {
    let spot_of: Vec<Option<Spot>> =
        observed.infrastructure().iter().map(|one| Spot::of(one.place, by)).collect();
    let mut spots: Vec<Spot> = spot_of.iter().flatten().copied().collect();
    spots.sort_unstable();
    spots.dedup();
    let number: Vec<Option<u32>> = spot_of
        .iter()
        .map(|spot| spot.and_then(|spot| spots.binary_search(&spot).ok()).map(|at| at as u32))
        .collect();
    let (total, groups) = (0..observed.len().div_ceil(PIECE))
        .into_par_iter()
        .fold(
            || (0, HashMap::<Vec<u32>, u64>::new()),
            |(mut total, mut groups), piece| {
                let mut group = Vec::new();
                for at in piece * PIECE..((piece + 1) * PIECE).min(observed.len()) {
                    let kept = observed.sighting(at);
                    total += u64::from(kept.count);
                    group.clear();
                    group.extend(kept.hops.iter().filter_map(|hop| {
                        let hop = hop.number() as usize;
                        let first = observed.infrastructure().get(hop)?.seen.0;
                        (*number.get(hop)?).filter(|_| would_stop(first, kept.time))
                    }));
                    if !group.is_empty() {
                        group.sort_unstable();
                        group.dedup();
                        *groups.entry_ref(group.as_slice()).or_default() += u64::from(kept.count);
                    }
                }
                (total, groups)
            },
        )
        .reduce(Default::default, |(total, groups), (more_total, more)| {
            // The smaller into the larger.
            let (mut groups, more) = if groups.len() < more.len() { (more, groups) } else { (groups, more) };
            for (group, count) in more {
                *groups.entry(group).or_default() += count;
            }
            (total + more_total, groups)
        });
    let mut groups: Vec<(Box<[u32]>, u64)> =
        groups.into_iter().map(|(group, count)| (group.into_boxed_slice(), count)).collect();
    groups.sort_unstable();
    Coverage { spots, groups, total, effect }
}

/// Sightings that one thread goes through at a time.
const PIECE: usize = 1 << 16;

/// A place that is to be helped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Chosen {
    /// Which.
    pub spot: Spot,
    /// What it costs.
    pub cost: u64,
    /// How many more attacks do not come through, beside those that the ones before it remove.
    pub removes: f64,
    /// How many would not, were it the only one.
    pub alone: f64,
}

/// A choice of places, the first first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// Which.
    pub chosen: Vec<Chosen>,
    /// How many attacks do not come through.
    pub removes: f64,
    /// All attacks.
    pub total: u64,
    /// What it is worth at least, as a part of the best choice there is.
    pub guarantee: f64,
}

/// What may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many places.
    pub most: usize,
    /// What they may cost together; `None` if nobody counts.
    pub budget: Option<u64>,
}

/// Chooses places that remove most; `cost` says what one costs, at least 1.
#[must_use]
pub fn choose(coverage: &Coverage, bounds: Bounds, cost: impl Fn(Spot) -> u64) -> Choice {
    let costs: Vec<u64> = coverage.spots.iter().map(|spot| cost(*spot).max(1)).collect();
    let whole = 1.0 - (-1.0_f64).exp();
    let by_gain = greedy(coverage, bounds, &costs, |gain, _| gain);
    let Some(_) = bounds.budget else {
        return Choice { guarantee: whole, ..by_gain };
    };
    let by_worth = greedy(coverage, bounds, &costs, |gain, cost| gain / cost as f64);
    let better = if by_worth.removes > by_gain.removes { by_worth } else { by_gain };
    // Of one price, a budget is a number of places; and where the number of places binds too, nobody has proved anything.
    let is_one_price = costs.windows(2).all(|pair| pair.first() == pair.last());
    let guarantee = match (is_one_price, bounds.most >= coverage.spots.len()) {
        (true, _) => whole,
        (false, true) => whole / 2.0,
        (false, false) => 0.0,
    };
    Choice { guarantee, ..better }
}

/// A place that may be chosen next, and what it was worth when it was looked at last: it is worth no more now.
struct Candidate {
    worth: f64,
    at: u32,
    /// How many had been chosen then.
    round: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

fn greedy(coverage: &Coverage, bounds: Bounds, costs: &[u64], worth: impl Fn(f64, u64) -> f64) -> Choice {
    let mut of_spot: Vec<Vec<u32>> = vec![Vec::new(); coverage.spots.len()];
    for (group, (spots, _)) in coverage.groups.iter().enumerate() {
        for spot in spots {
            if let Some(groups) = of_spot.get_mut(*spot as usize) {
                groups.push(group as u32);
            }
        }
    }
    // What of each group still comes through.
    let mut left: Vec<f64> = coverage.groups.iter().map(|(_, count)| *count as f64).collect();
    let gain = |left: &[f64], at: u32| -> f64 {
        let groups = of_spot.get(at as usize).into_iter().flatten();
        groups.filter_map(|group| left.get(*group as usize)).sum::<f64>() * coverage.effect
    };
    let alone: Vec<f64> = (0..coverage.spots.len() as u32).map(|at| gain(&left, at)).collect();
    let cost_of = |at: u32| costs.get(at as usize).copied().unwrap_or(1);
    let mut heap: BinaryHeap<Candidate> = (0..)
        .zip(&alone)
        .map(|(at, gain)| Candidate { worth: worth(*gain, cost_of(at)), at, round: 0 })
        .collect();
    let mut budget = bounds.budget.unwrap_or(u64::MAX);
    let mut chosen: Vec<Chosen> = Vec::new();
    while let Some(best) = heap.pop() {
        if chosen.len() >= bounds.most || best.worth <= 0.0 {
            break;
        }
        let cost = if bounds.budget.is_some() { cost_of(best.at) } else { 0 };
        if cost > budget {
            continue;
        }
        if best.round < chosen.len() {
            let now = worth(gain(&left, best.at), cost_of(best.at));
            heap.push(Candidate { worth: now, round: chosen.len(), ..best });
            continue;
        }
        let removes = gain(&left, best.at);
        for group in of_spot.get(best.at as usize).into_iter().flatten() {
            if let Some(left) = left.get_mut(*group as usize) {
                *left *= 1.0 - coverage.effect;
            }
        }
        budget -= cost;
        if let Some(spot) = coverage.spots.get(best.at as usize) {
            let alone = alone.get(best.at as usize).copied().unwrap_or(0.0);
            chosen.push(Chosen { spot: *spot, cost: cost_of(best.at), removes, alone });
        }
    }
    let removes = chosen.iter().map(|chosen| chosen.removes).sum();
    Choice { chosen, removes, total: coverage.total, guarantee: 0.0 }
}

/// What a set of places removes; places that can't be helped remove nothing.
#[must_use]
pub fn removed(coverage: &Coverage, set: &[Spot]) -> f64 {
    let stopped = |spots: &[u32]| {
        let is_in = |at: &&u32| coverage.spots.get(**at as usize).is_some_and(|spot| set.contains(spot));
        let through = (1.0 - coverage.effect).powi(spots.iter().filter(is_in).count() as i32);
        1.0 - through
    };
    coverage.groups.iter().map(|(spots, count)| *count as f64 * stopped(spots)).sum()
}

/// The naive choice: the places with most attacks, each counted alone, with what they remove together.
#[must_use]
pub fn by_volume(coverage: &Coverage, most: usize) -> Choice {
    let mut volume = vec![0_u64; coverage.spots.len()];
    for (spots, count) in &coverage.groups {
        for spot in spots {
            if let Some(sum) = volume.get_mut(*spot as usize) {
                *sum += count;
            }
        }
    }
    let mut order: Vec<(u64, Spot)> = volume.into_iter().zip(coverage.spots.iter().copied()).collect();
    order.sort_by_key(|(volume, spot)| (std::cmp::Reverse(*volume), *spot));
    let mut set = Vec::new();
    let mut before = 0.0;
    let mut chosen = Vec::new();
    for (volume, spot) in order.into_iter().take(most).filter(|(volume, _)| *volume > 0) {
        set.push(spot);
        let now = removed(coverage, &set);
        chosen.push(Chosen { spot, cost: 1, removes: now - before, alone: volume as f64 * coverage.effect });
        before = now;
    }
    Choice { chosen, removes: before, total: coverage.total, guarantee: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::{Country, Hop, Place, Role, Sighting};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn spots(count: usize) -> Vec<Spot> {
        Country::all().take(count).map(Spot::Country).collect()
    }

    fn instance() -> impl Strategy<Value = Coverage> {
        let group = (prop::collection::btree_set(0..8_u32, 1..4), 1..30_u64);
        (prop::collection::vec(group, 0..12), prop::sample::select(vec![1.0, 0.5, 0.8])).prop_map(
            |(groups, effect)| {
                let mut sums: BTreeMap<Box<[u32]>, u64> = BTreeMap::new();
                for (spots, count) in groups {
                    *sums.entry(spots.into_iter().collect()).or_default() += count;
                }
                let total = sums.values().sum();
                Coverage { spots: spots(8), groups: sums.into_iter().collect(), total, effect }
            },
        )
    }

    /// The best of all sets within the bounds.
    fn best(coverage: &Coverage, bounds: Bounds, costs: &[u64]) -> f64 {
        let sets = (0..1_u32 << coverage.spots.len()).filter(|set| set.count_ones() as usize <= bounds.most);
        let members = |set: u32| (0..coverage.spots.len()).filter(move |at| set >> at & 1 == 1);
        let within = |set: &u32| {
            bounds.budget.is_none_or(|budget| members(*set).map(|at| costs[at]).sum::<u64>() <= budget)
        };
        sets.filter(within)
            .map(|set| removed(coverage, &members(set).map(|at| coverage.spots[at]).collect::<Vec<_>>()))
            .fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn the_choice_keeps_its_guarantee(
            coverage in instance(), most in 1..6_usize, budget in prop::option::of(1..12_u64),
            costs in prop::collection::vec(1..6_u64, 8),
        ) {
            let bounds = Bounds { most: if budget.is_some() { 8 } else { most }, budget };
            let cost = |spot: Spot| costs[coverage.spots.iter().position(|one| *one == spot).unwrap()];
            let choice = choose(&coverage, bounds, cost);
            let best = best(&coverage, bounds, &costs);
            prop_assert!(choice.removes >= best * choice.guarantee - 1e-9, "{} of {best}", choice.removes);
            prop_assert!(choice.removes <= best + 1e-9);
            prop_assert!(choice.guarantee >= 0.31);
            let set: Vec<Spot> = choice.chosen.iter().map(|chosen| chosen.spot).collect();
            prop_assert!((removed(&coverage, &set) - choice.removes).abs() < 1e-9);
            prop_assert!(choice.chosen.len() <= bounds.most);
            if let Some(budget) = budget {
                prop_assert!(choice.chosen.iter().map(|chosen| chosen.cost).sum::<u64>() <= budget);
            }
        }

        #[test]
        fn being_lazy_changes_nothing(coverage in instance(), most in 1..8_usize) {
            let choice = choose(&coverage, Bounds { most, budget: None }, |_| 1);
            let (mut set, mut removes) = (Vec::new(), 0.0);
            for chosen in &choice.chosen {
                let with = |spot: Spot| removed(&coverage, &[set.as_slice(), &[spot]].concat());
                let most = coverage.spots.iter().map(|spot| with(*spot)).fold(0.0, f64::max);
                prop_assert!((with(chosen.spot) - most).abs() < 1e-9);
                set.push(chosen.spot);
                prop_assert!((chosen.removes - (most - removes)).abs() < 1e-9);
                removes = most;
            }
        }

        #[test]
        fn where_no_path_crosses_two_the_choice_is_the_best(
            counts in prop::collection::vec(0..50_u64, 8), most in 1..6_usize,
        ) {
            let groups = (0..8_u32).zip(&counts).filter(|(_, count)| **count > 0);
            let groups = groups.map(|(spot, count)| (Box::from([spot]), *count)).collect();
            let coverage = Coverage { spots: spots(8), groups, total: counts.iter().sum(), effect: 1.0 };
            let bounds = Bounds { most, budget: None };
            let chosen = choose(&coverage, bounds, |_| 1).removes;
            prop_assert!((chosen - best(&coverage, bounds, &[1; 8])).abs() < 1e-9);
            prop_assert!((chosen - by_volume(&coverage, most).removes).abs() < 1e-9);
        }
    }

    #[test]
    fn two_on_the_same_paths_do_not_help_twice() {
        let groups = vec![(Box::from([0, 1]), 10), (Box::from([2]), 6)];
        let coverage = Coverage { spots: spots(3), groups, total: 20, effect: 1.0 };
        let choice = choose(&coverage, Bounds { most: 2, budget: None }, |_| 1);
        let naive = by_volume(&coverage, 2);
        assert_eq!((choice.removes, naive.removes), (16.0, 10.0));
        assert_eq!(choice.chosen.iter().map(|one| one.removes).collect::<Vec<_>>(), [10.0, 6.0]);
        assert_eq!(naive.chosen.iter().map(|one| one.removes).collect::<Vec<_>>(), [10.0, 0.0]);
    }

    #[test]
    fn only_what_had_stood_for_longer_would_have_been_gone() {
        const DAY: i64 = 86_400;
        let mut observed = Observed::default();
        let place = |code: &str| Place { country: Country::known(code).unwrap(), network: None };
        let hop = |address: &str, code: &str| Hop {
            address: address.parse().ok(),
            place: place(code),
            role: Role::CommandAndControl,
        };
        let hops = [hop("192.0.2.1", "DE"), hop("192.0.2.2", "FR")];
        for (day, hops) in [(0, &hops[..1]), (3, &hops[..]), (10, &hops[..]), (11, &hops[1..])] {
            observed
                .add(&Sighting { time: day * DAY, hops, victim: place("KR"), count: 1 }, &NoTable)
                .unwrap();
        }
        let coverage = sooner(&observed, By::Country, 7);
        // Day 10: Germany's had stood for 10 days, France's for 7; day 11: France's for 8.
        assert_eq!(coverage.groups, [(Box::from([0]), 1), (Box::from([1]), 1)]);
        assert_eq!(coverage.total, 4);
        let at_once = sooner(&observed, By::Country, 0);
        assert_eq!(choose(&at_once, Bounds { most: 2, budget: None }, |_| 1).removes, 3.0);
        let half = blocking(&observed, By::Country, 0.5);
        assert_eq!(removed(&half, &half.spots), 0.5 + 0.75 + 0.75 + 0.5);
    }
}
