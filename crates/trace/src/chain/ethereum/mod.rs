//! Ethereum and chains like it, read from what a node answers over JSON-RPC.
//!
//! A block ([`Block::read`]) and the receipts of its transactions give the transfers in it: of the chain's own coin from the transactions
//! that did not fail, of tokens from their logs. [`Follower`] says which block to ask for next and notices when the chain went
//! another way, and a [`Position`] keeps how far it came. Nothing here opens a connection.
//!
//! Fees are no transfers: what they take from an account is not followed. What contracts pay each other within a transaction stands in
//! traces, which few nodes give ([`Block::add_traces`]).

mod block;
mod follow;
mod network;
mod position;
mod wire;

pub use block::{Block, Kind, Moved, ReadError, transactions};
pub use follow::{DEPTH_MAX, Follower, Lie, Step};
pub use network::{Network, network};
pub use position::{POSITION_BYTES_MAX, Position, PositionError};
