//! Proofs from the roots of complete subtrees, however many leaves there are.
//!
//! [`super::inclusion`] and [`super::consistency`] want all leaves at hand; these ask for the few subtrees that a proof is made
//! of. A subtree is complete when it has 2^level leaves and its first leaf's number is a multiple of that, so that it never
//! changes while the tree grows: who keeps some of them (as tiles) can prove anything about a large tree at once.
//!
//! Source: RFC 6962, sections 2.1, 2.1.1 and 2.1.2.

use super::{Hash, node};
use sha2::{Digest as _, Sha256};

/// Gives the root of the complete subtree with 2^level leaves that is the index-th of its level.
pub type Subtrees<'s, E> = dyn FnMut(u8, u64) -> Result<Hash, E> + 's;

/// The largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The root over the leaves from `begin` to before `end`, which is not empty and begins where the definition splits.
fn range<E>(begin: u64, end: u64, subtrees: &mut Subtrees<'_, E>) -> Result<Hash, E> {
    let (mut begin, mut left) = (begin, Vec::new());
    loop {
        let count = end - begin;
        let whole = if count.is_power_of_two() { count } else { split(count) };
        let level = u8::try_from(whole.trailing_zeros()).unwrap_or(u8::MAX);
        left.push(subtrees(level, begin >> level)?);
        begin += whole;
        if begin == end {
            break;
        }
    }
    let mut left = left.into_iter().rev();
    let last = left.next().unwrap_or_default();
    Ok(left.fold(last, |right, left| node(&left, &right)))
}

/// The root over the first `size` leaves.
///
/// # Errors
/// What `subtrees` fails with.
pub fn root<E>(size: u64, subtrees: &mut Subtrees<'_, E>) -> Result<Hash, E> {
    match size {
        0 => Ok(Sha256::digest([]).into()),
        _ => range(0, size, subtrees),
    }
}

/// The audit path of the leaf at `index` in the tree of `size` leaves, from the leaf upwards; `None` if there is no such leaf.
///
/// # Errors
/// What `subtrees` fails with.
pub fn inclusion<E>(index: u64, size: u64, subtrees: &mut Subtrees<'_, E>) -> Result<Option<Vec<Hash>>, E> {
    if index >= size {
        return Ok(None);
    }
    let (mut begin, mut end, mut path) = (0, size, Vec::new());
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            path.push(range(middle, end, subtrees)?);
            end = middle;
        } else {
            path.push(range(begin, middle, subtrees)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The proof that the tree of `size` leaves continues that of its first `old`; `None` if it has fewer.
///
/// # Errors
/// What `subtrees` fails with.
pub fn consistency<E>(old: u64, size: u64, subtrees: &mut Subtrees<'_, E>) -> Result<Option<Vec<Hash>>, E> {
    if old > size {
        return Ok(None);
    }
    let (mut begin, mut end, mut path) = (0, size, Vec::new());
    // Nothing is to be proven of the empty tree, and of the same one.
    while old > 0 && old != end {
        let middle = begin + split(end - begin);
        if old <= middle {
            path.push(range(middle, end, subtrees)?);
            end = middle;
        } else {
            path.push(range(begin, middle, subtrees)?);
            begin = middle;
        }
    }
    if begin > 0 {
        path.push(range(begin, end, subtrees)?);
    }
    path.reverse();
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::merkle::{self, leaf};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|at| leaf(&at.to_be_bytes())).collect()
    }

    /// Subtrees of these leaves, from the definition. A subtree that is not complete is a fault.
    fn of(leaves: &[Hash]) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> {
        move |level, index| {
            let (width, at) = (1_usize << level, usize::try_from(index).unwrap() << level);
            Ok(merkle::root(&leaves[at..at + width]))
        }
    }

    proptest! {
        #[test]
        fn proofs_are_those_of_the_definition((count, at) in (1_u64..700).prop_flat_map(|n| (Just(n), 0..=n))) {
            let leaves = leaves(count);
            let size = usize::try_from(count).unwrap();
            let index = usize::try_from(at).unwrap();
            prop_assert_eq!(root(count, &mut of(&leaves)).unwrap(), merkle::root(&leaves));
            prop_assert_eq!(inclusion(at, count, &mut of(&leaves)).unwrap(), merkle::inclusion(&leaves, index));
            prop_assert_eq!(consistency(at, count, &mut of(&leaves)).unwrap(), merkle::consistency(&leaves, index));
            prop_assert_eq!(root(at, &mut of(&leaves)).unwrap(), merkle::root(&leaves[..index]));
            prop_assert_eq!(consistency(count + 1, count, &mut of(&leaves)).unwrap(), None);
            prop_assert!(size > 0);
        }
    }
}
