//! MISP's core format, whole: events and all that stands in them.
//!
//! Reading is lenient and writing exact, see `lenient`. An element's fields stand in the order in which MISP sends
//! them. Ids that are numbers belong to one MISP instance; what identifies anything between instances is its `uuid`.
//!
//! Source: MISP core format (draft-dulaunoy-misp-core-format), and what MISP 2.5 and PyMISP write.

mod elements;
mod lenient;
mod malformed;

pub use elements::{
    Analyst, Attribute, Cluster, Event, Galaxy, Group, GroupOrg, GroupServer, Object, ObjectReference, Org,
    Proposal, Report, Server, Sighting, Tag,
};
pub use lenient::{Any, EXTRA_FIELDS_MAX, Element, Flag, Many, One, Strip, Text};
pub use malformed::{Malformed, Place};
