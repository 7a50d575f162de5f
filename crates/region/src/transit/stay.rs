//! How long what attacks use stays where it is: dwell, time to takedown, and repeat use.
//!
//! Dwell is the time from the first to the last sighting of an address, so that it is told too short rather than too long; one that
//! is still seen at the end is *open*. Time to takedown runs from a notice to the time from which it is known to be gone; what still waits counts as
//! long as it does ([`super::lasting`]).
//! An address is used again when it is seen after a rest.
//!
//! Source: REQUIREMENTS T-4.

use hashbrown::HashMap;
use serde::Serialize;

use super::lasting::{Median, median};
use super::observed::Observed;
use super::spot::{By, Spot};

/// Of what happened to an address after its keeper was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The number of the infrastructure.
    pub infrastructure: u32,
    /// When its keeper was told, in seconds since 1970-01-01 UTC.
    pub told: u32,
    /// Since when it is gone; `None` while it isn't.
    pub gone: Option<u32>,
    /// Until when it is known not to be gone, if it isn't.
    pub upto: u32,
}

/// What counts as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What is seen again after so many days without is used again.
    pub rest_days: u32,
    /// What was seen last so many days before the last sighting of all, or later, is still open.
    pub open_days: u32,
}

impl Default for Terms {
    /// Two weeks, and one.
    fn default() -> Self {
        Self { rest_days: 14, open_days: 7 }
    }
}

/// How long something takes, over many: in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Over how many.
    pub count: u64,
    /// Half of them take at most this long.
    pub median: u32,
    /// Nine of ten take at most this long.
    pub ninth: u32,
    /// The longest.
    pub longest: u32,
}

impl Spread {
    /// Over some times, in seconds; `None` without any.
    #[must_use]
    pub fn of(mut times: Vec<u32>) -> Option<Self> {
        times.sort_unstable();
        let at = |tenths: usize| times.get((times.len() * tenths).div_ceil(10).saturating_sub(1)).copied();
        Some(Self {
            count: times.len() as u64,
            median: at(5)?,
            ninth: at(9)?,
            longest: times.last().copied()?,
        })
    }
}

/// How long things stay in a country or a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stay {
    /// Which.
    pub spot: Spot,
    /// How many addresses were seen there.
    pub addresses: u64,
    /// How many of them are open.
    pub open: u64,
    /// How many of them were used again.
    pub again: u64,
    /// Dwell.
    pub dwell: Option<Spread>,
    /// From notice to gone, of those that are gone.
    pub takedown: Option<Spread>,
    /// From notice to gone in the median, of all: those that are not gone count as long as they wait.
    pub until_gone: Option<Median>,
    /// Those that were told of and are not gone.
    pub waiting: u64,
}

/// What is summed up for one spot.
#[derive(Default)]
struct Sums {
    dwell: Vec<u32>,
    takedown: Vec<u32>,
    until_gone: Vec<(u32, bool)>,
    open: u64,
    again: u64,
    waiting: u64,
}

/// How long things stay, for each country or network that has addresses that attacks used; the most addresses first.
#[must_use]
pub fn stays(observed: &Observed, notices: &[Notice], by: By, terms: Terms) -> Vec<Stay> {
    let again = used_again(observed, terms.rest_days.saturating_mul(86_400));
    let (_, end) = observed.times().unwrap_or_default();
    let still = end.saturating_sub(terms.open_days.saturating_mul(86_400));
    let mut sums: HashMap<Spot, Sums> = HashMap::new();
    for (number, one) in observed.infrastructure().iter().enumerate().filter(|(_, one)| one.is_known()) {
        let Some(spot) = Spot::of(one.place, by) else { continue };
        let sums = sums.entry(spot).or_default();
        sums.dwell.push(one.seen.1 - one.seen.0);
        sums.open += u64::from(one.seen.1 >= still);
        sums.again += u64::from(again.get(number).copied().unwrap_or(false));
    }
    for notice in notices {
        let one = observed.infrastructure().get(notice.infrastructure as usize);
        let Some(spot) = one.and_then(|one| Spot::of(one.place, by)) else { continue };
        let sums = sums.entry(spot).or_default();
        let ends = notice.gone.unwrap_or(notice.upto);
        sums.until_gone.push((ends.saturating_sub(notice.told), notice.gone.is_some()));
        match notice.gone {
            Some(gone) => sums.takedown.push(gone.saturating_sub(notice.told)),
            None => sums.waiting += 1,
        }
    }
    let mut stays: Vec<Stay> = sums
        .into_iter()
        .map(|(spot, sums)| Stay {
            spot,
            addresses: sums.dwell.len() as u64,
            open: sums.open,
            again: sums.again,
            dwell: Spread::of(sums.dwell),
            takedown: Spread::of(sums.takedown),
            until_gone: median(sums.until_gone),
            waiting: sums.waiting,
        })
        .collect();
    stays.sort_by_key(|stay| (std::cmp::Reverse(stay.addresses), stay.spot));
    stays
}

