//! Hunting: looking for many values in much text at once.
//!
//! Whatever a log's format, values stand in it as words (`word`). Each word that could be a value gives the keys (`key`) of itself
//! and of the names above it; a filter turns nearly all of them away, and what passes is compared ([`confirm()`]). So the time that a
//! hunt takes depends on the log alone and hardly on how many values are looked for.

mod blank;
pub mod capture;
mod confirm;
mod find;
mod key;
mod mention;
mod needles;
mod parts;
mod spelling;
mod time;
mod word;

pub use blank::{Blanking, NoDomain, whole_words};
pub use confirm::{How, confirm};
pub use find::{Found, SHOWN_BYTES, dated, finds, within};
pub use mention::{Mention, mentions};
pub use needles::{Candidate, Disorder, Expect, Needles};
pub use parts::{Columns, Parts};
pub use time::{is_believable, written};
