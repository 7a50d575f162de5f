//! The store of transfers: a folder that holds the transfers of one chain, in order, and answers without being read as a whole.
//!
//! **What it holds.** Transfers by block and index in the block, each with accounts, asset, exact amount, time and transaction.
//! Addresses, and names of assets, are kept once and have numbers ([`Account`], [`Asset`]). A store holds one chain, which it
//! names: an address on another chain is another account, even if it is written the same; so an account is known by its chain
//! and its number.
//!
//! **What it looks like.** A manifest names folders: *segments* of transfers (`segment`), *parts* of names (`names`), and
//! the assets' decimals. Files are written once and never changed; opening maps them, and reading takes from them what it needs.
//!
//! **How it grows.** A [`Writer`] appends; there is one at a time, which a lock on the file `lock` sees to, and any number of
//! readers, each of which keeps the state that it opened. What comes behind all that is there becomes a new segment; small
//! segments are joined with those that come after them, so that there are few. What belongs between, is merged with all that comes
//! after it, and duplicates are left out. Then a new manifest replaces the old one: a crash at any moment leaves the store as it
//! was before or as it is after. Numbers of transfers hold for the state that was opened, and change when one is put between;
//! numbers of accounts and assets never change.
//!
//! **Damage.** A file that is missing or of another length is found when the store is opened, a changed byte in the manifest too.
//! Bytes changed elsewhere are found by [`Store::verify`], which reads everything. Whatever they are, reading never panics: what
//! can't be read is `None`.

mod append;
mod batch;
mod bytes;
mod chain;
mod earlier;
mod error;
mod files;
mod identifier;
mod later;
mod lists;
mod manifest;
mod memory;
mod merge;
mod names;
mod of;
mod open;
mod record;
mod segment;
mod transaction;
mod writer;

pub use self::append::{Append, Appended, Incoming};
pub use self::error::{Damage, NameError, StoreError};
pub use self::manifest::NAME as MANIFEST;
pub use self::memory::Memory;
pub use self::of::OfSide;
pub use self::open::{Place, Store};
pub use self::writer::{Limits, Writer};

pub(crate) use self::batch::Batch;
pub(crate) use self::names::key::Key;
pub(crate) use self::names::table::NONE;
pub(crate) use self::names::{Growing, Names};
pub(crate) use self::record::Movement;

#[cfg(doc)]
use crate::{Account, Asset};

/// The bytes that an address, an asset's name, a transaction's identifier or a chain's name may have.
pub const NAME_BYTES_MAX: usize = 128;
/// The transfers that a store may have.
pub const TRANSFERS_MAX: u64 = 1 << 40;
