//! Laws of exposure, on thousands of random small ledgers.

use std::collections::BTreeMap;

use bongsu_trace::exposure::{End, Exposure, Limits, Side, exposure};
use bongsu_trace::label::Category;
use bongsu_trace::{Account, Transfer, U256};
use proptest::collection::vec;
use proptest::prelude::*;

use super::ledger;
use super::plain;

/// Nothing ends but at a label.
const FAR: Limits = Limits {
    hops_max: u32::MAX,
    hub_transfers_max: u64::MAX,
    ppm_min: 0,
    transfers_max: u64::MAX,
    parties_max: usize::MAX,
};

fn category(account: Account) -> Option<Category> {
    match account.0 {
        0 => Some(Category::Exchange),
        1 => Some(Category::Theft),
        2 => Some(Category::Sanctioned),
        3 => Some(Category::Exchange),
        _ => None,
    }
}

fn rows(amount_max: u64) -> impl Strategy<Value = Vec<(u32, u32, u32, u64)>> {
    vec((0..11_u32, 0..11_u32, 0..2_u32, 0..=amount_max), 0..50)
}

fn limits() -> impl Strategy<Value = Limits> {
    let some = |least: u64, most: u64| prop_oneof![least..most, Just(u64::MAX)];
    let ppm = prop_oneof![Just(0), Just(100_000), 0..1_000_000_u32];
    (0..9_u32, some(4, 15), ppm, some(0, 60)).prop_map(
        |(hops_max, hub_transfers_max, ppm_min, transfers_max)| Limits {
            hops_max,
            hub_transfers_max,
            ppm_min,
            transfers_max,
            parties_max: usize::MAX,
        },
    )
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Sources), Just(Side::Sinks)]
}

fn told(found: &Exposure) -> plain::Rows {
    let row = |row: &bongsu_trace::exposure::Row| {
        let by_hop = row.by_hop.iter().map(|(hop, amount)| (*hop, amount.to::<u128>())).collect();
        let by_account =
            row.largest.iter().map(|party| (party.account.0, party.amount.to::<u128>())).collect();
        ((row.asset.0, row.end), (by_hop, by_account))
    };
    found.rows.iter().map(row).collect()
}

/// For each asset, the rows add up to all that came (went), and the shares to a million.
fn is_conserved(found: &Exposure, transfers: &[Transfer]) -> Result<(), TestCaseError> {
    let mut totals: BTreeMap<_, U256> = BTreeMap::new();
    for transfer in
        transfers.iter().filter(|transfer| transfer.from != transfer.to && !transfer.amount.is_zero())
    {
        let mine = if found.side == Side::Sources { transfer.to } else { transfer.from };
        if mine == found.account {
            *totals.entry(transfer.asset).or_default() += transfer.amount;
        }
    }
    let said: BTreeMap<_, _> = found.totals.iter().map(|total| (total.asset, total.amount)).collect();
    prop_assert_eq!(&said, &totals);
    for (asset, total) in totals {
        let shares = found.shares(asset);
        let sum = shares.iter().fold(U256::ZERO, |sum, (row, _)| sum + row.amount());
        prop_assert_eq!(sum, total);
        prop_assert_eq!(shares.iter().map(|(_, share)| share).sum::<u32>(), 1_000_000);
    }
    for row in &found.rows {
        prop_assert!(row.by_hop.iter().all(|(hop, amount)| *hop > 0 && !amount.is_zero()));
        prop_assert!(row.by_hop.windows(2).all(|pair| pair[0].0 < pair[1].0));
        if row.end != End::Large {
            let sum = row.largest.iter().fold(U256::ZERO, |sum, party| sum + party.amount);
            prop_assert_eq!((sum, row.addresses), (row.amount(), row.largest.len()));
            let least = row.largest.iter().map(|party| party.hops_least).min();
            prop_assert_eq!(least, Some(row.hops_least()));
        }
    }
    Ok(())
}

/// Parts of a holding by label (`None`: unexplained) and hop.
type Mixture = BTreeMap<(Option<Category>, u32), f64>;

