//! The main jobs from end to end, with real peers: taxii2-client, medallion, BIND, Chromium, Suricata, poppler, ganache. `scripts/setup` installs them;
//! without them these tests fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod advisories;
mod bad_input;
mod canaries;
mod capture;
mod certificates;
mod chain_lies;
mod chains;
mod corpus;
mod demo;
mod devices;
mod fires;
mod forms;
mod guard;
mod hostile_dns;
mod hunt_memory;
mod hunt_reports;
mod hunts;
mod hunts_captures;
mod intake;
mod kill;
mod levels;
mod lists;
mod mails;
mod misp_client;
mod misp_peers;
mod misp_sources;
mod node;
mod offline;
mod personas;
mod private;
mod push;
mod recalls;
mod report;
mod resolver;
mod rpz;
mod sanctions;
mod screenings;
mod secondaries;
mod shared_rules;
mod sources;
mod strangers;
mod strictest;
mod taxii_client;
mod traces;
