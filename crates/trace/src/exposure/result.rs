//! What was found out about an address.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use ruint::aliases::U512;

use super::parts::Parts;
use super::{End, Side};
use crate::{Account, Asset, U256};

/// All that an address got, or gave, of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
    /// By how many transfers.
    pub transfers: u64,
}

/// An address at which ways ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// Which.
    pub account: Account,
    /// How much came from it or went to it, in the asset's smallest unit.
    pub amount: U256,
    /// On the shortest of the ways, how many hops it is away.
    pub hops_least: u32,
}

/// How much of an asset came from, or went to, addresses of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which kind.
    pub end: End,
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit, by how many hops it is away, ascending; never empty, and none is 0.
    pub by_hop: Vec<(u32, U256)>,
    /// How many addresses; 0 for [`End::Large`], whose are not counted.
    pub addresses: usize,
    /// Those of them with most, in descending order, as many as [`Limits::parties_max`](super::Limits::parties_max) says.
    pub largest: Vec<Party>,
}

impl Row {
    /// All of it.
    #[must_use]
    pub fn amount(&self) -> U256 {
        self.by_hop.iter().fold(U256::ZERO, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// What is one hop away: given by it, or given to it.
    #[must_use]
    pub fn direct(&self) -> U256 {
        self.by_hop.first().filter(|(hop, _)| *hop == 1).map_or(U256::ZERO, |(_, amount)| *amount)
    }

    /// What is further away.
    #[must_use]
    pub fn indirect(&self) -> U256 {
        self.amount().saturating_sub(self.direct())
    }

    /// How many hops the nearest of it is away.
    #[must_use]
    pub fn hops_least(&self) -> u32 {
        self.by_hop.first().map_or(0, |(hop, _)| *hop)
    }

    /// How many hops it is away on the average, weighted by amount, in thousandths, rounded down.
    #[must_use]
    pub fn hops_mean_thousandths(&self) -> u64 {
        let weighted = self.by_hop.iter().fold(U512::ZERO, |sum, (hop, amount)| {
            sum.saturating_add(U512::from(*amount).saturating_mul(U512::from(u64::from(*hop) * 1_000)))
        });
        weighted.checked_div(U512::from(self.amount())).map_or(0, |mean| mean.saturating_to())
    }
}

/// From whom an address has got what it got, or to whom went what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The address.
    pub account: Account,
    /// In which direction was looked.
    pub side: Side,
    /// The number of the first transfer that does not count.
    pub until: u64,
    /// All that it got (gave), ascending by asset. For each asset, the amounts of its rows add up to it.
    pub totals: Vec<Total>,
    /// Where it came from (went to): ascending by asset, the largest amount first.
    pub rows: Vec<Row>,
    /// How often those who were gone through give or get, in all.
    pub read: u64,
    /// How many accounts were gone through.
    pub passed: usize,
}

impl Exposure {
    /// The rows of one asset, each with its share in parts per million; they add up to 1,000,000, if there are any.
    #[must_use]
    pub fn shares(&self, asset: Asset) -> Vec<(&Row, u32)> {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.asset == asset).collect();
        let amounts: Vec<U256> = rows.iter().map(|row| row.amount()).collect();
        rows.into_iter().zip(parts_per_million(&amounts)).collect()
    }
}

/// Amounts as parts per million of their sum, by the largest remainder, of equals the first: they add up to 1,000,000. All are 0 if the sum
/// is.
#[must_use]
pub fn parts_per_million(amounts: &[U256]) -> Vec<u32> {
    const MILLION: u32 = 1_000_000;
    let sum = amounts.iter().fold(U512::ZERO, |sum, amount| sum.saturating_add(U512::from(*amount)));
    if sum.is_zero() {
        return vec![0; amounts.len()];
    }
    let mut left = MILLION;
    let mut rests: Vec<(U512, usize)> = Vec::with_capacity(amounts.len());
    let mut shares: Vec<u32> = Vec::with_capacity(amounts.len());
    for (at, amount) in amounts.iter().enumerate() {
        let (share, rest) = U512::from(*amount).saturating_mul(U512::from(MILLION)).div_rem(sum);
        let share: u32 = share.saturating_to();
        left = left.saturating_sub(share);
        shares.push(share);
        rests.push((rest, at));
    }
    rests.sort_by_key(|rest| Reverse(rest.0));
    for (_, at) in rests.into_iter().take(left as usize) {
        shares[at] += 1;
    }
    shares
}

