//! Exposure as its definition has it, over all transfers and all accounts at once: slow, and easy to believe.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_trace::exposure::{End, Limits, Side};
use bongsu_trace::label::Category;
use bongsu_trace::{Account, Transfer};

/// Amounts by hop.
type Parts = BTreeMap<u32, u128>;
/// By asset and end, and by hop; and who is at the end, with how much.
pub(crate) type Rows = BTreeMap<(u32, End), (Parts, BTreeMap<u32, u128>)>;

/// Takes a part out of parts: to the nearest unit in sum, and by the largest remainder for each hop.
fn take(parts: &mut Parts, part: u128, whole: u128) -> Parts {
    let sum: u128 = parts.values().sum();
    let share = (2 * sum * part + whole) / (2 * whole);
    let mut taken: Parts = parts.iter().map(|(hop, amount)| (*hop, amount * share / sum.max(1))).collect();
    while taken.values().sum::<u128>() < share {
        // Whose next unit is owed most: of equals the nearest.
        let owed = |hop: &u32| parts[hop] * share % sum;
        let late = parts.keys().filter(|hop| taken[hop] == parts[hop] * share / sum);
        let next = late.fold(None, |best: Option<u32>, hop| match best {
            Some(best) if owed(&best) >= owed(hop) => Some(best),
            _ => Some(*hop),
        });
        *taken.get_mut(&next.unwrap()).unwrap() += 1;
    }
    for (hop, amount) in &taken {
        *parts.get_mut(hop).unwrap() -= amount;
    }
    parts.retain(|_, amount| *amount > 0);
    taken.retain(|_, amount| *amount > 0);
    taken
}

fn amount(transfer: &Transfer) -> u128 {
    transfer.amount.to::<u128>()
}

fn count(transfers: &[Transfer], account: u32) -> u64 {
    let sides =
        |transfer: &Transfer| u64::from(transfer.from.0 == account) + u64::from(transfer.to.0 == account);
    transfers.iter().map(sides).sum()
}

/// What the account of each transfer held before it paid and after it got.
fn balances(transfers: &[Transfer]) -> Vec<(u128, u128)> {
    let mut held: BTreeMap<(u32, u32), u128> = BTreeMap::new();
    let counts = |transfer: &Transfer| {
        let paid = held.entry((transfer.from.0, transfer.asset.0)).or_default();
        let before = *paid;
        if transfer.from == transfer.to {
            return (before, before);
        }
        *paid = paid.saturating_sub(amount(transfer));
        let got = held.entry((transfer.to.0, transfer.asset.0)).or_default();
        *got += amount(transfer);
        (before, *got)
    };
    transfers.iter().map(counts).collect()
}

pub(crate) fn exposure(
    transfers: &[Transfer],
    account: u32,
    side: Side,
    category: impl Fn(Account) -> Option<Category>,
    limits: Limits,
) -> Rows {
    let balances = balances(transfers);
    let is_own = |transfer: &Transfer| {
        let (mine, other) = match side {
            Side::Sources => (transfer.to, transfer.from),
            Side::Sinks => (transfer.from, transfer.to),
        };
        mine.0 == account && other != mine && amount(transfer) > 0
    };
    let mut totals: BTreeMap<u32, u128> = BTreeMap::new();
    for transfer in transfers.iter().filter(|transfer| is_own(transfer)) {
        *totals.entry(transfer.asset.0).or_default() += amount(transfer);
    }
    let mut rows = Rows::new();
    let mut add = |asset: u32, end: End, who: Option<u32>, parts: &Parts| {
        for (hop, amount) in parts {
            let (by_hop, by_account) = rows.entry((asset, end)).or_default();
            *by_hop.entry(*hop).or_default() += amount;
            if let Some(who) = who {
                *by_account.entry(who).or_default() += amount;
            }
        }
    };
    let mut read = count(transfers, account);
    let is_large = read > limits.transfers_max;
    let (mut open, mut shut) = (BTreeSet::new(), BTreeSet::new());
    let mut wanted: BTreeMap<(u32, u32), Parts> = BTreeMap::new();
    let order: Vec<usize> = match side {
        Side::Sources => (0..transfers.len()).rev().collect(),
        Side::Sinks => (0..transfers.len()).collect(),
    };
    for number in order {
        let (transfer, (before, after)) = (&transfers[number], balances[number]);
        let (asset, moved) = (transfer.asset.0, amount(transfer));
        if moved == 0 || transfer.from == transfer.to {
            continue;
        }
        let (here, other, part, whole) = match side {
            Side::Sources => (transfer.to.0, transfer.from.0, moved, after),
            Side::Sinks => (transfer.from.0, transfer.to.0, moved.min(before), before),
        };
        let own = is_own(transfer).then(|| Parts::from([(0, moved)]));
        let passed = wanted.get_mut(&(here, asset)).filter(|parts| !parts.is_empty());
        let passed = passed.map(|parts| take(parts, part, whole));
        for parts in [own, passed].into_iter().flatten() {
            let mut parts: Parts = parts.into_iter().map(|(hop, amount)| (hop + 1, amount)).collect();
            if let Some(category) = category(Account(other)) {
                add(asset, End::Label(category), Some(other), &parts);
                continue;
            }
            if is_large {
                add(asset, End::Large, None, &parts);
                continue;
            }
            add(asset, End::Far, Some(other), &parts.split_off(&limits.hops_max));
            if parts.values().sum::<u128>() * 1_000_000 < totals[&asset] * u128::from(limits.ppm_min) {
                add(asset, End::Small, Some(other), &parts);
                continue;
            }
            if parts.is_empty() {
                continue;
            }
            if count(transfers, other) > limits.hub_transfers_max {
                add(asset, End::Hub, Some(other), &parts);
                continue;
            }
            if !open.contains(&other) {
                let seen = if side == Side::Sources { &transfers[..=number] } else { transfers };
                if shut.contains(&other) || read + count(seen, other) > limits.transfers_max {
                    shut.insert(other);
                    add(asset, End::Budget, Some(other), &parts);
                    continue;
                }
                read += count(seen, other);
                open.insert(other);
            }
            if side == Side::Sources && before < moved {
                let missing = take(&mut parts, moved - before, moved);
                add(asset, End::Unexplained, Some(other), &missing);
            }
            for (hop, amount) in parts {
                *wanted.entry((other, asset)).or_default().entry(hop).or_default() += amount;
            }
        }
    }
    for ((who, asset), parts) in wanted {
        add(asset, End::Held, Some(who), &parts);
    }
    rows
}
