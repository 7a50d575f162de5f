//! The main jobs from end to end, with real peers: taxii2-client, medallion, BIND, Chromium, Suricata. `scripts/setup` installs them;
//! without them these tests fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod bad_input;
mod canaries;
mod certificates;
mod corpus;
mod demo;
mod forms;
mod kill;
mod node;
mod resolver;
mod sources;
mod strangers;
mod taxii_client;