#[derive(Default)]
struct Sum {
    by_hop: Parts,
    /// With how many hops it is away at least.
    parties: HashMap<Account, (U256, u32)>,
}

/// What has been found so far.
#[derive(Default)]
pub(super) struct Found(BTreeMap<(Asset, End), Sum>);

impl Found {
    pub(super) fn add(&mut self, end: End, asset: Asset, account: Option<Account>, parts: &Parts) {
        let Some((hops_least, _)) = parts.iter().next() else { return };
        let sum = self.0.entry((asset, end)).or_default();
        sum.by_hop.add_all(parts);
        if let Some(account) = account {
            let party = sum.parties.entry(account).or_insert((U256::ZERO, hops_least));
            *party = (party.0.saturating_add(parts.sum()), party.1.min(hops_least));
        }
    }

    pub(super) fn rows(self, parties_max: usize) -> Vec<Row> {
        let row = |((asset, end), sum): ((Asset, End), Sum)| {
            let addresses = sum.parties.len();
            let party = |(account, (amount, hops_least)): (Account, (U256, u32))| Party {
                account,
                amount,
                hops_least,
            };
            let mut largest: Vec<Party> = sum.parties.into_iter().map(party).collect();
            let order = |party: &Party| (Reverse(party.amount), party.account);
            if largest.len() > parties_max {
                largest.select_nth_unstable_by_key(parties_max, order);
                largest.truncate(parties_max);
            }
            largest.sort_unstable_by_key(order);
            Row { end, asset, by_hop: sum.by_hop.iter().collect(), addresses, largest }
        };
        let mut rows: Vec<Row> = self.0.into_iter().map(row).collect();
        rows.sort_by_cached_key(|row| (row.asset, Reverse(row.amount()), row.end));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_add_up_to_a_million() {
        let shares = |amounts: &[u64]| {
            parts_per_million(&amounts.iter().map(|amount| U256::from(*amount)).collect::<Vec<_>>())
        };
        assert_eq!(shares(&[1, 1, 1]), [333_334, 333_333, 333_333]);
        assert_eq!(shares(&[0, 5, 0]), [0, 1_000_000, 0]);
        assert_eq!(shares(&[0, 0]), [0, 0]);
        assert!(shares(&[]).is_empty());
        assert_eq!(parts_per_million(&[U256::MAX, U256::MAX]), [500_000, 500_000]);
    }

    #[test]
    fn a_row_says_how_far_its_amounts_are_away() {
        let by_hop = vec![(1, U256::from(10)), (4, U256::from(20))];
        let row = Row { end: End::Hub, asset: Asset(0), by_hop, addresses: 2, largest: Vec::new() };
        assert_eq!((row.direct(), row.indirect()), (U256::from(10), U256::from(20)));
        assert_eq!((row.hops_least(), row.hops_mean_thousandths()), (1, 3_000));
        let far = Row { by_hop: vec![(2, U256::MAX)], ..row };
        assert_eq!(
            (far.direct(), far.indirect(), far.hops_mean_thousandths()),
            (U256::ZERO, U256::MAX, 2_000)
        );
    }

    proptest! {
        #[test]
        fn a_share_is_within_one_part_of_what_it_is(amounts in proptest::collection::vec(any::<u64>(), 1..20)) {
            let sum: u128 = amounts.iter().map(|amount| u128::from(*amount)).sum();
            let shares = parts_per_million(&amounts.iter().map(|amount| U256::from(*amount)).collect::<Vec<_>>());
            prop_assert_eq!(shares.iter().sum::<u32>(), if sum == 0 { 0 } else { 1_000_000 });
            for (share, amount) in shares.iter().zip(&amounts) {
                let exact = u128::from(*amount) * 1_000_000;
                prop_assert!(u128::from(*share) * sum < exact + sum && exact < (u128::from(*share) + 1) * sum + u128::from(sum == 0));
            }
        }
    }
}
