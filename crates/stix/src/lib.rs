//! STIX 2.1 for an exchange: what must be known of an object to pass it on, and nothing that would change it.
//!
//! An object travels as the bytes in which it came. Beside them stands a [`Head`]: id, version, markings and
//! references, read in one strict pass ([`read_head`]). A [`bundle`] is read as a stream of such objects,
//! what is wrong with one being a [`Finding`] that leaves the others alone. [`marking`] knows TLP, PAP and IEP;
//! [`pattern`] reads the pattern language into a tree and matches it against observed data; [`equivalence`] says which
//! objects with different ids say the same; [`signature`] proves who said it. Pure: no I/O of its own, no clock, no logging.

pub mod bundle;
pub mod equivalence;
pub mod extension;
pub mod finding;
pub mod head;
pub mod id;
pub mod json;
pub mod marking;
pub mod pattern;
pub mod signature;
pub mod time;
pub mod validate;

pub use equivalence::equivalence_key;
pub use finding::{Finding, Severity};
pub use head::{Head, Reference, Role, SpecVersion, read_head};
pub use id::{IdError, ObjectId, observable_id};
pub use marking::Tlp;
pub use time::{TimeError, Timestamp};
pub use validate::validate;
