//! Payments into and out of bridges or pools, of one worth in order of their size.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::run::World;
use super::transactions::first_at;
use super::{Door, Gate, Transactions};
use crate::taint::Place;
use crate::{Account, Transfer, U256};

/// A payment into a door or out of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passage<'c> {
    pub(super) chain: usize,
    pub(super) number: u64,
    pub(super) time: i64,
    pub(super) door: &'c Door,
    /// Who pays in, or is paid.
    pub(super) party: Account,
    pub(super) transfer: Transfer,
    /// How much, in the smallest unit of its worth.
    pub(super) fine: U256,
}

/// Payments by name of worth and by size, so that those of about a size within some time are found without looking at others.
#[derive(Default)]
pub(super) struct BySize<'c>(HashMap<Arc<str>, BTreeMap<u32, Vec<Passage<'c>>>>);

impl<'c> BySize<'c> {
    fn add(&mut self, worth: &Arc<str>, passage: Passage<'c>) {
        let sizes = self.0.entry(Arc::clone(worth)).or_default();
        sizes.entry(drawer(passage.fine)).or_default().push(passage);
    }

    fn sort(&mut self) {
        for drawer in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            drawer.sort_unstable_by_key(|one| (one.time, one.chain, one.number));
        }
    }

    /// Those of a worth from one size to another and from one second to another, all four among them; and of those about as large, some.
    pub(super) fn about(
        &self,
        worth: &str,
        (least, most): (U256, U256),
        (first, last): (i64, i64),
    ) -> impl Iterator<Item = &Passage<'c>> {
        let sizes = self.0.get(worth).into_iter().flat_map(move |sizes| {
            let range = drawer(least)..=drawer(most.max(least));
            sizes.range(range).map(|(_, drawer)| drawer)
        });
        sizes.flat_map(move |drawer| {
            let first = drawer.partition_point(|one| one.time < first);
            let end = drawer.partition_point(|one| one.time <= last);
            drawer.get(first..end).unwrap_or_default()
        })
    }
}

/// Where an amount lies: by its length in bits and the six bits behind the first, so that amounts of one drawer differ by less than a 64th.
fn drawer(amount: U256) -> u32 {
    let bits = amount.bit_len();
    let behind = if bits > 7 { amount >> (bits - 7) } else { amount << (7 - bits) };
    (bits as u32) << 6 | (behind.wrapping_to::<u32>() & 63)
}

/// Which side of doors is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What is paid in.
    In,
    /// What is paid out.
    Out,
}

/// Stretches of time, first and last second, joined where they meet, in order.
pub(super) fn joined(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (first, last) in spans {
        match joined.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// All payments of some worths through doors of a kind within some stretches of time; `None` if there are more than `left`, which is
/// lessened by what was looked at.
pub(super) fn passages<'c, F: Transactions>(
    world: &World<'c, F>,
    (gate, side): (Gate, Side),
    spans: &[(i64, i64)],
    wanted: impl Fn(&str) -> bool,
    left: &mut usize,
) -> Option<BySize<'c>> {
    let mut found = BySize::default();
    for (at, chain) in world.chains.iter().enumerate() {
        let ranges: Vec<Range<u64>> = spans
            .iter()
            .map(|(first, last)| first_at(chain.flows, *first)..first_at(chain.flows, last.saturating_add(1)))
            .filter(|range| !range.is_empty())
            .collect();
        for (account, door) in chain.doors.iter().filter(|(_, door)| door.gate == gate) {
            for range in &ranges {
                let mut take = |number: u64| {
                    *left = left.checked_sub(1)?;
                    if let Some(passage) = passage(world, (at, side), number, door)
                        && let Some(worth) = chain.worths.get(&passage.transfer.asset)
                        && wanted(&worth.name)
                    {
                        found.add(&worth.name, passage);
                    }
                    Some(())
                };
                let end = |number: &u64| *number < range.end;
                match side {
                    Side::Out => chain
                        .flows
                        .given_from(*account, range.start)
                        .take_while(end)
                        .try_for_each(&mut take)?,
                    Side::In => chain
                        .flows
                        .taken_from(*account, range.start)
                        .take_while(end)
                        .try_for_each(&mut take)?,
                }
            }
        }
    }
    found.sort();
    Some(found)
}

/// A transfer as a payment between a door and somebody who is none.
fn passage<'c, F: Transactions>(
    world: &World<'c, F>,
    (at, side): (usize, Side),
    number: u64,
    door: &'c Door,
) -> Option<Passage<'c>> {
    let chain = world.chains.get(at)?;
    let transfer = chain.flows.transfer(number)?;
    let party = match side {
        Side::In => transfer.from,
        Side::Out => transfer.to,
    };
    let is_passage = !transfer.amount.is_zero()
        && !chain.doors.contains_key(&party)
        && (side == Side::In || world.place(at, party) != Place::Nobody);
    let worth = chain.worths.get(&transfer.asset).filter(|_| is_passage)?;
    let fine = world.scales.fine(transfer.amount, worth)?;
    Some(Passage { chain: at, number, time: transfer.time, door, party, transfer, fine })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawers_are_in_the_order_of_amounts_and_few() {
        let amounts = (0..5_000_u64).map(U256::from).chain((13..256).flat_map(|bits| {
            let two = U256::from(1) << bits;
            [two - U256::from(1), two, two + (two >> 7), two + (two >> 6)]
        }));
        let drawers: Vec<u32> = amounts.chain([U256::MAX]).map(drawer).collect();
        assert!(drawers.is_sorted());
        assert_eq!(drawer(U256::from(6_400)), drawer(U256::from(6_463)));
        assert_ne!(drawer(U256::from(6_400)), drawer(U256::from(6_464)));
    }

    #[test]
    fn stretches_that_meet_are_one() {
        assert_eq!(joined(vec![(5, 9), (0, 2), (3, 4), (20, 30), (22, 25)]), [(0, 9), (20, 30)]);
        assert_eq!(joined(Vec::new()), []);
    }
}
