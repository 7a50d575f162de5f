//! A chain that grows, and now and then goes another way.

use std::collections::VecDeque;

/// How many blocks back a chain can go another way: more than any did since Ethereum chooses its proposers (two epochs are final).
pub const DEPTH_MAX: usize = 96;
/// How often a chain can turn before it grows beyond where it was: the next turn is taken for a lie, so that a node whose answers
/// fit nowhere is not asked for ever.
const TURNS_MAX: usize = 64;

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
    /// It goes another way again and again, and never on.
    #[error(
        "the chain went another way {TURNS_MAX} times without growing beyond block {0}: the node lies, or it answers from several chains"
    )]
    Restless(u64),
}

/// Follows a chain: knows the hashes of its last blocks.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    /// The number of the first of `hashes`, and the hashes of the last blocks.
    first: u64,
    hashes: VecDeque<[u8; 32]>,
    /// The block at which following began, if it was told: nothing is known of what came before it.
    begun: Option<u64>,
    /// How often the chain went back since a block was added.
    steps_back: usize,
    /// How often it began to go back since it last was longer than ever, and how long that was.
    turns: usize,
    longest: u64,
}

impl Follower {
    /// Begins at a block, from which on the chain is followed.
    #[must_use]
    pub fn from(number: u64) -> Self {
        Self { first: number, begun: Some(number), ..Self::default() }
    }

    /// Goes on behind blocks that were added before: the block at which that began, the number of the first that is known by its hash,
    /// and the hashes from it on. The last [`DEPTH_MAX`] are enough.
    #[must_use]
    pub fn behind(begun: u64, first: u64, hashes: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let mut follower = Self { first, begun: Some(begun), ..Self::default() };
        for hash in hashes {
            follower.keep(hash);
        }
        follower.longest = follower.next();
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
            None if self.steps_back == 0 || self.begun == Some(number) => {}
            None => return Err(Lie::Depth(number)),
            Some(tip) if *tip == parent => {}
            Some(_) => return self.back(1),
        }
        self.steps_back = 0;
        self.keep(hash);
        if self.next() > self.longest {
            (self.longest, self.turns) = (self.next(), 0);
        }
        Ok(Step::Add)
    }

    /// Says whether a block that was added is still the chain's, by the hash that the node gives for its number now. It is asked when
    /// no new block comes: a chain that went another way may be shorter than it was.
    ///
    /// # Errors
    /// As [`Follower::take`].
    pub fn check(&mut self, number: u64, hash: [u8; 32]) -> Result<Step, Lie> {
        let at = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| Some((at, self.hashes.get(at)?))) {
            Some((at, known)) if *known != hash => self.back(self.hashes.len() - at),
            Some(_) => {
                self.steps_back = 0;
                Ok(Step::Known)
            }
            None => Ok(Step::Known),
        }
    }

    /// Whether the last block is known to be the chain's: not so while it goes back.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.steps_back == 0
    }

    /// Takes the last blocks away.
    fn back(&mut self, count: usize) -> Result<Step, Lie> {
        self.turns += usize::from(self.steps_back == 0);
        self.steps_back += count;
        if self.steps_back > DEPTH_MAX {
            return Err(Lie::Parent(self.next()));
        }
        if self.turns > TURNS_MAX {
            return Err(Lie::Restless(self.longest.saturating_sub(1)));
        }
        self.hashes.truncate(self.hashes.len().saturating_sub(count));
        Ok(Step::Back { from: self.next() })
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
                follower = Follower::behind(0, first, hashes);
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
    fn where_following_began_any_chain_can_begin() {
        let (mut follower, mut added) = (Follower::from(0), Vec::new());
        follow(&mut follower, &mut added, &chain(0, &[], 8)).unwrap();
        let other = chain(1, &[], 9);
        follow(&mut follower, &mut added, &other).unwrap();
        assert_eq!(added, other);
        // But not further on, where what came before is known.
        let hashes: Vec<_> = (10..15).map(|number| hash(0, number)).collect();
        let mut late = Follower::behind(0, 10, hashes.clone());
        let told = (0..6).map(|_| late.take(late.next(), [9; 32], [8; 32])).last().unwrap();
        assert_eq!(told, Err(Lie::Depth(10)));
        let mut begun = Follower::behind(10, 10, hashes);
        let told = (0..6).map(|_| begun.take(begun.next(), [9; 32], [8; 32])).last().unwrap();
        assert_eq!(told, Ok(Step::Add));
    }

    #[test]
    fn a_chain_that_is_shorter_now_is_noticed() {
        let (mut follower, mut added) = (Follower::from(0), Vec::new());
        let old = chain(0, &[], 20);
        follow(&mut follower, &mut added, &old).unwrap();
        assert_eq!(follower.check(19, old[19]), Ok(Step::Known));
        let new = chain(1, &old[..8], 14);
        assert_eq!(follower.check(13, new[13]), Ok(Step::Back { from: 13 }));
        assert!(!follower.is_settled());
        added.truncate(13);
        // The last one that is known, from there on back.
        while let Step::Back { from } = follower.check(follower.next() - 1, new[added.len() - 1]).unwrap() {
            added.truncate(from as usize);
        }
        assert!(follower.is_settled() && added == old[..8]);
        follow(&mut follower, &mut added, &new).unwrap();
        assert_eq!(added, new);
        assert_eq!(follower.check(500, [7; 32]), Ok(Step::Known), "nothing is known of it");
    }

    #[test]
    fn a_node_that_turns_for_ever_is_found_out_in_bounded_time() {
        let mut follower = Follower::from(0);
        let mut asked = 0;
        // No block has the parent that it should have; where following began, that can't be told.
        let lie = loop {
            asked += 1;
            match follower.take(follower.next(), hash(9, asked), [8; 32]) {
                Ok(_) => {}
                Err(lie) => break lie,
            }
        };
        assert_eq!(lie, Lie::Restless(0));
        assert!(asked < 200, "{asked}");
    }

    #[test]
    fn a_block_that_is_there_is_known() {
        let mut follower = Follower::from(5);
        assert_eq!(follower.take(5, hash(0, 5), hash(0, 4)), Ok(Step::Add));
        assert_eq!(follower.take(6, hash(0, 5), hash(0, 5)), Ok(Step::Known));
        assert_eq!((follower.next(), follower.tip()), (6, Some(hash(0, 5))));
    }
}
