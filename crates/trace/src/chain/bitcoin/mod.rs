//! Bitcoin: blocks as nodes keep them, put in the order of the chain; and transactions with proofs, as Electrum's servers give them.

mod block;
mod coins;
pub mod electrum;
mod file;
mod ledger;
mod order;

pub use block::{Block, BlockError, Outpoint, Output, Transaction, UNSPENDABLE, read_id, written};
pub use coins::Coins;
pub use file::{BlockFile, Fault, Magic};
pub use ledger::{Ledger, LedgerError};
pub use order::{Ordered, Place, order};

/// Longest block, in bytes: its weight is at most 4,000,000, and each byte weighs at least 1. Source: BIP 141.
pub const BLOCK_BYTES_MAX: usize = 4_000_000;
