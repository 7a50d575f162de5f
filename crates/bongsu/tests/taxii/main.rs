//! TAXII 2.1 as the OASIS reference server was recorded to speak it, asked of this node's routes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod compare;
mod reference;
mod server;
