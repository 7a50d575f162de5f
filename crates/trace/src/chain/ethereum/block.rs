//! The transfers in a block.

use std::collections::HashMap;

use super::wire::{self, Address, bytes};
use crate::U256;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// `Transfer(address,address,uint256)`, hashed. Source: ERC-20.
const TRANSFER: [u8; 32] = [
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95,
    0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
];

/// Contracts that give a token for each coin that is paid in, and the coin back for the token (WETH9 and copies of it): for ether on
/// Ethereum and, as part of the chain, on those of Optimism's kind; for the coins of BNB Smart Chain and Polygon. They log neither as a
/// transfer. Nobody but their makers can have put others at these addresses, on whatever chain.
const WRAPPERS: [[u8; 20]; 4] = [
    hex(b"c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"),
    hex(b"4200000000000000000000000000000000000006"),
    hex(b"bb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c"),
    hex(b"0d500b1d8e8ef31e21c99d1db9a6444d3adf1270"),
];
/// `Deposit(address,uint256)` and `Withdrawal(address,uint256)`, hashed. Source: WETH9.
const WRAPPED: [u8; 32] = hex(b"e1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c");
const UNWRAPPED: [u8; 32] = hex(b"7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65");

#[expect(clippy::panic, reason = "these digits are read when the program is built")]
const fn hex<const N: usize>(digits: &[u8]) -> [u8; N] {
    match const_hex::const_decode_to_array(digits) {
        Ok(bytes) => bytes,
        Err(_) => panic!("no hexadecimal digits"),
    }
}

/// A block, as far as value moves in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The hash of the block before it.
    pub parent: [u8; 32],
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub time: u64,
    /// Its transfers, in order: by transaction; in one, first what it pays itself, then its logs.
    pub moved: Vec<Moved>,
    transactions: Vec<[u8; 32]>,
}

/// A transfer in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The transaction's hash.
    pub transaction: [u8; 32],
    /// Which of the block's transactions it is in, from 0.
    pub place: u32,
    /// What kind of transfer it is.
    pub kind: Kind,
    /// Who gives; of new tokens the zero address.
    pub from: [u8; 20],
    /// Who gets; of destroyed tokens the zero address.
    pub to: [u8; 20],
    /// How much, in the smallest unit.
    pub amount: U256,
}

/// What kind of transfer one is, in the order in which they stand in a transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The transaction's own payment.
    Own,
    /// A contract's payment: where its call stands in the tree of calls.
    Inside(Vec<u64>),
    /// A token's: the contract, and the number of its log in the block.
    Token {
        /// The log's number in the block.
        log: u64,
        /// The token's contract.
        contract: [u8; 20],
    },
}

/// Why an answer is no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is too long.
    #[error("the answer has {0} bytes; the limit is {ANSWER_BYTES_MAX}")]
    TooLarge(usize),
    /// It has another form.
    #[error("no {what}: {why}")]
    Form {
        /// What it was to be.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Receipts or traces are of another block: it was replaced between two questions.
    #[error("{0} of another block: it was replaced meanwhile; ask again")]
    OtherBlock(&'static str),
    /// A transaction has no receipt, or more than one.
    #[error("transaction {0} of the block has no receipt, or more than one")]
    Receipts(String),
}

/// 20 bytes, or 32, as people write them.
#[must_use]
fn written(bytes: &[u8]) -> String {
    format!("0x{}", data_encoding::HEXLOWER.encode(bytes))
}

fn read<'a, T: serde::Deserialize<'a>>(what: &'static str, answer: &'a str) -> Result<T, ReadError> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(ReadError::TooLarge(answer.len()));
    }
    serde_json::from_str(answer).map_err(|error| ReadError::Form { what, why: error.to_string() })
}

/// The hashes of a block's transactions (`eth_getBlockByNumber` with `true`), to ask for the receipt of each where a node does not give
/// those of a block.
///
/// # Errors
/// [`ReadError`].
pub fn transactions(block: &str) -> Result<Vec<String>, ReadError> {
    let block: wire::Block = read("block", block)?;
    Ok(block.transactions.iter().map(|transaction| written(&transaction.hash.0)).collect())
}

