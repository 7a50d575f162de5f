//! Taint, through its public face: the worked examples, and each method against the slow plain version of itself.

mod accounts;
mod coins;
mod examples;
mod memory;
mod outputs;
mod plain;
