//! Lines: append-only logs of records, one for each circle and one for the node.
//!
//! A [`Store`] holds many lines. [`record`] says what a record is; [`store`] takes records in, many writers'
//! appends sharing one durable transaction; [`catalogue`] is the memory-resident view of which objects and versions
//! a line has; [`merkle`] makes a line provable. SQL is known in [`Store`]'s backends alone: one file of
//! SQLite, or a [`Database`] of PostgreSQL in which other processes append as well. A record, once answered as appended, survives
//! kill -9 and power loss, and its number never changes.

mod backend;
mod backup;
pub mod beside;
mod bodies;
pub mod cache;
pub mod catalogue;
pub mod chunks;
pub mod erasing;
mod failure;
mod following;
mod group;
mod growth;
mod load;
pub mod merkle;
pub mod moving;
mod queue;
pub mod record;
pub mod restoring;
mod shared;
mod steps;
pub mod store;
pub mod verify;
pub mod watching;
mod writer;

pub use backend::postgres::{Dialect, DialectError, Settings as Database, SettingsError as DatabaseError};
pub use backup::Since;
pub use beside::{Beside, Fence, Room, Taken};
pub use bodies::OnBody;
pub use catalogue::{Catalogue, Class, ClassIx, Entry, ObjectIx};
pub use erasing::{EraseError, Erased, Erasure};
pub use failure::{OpenError, StorageError};
pub use record::{Added, Draft, LineId, Outcome, Record, RecordKind, Refusal, Seq};
pub use store::{Options, Store};
pub use verify::{VerifyError, VerifyReport, verify};
pub use watching::{Group, Load, OnGroup};
