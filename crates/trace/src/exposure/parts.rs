//! An amount, kept apart by how many hops away it is.

use super::divided;
use crate::U256;

/// What is wanted of a holding or a transfer, by hop, ascending; none is 0. All sums are within what the address got (gave) in all.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts(Vec<(u32, U256)>);

impl Parts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, U256)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn sum(&self) -> U256 {
        self.0.iter().fold(U256::ZERO, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    pub(super) fn add(&mut self, hop: u32, amount: U256) {
        if amount.is_zero() {
            return;
        }
        match self.0.binary_search_by_key(&hop, |(hop, _)| *hop) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(amount),
            Err(at) => self.0.insert(at, (hop, amount)),
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (hop, amount) in other.iter() {
            self.add(hop, amount);
        }
    }

    /// One hop further.
    pub(super) fn step(&mut self) {
        for (hop, _) in &mut self.0 {
            *hop += 1;
        }
    }

    /// Takes off what is `hop` or more hops away.
    pub(super) fn split_from(&mut self, hop: u32) -> Self {
        let at = self.0.partition_point(|(other, _)| *other < hop);
        Self(self.0.split_off(at))
    }

    /// Takes out as large a part as `part` is of `whole`, to the nearest unit, and puts it in `into`, which is empty.
    ///
    /// The units taken are divided among the hops by the largest remainder, of equals the nearest hop first.
    pub(super) fn take(&mut self, part: U256, whole: U256, into: &mut Self) {
        debug_assert!(into.is_empty() && part <= whole && !whole.is_zero());
        let sum = self.sum();
        let (share, rest) = divided(sum, part, whole);
        let share = share.saturating_add(U256::from(u8::from(!rest.is_zero() && rest >= whole - rest)));
        if share == sum {
            std::mem::swap(self, into);
            return;
        }
        match self.0.as_mut_slice() {
            [] => return,
            [(hop, amount)] => {
                *amount = amount.saturating_sub(share);
                into.add(*hop, share);
                return;
            }
            _ => {}
        }
        let mut left = share;
        let mut rests: Vec<(U256, usize)> = Vec::with_capacity(self.0.len());
        for (at, (hop, amount)) in self.0.iter().enumerate() {
            let (floor, rest) = divided(*amount, share, sum);
            left = left.saturating_sub(floor);
            rests.push((rest, at));
            into.0.push((*hop, floor));
        }
        // Fewer units are left than there are hops.
        rests.sort_by_key(|rest| std::cmp::Reverse(rest.0));
        for (_, at) in rests.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            into.0[at].1 = into.0[at].1.saturating_add(U256::ONE);
        }
        for ((_, amount), (_, taken)) in self.0.iter_mut().zip(&into.0) {
            *amount = amount.saturating_sub(*taken);
        }
        self.0.retain(|(_, amount)| !amount.is_zero());
        into.0.retain(|(_, amount)| !amount.is_zero());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[(u32, u64)]) -> Parts {
        Parts(parts.iter().map(|(hop, amount)| (*hop, U256::from(*amount))).collect())
    }

    type ByHop = Vec<(u32, u64)>;

    fn taken(from: &[(u32, u64)], part: u64, whole: u64) -> (ByHop, ByHop) {
        let (mut left, mut into) = (parts(from), Parts::default());
        left.take(U256::from(part), U256::from(whole), &mut into);
        let told = |parts: &Parts| parts.iter().map(|(hop, amount)| (hop, amount.to::<u64>())).collect();
        (told(&into), told(&left))
    }

    #[test]
    fn a_part_is_taken_of_every_hop_and_no_unit_is_lost() {
        assert_eq!(taken(&[(1, 10), (2, 20)], 1, 2), (vec![(1, 5), (2, 10)], vec![(1, 5), (2, 10)]));
        // Of three units, to the nearest two; of equal remainders the nearest hops have them.
        assert_eq!(taken(&[(1, 1), (2, 1), (5, 1)], 1, 2), (vec![(1, 1), (2, 1)], vec![(5, 1)]));
        assert_eq!(taken(&[(1, 1), (2, 8)], 5, 9), (vec![(1, 1), (2, 4)], vec![(2, 4)]));
        assert_eq!(taken(&[(3, 7)], 7, 7), (vec![(3, 7)], vec![]));
        assert_eq!(taken(&[(3, 1)], 1, 3), (vec![], vec![(3, 1)]));
        assert_eq!(taken(&[], 1, 3), (vec![], vec![]));
    }

    #[test]
    fn the_largest_amounts_are_divided() {
        let third = U256::MAX / U256::from(3);
        let mut left = Parts(vec![(1, third), (2, third), (3, third)]);
        let mut into = Parts::default();
        left.take(U256::MAX - U256::ONE, U256::MAX, &mut into);
        assert_eq!(left.sum(), U256::ONE);
        assert_eq!(into.sum(), U256::MAX - U256::ONE);
    }
}
