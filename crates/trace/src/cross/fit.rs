//! Pairs by amount and time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::passage::{BySize, Passage, Side, joined, passages};
use super::run::{State, World};
use super::swap::left;
use super::{Crossing, Entered, Gate, Short, Transactions, WHOLE, Why};
use crate::{Account, U256};

/// The confidence of a pair that fits to the unit and the second.
const FIT: u64 = 70;
/// How much less it is for all of the fee that is allowed.
const FEE: u64 = 20;
/// The same for all of the window.
const DELAY: u64 = 20;
/// How much more it is if labels name the same actor.
const SAME_ACTOR: u64 = 15;
/// How much more it is if the payout goes to the giver's own address.
const SAME_ADDRESS: u64 = 25;
/// What no fit exceeds.
const FIT_MAX: u64 = 95;
/// The whole of a part.
const MILLE: u64 = 1_000;
/// Of so many payouts that fit an entry, the nearest, it is asked who else may have paid for them.
const NEAREST: usize = 16;

/// Whether a payout can be an entry less a fee. Both are in the smallest unit of their worth.
pub(super) fn fits(entry: U256, payout: U256, fee_basis_points: u16) -> bool {
    payout <= entry && entry - payout <= fee_max(entry, fee_basis_points)
}

/// The largest fee: rounded up, so that the least unit is not one too few.
fn fee_max(entry: U256, fee_basis_points: u16) -> U256 {
    let (whole, fee) = (U256::from(WHOLE), U256::from(fee_basis_points));
    let (parts, rest) = entry.div_rem(whole);
    // The part of each ten thousand, and of the rest, so that nothing overflows: the fee is at most all.
    parts * fee + (rest * fee).div_ceil(whole)
}

/// At least the largest entry that a payout fits.
fn entry_max(payout: U256, fee_basis_points: u16) -> U256 {
    let (whole, left) = (U256::from(WHOLE), U256::from(WHOLE.saturating_sub(fee_basis_points)));
    let most =
        payout.checked_add(U256::from(1)).and_then(|payout| payout.checked_mul(whole)?.checked_div(left));
    most.and_then(|most| most.checked_add(U256::from(1))).unwrap_or(U256::MAX)
}

/// A payout that fits an entry, and how sure that is.
struct Pair<'p, 'c> {
    entry: &'p Passage<'c>,
    payout: &'p Passage<'c>,
    /// How much of the fee it took, in thousandths, and how much of the window.
    fee: u64,
    delay: u64,
    confidence: u8,
    why: Why,
}

impl Pair<'_, '_> {
    /// By which the best comes first.
    fn rank(&self) -> impl Ord + use<> {
        let is_other = !matches!(self.why, Why::AmountAndTime { same_address: true, .. });
        let (entry, payout) = (self.entry, self.payout);
        let places = (entry.chain, entry.number, payout.chain, payout.number);
        (Reverse(self.confidence), is_other, self.fee, self.delay, places)
    }
}

/// Which payment comes later than which, by how much at most, and what kind of door both go through.
struct Matcher<'w, 'c, F> {
    world: &'w World<'c, F>,
    state: &'w State,
    gate: Gate,
    tainted: BTreeSet<(usize, u64)>,
    paid_in: BySize<'c>,
    paid_out: BySize<'c>,
    compared: u64,
}

/// The pairs through doors of a kind, the best first: each payout and each entry in one of those that are sure enough, and the others for the list
/// of what is not.
pub(super) fn pairs<F: Transactions>(world: &World<'_, F>, state: &mut State, gate: Gate) -> Vec<Crossing> {
    let entries = entries(world, state, gate);
    if entries.is_empty() {
        return Vec::new();
    }
    let window = world.bounds.window;
    let later = entries.iter().map(|entry| (entry.time, entry.time.saturating_add(window)));
    let about =
        entries.iter().map(|entry| (entry.time.saturating_sub(window), entry.time.saturating_add(window)));
    let names: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| world.worth(entry.chain, entry.transfer.asset))
        .map(|worth| &*worth.name)
        .collect();
    let mut left = world.bounds.passages_max;
    let wanted = |name: &str| names.contains(name);
    let paid_out = passages(world, (gate, Side::Out), &joined(later.collect()), wanted, &mut left);
    let paid_in = passages(world, (gate, Side::In), &joined(about.collect()), wanted, &mut left);
    let Some((paid_in, paid_out)) = paid_in.zip(paid_out) else {
        state.cut(Short::Passages);
        return Vec::new();
    };
    let tainted = entries.iter().map(|entry| (entry.chain, entry.number)).collect();
    let mut matcher = Matcher { world, state, gate, tainted, paid_in, paid_out, compared: 0 };
    let (found, is_all) = matcher.all(&entries);
    if !is_all {
        state.cut(Short::Compared);
    }
    found
}

