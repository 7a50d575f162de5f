//! Lines: append-only logs of records, one for each circle and one for the node.
//!
//! A [`Store`] holds many lines. [`record`] says what a record is; [`store`] takes records in, many writers'
//! appends sharing one durable transaction; [`catalogue`] is the memory-resident view of which objects and versions
//! a line has; [`merkle`] makes a line provable. SQL is known in [`Store`]'s backend alone. A record, once
//! answered as appended, survives kill -9 and power loss, and its number never changes.

mod backend;
pub mod catalogue;
pub mod chunks;
pub mod erasing;
mod growth;
mod load;
pub mod merkle;
mod queue;
pub mod record;
pub mod store;
pub mod verify;
mod writer;

pub use catalogue::{Catalogue, Class, ClassIx, Entry, ObjectIx};
pub use erasing::{EraseError, Erased, Erasure};
pub use record::{Added, Draft, LineId, Outcome, Record, RecordKind, Refusal, Seq};
pub use store::{OpenError, Options, StorageError, Store};
pub use verify::{VerifyError, VerifyReport, verify};
