//! Crossings through their public face: examples with each kind of pair, and laws on random chains.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod books;
mod examples;
mod laws;
mod wrapped;
