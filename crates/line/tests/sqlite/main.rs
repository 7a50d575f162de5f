//! Lines in a file of SQLite.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

#[path = "../cases/erasing.rs"]
mod erasing;
mod file;
mod home;
#[path = "../cases/restoring.rs"]
mod restoring;
#[path = "../cases/store.rs"]
mod store;
