//! Pictures, through the crate's public face: what is in them, that it adds up, and that nothing in them is a command.

mod real;
mod timelines;
mod xml;

/// A whole coin of those that have as many decimals as ether.
const COIN: u64 = 1_000_000_000_000_000_000;
