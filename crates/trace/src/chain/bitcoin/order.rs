//! The order of blocks: files have them as they came, also those that the chain left behind.

use std::collections::HashMap;

use bitcoin::pow::Work;

use super::block::Block;

/// What the order of a block follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its hash.
    pub hash: [u8; 32],
    /// The hash of the block before it.
    pub previous: [u8; 32],
    /// How many hashes it took.
    pub work: [u8; 32],
}

impl From<&Block> for Place {
    fn from(block: &Block) -> Self {
        Self { hash: block.hash, previous: block.previous, work: block.work }
    }
}

/// Blocks in order, by their numbers in what was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ordered {
    /// The chain that took most work, from its first block that is there.
    pub chain: Vec<usize>,
    /// Those that are not in it, in the order in which they came: left behind by a reorganisation, or without the blocks between.
    pub beside: Vec<usize>,
}

/// Puts blocks in order. The same block again is beside the chain. Linear in the blocks.
#[must_use]
pub fn order(places: &[Place]) -> Ordered {
    let mut numbers: HashMap<[u8; 32], usize> = HashMap::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        numbers.entry(place.hash).or_insert(at);
    }
    // The work of all blocks up to each: found from the first on, without recursion.
    let mut works: Vec<Option<Work>> = vec![None; places.len()];
    for start in 0..places.len() {
        let (mut path, mut at) = (Vec::new(), Some(start));
        while let Some(here) = at.filter(|here| works[*here].is_none()) {
            path.push(here);
            // A hash can't be made to lead back to itself, but who gives the places could say so.
            works[here] = Some(Work::from_be_bytes([0; 32]));
            at = numbers.get(&places[here].previous).copied();
        }
        let mut sum = at.and_then(|at| works[at]).unwrap_or(Work::from_be_bytes([0; 32]));
        for here in path.into_iter().rev() {
            sum = sum + Work::from_be_bytes(places[here].work);
            works[here] = Some(sum);
        }
    }
    // Of equal ones the one that came first counts, as for who sees blocks come.
    let mut tip: Option<usize> = None;
    for at in 0..places.len() {
        if tip.is_none_or(|tip| works[at] > works[tip]) {
            tip = Some(at);
        }
    }
    let (mut chain, mut is_in) = (Vec::new(), vec![false; places.len()]);
    while let Some(at) = tip.filter(|at| !is_in[*at]) {
        is_in[at] = true;
        chain.push(at);
        tip = numbers.get(&places[at].previous).copied();
    }
    chain.reverse();
    let beside = (0..places.len()).filter(|at| !is_in[*at]).collect();
    Ordered { chain, beside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(hash: u8, previous: u8, work: u8) -> Place {
        let bytes = |last: u8| {
            let mut bytes = [0; 32];
            bytes[31] = last;
            bytes
        };
        Place { hash: bytes(hash), previous: bytes(previous), work: bytes(work) }
    }

    #[test]
    fn the_chain_with_most_work_counts_in_whatever_order_blocks_came() {
        // 1 ← 2 ← 3, and 2 ← 4 ← 5 with less work.
        let places =
            [place(5, 4, 1), place(3, 2, 9), place(1, 0, 1), place(4, 2, 1), place(2, 1, 1), place(7, 6, 1)];
        assert_eq!(order(&places), Ordered { chain: vec![2, 4, 1], beside: vec![0, 3, 5] });
        assert_eq!(order(&[]), Ordered::default());
    }

    #[test]
    fn who_says_that_blocks_go_round_is_not_followed_for_ever() {
        let told = order(&[place(1, 2, 1), place(2, 1, 1), place(1, 2, 1)]);
        assert_eq!(told.chain.len() + told.beside.len(), 3);
    }

    proptest! {
        #[test]
        fn a_chain_comes_out_whole(order_of in Just((1_u8..40).collect::<Vec<_>>()).prop_shuffle()) {
            let places: Vec<Place> = order_of.iter().map(|at| place(*at, at - 1, 1)).collect();
            let ordered = order(&places);
            let heights: Vec<u8> = ordered.chain.iter().map(|at| order_of[*at]).collect();
            prop_assert_eq!(heights, (1..40).collect::<Vec<u8>>());
            prop_assert!(ordered.beside.is_empty());
        }
    }
}
