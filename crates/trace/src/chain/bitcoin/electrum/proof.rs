//! A transaction that a block has.

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
        let form = |why: String| ProofLie::Form(written(asked), why);
        if bytes.len() > BLOCK_BYTES_MAX {
            return Err(form(format!("it has {} bytes; the limit is {BLOCK_BYTES_MAX}", bytes.len())));
        }
        let told: bitcoin::Transaction =
            encode::deserialize(&bytes).map_err(|error| form(error.to_string()))?;
        let id = told.compute_txid();
        if id.to_byte_array() != *asked {
            return Err(ProofLie::Other { asked: written(asked), got: id.to_string() });
        }
        let transaction =
            Transaction::of(&told, id, magic.network()).map_err(|error| form(error.to_string()))?;
        let (base_size, makes_coins) = (told.base_size(), told.is_coinbase());
        let hash = |output: &bitcoin::TxOut| {
            let script = &output.script_pubkey;
            (!script.is_op_return()).then(|| sha256::Hash::hash(script.as_bytes()).to_byte_array())
        };
        let scripts = told.output.iter().map(hash).collect();
        Ok(Self { id: *asked, bytes, base_size, makes_coins, scripts, transaction })
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
        let mut at = proof.position;
        let root = proof.branch.iter().fold(raw.id, |hash, beside| {
            let (left, right) = if at & 1 == 0 { (&hash, beside) } else { (beside, &hash) };
            at >>= 1;
            let mut both = [0; 64];
            both[..32].copy_from_slice(left);
            both[32..].copy_from_slice(right);
            sha256d::Hash::hash(&both).to_byte_array()
        });
        // What is left of the place would be beyond the tree.
        if at != 0 || root != header.merkle_root.to_byte_array() {
            return Err(ProofLie::Root { id: named(), height });
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
