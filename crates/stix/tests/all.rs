//! Objects, patterns, bundles and validation: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod hostile;
mod matching;
mod validation;
mod vectors;
