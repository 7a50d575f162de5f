//! The Merkle tree over a line: a root that commits to every record, and proofs that fit in a mail.
//!
//! Hashing is that of RFC 6962: a leaf is `SHA-256(0x00 ‖ data)`, a node `SHA-256(0x01 ‖ left ‖ right)`, an empty
//! tree `SHA-256("")`. A leaf's data is the record's fixed form, [`leaf_data`]. [`Frontier`] is all that appending
//! needs: the roots of the complete subtrees, at most 64.
//!
//! Source: RFC 6962, sections 2.1, 2.1.1 and 2.1.2; RFC 9162, sections 2.1.3.2 and 2.1.4.2 (verification).

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::record::{Added, RecordKind, Seq};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// The bytes that a leaf hashes: version 1, kind, sender (16), time (8, big-endian), number replaced (8), SHA-256 of
/// the terms' text (32, of the empty text when there are none), SHA-256 of the body (32).
#[must_use]
pub fn leaf_data(
    kind: RecordKind,
    sender: Uuid,
    added: Added,
    of: Option<Seq>,
    terms: Option<&str>,
    body_hash: &Hash,
) -> [u8; 98] {
    let mut data = [0; 98];
    data[0] = 1;
    data[1] = kind.stored();
    data[2..18].copy_from_slice(sender.as_bytes());
    data[18..26].copy_from_slice(&added.0.to_be_bytes());
    data[26..34].copy_from_slice(&of.map_or(0, |seq| seq.0).to_be_bytes());
    data[34..66].copy_from_slice(&Sha256::digest(terms.unwrap_or("")));
    data[66..].copy_from_slice(body_hash);
    data
}

/// The hash of a leaf.
#[must_use]
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// The hash of an inner node.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a growing tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of complete subtrees, the largest first; one for each bit set in `size`.
    roots: Vec<Hash>,
}

impl Frontier {
    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => Sha256::digest([]).into(),
            Some(last) => roots.fold(*last, |right, left| node(left, &right)),
        }
    }
}

/// The root over `leaves`, computed from the definition.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `count` (which is at least 2).
const fn split(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// The audit path of the leaf at `index`, from the leaf upwards; `None` if there is no such leaf.
#[must_use]
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (inclusion(left, index)?, root(right))
    } else {
        (inclusion(right, index - left.len())?, root(left))
    };
    path.push(sibling);
    Some(path)
}

/// The proof that the tree of `leaves` continues its own first `size` leaves; `None` if it has fewer.
#[must_use]
pub fn consistency(leaves: &[Hash], size: usize) -> Option<Vec<Hash>> {
    fn subproof(leaves: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
        if size == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut path, sibling) = if size <= left.len() {
            (subproof(left, size, whole), root(right))
        } else {
            (subproof(right, size - left.len(), false), root(left))
        };
        path.push(sibling);
        path
    }
    match size {
        0 => Some(Vec::new()),
        _ if size > leaves.len() => None,
        _ => Some(subproof(leaves, size, true)),
    }
}

/// Whether `path` proves that `leaf` is leaf `index` of the tree with `size` leaves and this `root`.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree of `new_size` leaves continues that of `old_size`.
#[must_use]
pub fn verify_consistency(old_size: u64, new_size: u64, old: &Hash, new: &Hash, path: &[Hash]) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old == new;
    }
    if old_size == 0 {
        return path.is_empty();
    }
    let (first, rest) = match path.split_first() {
        _ if old_size.is_power_of_two() => (old, path),
        Some((first, rest)) => (first, rest),
        None => return false,
    };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut from, mut to) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            from = node(sibling, &from);
            to = node(sibling, &to);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            to = node(&to, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && from == *old && to == *new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|at| leaf(&at.to_be_bytes())).collect()
    }

    #[test]
    fn the_empty_tree_and_the_empty_leaf_hash_as_the_rfc_has_them() {
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(leaf(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }

    proptest! {
        #[test]
        fn growing_gives_the_root_of_the_definition(count in 0_usize..300) {
            let leaves = leaves(count);
            let mut frontier = Frontier::default();
            leaves.iter().for_each(|leaf| frontier.push(*leaf));
            prop_assert_eq!(frontier.root(), root(&leaves));
        }

        #[test]
        fn a_proof_holds_for_its_leaf_and_for_no_other((count, index) in (1_usize..200).prop_flat_map(|n| (Just(n), 0..n))) {
            let leaves = leaves(count);
            let (path, top) = (inclusion(&leaves, index).unwrap(), root(&leaves));
            let (at, size) = (index as u64, count as u64);
            prop_assert!(verify_inclusion(&leaves[index], at, size, &path, &top));
            prop_assert!(!verify_inclusion(&leaf(b"other"), at, size, &path, &top));
            prop_assert!(!verify_inclusion(&leaves[index], size, size, &path, &top));
        }

        #[test]
        fn a_tree_is_shown_to_continue_its_past((count, old) in (1_usize..200).prop_flat_map(|n| (Just(n), 1..=n))) {
            let leaves = leaves(count);
            let path = consistency(&leaves, old).unwrap();
            let (before, after) = (root(&leaves[..old]), root(&leaves));
            prop_assert!(verify_consistency(old as u64, count as u64, &before, &after, &path));
            if old < count {
                prop_assert!(!verify_consistency(old as u64, count as u64, &leaf(b"other"), &after, &path));
            }
        }
    }
}
