//! Protocols in and out: a TAXII 2.1 server and client, and readers for STIX bundles, MISP events, CSV and plain lists.

pub mod pull;
pub mod read;
pub mod taxii;
