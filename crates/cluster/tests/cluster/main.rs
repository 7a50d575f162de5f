//! The program as a person runs it: in one process, and with a scheduler and executors that are processes of their own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod archives;
mod flows;
mod hunts;
mod killed;
mod parts;
mod refusals;
mod transfers;
mod watched;
