//! A transaction that a block has.

use bitcoin::Amount;
use bitcoin::block::Header;
use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, sha256, sha256d};

use super::super::{BLOCK_BYTES_MAX, Magic, Transaction, written};
use super::Proof;

/// What a server says of a transaction that can't be true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofLie {
    /// It is none.
    #[error("{0} is no transaction: {1}")]
    Form(String, String),
    /// Another one came.
    #[error("transaction {asked} was asked for, and {got} came")]
    Other {
        /// What was asked for.
        asked: String,
        /// What came.
        got: String,
    },
    /// It has as many bytes as two hashes, so that it could be an inner node of a block's tree (CVE-2017-12842).
    #[error("transaction {0} has 64 bytes, which none that is relayed has")]
    Sixty(String),
    /// The way to the root goes over a transaction of 64 bytes, passed off as a node of the tree: what hangs below it is made up.
    #[error(
        "the proof of transaction {0} goes over another transaction, passed off as a node of its block's tree"
    )]
    OverTransaction(String),
    /// The proof is for another block.
    #[error("the proof of transaction {id} is for block {got}, and its history says {asked}")]
    Height {
        /// The transaction.
        id: String,
        /// Where it was said to be.
        asked: u64,
        /// What the proof is for.
        got: u64,
    },
    /// The proof does not lead to the header.
    #[error("the proof of transaction {id} does not lead to the root of block {height}")]
    Root {
        /// The transaction.
        id: String,
        /// Where it was said to be.
        height: u64,
    },
    /// It makes coins and is not the block's first, or the other way round.
    #[error("transaction {0} makes new coins, and is not its block's first; or is it and makes none")]
    Coinbase(String),
}

/// A transaction whose bytes have the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    pub(super) id: [u8; 32],
    pub(super) bytes: Vec<u8>,
    pub(super) base_size: usize,
    pub(super) makes_coins: bool,
    /// The hash of each output's script; `None` where nobody can spend it.
    scripts: Vec<Option<[u8; 32]>>,
    pub(super) transaction: Transaction,
}

impl Raw {
    /// Reads a transaction, which must be the one with this id.
    ///
    /// # Errors
    /// [`ProofLie`].
    pub fn read(magic: Magic, asked: &[u8; 32], bytes: Vec<u8>) -> Result<Self, ProofLie> {
        let raw = Self::any(magic, bytes).map_err(|why| ProofLie::Form(written(asked), why))?;
        match raw.id == *asked {
            true => Ok(raw),
            false => Err(ProofLie::Other { asked: written(asked), got: written(&raw.id) }),
        }
    }

    /// Reads a transaction, whichever it is.
    ///
    /// # Errors
    /// Why the bytes are none.
    pub fn any(magic: Magic, bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > BLOCK_BYTES_MAX {
            return Err(format!("it has {} bytes; the limit is {BLOCK_BYTES_MAX}", bytes.len()));
        }
        let told: bitcoin::Transaction = encode::deserialize(&bytes).map_err(|error| error.to_string())?;
        let id = told.compute_txid();
        let transaction = Transaction::of(&told, id, magic.network()).map_err(|error| error.to_string())?;
        let (base_size, makes_coins) = (told.base_size(), told.is_coinbase());
        let hash = |output: &bitcoin::TxOut| {
            let script = &output.script_pubkey;
            (!script.is_op_return()).then(|| sha256::Hash::hash(script.as_bytes()).to_byte_array())
        };
        let scripts = told.output.iter().map(hash).collect();
        Ok(Self { id: id.to_byte_array(), bytes, base_size, makes_coins, scripts, transaction })
    }

    /// The name under which servers know who owns an output: the hash (SHA-256) of its script, from the end. `None` if there is no such
    /// output, or nobody can spend it.
    #[must_use]
    pub fn scripthash(&self, output: u32) -> Option<String> {
        let hash = (*self.scripts.get(output as usize)?)?;
        let from_end: Vec<u8> = hash.iter().rev().copied().collect();
        Some(const_hex::encode(from_end))
    }

    /// What it moves.
    #[must_use]
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }
}

/// A transaction, and that a block has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub(super) raw: Raw,
    pub(super) proof: Proof,
    pub(super) header: Header,
}

