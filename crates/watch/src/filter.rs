//! A filter of keys: most of what stands in a log, or is asked about, is turned away at the cost of one cache line.
//!
//! A blocked Bloom filter: the upper bits of a key choose a block of 512 bits, the lower ones choose bits in it. With sixteen bits
//! a key, about one in five hundred of the keys that are not there passes.
//!
//! Source: Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2009), section 3.

/// Words of a block: one cache line.
const BLOCK_WORDS: usize = 8;
/// Bits that each key has of the filter.
const BITS_A_KEY: usize = 16;
/// Bits that each key sets.
const PROBES: u32 = 5;

/// A set of keys that may say yes to one that it has not, and never no to one that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    blocks: Vec<[u64; BLOCK_WORDS]>,
}

impl Filter {
    /// A filter of these keys.
    pub(crate) fn of(keys: &[u64]) -> Self {
        let mut filter = Self::with_room(keys.len());
        keys.iter().for_each(|key| filter.add(*key));
        filter
    }

    /// An empty filter for so many keys: with more it says yes more often.
    pub(crate) fn with_room(keys: usize) -> Self {
        let blocks = (keys * BITS_A_KEY).div_ceil(BLOCK_WORDS * 64).max(1);
        Self { blocks: vec![[0; BLOCK_WORDS]; blocks] }
    }

    /// Takes a key in.
    pub(crate) fn add(&mut self, key: u64) {
        let at = self.place(key);
        if let Some(block) = self.blocks.get_mut(at) {
            for (word, bit) in bits(key) {
                block[word] |= bit;
            }
        }
    }

    /// The bytes that it takes.
    pub(crate) const fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK_WORDS * 8
    }

    /// Whether a key may be in it.
    #[inline]
    pub(crate) fn may_have(&self, key: u64) -> bool {
        let block = self.blocks.get(self.place(key)).unwrap_or(&[0; BLOCK_WORDS]);
        bits(key).all(|(word, bit)| block[word] & bit != 0)
    }

    /// The block of a key: the upper half of the key, spread over the blocks.
    #[inline]
    fn place(&self, key: u64) -> usize {
        (((key >> 32) * self.blocks.len() as u64) >> 32) as usize
    }
}

/// The bits of a key: nine bits each of its lower half, stretched.
#[inline]
fn bits(key: u64) -> impl Iterator<Item = (usize, u64)> {
    let spread = (key & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| {
        let nine = spread >> (64 - 9 * (probe + 1));
        ((nine >> 6 & 7) as usize, 1 << (nine & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    fn text_key(text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn what_is_there_passes_and_hardly_anything_else() {
        let keys: Vec<u64> = (0..50_000).map(|n| text_key(&format!("a{n}.example"))).collect();
        let filter = Filter::of(&keys);
        assert!(keys.iter().all(|key| filter.may_have(*key)));
        let others = (0..200_000).map(|n| text_key(&format!("b{n}.example")));
        let passed = others.filter(|key| filter.may_have(*key)).count();
        assert!(passed < 1_200, "{passed} of 200,000 passed");
        assert!(!Filter::of(&[]).may_have(7));
    }
}
