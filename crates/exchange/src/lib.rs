//! Protocols in and out: TAXII 2.1, and readers for STIX bundles, MISP events, CSV and plain lists.

pub mod read;
