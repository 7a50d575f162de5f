//! What `cargo xtask dist` hands out, looked at with Debian's own tools, systemd's, man's and a validator of bills of materials.
//!
//! `cargo test --workspace` builds the program that is packed here; `scripts/setup` installs the tools. Without them these tests fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod contents;
mod made;
mod scripts;
mod unit;
