//! What the door lets in, and whom it shows what: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod access;
mod asks;
mod erase;
mod federation;
mod fires;
mod four_eyes;
mod hidden;
mod known;
mod listed;
mod node;
mod nothing_left;
mod owners;
mod parcels;
mod quarantine;
mod recalls;
mod receipts;
mod releases;
mod signatures;
mod tree;
mod withdrawals;
