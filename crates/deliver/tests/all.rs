//! What members are handed, in each form: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod advisories;
mod changes;
mod following;
mod freeze;
mod guarding;
mod level_up;
mod limits;
mod mails;
mod private;
mod push;
mod renderings;
mod shared_rules;
mod zones;
