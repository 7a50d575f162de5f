//! Events of others, read incrementally: from a MISP feed, or from a MISP over its REST API.
//!
//! A [`Walk`] asks a [`Source`] which events it has and when each was last changed, and fetches those that are newer than what
//! was taken before, a few at a time. What was taken stands in a [`Cursor`], which the caller keeps; what the caller can tell
//! by itself, it need not keep.

mod list;
mod source;
mod walk;

pub use source::{FILE_BYTES_MAX, Remote, Source};
pub use walk::{Cursor, EVENTS_MAX, Held, Page, Raw, Taken, Walk, WalkError};
