//! Lines in a database of PostgreSQL: the same cases as in a file of SQLite, and those of several processes beside one database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod between;
mod cleaning;
#[path = "../cases/erasing.rs"]
mod erasing;
mod home;
mod leases;
mod lost;
mod moved;
mod portable;
#[path = "../cases/restoring.rs"]
mod restoring;
mod server;
mod several;
#[path = "../cases/store.rs"]
mod store;
