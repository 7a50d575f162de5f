//! The Merkle tree over a line: a root that commits to every record, and proofs that fit in a mail.
//!
//! Hashing is that of RFC 6962: a leaf is `SHA-256(0x00 ‖ data)`, a node `SHA-256(0x01 ‖ left ‖ right)`, an empty
//! tree `SHA-256("")`. A leaf's data is the record's fixed form, [`leaf_data`]. [`Frontier`] is all that appending
//! needs: the roots of the complete subtrees, at most 64. A large tree is kept as [`tile`]s in files ([`kept`]), from which
//! proofs are made without its leaves at hand ([`prove`]).
//!
//! Source: RFC 6962, sections 2.1, 2.1.1 and 2.1.2; RFC 9162, sections 2.1.3.2 and 2.1.4.2 (verification).

pub mod kept;
pub mod prove;
pub mod tile;

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
        self.push_and(leaf, &mut |_, _| {});
    }

    /// Adds a leaf's hash, and tells `complete` the level and the root of each subtree that it completes.
    pub(crate) fn push_and(&mut self, leaf: Hash, complete: &mut dyn FnMut(u8, &Hash)) {
        let mut hash = leaf;
        for level in (0..self.size.trailing_ones()).filter_map(|level| u8::try_from(level).ok()) {
            if let Some(left) = self.roots.pop() {
                hash = node(&left, &hash);
                complete(level + 1, &hash);
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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
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

    /// A file of the vectors of the field, and what it says.
    fn vectors(kind: &str) -> Vec<(String, serde_json::Value)> {
        let mut folders = vec![
            std::path::PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/data/trust/merkle"
            ))
            .join(kind),
        ];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => {
                        let text = std::fs::read_to_string(&path).unwrap();
                        found.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
                    }
                }
            }
        }
        found
    }

    fn decode(value: &serde_json::Value) -> Option<Hash> {
        STANDARD.decode(value.as_str()?).ok()?.try_into().ok()
    }

    /// A proof's hashes. A hash of another length is no hash, and what holds one is no proof; `null` is the empty proof.
    fn path(value: &serde_json::Value) -> Option<Vec<Hash>> {
        value.as_array().map_or(Some(Vec::new()), |path| path.iter().map(decode).collect())
    }

    #[test]
    fn proofs_of_other_implementations_hold_or_not_as_they_say() {
        let (mut good, mut bad) = (0, 0);
        let mut check = |file: &str, vector: &serde_json::Value, holds: bool| {
            let is_bad = vector["wantErr"].as_bool().unwrap();
            assert_eq!(holds, !is_bad, "{file}: {}", vector["desc"]);
            *(if is_bad { &mut bad } else { &mut good }) += 1;
        };
        for (file, vector) in vectors("inclusion") {
            let number = |name: &str| vector[name].as_u64().unwrap();
            let (leaf, root) = (decode(&vector["leafHash"]), decode(&vector["root"]));
            let holds = leaf.zip(root).zip(path(&vector["proof"])).is_some_and(|((leaf, root), path)| {
                verify_inclusion(&leaf, number("leafIdx"), number("treeSize"), &path, &root)
            });
            check(&file, &vector, holds);
        }
        for (file, vector) in vectors("consistency") {
            let number = |name: &str| vector[name].as_u64().unwrap();
            let (old, new) = (decode(&vector["root1"]), decode(&vector["root2"]));
            let holds = old.zip(new).zip(path(&vector["proof"])).is_some_and(|((old, new), path)| {
                verify_consistency(number("size1"), number("size2"), &old, &new, &path)
            });
            check(&file, &vector, holds);
        }
        assert!(good >= 5 && bad >= 100, "{good} good, {bad} bad");
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
