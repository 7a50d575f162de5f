//! Aid projects: activities that donors publish by the IATI standard, read as they are.
//!
//! Files of any length are gone through an activity at a time ([`iati`]); versions 1.0x and 2.0x come to the same
//! [`Activity`]. What is wrong in one is told and left out, and the rest of it counts.
//!
//! Source: IATI standard 2.03; REQUIREMENTS C-3 to C-6.

pub mod activity;
pub mod iati;
mod reading;
mod tree;

pub use activity::Activity;
pub use tree::XmlError;
