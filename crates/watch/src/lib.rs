//! Actionable values, their normal forms, the guard that keeps harmless ones out of blocking artefacts, and hunting for them.
//!
//! A [`Value`] is one thing that a device can look for: a domain, an address, a hash, a wallet. [`normalise`]
//! gives each exactly one text, so that two senders' spellings meet; [`refang`], [`guess`] and [`extract()`]
//! find values in what people write. [`actionable()`] takes them out of STIX indicators, and only where one
//! value by itself satisfies the indicator's pattern; [`seen`] says when an indicator was seen last. The [`guard`] then decides what may be blocked, and says for
//! each value held back which rule and which list held it; [`hunt`] looks for many values in logs, [`memory`] keeps a
//! record of what logs mentioned, for values that become known later, [`index`] finds values among millions, and [`private`] answers
//! without being told what is asked. Pure: no I/O, no clock, no logging.

pub mod actionable;
mod asset;
mod domain;
pub mod extract;
mod filter;
pub mod guard;
mod hex;
pub mod hunt;
pub mod index;
pub mod memory;
mod named;
pub mod names;
mod observable;
pub mod persona;
mod print;
pub mod private;
mod quick;
mod refang;
pub mod sighting;
mod stated;
mod url;
pub mod value;
pub mod wallet;

pub use actionable::{Acts, Indicator, actionable, actionable_of};
pub use extract::{Found, extract, guess, mentions};
pub use guard::{Context, Guard, Guarded, Hold, Lists};
pub use observable::observable;
pub use refang::{defang, refang};
pub use sighting::{Seen, seen};
pub use stated::Stated;
pub use value::{Kind, Value, ValueError, normalise};
