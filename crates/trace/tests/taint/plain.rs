//! The methods as their definitions have them, unit by unit, for small amounts: slow, and easy to believe.

use std::collections::{BTreeMap, VecDeque};

use bongsu_trace::Transfer;
use bongsu_trace::taint::{Method, Place};

/// What an account holds of an asset: the units in the order in which they came (`true`: tainted), of which haircut only uses the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holding {
    pub(crate) units: VecDeque<bool>,
    pub(crate) first: Option<(u64, u32)>,
    pub(crate) unexplained: u64,
}

impl Holding {
    pub(crate) fn tainted(&self) -> u64 {
        self.units.iter().filter(|unit| **unit).count() as u64
    }
}

#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// By account and asset.
    pub(crate) holdings: BTreeMap<(u32, u32), Holding>,
    /// Account, number, asset, tainted, hop.
    pub(crate) entries: Vec<(u32, u64, u32, u64, u32)>,
    /// By asset.
    pub(crate) stolen: BTreeMap<u32, u64>,
    pub(crate) moves: Vec<(u64, u64)>,
    /// What each theft took newly.
    pub(crate) thefts: Vec<(u64, u64)>,
}

fn some_units(tainted: u64, all: u64) -> Vec<bool> {
    (0..all).map(|unit| unit < tainted).collect()
}

/// The units that a holding gives, in the order in which they leave.
fn leave(method: Method, holding: &mut Holding, amount: u64) -> Vec<bool> {
    let had = holding.units.len() as u64;
    let missing = amount.saturating_sub(had);
    holding.unexplained += missing;
    let known = amount - missing;
    let clean = vec![false; usize::try_from(missing).unwrap()];
    let tainted = holding.tainted();
    match method {
        Method::Fifo => {
            let gone = (0..known).map(|_| holding.units.pop_front().unwrap());
            clean.into_iter().chain(gone.collect::<Vec<_>>()).collect()
        }
        Method::Lifo => {
            let gone = (0..known).map(|_| holding.units.pop_back().unwrap());
            gone.collect::<Vec<_>>().into_iter().chain(clean).collect()
        }
        Method::Poison => {
            holding.units.truncate(usize::try_from(had - known).unwrap());
            vec![tainted > 0; usize::try_from(amount).unwrap()]
        }
        Method::Haircut => {
            // Twice the share, and one unit, halved: to the nearest, halves upwards.
            let share = if had == 0 { 0 } else { (2 * known * tainted + had) / (2 * had) };
            holding.units = some_units(tainted - share, had - known).into();
            some_units(share, amount)
        }
    }
}

pub(crate) fn follow(
    transfers: &[Transfer],
    thefts: &[(u64, u64)],
    method: Method,
    place: impl Fn(u32) -> Place,
) -> Plain {
    let mut plain = Plain::default();
    for (number, transfer) in (0..).zip(transfers) {
        let amount = transfer.amount.to::<u64>();
        let (from, to, asset) = (transfer.from.0, transfer.to.0, transfer.asset.0);
        if amount == 0 || from == to {
            continue;
        }
        let mut units = vec![false; usize::try_from(amount).unwrap()];
        let mut hop = 1;
        if place(from) == Place::Holder {
            let holding = plain.holdings.entry((from, asset)).or_default();
            units = leave(method, holding, amount);
            hop += holding.first.map_or(0, |(_, hop)| hop);
        }
        if let Some((_, stolen)) = thefts.iter().find(|(theft, _)| *theft == number) {
            hop = 1;
            let before = units.iter().filter(|unit| **unit).count() as u64;
            for unit in units
                .iter_mut()
                .filter(|unit| !**unit)
                .take(usize::try_from(stolen.saturating_sub(before)).unwrap())
            {
                *unit = true;
            }
            *plain.stolen.entry(asset).or_default() += stolen.saturating_sub(before);
            plain.thefts.push((number, stolen.saturating_sub(before)));
        }
        let tainted = units.iter().filter(|unit| **unit).count() as u64;
        if tainted > 0 {
            plain.moves.push((number, tainted));
        }
        if place(to) != Place::Holder {
            if tainted > 0 {
                plain.entries.push((to, number, asset, tainted, hop));
            }
            continue;
        }
        let holding = plain.holdings.entry((to, asset)).or_default();
        if tainted > 0 && holding.first.is_none() {
            holding.first = Some((number, hop));
        }
        holding.units.extend(units);
        if method == Method::Poison && holding.tainted() > 0 {
            holding.units.iter_mut().for_each(|unit| *unit = true);
        }
    }
    plain
}
