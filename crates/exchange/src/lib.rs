//! Protocols in and out: a TAXII 2.1 server and client, MISP both ways, and readers for files of other formats.

mod created;
pub mod misp;
pub mod persona;
pub mod pull;
pub mod read;
mod receipt;
pub mod taxii;
pub mod transparency;
pub mod webhook;

pub use created::keep_created;

/// What a partner is told where nothing can be kept.
const FULL: &str = "This node's disk is full: nothing of this was kept. Its operators must make room; then send it again, which is safe.";
