//! Stores, readers, taint and what is found: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod cross;
mod csv;
mod exposure;
mod found;
mod launder;
mod parquet;
mod pictures;
mod real_bitcoin;
mod real_ethereum;
mod real_labels;
mod sides;
mod store;
mod taint;