impl Block {
    /// Reads the number and the hash of a block alone (`eth_getBlockByNumber`, with transactions or without).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn head(block: &str) -> Result<(u64, [u8; 32]), ReadError> {
        let head: wire::Head = read("block", block)?;
        Ok((head.number, head.hash.0))
    }

    /// Reads a block with its transactions (`eth_getBlockByNumber` with `true`) and the receipts of all of them (`eth_getBlockReceipts`,
    /// or each by `eth_getTransactionReceipt`, in a list): the `result` of each.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(block: &str, receipts: &str) -> Result<Self, ReadError> {
        let block: wire::Block = read("block", block)?;
        let receipts: Vec<wire::Receipt> = read("receipts", receipts)?;
        if receipts.iter().any(|receipt| receipt.block_hash != block.hash) {
            return Err(ReadError::OtherBlock("receipts"));
        }
        let count = receipts.len();
        let mut receipts: HashMap<wire::Hash, wire::Receipt> =
            receipts.into_iter().map(|receipt| (receipt.transaction_hash, receipt)).collect();
        let mut moved = Vec::new();
        for (transaction, place) in block.transactions.iter().zip(0_u32..) {
            let receipt = receipts
                .remove(&transaction.hash)
                .ok_or_else(|| ReadError::Receipts(written(&transaction.hash.0)))?;
            let hash = transaction.hash.0;
            let to = transaction.to.or(receipt.contract_address);
            if receipt.status != Some(0)
                && let Some(to) = to.filter(|_| !transaction.value.is_zero())
            {
                let (from, to) = (transaction.from.0, to.0);
                moved.push(Moved {
                    transaction: hash,
                    place,
                    kind: Kind::Own,
                    from,
                    to,
                    amount: transaction.value,
                });
            }
            moved.extend(receipt.logs.iter().filter_map(|log| token(log, hash, place)));
        }
        if count != block.transactions.len() {
            let more = receipts.keys().next().map_or([0; 32], |hash| hash.0);
            return Err(ReadError::Receipts(written(&more)));
        }
        let transactions = block.transactions.iter().map(|transaction| transaction.hash.0).collect();
        let (number, time) = (block.number, block.timestamp);
        Ok(Self { number, hash: block.hash.0, parent: block.parent_hash.0, time, moved, transactions })
    }

    /// Adds what contracts paid within transactions: the `result` of `trace_block`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn add_traces(&mut self, traces: &str) -> Result<(), ReadError> {
        let traces: Vec<wire::Trace> = read("traces", traces)?;
        if traces.iter().any(|trace| trace.block_hash.0 != self.hash) {
            return Err(ReadError::OtherBlock("traces"));
        }
        let places: HashMap<[u8; 32], u32> = self.transactions.iter().copied().zip(0..).collect();
        // What failed took back what was done below it too.
        let mut failed: Vec<([u8; 32], &[u64])> = Vec::new();
        for trace in &traces {
            let Some(transaction) = trace.transaction_hash.map(|hash| hash.0) else { continue };
            let Some(place) = places.get(&transaction).copied() else {
                return Err(ReadError::OtherBlock("traces"));
            };
            if trace.error.is_some() {
                failed.push((transaction, &trace.trace_address));
                continue;
            }
            let is_undone =
                failed.iter().any(|(of, at)| *of == transaction && trace.trace_address.starts_with(at));
            let Some((from, to, amount)) = paid(trace).filter(|_| !is_undone) else { continue };
            if trace.trace_address.is_empty() || amount.is_zero() {
                continue;
            }
            let kind = Kind::Inside(trace.trace_address.clone());
            self.moved.push(Moved { transaction, place, kind, from: from.0, to: to.0, amount });
        }
        self.moved.sort_by(|one, other| (one.place, &one.kind).cmp(&(other.place, &other.kind)));
        Ok(())
    }
}

/// What a step within a transaction paid.
fn paid(trace: &wire::Trace) -> Option<(Address, Address, U256)> {
    let action = &trace.action;
    match trace.kind.as_str() {
        // A call by delegation moves nothing: its value is the caller's own.
        "call" if matches!(action.call_type.as_deref(), Some("call")) => {
            Some((action.from?, action.to?, action.value?))
        }
        "create" => Some((action.from?, trace.result.as_ref()?.address?, action.value?)),
        "suicide" => Some((action.address?, action.refund_address?, action.balance?)),
        _ => None,
    }
}

/// The transfer that a log tells of; `None` for all other logs, and those of tokens that are no amounts (ERC-721).
///
/// A coin that is wrapped is a token that its contract pays, and one that is unwrapped a token that it gets: the coin itself goes the other
/// way, in the transaction or within it.
fn token(log: &wire::Log, transaction: [u8; 32], place: u32) -> Option<Moved> {
    if log.removed {
        return None;
    }
    let contract = log.address.0;
    // The first twelve bytes of a topic with an address are zeros.
    let address = |topic: &wire::Hash| {
        let (zeros, address) = topic.0.split_first_chunk::<12>()?;
        address.try_into().ok().filter(|_| zeros.iter().all(|byte| *byte == 0))
    };
    let (from, to) = match &log.topics[..] {
        [of, from, to] if of.0 == TRANSFER => (address(from)?, address(to)?),
        [of, owner] if of.0 == WRAPPED && WRAPPERS.contains(&contract) => (contract, address(owner)?),
        [of, owner] if of.0 == UNWRAPPED && WRAPPERS.contains(&contract) => (address(owner)?, contract),
        _ => return None,
    };
    let amount = U256::from_be_bytes(bytes::<32>(&log.data)?);
    let kind = Kind::Token { log: log.log_index, contract };
    Some(Moved { transaction, place, kind, from, to, amount })
}