/// From where an address got what it got, by mixing all holdings forwards, in floating point: the definition read the other way round.
fn mixed(transfers: &[Transfer], account: u32) -> Mixture {
    let mut holdings: BTreeMap<(u32, u32), Mixture> = BTreeMap::new();
    let mut got = Mixture::new();
    for transfer in
        transfers.iter().filter(|transfer| transfer.from != transfer.to && !transfer.amount.is_zero())
    {
        let amount = transfer.amount.to::<u64>() as f64;
        let mut paid = Mixture::new();
        let holding = holdings.entry((transfer.from.0, transfer.asset.0)).or_default();
        let held: f64 = holding.values().sum();
        let part = if held > 0.0 { (amount / held).min(1.0) } else { 0.0 };
        for ((label, hop), value) in holding.iter_mut() {
            paid.insert((*label, hop + 1), *value * part);
            *value -= *value * part;
        }
        *paid.entry((None, 1)).or_default() += amount - held * part;
        if let Some(category) = category(transfer.from) {
            paid = Mixture::from([((Some(category), 1), amount)]);
        }
        if transfer.to.0 == account {
            for (key, value) in &paid {
                *got.entry(*key).or_default() += value;
            }
        }
        let holding = holdings.entry((transfer.to.0, transfer.asset.0)).or_default();
        for (key, value) in paid {
            *holding.entry(key).or_default() += value;
        }
    }
    got
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn it_is_what_the_plain_version_says(rows in rows(9), account in 0..11_u32, side in side(), limits in limits()) {
        let (flows, transfers) = ledger(rows);
        let found = exposure(&flows, Account(account), side, None, category, limits).unwrap();
        is_conserved(&found, &transfers)?;
        prop_assert_eq!(told(&found), plain::exposure(&transfers, account, side, category, limits));
    }

    #[test]
    fn large_amounts_are_as_the_plain_version_says(rows in rows(1 << 50), account in 0..11_u32, side in side(), limits in limits()) {
        let (flows, transfers) = ledger(rows);
        let found = exposure(&flows, Account(account), side, None, category, limits).unwrap();
        is_conserved(&found, &transfers)?;
        prop_assert_eq!(told(&found), plain::exposure(&transfers, account, side, category, limits));
    }

    #[test]
    fn a_holding_is_mixed_of_all_that_came(rows in rows(1 << 50), account in 0..11_u32) {
        // The mixture of one asset, since floating point is not kept apart by it.
        let (flows, transfers) = ledger(rows.into_iter().map(|(from, to, _, amount)| (from, to, 0, amount)));
        let found = exposure(&flows, Account(account), Side::Sources, None, category, FAR).unwrap();
        let mut expected = mixed(&transfers, account);
        for row in &found.rows {
            let label = match row.end {
                End::Label(category) => Some(category),
                End::Unexplained => None,
                other => panic!("{other:?}"),
            };
            for (hop, amount) in &row.by_hop {
                *expected.entry((label, *hop)).or_default() -= amount.to::<u128>() as f64;
            }
        }
        for (key, difference) in expected {
            prop_assert!(difference.abs() < 1e5, "{key:?}: {difference}");
        }
    }

    #[test]
    fn what_one_gave_is_what_the_other_got(rows in rows(1 << 50), giver in 0..4_u32, taker in 0..4_u32) {
        // Both have labels, so that neither is gone through.
        let (flows, _) = ledger(rows.into_iter().map(|(from, to, _, amount)| (from, to, 0, amount)));
        let amount = |account: u32, side: Side, other: u32| {
            let found = exposure(&flows, Account(account), side, None, category, FAR).unwrap();
            let parties = found.rows.iter().flat_map(|row| row.largest.clone());
            let theirs = parties.filter(|party| party.account == Account(other));
            theirs.map(|party| party.amount.to::<u128>() as f64).sum::<f64>()
        };
        let (gave, got) = (amount(giver, Side::Sinks, taker), amount(taker, Side::Sources, giver));
        prop_assert!((gave - got).abs() < 1e5, "{gave} {got}");
    }

    #[test]
    fn what_comes_later_changes_no_sources(rows in rows(9), account in 0..11_u32, until in 0..50_usize, limits in limits()) {
        let (flows, transfers) = ledger(rows);
        let before: Vec<_> = transfers.iter().take(until).copied().collect();
        let found = exposure(&flows, Account(account), Side::Sources, Some(until as u64), category, limits).unwrap();
        let shorter: bongsu_trace::store::Memory = before.into();
        prop_assert_eq!(found, exposure(&shorter, Account(account), Side::Sources, None, category, limits).unwrap());
    }
}
