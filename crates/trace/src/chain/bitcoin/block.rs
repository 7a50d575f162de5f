//! A block, as far as value moves in it.

use std::borrow::Cow;
use std::collections::HashSet;

use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::{Address, Amount, Network, Script, Txid};

use super::BLOCK_BYTES_MAX;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its hash, in the order of bytes in which it is hashed; people write it from the end.
    pub hash: [u8; 32],
    /// The hash of the block before it; zeros for the first.
    pub previous: [u8; 32],
    /// When it was found, in seconds since 1970-01-01 UTC, as who found it says: up to two hours off.
    pub time: u32,
    /// Its height, if it says it, as blocks of version 2 and later do (BIP 34), or is the first or second of its chain.
    pub height: Option<u64>,
    /// How many hashes it took to find, about: the chain with most of them counts.
    pub work: [u8; 32],
    /// Its transactions, in order; the first makes new coins.
    pub transactions: Vec<Transaction>,
}

/// A transaction: what its inputs hold goes to its outputs, and the rest to who found the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its id, in the order of bytes in which it is hashed.
    pub id: [u8; 32],
    /// The outputs that it spends, in order; none if it makes new coins.
    pub inputs: Vec<Outpoint>,
    /// What it pays, in order.
    pub outputs: Vec<Output>,
}

/// An output of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outpoint {
    /// The transaction's id.
    pub transaction: [u8; 32],
    /// Which of its outputs, from 0.
    pub output: u32,
}

/// What an output holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How much, in satoshi.
    pub satoshi: u64,
    /// The address that may spend it; where a bare key may, the address of that key (P2PKH), since its holder is the same. `None` for
    /// scripts that have none, as those that only carry data.
    pub address: Option<String>,
    /// Of a script that has no address: its hash (SHA-256), in the order of bytes in which it is hashed. `None` where there is an address,
    /// and of scripts that nobody can spend, since they begin with OP_RETURN.
    pub script: Option<[u8; 32]>,
}

impl Transaction {
    /// What a transaction with this id moves.
    ///
    /// # Errors
    /// [`BlockError::Money`].
    pub(super) fn of(told: &bitcoin::Transaction, id: Txid, network: Network) -> Result<Self, BlockError> {
        let is_coinbase = told.is_coinbase();
        let inputs = told.input.iter().filter(|_| !is_coinbase).map(|input| {
            let from = input.previous_output;
            Outpoint { transaction: from.txid.to_byte_array(), output: from.vout }
        });
        let sum = told.output.iter().try_fold(Amount::ZERO, |sum, output| {
            sum.checked_add(output.value).filter(|sum| *sum <= Amount::MAX_MONEY)
        });
        sum.ok_or_else(|| BlockError::Money(id.to_string()))?;
        let outputs = told.output.iter().map(|output| {
            let script = &output.script_pubkey;
            let address = address(script, network).map(|address| address.to_string());
            let has_hash = address.is_none() && !script.is_op_return();
            let script = has_hash.then(|| sha256::Hash::hash(script.as_bytes()).to_byte_array());
            Output { satoshi: output.value.to_sat(), address, script }
        });
        Ok(Self { id: id.to_byte_array(), inputs: inputs.collect(), outputs: outputs.collect() })
    }
}

impl Output {
    /// Who can spend it, as one name: its address; `script:` and the hash of its script, as Electrum's protocol names scripts (from the
    /// end); or [`UNSPENDABLE`].
    #[must_use]
    pub fn owner(&self) -> Cow<'_, str> {
        match (&self.address, &self.script) {
            (Some(address), _) => Cow::Borrowed(address),
            (None, Some(script)) => {
                let from_end: Vec<u8> = script.iter().rev().copied().collect();
                Cow::Owned(format!("script:{}", const_hex::encode(from_end)))
            }
            (None, None) => Cow::Borrowed(UNSPENDABLE),
        }
    }
}

/// What stands for an address where nobody can spend an output.
pub const UNSPENDABLE: &str = "unspendable";

/// Why bytes are no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// They are too many.
    #[error("the block has {0} bytes; the limit is {BLOCK_BYTES_MAX}")]
    TooLarge(usize),
    /// They have another form.
    #[error("no block: {0}")]
    Form(String),
    /// What it says it holds is not what it holds.
    #[error("its transactions are not those that its header commits to")]
    Root,
    /// It was not worked for.
    #[error("its hash does not meet its own target")]
    Work,
    /// It has no transaction, or its first makes no coins, or another does.
    #[error("its first transaction alone has to make coins")]
    Coinbase,
    /// An output is spent twice in it.
    #[error("transaction {0} spends an output that was spent before in the block")]
    SpentTwice(String),
    /// It pays more than there can be.
    #[error("transaction {0} pays more than 21 million coins")]
    Money(String),
}

/// A hash as people write it.
#[must_use]
pub fn written(hash: &[u8; 32]) -> String {
    bitcoin::hashes::sha256d::Hash::from_byte_array(*hash).to_string()
}

/// A hash that people wrote: 64 hexadecimal digits. `None` if they are none.
#[must_use]
pub fn read_id(text: &str) -> Option<[u8; 32]> {
    text.parse::<bitcoin::hashes::sha256d::Hash>().ok().map(|hash| hash.to_byte_array())
}

fn address(script: &Script, network: Network) -> Option<Address> {
    match script.p2pk_public_key() {
        Some(key) => Some(Address::p2pkh(key, network)),
        None => Address::from_script(script, network).ok(),
    }
}

impl Block {
    /// Reads a block of the main chain, or of a chain for tests. Who made the bytes is not trusted: that the transactions are those that
    /// were worked for is checked, scripts and signatures are not.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn read(bytes: &[u8], network: Network) -> Result<Self, BlockError> {
        if bytes.len() > BLOCK_BYTES_MAX {
            return Err(BlockError::TooLarge(bytes.len()));
        }
        let block: bitcoin::Block =
            encode::deserialize(bytes).map_err(|error| BlockError::Form(error.to_string()))?;
        // Two transactions of one id would make one root: a known way to change a block without its header (CVE-2012-2459).
        let ids: Vec<_> = block.txdata.iter().map(bitcoin::Transaction::compute_txid).collect();
        if !block.check_merkle_root() || ids.iter().collect::<HashSet<_>>().len() != ids.len() {
            return Err(BlockError::Root);
        }
        block.header.validate_pow(block.header.target()).map_err(|_| BlockError::Work)?;
        if block.txdata.iter().enumerate().any(|(at, transaction)| transaction.is_coinbase() != (at == 0)) {
            return Err(BlockError::Coinbase);
        }
        let mut spent = HashSet::new();
        let mut transactions = Vec::with_capacity(block.txdata.len());
        for (transaction, id) in block.txdata.iter().zip(ids) {
            let transaction = Transaction::of(transaction, id, network)?;
            if !transaction.inputs.iter().all(|from| spent.insert(*from)) {
                return Err(BlockError::SpentTwice(id.to_string()));
            }
            transactions.push(transaction);
        }
        if transactions.is_empty() {
            return Err(BlockError::Coinbase);
        }
        let hash = block.block_hash();
        let first = bitcoin::constants::genesis_block(network).block_hash();
        let height = match (hash == first, block.header.prev_blockhash == first) {
            (true, _) => Some(0),
            (_, true) => Some(1),
            _ => block.bip34_block_height().ok(),
        };
        Ok(Self {
            height,
            hash: hash.to_byte_array(),
            previous: block.header.prev_blockhash.to_byte_array(),
            time: block.header.time,
            work: block.header.work().to_be_bytes(),
            transactions,
        })
    }
}
