//! Aid projects: activities that donors publish by the IATI standard, read as they are, and set beside what countries need.
//!
//! Files of any length are gone through an activity at a time ([`iati`]); versions 1.0x and 2.0x come to the same
//! [`Activity`]. What is wrong in one is told and left out, and the rest of it counts. [`cyber`] says which are about cyber security
//! and why, [`project`] keeps what is needed of each, [`coverage`] joins them with what countries [`need`], [`measured`] says what
//! moved beside them, and [`plan`] drafts what is missing, which [`export`] writes by the standard and [`document`] as a text. [`money`] never
//! adds two currencies. [`told`] is what people and programs are shown of all that.
//!
//! Source: IATI standard 2.03; REQUIREMENTS C-3 to C-7.

pub mod activity;
pub mod capability;
pub mod check;
pub mod coverage;
pub mod cyber;
pub mod document;
pub mod export;
pub mod iati;
pub mod measured;
pub mod money;
pub mod need;
pub mod picture;
pub mod plan;
pub mod project;
mod reading;
pub mod sdg;
mod table;
pub mod timeline;
pub mod told;
mod tree;
pub mod words;

pub use activity::Activity;
pub use need::Need;
pub use table::{TableError, Wrong};
pub use tree::XmlError;
