//! Values, their index, the guard, hunting, names and personas: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod acting;
mod capturing;
mod extraction;
mod fuzzed;
mod guarding;
mod hangul;
mod hostile;
mod hunting;
mod hunting_parts;
mod indexing;
mod models;
mod names;
mod packets;
mod personas;
mod private;
mod real_indicators;
mod real_personas;
mod values;
mod wallets;
