//! The book, releases and copies: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod agreements;
mod redaction;
mod releases;
