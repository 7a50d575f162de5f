//! Where attacks pass, aid projects and notices: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod geo;
mod iati_check;
mod iati_cyber;
mod iati_plan;
mod iati_real;
mod xarf;
