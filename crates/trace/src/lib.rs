//! Tracing stolen virtual assets: transfers, and how far tainted value has come through them.
//!
//! A [`Transfer`] moves an exact amount ([`U256`], in the asset's smallest unit) from one account to another. Transfers have an order
//! (block, then place in the block), and a number in it from 0; a transfer moves only what had arrived before it.
//!
//! The [`store`] keeps many of them in files; [`read`] brings them in from the files of others, [`chain`] from what nodes keep and answer.
//! [`taint`] follows what was stolen through them, up to services that [`label`]s name; [`cluster`]s join addresses of one holder;
//! [`cross`] goes on through bridges and swaps; [`found`] tells what a trace found, and a [`case`] what was done about it. [`exposure`] says of one
//! address from whom it has got what it got, and to whom it went on.

pub mod case;
pub mod chain;
pub mod cluster;
pub mod cross;
pub mod exposure;
pub mod found;
pub mod label;
mod payments;
pub mod read;
pub mod store;
pub mod taint;
mod transfer;
pub mod units;

pub use payments::Payments;
pub use ruint::aliases::U256;
pub use store::Store;
pub use transfer::{Account, Asset, Flows, Later, Moved, Transfer};
pub use units::whole;
