//! The clients against servers as they were met: whatever their pages look like, every object or event comes, and the walk
//! ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod asking;
mod events;
mod fake;
mod walking;
