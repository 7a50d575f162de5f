//! Actionable values, their normal forms, the guard that keeps harmless ones out of blocking artefacts, and hunting for them.
//!
//! A [`Value`] is one thing that a device can look for: a domain, an address, a hash, a wallet. [`normalise`]
//! gives each exactly one text, so that two senders' spellings meet; [`refang`], [`guess`] and [`extract()`]
//! find values in what people write. [`actionable()`] takes them out of STIX indicators, and only where one
//! value by itself satisfies the indicator's pattern; [`seen`] says when an indicator was seen last. The [`guard`] then decides what may be blocked, and says for
//! each value held back which rule and which list held it; [`hunt`] looks for many values in logs. Pure: no I/O, no clock, no logging.

pub mod actionable;
mod asset;
mod coin;
mod domain;
pub mod extract;
pub mod guard;
pub mod hunt;
pub mod names;
pub mod persona;
mod refang;
pub mod sighting;
mod stated;
mod url;
pub mod value;

pub use actionable::{Acts, Indicator, actionable, actionable_of};
pub use extract::{Found, extract, guess, mentions};
pub use guard::{Context, Guard, Guarded, Hold, Lists};
pub use refang::{defang, refang};
pub use sighting::{Seen, seen};
pub use stated::Stated;
pub use value::{Kind, Value, ValueError, normalise};
