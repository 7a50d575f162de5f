//! MISP: its core format in and out, mapped to STIX 2.1.
//!
//! [`wire`] is the format itself, [`read`] turns an event into STIX objects, [`write`](mod@write) turns STIX objects into events.
//! What one format has and the other has not is carried along in properties of our own, so that there and back loses
//! nothing; docs/misp.md has the tables. Pure: takes values and gives values, with findings for what could not be kept.

pub mod read;
pub mod wire;
pub mod write;
