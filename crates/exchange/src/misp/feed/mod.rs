//! MISP feeds: a circle published as one, and feeds of others read ([`pull`](pull()), from a [`Source`]).

pub(crate) mod publish;
mod pull;
mod source;

pub use pull::{Cursor, EVENT_BYTES_MAX, EVENTS_MAX, LIST_BYTES_MAX, PullError, Pulled, Raw, Taken, pull};
pub use source::{Remote, Source};