/// By number of infrastructure: whether it was seen after a rest of more than `rest` seconds.
fn used_again(observed: &Observed, rest: u32) -> Vec<bool> {
    let mut again = vec![false; observed.infrastructure().len()];
    let mut last: Vec<Option<u32>> = vec![None; again.len()];
    let mut order: Vec<u32> = (0..observed.len() as u32).collect();
    // Sightings come nearly in order; a stable sort of what is in order is one pass.
    order.sort_by_key(|at| observed.sighting(*at as usize).time);
    for at in order {
        let kept = observed.sighting(at as usize);
        for hop in kept.hops.iter().map(|hop| hop.number() as usize) {
            let (Some(last), Some(again)) = (last.get_mut(hop), again.get_mut(hop)) else {
                continue;
            };
            *again |= last.is_some_and(|last| kept.time - last > rest);
            *last = Some(kept.time);
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::{Country, Hop, Place, Role, Sighting};

    const DAY: i64 = 86_400;

    fn seen(all: &[(&str, &str, i64)]) -> Observed {
        let mut observed = Observed::default();
        for (address, country, day) in all {
            let place = Place { country: Country::known(country).unwrap(), network: None };
            let hops = [Hop { address: address.parse().ok(), place, role: Role::Proxy }];
            let sighting = Sighting { time: day * DAY, hops: &hops, victim: Place::default(), count: 1 };
            observed.add(&sighting, &NoTable).unwrap();
        }
        observed
    }

    #[test]
    fn dwell_rest_and_takedown_are_told_by_country() {
        let observed = seen(&[
            ("192.0.2.1", "DE", 30),
            ("192.0.2.1", "DE", 0),
            ("192.0.2.2", "DE", 5),
            ("192.0.2.2", "DE", 19),
            ("192.0.2.3", "DE", 29),
            ("192.0.2.4", "KR", 1),
            ("192.0.2.5", "", 1),
            ("", "KR", 1),
        ]);
        let number = |address: &str| observed.of_address(address.parse().unwrap()).unwrap();
        let day = DAY as u32;
        let notices = [
            Notice {
                infrastructure: number("192.0.2.1"),
                told: 10 * day,
                gone: Some(31 * day),
                upto: 40 * day,
            },
            Notice {
                infrastructure: number("192.0.2.2"),
                told: 20 * day,
                gone: Some(21 * day),
                upto: 40 * day,
            },
            Notice { infrastructure: number("192.0.2.3"), told: 30 * day, gone: None, upto: 40 * day },
        ];
        let stays = stays(&observed, &notices, By::Country, Terms::default());
        let spread = |count, median, ninth, longest| {
            Some(Spread { count, median: median * day, ninth: ninth * day, longest: longest * day })
        };
        let spot = |code| Spot::Country(Country::parse(code).unwrap());
        assert_eq!(
            stays,
            [
                Stay {
                    spot: spot("DE"),
                    addresses: 3,
                    open: 2,
                    again: 1,
                    dwell: spread(3, 14, 30, 30),
                    takedown: spread(2, 1, 21, 21),
                    until_gone: Some(Median { seconds: 21 * day, at_least: false }),
                    waiting: 1,
                },
                Stay {
                    spot: spot("KR"),
                    addresses: 1,
                    open: 0,
                    again: 0,
                    dwell: spread(1, 0, 0, 0),
                    takedown: None,
                    until_gone: None,
                    waiting: 0,
                },
            ]
        );
    }
}