/// What entered doors of a kind and can still be paired, as payments.
fn entries<'c, F: Transactions>(world: &World<'c, F>, state: &State, gate: Gate) -> Vec<Passage<'c>> {
    let passage = |(at, number): (usize, u64)| {
        let chain = world.chains.get(at)?;
        let transfer = chain.flows.transfer(number)?;
        let door = chain.doors.get(&transfer.to).filter(|door| door.gate == gate)?;
        let fine = world.scales.fine(transfer.amount, chain.worths.get(&transfer.asset)?)?;
        Some(Passage { chain: at, number, time: transfer.time, door, party: transfer.from, transfer, fine })
    };
    let open = state.open_entries().filter(|(_, entry)| !entry.tainted.is_zero());
    open.filter_map(|(at, entry)| passage((at, entry.number))).collect()
}

impl<'w, 'c: 'w, F: Transactions> Matcher<'w, 'c, F> {
    /// The pairs of all entries, and whether all were compared.
    fn all(&mut self, entries: &[Passage<'c>]) -> (Vec<Crossing>, bool) {
        let paid_out = std::mem::take(&mut self.paid_out);
        let (mut pairs, mut is_all) = (Vec::new(), true);
        for entry in entries {
            if self.compared >= self.world.bounds.compared_max {
                is_all = false;
                break;
            }
            pairs.extend(self.of_entry(entry, &paid_out));
        }
        pairs.sort_by_cached_key(Pair::rank);
        let is_sure = |pair: &Pair<'_, '_>| pair.confidence >= self.world.bounds.confidence_min;
        let (mut entered, mut paid) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Vec::new();
        for pair in pairs {
            let (entry, payout) =
                ((pair.entry.chain, pair.entry.number), (pair.payout.chain, pair.payout.number));
            if entered.contains(&entry) || paid.contains(&payout) {
                continue;
            }
            if is_sure(&pair) {
                entered.insert(entry);
                paid.insert(payout);
            }
            found.push(crossing(&pair));
        }
        (found, is_all)
    }

    /// The nearest payouts that fit an entry.
    fn of_entry<'p>(&mut self, entry: &'p Passage<'c>, paid_out: &'p BySize<'c>) -> Vec<Pair<'p, 'c>> {
        let Some(worth) = self.world.worth(entry.chain, entry.transfer.asset) else { return Vec::new() };
        let most = fee_max(entry.fine, self.world.bounds.fee_basis_points);
        let sizes = (entry.fine - most, entry.fine);
        let times = (entry.time, entry.time.saturating_add(self.world.bounds.window));
        let twins = self.twins(entry);
        let mut compared = 0;
        let mut fitting: Vec<(bool, &Passage<'c>)> = paid_out
            .about(&worth.name, sizes, times)
            .inspect(|_| compared += 1)
            .filter(|payout| {
                (sizes.0..=sizes.1).contains(&payout.fine)
                    && self.state.is_free(payout.chain, payout.number)
                    && self.comes_of(entry, payout)
            })
            .map(|payout| (twins.get(&payout.chain) == Some(&payout.party), payout))
            .collect();
        self.compared += compared;
        let (count, own) = (fitting.len(), fitting.iter().filter(|(is_own, _)| *is_own).count());
        let part = |part: U256, whole: U256| match whole.is_zero() {
            true => 0,
            false => crate::taint::share(U256::from(MILLE), part, whole).saturating_to::<u64>(),
        };
        let fee = |payout: &Passage<'c>| part(entry.fine - payout.fine, most);
        let delay = |payout: &Passage<'c>| {
            let of = |seconds: i64| U256::from(seconds.unsigned_abs());
            part(of(payout.time - entry.time), of(self.world.bounds.window))
        };
        fitting.sort_by_cached_key(|(is_own, payout)| {
            (!is_own, fee(payout) + delay(payout), payout.chain, payout.number)
        });
        fitting.truncate(NEAREST);
        let mut pairs = Vec::new();
        for (is_own, payout) in fitting {
            let (tainted, strangers) = self.payers(payout, is_own);
            let same_actor = payout.door.actor.is_some() && payout.door.actor == entry.door.actor;
            let payouts = if is_own { own } else { count };
            let (fee, delay) = (fee(payout), delay(payout));
            let why = Why::AmountAndTime { payouts, tainted, strangers, same_actor, same_address: is_own };
            pairs.push(Pair { entry, payout, fee, delay, confidence: confidence(fee, delay, &why), why });
        }
        pairs
    }

    /// How many tainted entries fit a payout, and how many others; of those from the address to which it went, if that is asked.
    fn payers(&mut self, payout: &Passage<'c>, own_only: bool) -> (usize, usize) {
        let Some(worth) = self.world.worth(payout.chain, payout.transfer.asset) else { return (1, 0) };
        let fee = self.world.bounds.fee_basis_points;
        let sizes = (payout.fine, entry_max(payout.fine, fee));
        let times = (payout.time.saturating_sub(self.world.bounds.window), payout.time);
        let twins = self.twins(payout);
        let (mut tainted, mut strangers) = (0, 0);
        for entry in self.paid_in.about(&worth.name, sizes, times) {
            self.compared += 1;
            let counts = fits(entry.fine, payout.fine, fee)
                && self.state.is_open(entry.chain, entry.number)
                && self.comes_of(entry, payout)
                && (!own_only || twins.get(&entry.chain) == Some(&entry.party));
            match counts.then(|| self.tainted.contains(&(entry.chain, entry.number))) {
                Some(true) => tainted += 1,
                Some(false) => strangers += 1,
                None => {}
            }
        }
        // The entry itself always is; it is not among them if a bridge or a pool gave it.
        (tainted.max(1), strangers)
    }

    /// Whether a payout of fitting size can be that of an entry.
    fn comes_of(&self, entry: &Passage<'c>, payout: &Passage<'c>) -> bool {
        let delay = payout.time.saturating_sub(entry.time);
        let actors = entry.door.actor.as_ref().zip(payout.door.actor.as_ref());
        let is_possible = delay <= self.world.bounds.window && actors.is_none_or(|(one, other)| one == other);
        is_possible
            && match self.gate {
                Gate::Bridge => entry.chain != payout.chain && delay > 0,
                Gate::Pool => {
                    entry.chain == payout.chain
                        && delay >= 0
                        && entry.number < payout.number
                        && entry.transfer.asset != payout.transfer.asset
                }
            }
    }

    /// Who has a party's address, by chain.
    fn twins(&self, of: &Passage<'c>) -> BTreeMap<usize, Account> {
        let twin = |to: usize| Some((to, self.world.twin(of.chain, of.party, to)?));
        (0..self.world.chains.len()).filter_map(twin).collect()
    }
}

