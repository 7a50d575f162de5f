//! Who may have what, in which form, and by which rule.
//!
//! A [`Book`] holds members and circles; [`release`](release::release) decides about a [`Class`] of objects for one
//! [`Request`]. No rule, no release. What was decided is a value that only this crate can make:
//! [`Released`], which every renderer takes, so that a leak does not compile. Pure: no I/O, no clock, no logging.

mod book;
pub mod redact;
pub mod release;
mod text;

pub use book::{Book, Circle, CircleId, Entry, Level, Member, MemberId, Onward, Terms, Use};
pub use release::{Class, Pass, RedactingPass, Released, Request, Rule, Verdict, release};
