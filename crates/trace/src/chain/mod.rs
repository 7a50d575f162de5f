//! Chains, read from what their own programs keep or answer.

pub mod bitcoin;
pub mod ethereum;
