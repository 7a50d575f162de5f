//! The TAXII client against servers as they were met: whatever their pages look like, every object comes, and the walk ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod asking;
mod fake;
mod walking;