impl Proven {
    /// Checks that the block with this header, at the height at which the transaction was said to be, has it.
    ///
    /// # Errors
    /// [`ProofLie`].
    pub fn check(raw: Raw, height: u64, proof: Proof, header: Header) -> Result<Self, ProofLie> {
        let named = || written(&raw.id);
        if raw.base_size == 64 {
            return Err(ProofLie::Sixty(named()));
        }
        if proof.height != height {
            return Err(ProofLie::Height { id: named(), asked: height, got: proof.height });
        }
        let way = Way::up(raw.id, &proof);
        if way.is_beyond || way.is_twin || way.root != header.merkle_root.to_byte_array() {
            return Err(ProofLie::Root { id: named(), height });
        }
        if way.is_over {
            return Err(ProofLie::OverTransaction(named()));
        }
        if raw.makes_coins != (proof.position == 0) {
            return Err(ProofLie::Coinbase(named()));
        }
        Ok(Self { raw, proof, header })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.raw.id
    }

    /// The height of its block.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.proof.height
    }

    /// What it moves.
    #[must_use]
    pub const fn transaction(&self) -> &Transaction {
        &self.raw.transaction
    }

    /// Its bytes, as they came.
    #[must_use]
    pub const fn raw(&self) -> &Raw {
        &self.raw
    }
}

/// The way from a leaf of a block's tree up to the root.
struct Way {
    root: [u8; 32],
    /// What is left of the place would be beyond the tree.
    is_beyond: bool,
    /// Where nothing is to the right, the left one stands there again: nothing is at such a place.
    is_twin: bool,
    /// One of its nodes is a transaction.
    is_over: bool,
}

impl Way {
    fn up(leaf: [u8; 32], proof: &Proof) -> Self {
        let (mut at, mut is_twin, mut is_over) = (proof.position, false, false);
        let root = proof.branch.iter().fold(leaf, |hash, beside| {
            is_twin |= at & 1 == 1 && hash == *beside;
            let (left, right) = if at & 1 == 0 { (&hash, beside) } else { (beside, &hash) };
            at >>= 1;
            let mut both = [0; 64];
            both[..32].copy_from_slice(left);
            both[32..].copy_from_slice(right);
            is_over |= is_transaction(&both);
            sha256d::Hash::hash(&both).to_byte_array()
        });
        Self { root, is_beyond: at != 0, is_twin, is_over }
    }
}

/// Whether two hashes side by side read as a transaction that a block could have: one in 10^12 true nodes does by chance.
fn is_transaction(both: &[u8; 64]) -> bool {
    let Ok(read) = encode::deserialize::<bitcoin::Transaction>(both) else { return false };
    let mut values = read.output.iter().map(|output| output.value);
    let sum = values.try_fold(Amount::ZERO, |sum, value| sum.checked_add(value));
    !read.input.is_empty() && sum.is_some_and(|sum| sum <= Amount::MAX_MONEY)
}

