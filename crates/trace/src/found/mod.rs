//! What a trace found, for people: where the money entered services, who holds it now, how it was moved, and pictures
//! of its way.

mod graphml;
mod pattern;
mod picture;
mod steps;
mod stix_out;
mod sums;
mod svg;
pub mod timeline;

pub use graphml::{Edge, graphml};
pub use pattern::{Bounds, Pattern, Shape, patterns};
pub use picture::{Look, Named, sankey};
pub use steps::{Flow, OPENED_MAX, Opened, SHOWN, Words, roots, steps};
pub use stix_out::{Paid, Reached, STOLEN_EXTENSION, Told, stix};
pub use sums::{Holding, Service, holdings, services};
