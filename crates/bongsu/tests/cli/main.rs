//! The program as a person or a script uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod command_line;
mod formats;
mod iati;
mod node_from_nothing;
mod pattern;
mod shell;
mod validate;
