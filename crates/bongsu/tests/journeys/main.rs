//! The main jobs from end to end, with real peers: taxii2-client, medallion, BIND, Chromium, Suricata. `scripts/setup` installs them;
//! without them these tests fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod bad_input;
mod canaries;
mod certificates;
mod corpus;
mod demo;
mod devices;
mod fires;
mod forms;
mod hostile_dns;
mod intake;
mod kill;
mod misp_client;
mod misp_peers;
mod misp_sources;
mod node;
mod offline;
mod report;
mod resolver;
mod secondaries;
mod sources;
mod strangers;
mod strictest;
mod taxii_client;
