//! Bitcoin as Electrum's servers tell it: transactions by scripts, each with a proof that a block has it.
//!
//! Such a server gives no blocks. So a theft is followed from output to output: who owns one is asked for ([`Raw::scripthash`]), what spends it is
//! among the [`Mention`]s of that script, and a transaction counts once it is [`Proven`]: its bytes hash to its id, its branch leads to the
//! root of a header, and that header is one of [`Headers`], each of which was worked for and names the one before it. [`Reached`] keeps what came so
//! far, as bytes that prove themselves again whenever they are read.
//!
//! What can't be proven is that nothing was left out: a server that hides a payment is found out by asking another.
//!
//! Source: Electrum protocol 1.4 (ElectrumX documentation, "Protocol Methods").

mod headers;
mod kept;
mod proof;
mod reached;
mod wire;

pub use headers::{
    AHEAD_S_MAX, BACK_MAX, CHAIN_MAX, HEADER_BYTES, HeaderLie, Headers, Turn, hash_of, have_come,
};
pub use kept::{FORM_BYTES_MAX, FormError};
pub use proof::{ProofLie, Proven, Raw};
pub use reached::{Reached, ReachedLie};
pub use wire::{
    BRANCH_MAX, HEADERS_MAX, History, MENTIONS_MAX, Mention, Proof, ReadError, first_header, headers,
    history, proof, raw, status, tip,
};

pub use bitcoin::block::Header;
