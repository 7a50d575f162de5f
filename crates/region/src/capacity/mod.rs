//! Capacity: what public models, a member itself and this node's own measurements say of it, and where it falls short of what the
//! threats that were seen call for.
//!
//! [`index`] reads public models, [`sim3`] is a member's own assessment, [`evidence`] says by stated rules what is there,
//! [`threat`] what was seen and calls for what, [`gap`] puts the two against each other, [`picture`] draws it. A member's
//! weakness is its own: [`opening`] says who else may see it, [`register`] keeps that, [`aggregate`] what may be said of many
//! without saying it of one. Sources and years stay with each figure, and nothing is summed up into one number.

pub mod aggregate;
pub mod capability;
pub mod country;
pub mod evidence;
pub mod gap;
pub mod index;
pub mod opening;
pub mod picture;
pub mod register;
pub mod sim3;
pub mod threat;
pub mod words;

pub use capability::Capability;
pub use register::{Capacity, Event};
