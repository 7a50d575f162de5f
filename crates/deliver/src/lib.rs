//! The ladder: the same intelligence as an advisory, a list, a response-policy zone or detection rules.
//!
//! [`Deliver`] makes a member's artefacts, joined over all circles that it is in. What goes in was released for this member
//! and this form ([`policy::Released`]), and what a device would act on has passed the guard ([`watch::Guarded`]): the
//! renderers take nothing else. [`router`] hands artefacts out over HTTP, [`zone::server`] over DNS. Nothing here decides
//! who may have what.

mod about;
pub mod advisory;
mod artefact;
mod ask;
pub mod asks;
mod at_hand;
mod basis;
pub mod calling;
mod changes;
mod choose;
pub mod device;
pub mod digest;
mod entry;
mod error;
pub mod fires;
pub mod freeze;
mod gather;
mod hex;
mod http;
pub mod letterhead;
pub mod level_up;
mod limited;
pub mod list;
pub mod mail;
mod networks;
mod nftables;
pub mod overdue;
pub mod pack;
pub mod playbook;
pub mod private;
pub mod push;
mod reading;
pub mod received;
mod relevance;
pub mod rules;
pub mod screening;
pub mod sheet;
mod sightings;
mod sigma;
mod sorted;
pub mod speech;
mod steps;
pub mod style_policy;
pub mod suricata;
mod suricata_datasets;
mod telling;
pub mod ticket;
mod trial;
mod view;
pub mod watch_file;
mod zeek;
pub mod zone;

pub use about::About;
pub use artefact::{Artefact, HeldRule, LeftOut};
pub use ask::{Ask, NoSuchArtefact, Options};
pub use basis::Basis;
pub use device::{Device, Devices, DevicesError, Limits};
pub use entry::{Entry, HeldValue};
pub use error::DeliverError;
pub use gather::{Deliver, Difference, Gathered};
pub use http::router;
pub use letterhead::Letterhead;
pub use steps::{Step, StepLimit, StepVerdict};
pub use suricata_datasets::Set;
pub use trial::{Trial, Tried};

/// What programs can ask these surfaces, each with its name. Source: OpenAPI Specification 3.1.0.
pub const OPENAPI: [(&str, &str); 3] = [
    ("artefacts", include_str!("openapi.json")),
    ("screening", screening::http::OPENAPI),
    ("private", include_str!("private/openapi.json")),
];
