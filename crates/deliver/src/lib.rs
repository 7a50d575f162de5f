//! The ladder: the same intelligence as an advisory, a list, a response-policy zone or detection rules.
//!
//! [`Deliver`] makes a member's artefacts, joined over all circles that it is in. What goes in was released for this member
//! and this form ([`policy::Released`]), and what a device would act on has passed the guard ([`watch::Guarded`]): the
//! renderers take nothing else. [`router`] hands artefacts out over HTTP, [`zone::server`] over DNS. Nothing here decides
//! who may have what.

pub mod advisory;
mod artefact;
mod ask;
mod entry;
pub mod fires;
mod gather;
mod http;
pub mod list;
mod networks;
mod nftables;
pub mod pack;
pub mod received;
mod sigma;
mod sorted;
pub mod suricata;
mod trial;
mod view;
mod zeek;
pub mod zone;

pub use artefact::Artefact;
pub use ask::{Ask, NoSuchArtefact};
pub use entry::{Entry, HeldValue};
pub use gather::{Deliver, DeliverError, Difference, Gathered};
pub use http::router;
pub use trial::{Trial, Tried};