#[cfg(test)]
mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::block::Version;
    use bitcoin::pow::CompactTarget;
    use bitcoin::{
        Amount, BlockHash, OutPoint, ScriptBuf, Sequence, TxIn, TxMerkleNode, TxOut, Txid, Witness,
    };
    use proptest::prelude::*;

    use super::*;

    /// A transaction that the number makes another; 0 makes coins.
    fn transaction(number: u32) -> bitcoin::Transaction {
        let previous_output = match number {
            0 => OutPoint::null(),
            _ => OutPoint { txid: Txid::from_byte_array([number as u8; 32]), vout: number },
        };
        let input = TxIn {
            previous_output,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        };
        // Longer than the script of none, so that no transaction has 64 bytes.
        let output = TxOut {
            value: Amount::from_sat(number.into()),
            script_pubkey: ScriptBuf::from_bytes(vec![0x51; 30]),
        };
        let version = bitcoin::transaction::Version::TWO;
        bitcoin::Transaction { version, lock_time: LockTime::ZERO, input: vec![input], output: vec![output] }
    }

    fn both(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
        sha256d::Hash::hash(&[left, right].concat()).to_byte_array()
    }

    /// The hashes beside the way from a leaf to the root, and the root: written plainly, from the rules of blocks.
    fn branch(mut row: Vec<[u8; 32]>, mut at: usize) -> (Vec<[u8; 32]>, [u8; 32]) {
        let mut branch = Vec::new();
        while row.len() > 1 {
            if row.len() % 2 == 1 {
                row.push(row[row.len() - 1]);
            }
            branch.push(row[at ^ 1]);
            row = row.chunks(2).map(|two| both(two[0], two[1])).collect();
            at /= 2;
        }
        (branch, row[0])
    }

    fn header(root: [u8; 32]) -> Header {
        Header {
            version: Version::ONE,
            prev_blockhash: BlockHash::all_zeros(),
            merkle_root: TxMerkleNode::from_byte_array(root),
            time: 0,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_transaction_is_proven_by_its_own_branch_and_place_alone(count in 1_u32..40, at in 0_u32..40, other in 1_u32..64, bit in 0_usize..256) {
            let at = at % count;
            let ids: Vec<[u8; 32]> = (0..count).map(|number| transaction(number).compute_txid().to_byte_array()).collect();
            let (branch, root) = branch(ids.clone(), at as usize);
            let raw = Raw::read(Magic::REGTEST, &ids[at as usize], encode::serialize(&transaction(at))).unwrap();
            let proof = Proof { height: 7, position: at, branch };
            let check = |proof: &Proof| Proven::check(raw.clone(), 7, proof.clone(), header(root));
            prop_assert!(check(&proof).is_ok());
            let elsewhere = Proof { position: at ^ other, ..proof.clone() };
            prop_assert!(check(&elsewhere).is_err(), "{} of {count} as {}", at, at ^ other);
            let above = Proof { height: 8, ..proof.clone() };
            prop_assert!(check(&above).is_err());
            if let Some(step) = proof.branch.len().checked_sub(1) {
                let mut changed = proof.clone();
                changed.branch[(bit + step) % (step + 1)][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(check(&changed).is_err());
                let shorter = Proof { branch: proof.branch[1..].to_vec(), ..proof.clone() };
                prop_assert!(check(&shorter).is_err());
            }
        }
    }

    #[test]
    fn what_may_be_a_node_of_the_tree_is_no_transaction() {
        let mut small = transaction(1);
        small.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x51; 4]);
        assert_eq!(small.base_size(), 64);
        let id = small.compute_txid().to_byte_array();
        let raw = Raw::read(Magic::REGTEST, &id, encode::serialize(&small)).unwrap();
        let proof = Proof { height: 7, position: 1, branch: vec![[3; 32]] };
        let told = Proven::check(raw, 7, proof, header(both([3; 32], id)));
        assert!(matches!(told, Err(ProofLie::Sixty(_))), "{told:?}");
    }

    /// Somebody pays by a transaction of 64 bytes whose last 32 are the id of one that no block has, and says that the first 32 stand beside
    /// it in the tree. To find such an id takes 2^37 tries, so that here the leaf is none that anything hashes to.
    #[test]
    fn a_way_over_a_transaction_proves_nothing() {
        let mut small = transaction(1);
        small.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x51; 4]);
        let paid = small.compute_txid().to_byte_array();
        let bytes = encode::serialize(&small);
        let (beside, leaf) = (*bytes.first_chunk().unwrap(), *bytes.last_chunk().unwrap());
        let way =
            |leaf, beside| Way::up(leaf, &Proof { height: 7, position: 3, branch: vec![beside, [4; 32]] });
        let over = way(leaf, beside);
        assert_eq!(
            (over.root, over.is_over),
            (both([4; 32], paid), true),
            "it leads to a root that a block can have"
        );
        assert!(!way(beside, leaf).is_over && !way(leaf, [9; 32]).is_over);
        // More than there is of it: no block has such a transaction, and a node can read so.
        small.output[0].value = Amount::from_sat(Amount::MAX_MONEY.to_sat() + 1);
        assert!(!is_transaction(encode::serialize(&small).first_chunk().unwrap()));
    }

    #[test]
    fn another_transaction_or_none_is_told() {
        let (one, other) = (transaction(1), transaction(2));
        let asked = one.compute_txid().to_byte_array();
        let told = Raw::read(Magic::REGTEST, &asked, encode::serialize(&other)).unwrap_err().to_string();
        assert!(
            told.contains(&one.compute_txid().to_string())
                && told.contains(&other.compute_txid().to_string()),
            "{told}"
        );
        let mut longer = encode::serialize(&one);
        longer.push(0);
        assert!(matches!(Raw::read(Magic::REGTEST, &asked, longer), Err(ProofLie::Form(..))));
        // What makes coins is a block's first, and what is first makes coins.
        let (first, root) = (transaction(0), transaction(0).compute_txid().to_byte_array());
        let raw = Raw::read(Magic::REGTEST, &root, encode::serialize(&first)).unwrap();
        assert_eq!(raw.scripthash(0).map(|hash| hash.len()), Some(64));
        assert_eq!(raw.scripthash(1), None);
        let proof = |position| Proof { height: 7, position, branch: vec![[3; 32]] };
        assert!(Proven::check(raw.clone(), 7, proof(0), header(both(root, [3; 32]))).is_ok());
        let told = Proven::check(raw, 7, proof(1), header(both([3; 32], root)));
        assert!(matches!(told, Err(ProofLie::Coinbase(_))), "{told:?}");
    }
}
