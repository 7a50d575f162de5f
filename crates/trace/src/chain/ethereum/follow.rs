//! A chain that grows, and now and then goes another way.

use std::collections::VecDeque;

/// How many blocks back a chain can go another way: more than any did since Ethereum chooses its proposers (two epochs are final).
pub const DEPTH_MAX: usize = 96;

/// What to do with a block that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is the next one: add its transfers.
    Add,
    /// The chain went another way: take away the blocks from this number on, and ask for the one before it that is missing.
    Back {
        /// The first block that is not in the chain any more.
        from: u64,
    },
    /// It is there already.
    Known,
}

/// What a node says that can't be true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lie {
    /// Another block than that which was asked for.
    #[error("block {asked} was asked for, and {got} came")]
    Number {
        /// What was asked for.
        asked: u64,
        /// What came.
        got: u64,
    },
    /// The parent that a block names is none that the node has given, although it gives no other one of that number.
    #[error(
        "block {0} names a parent that the node gave nowhere: it lies, or it answers from several chains"
    )]
    Parent(u64),
    /// It goes back further than a chain can.
    #[error(
        "the chain would go another way {DEPTH_MAX} blocks back or more, before block {0}: load it anew, from another node if this one is not trusted"
    )]
    Depth(u64),
}

/// Follows a chain: knows the hashes of its last blocks.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    /// The number of the first of `hashes`, and the hashes of the last blocks.
    first: u64,
    hashes: VecDeque<[u8; 32]>,
    /// How often the chain went back since a block was added.
    steps_back: usize,
}

impl Follower {
    /// Begins at a block, from which on the chain is followed.
    #[must_use]
    pub fn from(number: u64) -> Self {
        Self { first: number, ..Self::default() }
    }

    /// Goes on behind blocks that were added before: the number of the first, and their hashes. The last [`DEPTH_MAX`] are enough.
    #[must_use]
    pub fn behind(first: u64, hashes: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let mut follower = Self { first, ..Self::default() };
        for hash in hashes {
            follower.keep(hash);
        }
        follower
    }

    /// The block to ask for.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.hashes.len() as u64
    }

    /// The hash of the last block that was added, if there is one.
    #[must_use]
    pub fn tip(&self) -> Option<[u8; 32]> {
        self.hashes.back().copied()
    }

    /// The number of the first block that is known by its hash, and the hashes from it on, for [`Follower::behind`].
    pub fn known(&self) -> (u64, impl Iterator<Item = [u8; 32]> + '_) {
        (self.first, self.hashes.iter().copied())
    }

    /// Says what to do with the block that came as [`Follower::next`].
    ///
    /// # Errors
    /// [`Lie`]; then nothing is to be believed that this node says of the blocks around.
    pub fn take(&mut self, number: u64, hash: [u8; 32], parent: [u8; 32]) -> Result<Step, Lie> {
        if number != self.next() {
            return Err(Lie::Number { asked: self.next(), got: number });
        }
        if self.hashes.contains(&hash) {
            return Ok(Step::Known);
        }
        match self.hashes.back() {
            // Nothing is known of what came before the first one.
            None if self.steps_back == 0 => {}
            None => return Err(Lie::Depth(number)),
            Some(tip) if *tip == parent => {}
            Some(_) => {
                self.steps_back += 1;
                if self.steps_back > DEPTH_MAX {
                    return Err(Lie::Parent(number));
                }
                self.hashes.pop_back();
                return Ok(Step::Back { from: self.next() });
            }
        }
        self.steps_back = 0;
        self.keep(hash);
        Ok(Step::Add)
    }

    fn keep(&mut self, hash: [u8; 32]) {
        self.hashes.push_back(hash);
        if self.hashes.len() > DEPTH_MAX {
            self.hashes.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The hash of a block of a branch.
    fn hash(branch: u8, number: u64) -> [u8; 32] {
        let mut hash = [branch; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        hash
    }

    /// Follows until the chain's end as a node with this chain answers; gives what was added.
    fn follow(follower: &mut Follower, added: &mut Vec<[u8; 32]>, chain: &[[u8; 32]]) -> Result<(), Lie> {
        while let Some(block) = chain.get(follower.next() as usize) {
            let number = follower.next();
            let parent = number.checked_sub(1).map_or([0; 32], |before| chain[before as usize]);
            match follower.take(number, *block, parent)? {
                Step::Add => added.push(*block),
                Step::Back { from } => added.truncate(from as usize),
                Step::Known => panic!("{number}"),
            }
        }
        Ok(())
    }

    fn chain(branch: u8, common: &[[u8; 32]], length: u64) -> Vec<[u8; 32]> {
        let new = (common.len() as u64..length).map(|number| hash(branch, number));
        common.iter().copied().chain(new).collect()
    }

    proptest! {
        #[test]
        fn what_is_added_is_the_chain_as_it_is(cuts in proptest::collection::vec((0_usize..60, 1_u64..20), 1..8)) {
            let (mut follower, mut added) = (Follower::from(0), Vec::new());
            let mut now = chain(0, &[], 100);
            follow(&mut follower, &mut added, &now).unwrap();
            for ((depth, more), branch) in cuts.into_iter().zip(1..) {
                let length = now.len() as u64 + more;
                now = chain(branch, &now[..now.len() - depth], length);
                follow(&mut follower, &mut added, &now).unwrap();
                prop_assert_eq!(&added, &now);
                let (first, hashes) = follower.known();
                let hashes: Vec<_> = hashes.collect();
                prop_assert!(hashes.len() <= DEPTH_MAX);
                prop_assert_eq!(&hashes[..], &now[first as usize..]);
                follower = Follower::behind(first, hashes);
            }
        }
    }

    #[test]
    fn a_chain_that_goes_back_too_far_is_not_followed() {
        let (mut follower, mut added) = (Follower::from(0), Vec::new());
        let old = chain(0, &[], 300);
        follow(&mut follower, &mut added, &old).unwrap();
        let told = follow(&mut follower, &mut added, &chain(1, &old[..100], 310));
        assert!(matches!(told, Err(Lie::Parent(_) | Lie::Depth(_))), "{told:?}");
    }

    #[test]
    fn a_node_that_lies_is_found_out_in_bounded_time() {
        let (mut follower, mut added) = (Follower::from(0), Vec::new());
        follow(&mut follower, &mut added, &chain(0, &[], 200)).unwrap();
        assert_eq!(follower.take(7, hash(1, 7), [0; 32]), Err(Lie::Number { asked: 200, got: 7 }));
        // Each block has a parent that was never there.
        let mut asked = 0;
        let lie = loop {
            asked += 1;
            let number = follower.next();
            match follower.take(number, hash(9, number + 1_000), [8; 32]) {
                Ok(Step::Back { .. }) => {}
                told => break told,
            }
        };
        assert!(lie.is_err() && asked <= DEPTH_MAX + 1, "{lie:?} after {asked}");
    }

    #[test]
    fn a_block_that_is_there_is_known() {
        let mut follower = Follower::from(5);
        assert_eq!(follower.take(5, hash(0, 5), hash(0, 4)), Ok(Step::Add));
        assert_eq!(follower.take(6, hash(0, 5), hash(0, 5)), Ok(Step::Known));
        assert_eq!((follower.next(), follower.tip()), (6, Some(hash(0, 5))));
    }
}
