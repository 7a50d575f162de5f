//! How much of a payout goes on.

use std::collections::BTreeMap;

use super::worth::Scales;
use super::{Chain, Crossing};
use crate::taint::share;
use crate::{Asset, U256};

/// Says of each crossing how much goes on; `tainted` says how much of what entered by a transfer on a chain is tainted.
///
/// Payouts of one entry are taken in the order of time: up to each of them, what goes on is the tainted part of their sum, to the nearest unit, so that
/// many small ones don't round to more than one large one.
pub(super) fn carry<F>(
    crossings: &mut [Crossing],
    chains: &[Chain<'_, F>],
    scales: &Scales,
    tainted: impl Fn(usize, u64) -> U256,
) {
    let mut groups: BTreeMap<(usize, u64, Asset), Vec<&mut Crossing>> = BTreeMap::new();
    for crossing in crossings {
        let entered = &mut crossing.entered;
        let parts = entered.numbers.iter().map(|number| tainted(entered.chain, *number));
        // Parts of one amount: their sum fits.
        entered.tainted = parts.fold(U256::ZERO, U256::saturating_add).min(entered.amount);
        let first = entered.numbers.first().copied().unwrap_or_default();
        groups.entry((entered.chain, first, entered.asset)).or_default().push(crossing);
    }
    for group in groups.values_mut() {
        group.sort_by_key(|crossing| (crossing.left.time, crossing.left.chain, crossing.left.number));
        carry_group(group, chains, scales);
    }
}

fn carry_group<F>(group: &mut [&mut Crossing], chains: &[Chain<'_, F>], scales: &Scales) {
    let Some(entered) = group.first().map(|crossing| crossing.entered.clone()) else { return };
    let worth = chains.get(entered.chain).and_then(|chain| chain.worths.get(&entered.asset));
    let mut left = worth.and_then(|worth| scales.fine(entered.tainted, worth)).unwrap_or_default();
    // By what was paid out: all of it so far, and what goes on of that.
    let mut so_far: BTreeMap<(usize, Asset), (U256, U256)> = BTreeMap::new();
    for crossing in group {
        let payout = crossing.left;
        let (paid, gone) = so_far.entry((payout.chain, payout.asset)).or_default();
        *paid = paid.saturating_add(payout.amount);
        let goes = share(*paid, entered.tainted, entered.amount.max(U256::from(1)));
        let mut carried = goes.saturating_sub(*gone).min(payout.amount);
        *gone = goes;
        let payout_worth = chains.get(payout.chain).and_then(|chain| chain.worths.get(&payout.asset));
        if let (Some(worth), Some(other)) = (worth, payout_worth)
            && worth.name == other.name
        {
            carried = carried.min(scales.coarse(left, other).unwrap_or_default());
            left = left.saturating_sub(scales.fine(carried, other).unwrap_or(left));
        }
        crossing.carried = carried;
    }
}
