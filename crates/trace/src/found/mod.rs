//! What a trace found, for people: where the money entered services, who holds it now, how it was moved, and pictures
//! of its way.

pub mod graph;
mod graphml;
mod pattern;
mod picture;
mod sums;
mod svg;
pub mod timeline;

pub use graphml::{Edge, graphml};
pub use pattern::{Bounds, Pattern, Shape, patterns};
pub use picture::{Look, Named, sankey};
pub use sums::{Holding, Service, holdings, services};
