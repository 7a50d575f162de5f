//! What is read, served and pulled: one program, so that one is linked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod cacao;
mod csaf;
mod limits;
mod mapping;
mod misp_both_ways;
mod misp_malformed;
mod misp_server;
mod mistyped;
mod ofac;
mod openioc;
mod pulling;
mod read_real_files;
mod report;
mod sanctions;
