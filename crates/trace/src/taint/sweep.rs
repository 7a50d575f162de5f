//! The sweep: all transfers in order, twice.
//!
//! The first time it finds whom taint can reach: one bit for each pair of account and asset, set when somebody whose bit is set
//! gives. That is more than it does reach (it asks for no amounts), and never less. The second time it counts the holdings of those, from
//! the first transfer on. A holding's slot is its bit's rank, so that holdings lie dense and none is searched for. Holdings lie apart in memory; those
//! that the next few transfers need are glanced at together, which makes the processor wait for them once and not one by one.

use std::hint::black_box;

use crate::{Account, Flows, Transfer};

use super::Place;
use super::amount::Amount;
use super::case::Case;
use super::result::Ended;
use super::run::{Halt, Run, Step};
use super::slot::{NONE, Rule};

/// So many transfers are looked at together: enough to hide waiting, and few enough that all stay in the nearest cache.
const CHUNK: usize = 128;

pub(super) fn follow<N, F, R, P>(flows: &F, run: &mut Run<'_, N, R, P>) -> Result<Ended, Halt>
where
    N: Amount,
    F: Flows,
    R: Rule<N>,
    P: Fn(Account) -> Place,
{
    let (ranks, count) = Ranks::new(reachable(flows, run.case)?);
    run.make(count);
    let mut slots = Vec::with_capacity(CHUNK);
    let done = each_chunk(flows, 0, |first, chunk| {
        slots.clear();
        for transfer in chunk {
            let asset = run.case.moved(transfer);
            let of = |account| asset.map_or(NONE, |asset| ranks.slot(run.case.key(account, asset)));
            slots.push((asset, of(transfer.from), of(transfer.to)));
        }
        let glances = slots.iter().map(|(_, from, to)| run.glance(*from) ^ run.glance(*to));
        black_box(glances.fold(0, |all, one| all ^ one));
        for ((number, transfer), (asset, from, to)) in (first..).zip(chunk).zip(&slots) {
            let is_theft = || run.is_theft(number);
            if let Some(asset) = *asset
                && (from & to != NONE || is_theft())
            {
                let some = |slot: u32| (slot != NONE).then_some(slot);
                run.step(&Step { number, transfer, asset, from: some(*from), to: some(*to) })?;
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

/// The keys of the holdings that taint can reach, as bits.
fn reachable<P: Fn(Account) -> Place>(flows: &impl Flows, case: &Case<P>) -> Result<Vec<u64>, Halt> {
    let mut bits: Vec<u64> = Vec::new();
    let mut thefts = case.thefts.iter().map(|theft| theft.number).peekable();
    let Some(&first) = thefts.peek() else {
        return Ok(bits);
    };
    each_chunk(flows, first, |first, chunk| {
        for (number, transfer) in (first..).zip(chunk) {
            let is_theft = thefts.next_if_eq(&number).is_some();
            let Some(asset) = case.moved(transfer) else {
                continue;
            };
            let [from, to] = [transfer.from, transfer.to].map(|account| case.key(account, asset));
            if (is_theft || is_set(&bits, from))
                && !is_set(&bits, to)
                && case.place(transfer.to) == Place::Holder
            {
                set(&mut bits, to);
            }
        }
        Ok(())
    })?;
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

/// Goes through all transfers from one on.
fn each_chunk(
    flows: &impl Flows,
    first: u64,
    mut visit: impl FnMut(u64, &[Transfer]) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let (mut next, count) = (first, flows.len());
    let mut chunk = Vec::with_capacity(CHUNK);
    while next < count {
        chunk.clear();
        flows.chunk(next, CHUNK, &mut chunk);
        if chunk.is_empty() {
            return Err(Halt::Changed(next));
        }
        visit(next, &chunk)?;
        next += chunk.len() as u64;
    }
    Ok(())
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
