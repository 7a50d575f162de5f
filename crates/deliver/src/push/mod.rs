//! Push: members' own systems and people are told at once that something has changed.
//!
//! [`News`] is what changed for one member between a [`Position`] and now: which circles, which artefacts, what was withdrawn,
//! which fires. It holds no intelligence beyond what the member may have, and no content: that the member fetches with its own
//! credential. [`events`] hands news out over HTTP as they come; [`Post`] sends them out over a [`Channel`], one message at a
//! time for each member, kept on the disk ([`outbox`]) until the other side has taken it. [`pulse`] says when it is time to
//! look. Nothing here decides who may have what.

mod artefacts;
pub mod events;
pub mod mailing;
mod news;
pub mod outbox;
mod position;
mod post;
pub mod pulse;
pub mod webhook;

pub use news::{Before, CircleNews, FiresNews, News};
pub use position::{Mark, Position, PositionError};
pub use post::{Channel, Depth, Draft, NotTaken, Post, PostError};
