//! Taint, through its public face: the worked examples, and each method against the slow plain version of itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod accounts;
mod coins;
mod examples;
mod memory;
mod outputs;
mod plain;
