//! Swaps: what entered a pool and what a pool paid out in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{State, World};
use super::{Chain, Crossing, Door, Entered, Gate, Left, Transactions, Why};
use crate::taint::Place;
use crate::{Account, Asset, Transfer, U256};

/// The confidence if the giver is paid, by the pool that he paid and by another.
const TO_GIVER: (u8, u8) = (95, 90);
/// The same if somebody else is paid.
const TO_OTHER: (u8, u8) = (75, 70);
/// How much less it is to the giver if others paid pools too.
const CROWD: u8 = 15;

/// The pairs of all transactions by which something tainted entered a pool, those of a transaction together, the surest first.
pub(super) fn pairs<F: Transactions>(world: &World<'_, F>, state: &State) -> Vec<Crossing> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (at, entry) in state.open_entries() {
        let Some(chain) = world.chains.get(at) else { continue };
        if chain.doors.get(&entry.to).is_none_or(|door| door.gate != Gate::Pool)
            || seen.contains(&(at, entry.number))
        {
            continue;
        }
        let numbers = chain.flows.beside(entry.number);
        seen.extend(numbers.iter().map(|number| (at, *number)));
        let swap = Transaction::new(world, state, (at, chain), &numbers);
        found.extend(swap.pairs());
    }
    found
}

type Numbered = (u64, Transfer);

/// What pools got and paid in one transaction.
struct Transaction<'w, 'c, F> {
    world: &'w World<'c, F>,
    state: &'w State,
    at: usize,
    chain: &'w Chain<'c, F>,
    /// By giver and asset.
    paid_in: BTreeMap<(Account, Asset), Vec<Numbered>>,
    paid_out: Vec<Numbered>,
}

impl<'w, 'c, F: Transactions> Transaction<'w, 'c, F> {
    fn new(
        world: &'w World<'c, F>,
        state: &'w State,
        (at, chain): (usize, &'w Chain<'c, F>),
        numbers: &[u64],
    ) -> Self {
        let is_pool =
            |account: &Account| chain.doors.get(account).is_some_and(|door: &Door| door.gate == Gate::Pool);
        let mut paid_in = BTreeMap::<_, Vec<Numbered>>::new();
        let mut paid_out = Vec::new();
        for number in numbers {
            let Some(transfer) = chain.flows.transfer(*number).filter(|one| !one.amount.is_zero()) else {
                continue;
            };
            match (is_pool(&transfer.from), is_pool(&transfer.to)) {
                (false, true) => {
                    paid_in.entry((transfer.from, transfer.asset)).or_default().push((*number, transfer));
                }
                (true, false) => paid_out.push((*number, transfer)),
                _ => {}
            }
        }
        Self { world, state, at, chain, paid_in, paid_out }
    }

    fn givers(&self) -> usize {
        self.paid_in.keys().map(|(giver, _)| giver).collect::<BTreeSet<_>>().len()
    }

    /// The surest pairs, each payout once, those of a giver together.
    fn pairs(&self) -> Vec<Crossing> {
        let mut found: Vec<Crossing> = self.paid_in.keys().flat_map(|key| self.pairs_of(*key)).collect();
        found.sort_by_key(|one| {
            let first = one.entered.numbers.first().copied();
            (std::cmp::Reverse(one.confidence), first, one.left.number)
        });
        // What is below the threshold is listed for each who may have paid for it.
        let mut taken = BTreeSet::new();
        let is_sure = |one: &Crossing| one.confidence >= self.world.bounds.confidence_min;
        found.retain(|one| !is_sure(one) || taken.insert(one.left.number));
        found.sort_by_key(|one| {
            let first = one.entered.numbers.first().copied();
            (first, std::cmp::Reverse(one.confidence), one.left.number)
        });
        found
    }

    fn pairs_of(&self, (giver, asset): (Account, Asset)) -> Vec<Crossing> {
        let Some(entered) = self.entered(giver, asset) else { return Vec::new() };
        let assets = self.paid_in.keys().filter(|(other, _)| *other == giver).count();
        let other = self.paid_out.iter().filter(|(number, out)| {
            out.asset != asset
                && self.state.is_free(self.at, *number)
                && self.keeps_until_paid(*number, out, &entered)
        });
        let (to_giver, to_others): (Vec<&Numbered>, Vec<_>) = other.partition(|(_, out)| out.to == giver);
        let gives = |account: Account| self.paid_in.keys().any(|(giver, _)| *giver == account);
        let is_other = |out: &Transfer| !gives(out.to) && self.world.place(self.at, out.to) == Place::Holder;
        let payouts = match to_giver.is_empty() {
            false => to_giver,
            true => to_others.into_iter().filter(|(_, out)| is_other(out)).collect(),
        };
        payouts.into_iter().map(|out| self.crossing(&entered, out, assets)).collect()
    }

    /// What a giver paid in of an asset, if something of it is tainted.
    fn entered(&self, giver: Account, asset: Asset) -> Option<Entered> {
        let paid = self.paid_in.get(&(giver, asset))?;
        let mut amounts = paid.iter().map(|(_, transfer)| transfer.amount);
        let amount = amounts.try_fold(U256::ZERO, |sum, one| sum.checked_add(one))?;
        let numbers: Vec<u64> = paid.iter().map(|(number, _)| *number).collect();
        let is_tainted = |number: &u64| {
            self.state.is_open(self.at, *number) && !self.state.tainted(self.at, *number).is_zero()
        };
        let (_, first) = paid.first().filter(|_| numbers.iter().any(is_tainted))?;
        Some(Entered {
            chain: self.at,
            from: giver,
            into: first.to,
            asset,
            amount,
            tainted: U256::ZERO,
            time: first.time,
            numbers,
        })
    }

    /// Whether a payout comes after all that was paid for it; or who got it gives nothing before that, so that it can't feed itself.
    fn keeps_until_paid(&self, number: u64, out: &Transfer, entered: &Entered) -> bool {
        let Some(last) = entered.numbers.last() else { return false };
        (number + 1..*last).all(|between| {
            entered.numbers.binary_search(&between).is_ok()
                || self.chain.flows.transfer(between).is_some_and(|transfer| transfer.from != out.to)
        })
    }

    fn crossing(&self, entered: &Entered, (number, out): &Numbered, assets: usize) -> Crossing {
        let givers = self.givers();
        let paid = self.paid_in.get(&(entered.from, entered.asset));
        let same_pool = paid.is_some_and(|paid| paid.iter().any(|(_, transfer)| transfer.to == out.from));
        let to_giver = out.to == entered.from;
        let of = |(same, other): (u8, u8)| if same_pool { same } else { other };
        let confidence = match to_giver {
            true if givers > 1 => usize::from(of(TO_GIVER) - CROWD),
            true => usize::from(of(TO_GIVER)),
            false => usize::from(of(TO_OTHER)) / givers.max(1),
        };
        Crossing {
            entered: entered.clone(),
            left: left(self.at, *number, out),
            carried: U256::ZERO,
            confidence: u8::try_from(confidence / assets.max(1)).unwrap_or_default(),
            why: Why::Swap { same_pool, to_giver, givers, assets },
        }
    }
}

/// A payout.
pub(super) fn left(chain: usize, number: u64, out: &Transfer) -> Left {
    let Transfer { from: out_of, to, asset, amount, time } = *out;
    Left { chain, number, out_of, to, asset, amount, time }
}
