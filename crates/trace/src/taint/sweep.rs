//! The sweep: all transfers in order, twice.
//!
//! The first time it finds whom taint can reach: one bit for each pair of account and asset, set when somebody whose bit is set
//! gives. That is more than it does reach (it asks for no amounts), and never less. The second time it counts the holdings of
//! those, from the first transfer on. A holding's slot is its bit's rank, so that holdings lie dense and none is searched for.
//!
//! What takes the time is memory. Transfers are read, and their holdings' slots found, by a thread of their own
//! ([`pages`](super::pages)). Holdings lie apart; those that the next few transfers need are glanced at together, so that the
//! processor waits for all of them once, and not for one after the other.

use std::hint::black_box;

use crate::{Account, Flows, Transfer};

use super::Place;
use super::amount::Amount;
use super::case::{Assets, Case};
use super::pages::each_page;
use super::result::Ended;
use super::run::{Halt, Run, Step};
use super::slot::{NONE, Rule};

/// For so many transfers holdings are glanced at together: enough to hide waiting, and so few that all stay in the nearest cache.
const GLANCE: usize = 128;

pub(super) fn follow<N, F, R, P>(flows: &F, run: &mut Run<'_, N, R, P>) -> Result<Ended, Halt>
where
    N: Amount,
    F: Flows + Sync,
    R: Rule<N>,
    P: Fn(Account) -> Place,
{
    let case = run.case;
    let (ranks, count) = Ranks::new(reachable(flows, case)?);
    run.make(count);
    let (assets, ranks) = (&case.assets, &ranks);
    let find = |transfer: &Transfer| Found::new(transfer, assets, ranks);
    let done = each_page(flows, 0, find, |first, transfers, found| {
        let pieces = transfers.chunks(GLANCE).zip(found.chunks(GLANCE));
        for (first, (transfers, found)) in (first..).step_by(GLANCE).zip(pieces) {
            let glances = found.iter().map(|found| run.glance(found.from) ^ run.glance(found.to));
            black_box(glances.fold(false, |all, one| all ^ one));
            for ((number, transfer), found) in (first..).zip(transfers).zip(found) {
                step(run, number, transfer, *found)?;
            }
        }
        Ok(())
    });
    match done {
        Ok(()) => Ok(Ended::Complete),
        Err(Halt::Limit(limit, next)) => Ok(Ended::AtLimit { limit, next }),
        Err(halt) => Err(halt),
    }
}

#[inline]
fn step<N, R, P>(
    run: &mut Run<'_, N, R, P>,
    number: u64,
    transfer: &Transfer,
    found: Found,
) -> Result<(), Halt>
where
    N: Amount,
    R: Rule<N>,
    P: Fn(Account) -> Place,
{
    let Found { asset, from, to } = found;
    if asset == NONE || (from & to == NONE && !run.is_theft(number)) {
        return Ok(());
    }
    let some = |slot: u32| (slot != NONE).then_some(slot);
    run.step(&Step { number, transfer, asset: asset as usize, from: some(from), to: some(to) })
}

/// Where the holdings are that a transfer concerns, each [`NONE`] if it is of no concern.
#[derive(Debug, Clone, Copy)]
struct Found {
    asset: u32,
    from: u32,
    to: u32,
}

impl Found {
    #[inline]
    fn new(transfer: &Transfer, assets: &Assets, ranks: &Ranks) -> Self {
        let Some(asset) = assets.moved(transfer) else {
            return Self { asset: NONE, from: NONE, to: NONE };
        };
        let slot = |account| ranks.slot(assets.key(account, asset));
        let (from, to) = (slot(transfer.from), slot(transfer.to));
        Self { asset: u32::try_from(asset).unwrap_or(NONE), from, to }
    }
}

/// The keys of the holdings that taint can reach, as bits.
fn reachable<P>(flows: &(impl Flows + Sync), case: &Case<P>) -> Result<Vec<u64>, Halt>
where
    P: Fn(Account) -> Place,
{
    let mut bits: Vec<u64> = Vec::new();
    let mut thefts = case.thefts.iter().map(|theft| theft.number).peekable();
    let Some(&first) = thefts.peek() else {
        return Ok(bits);
    };
    let keys = |transfer: &Transfer| {
        let asset = case.assets.moved(transfer)?;
        Some([transfer.from, transfer.to].map(|account| case.assets.key(account, asset)))
    };
    each_page(
        flows,
        first,
        |_| (),
        |first, transfers, _| {
            for (number, transfer) in (first..).zip(transfers) {
                let is_theft = thefts.next_if_eq(&number).is_some();
                let Some([from, to]) = keys(transfer) else {
                    continue;
                };
                if (is_theft || is_set(&bits, from))
                    && !is_set(&bits, to)
                    && case.place(transfer.to) == Place::Holder
                {
                    set(&mut bits, to);
                }
            }
            Ok(())
        },
    )?;
    Ok(bits)
}

#[inline]
fn is_set(bits: &[u64], key: u64) -> bool {
    usize::try_from(key / 64)
        .ok()
        .and_then(|word| bits.get(word))
        .is_some_and(|word| word >> (key % 64) & 1 == 1)
}

fn set(bits: &mut Vec<u64>, key: u64) {
    let word = usize::try_from(key / 64).unwrap_or(usize::MAX);
    if word >= bits.len() {
        bits.resize(word + 1, 0);
    }
    bits[word] |= 1 << (key % 64);
}

/// Bits, each word of them with how many are set before it.
struct Ranks(Vec<(u64, u32)>);

impl Ranks {
    /// With how many are set in all.
    fn new(bits: Vec<u64>) -> (Self, usize) {
        let mut before = 0;
        let ranked = |word: u64| {
            let ranked = (word, before);
            before += word.count_ones();
            ranked
        };
        let ranks = bits.into_iter().map(ranked).collect();
        (Self(ranks), before as usize)
    }

    /// How many bits are set before this one; [`NONE`] if it is not set.
    #[inline]
    fn slot(&self, key: u64) -> u32 {
        let word = usize::try_from(key / 64).ok().and_then(|word| self.0.get(word));
        let Some((word, before)) = word else {
            return NONE;
        };
        let bit = 1 << (key % 64);
        if word & bit == 0 { NONE } else { before + (word & (bit - 1)).count_ones() }
    }
}
