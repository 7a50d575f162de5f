//! MISP: its core format in and out, mapped to STIX 2.1.
//!
//! [`wire`] is the format itself, [`read`] turns an event into STIX objects, [`write`](mod@write) turns STIX objects
//! into events. What one format has and the other has not is carried along ([`extension`] on the STIX side, tags and
//! cluster properties on MISP's), so that there and back loses nothing; docs/misp.md has the tables and what cannot be
//! held. These are pure: they take values and give values, with findings for what could not be kept. [`rest`] is the server
//! that MISP's clients talk to, `feed` publishes a circle as a feed, [`pull`] reads feeds and MISPs of others.

mod cluster;
pub mod extension;
mod feed;
pub mod pull;
pub mod read;
pub mod rest;
mod tag;
mod template;
pub mod vocab;
pub mod wire;
pub mod write;
