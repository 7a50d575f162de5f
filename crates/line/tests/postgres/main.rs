//! Lines in a database of PostgreSQL: the same cases as in a file of SQLite, and those of several processes beside one database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

#[path = "../cases/erasing.rs"]
mod erasing;
mod home;
mod moved;
mod server;
mod several;
#[path = "../cases/store.rs"]
mod store;