/// See the module's page of [`cross`](super).
fn confidence(fee: u64, delay: u64, why: &Why) -> u8 {
    let Why::AmountAndTime { payouts, tainted, strangers, same_actor, same_address } = *why else { return 0 };
    let more = u64::from(same_actor) * SAME_ACTOR + u64::from(same_address) * SAME_ADDRESS;
    let mille = ((FIT + more) * MILLE).saturating_sub(FEE * fee + DELAY * delay).min(FIT_MAX * MILLE);
    let (tainted, others) = (tainted as u64, payouts.max(tainted + strangers).max(1) as u64);
    u8::try_from(mille * tainted / others / MILLE).unwrap_or_default()
}

fn crossing(pair: &Pair<'_, '_>) -> Crossing {
    let Passage { chain, number, time, transfer, .. } = *pair.entry;
    Crossing {
        entered: Entered {
            chain,
            numbers: vec![number],
            from: transfer.from,
            into: transfer.to,
            asset: transfer.asset,
            amount: transfer.amount,
            tainted: U256::ZERO,
            time,
        },
        left: left(pair.payout.chain, pair.payout.number, &pair.payout.transfer),
        carried: U256::ZERO,
        confidence: pair.confidence,
        why: pair.why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fee_is_at_most_what_is_allowed_and_never_less_than_nothing() {
        for (entry, payout, fee, expected) in [
            (100, 100, 0, true),
            (100, 99, 0, false),
            (100, 101, 200, false),
            (10_000, 9_800, 200, true),
            (10_000, 9_799, 200, false),
            (3, 2, 200, true),
            (5, 0, 10_000, true),
        ] {
            assert_eq!(fits(U256::from(entry), U256::from(payout), fee), expected, "{entry} {payout} {fee}");
        }
        assert!(fits(U256::MAX, U256::ZERO, WHOLE) && !fits(U256::MAX, U256::ZERO, WHOLE - 1));
    }

    proptest! {
        #[test]
        fn no_larger_entry_fits(payout: u64, more: u32, fee in 0..=WHOLE) {
            let most = entry_max(U256::from(payout), fee);
            let beyond = most.checked_add(U256::from(more) + U256::from(1));
            prop_assert!(beyond.is_none_or(|entry| !fits(entry, U256::from(payout), fee)));
        }
    }

    #[test]
    fn confidence_follows_its_formula() {
        let why = |payouts, tainted, strangers, same_actor, same_address| Why::AmountAndTime {
            payouts,
            tainted,
            strangers,
            same_actor,
            same_address,
        };
        for (fee, delay, why, expected) in [
            (0, 0, why(1, 1, 0, false, false), 70),
            (500, 0, why(1, 1, 0, false, false), 60),
            (1_000, 1_000, why(1, 1, 0, false, false), 30),
            (0, 0, why(1, 1, 0, true, false), 85),
            (0, 0, why(1, 1, 0, true, true), 95),
            (1_000, 500, why(1, 1, 0, true, true), 80),
            (0, 0, why(1, 1, 1, false, false), 35),
            (0, 0, why(2, 1, 0, false, false), 35),
            (0, 0, why(3, 3, 0, false, false), 70),
            (0, 0, why(3, 2, 2, false, false), 35),
        ] {
            assert_eq!(confidence(fee, delay, &why), expected, "{why}");
        }
    }
}
