//! What can go wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a store can't be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused; what was being done is done again safely.
    #[error("can't {action} {path}: {source}", path = path.display())]
    Io {
        /// What was being done: `open`, `write`, …
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no store here.
    #[error("{path} holds no store of transfers: it has no file named manifest", path = path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// There is something here already.
    #[error("{path} is there already and a new store needs an empty folder", path = path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes to it.
    #[error("another process writes to the store {path}; wait until it has ended", path = path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A file isn't what was written.
    #[error("the store's file {path} is damaged: {damage}; take the store from a backup or load it anew", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The store can't hold more.
    #[error("the store can't hold more than {limit} {what}")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many it can hold.
        limit: u64,
    },
    /// A time that the store can't keep.
    #[error("the time {time} isn't between 0 and {limit} seconds after 1970-01-01 UTC", limit = u32::MAX)]
    Time {
        /// Seconds since 1970-01-01 UTC.
        time: i64,
    },
    /// A name that isn't one.
    #[error("the {what} is no name: {reason}")]
    Name {
        /// Whose name: `address`, `asset` or `transaction`.
        what: &'static str,
        /// What is wrong with it.
        reason: NameError,
    },
    /// Two sources count the same asset in different units.
    #[error(
        "the asset {asset} has {stored} decimals in the store and {given} here: its amounts can't be added"
    )]
    Decimals {
        /// The asset.
        asset: String,
        /// What the store has.
        stored: u8,
        /// What was given.
        given: u8,
    },
    /// So many transfers at one place of one block that duplicates can't be told any more.
    #[error(
        "more than {limit} transfers have the block {block} and the index {index}: say which column holds the index in the block"
    )]
    Crowded {
        /// The block.
        block: u64,
        /// The index in it.
        index: u32,
        /// How many may share one place.
        limit: usize,
    },
}

impl StoreError {
    /// For `map_err`: what was being done with which file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// A file that isn't what was written.
    pub(crate) fn damaged(path: impl Into<PathBuf>, damage: Damage) -> Self {
        Self::Damaged { path: path.into(), damage }
    }
}

/// What is wrong with a file of a store.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// It isn't there.
    #[error("it is missing")]
    Missing,
    /// It is longer or shorter than it was.
    #[error("it has {found} bytes and not {expected}")]
    Length {
        /// What was written.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Its bytes are not those that were written.
    #[error("its checksum is wrong")]
    Checksum,
    /// It is of a version that this program doesn't know.
    #[error("it is of version {found} and this program reads version {known}")]
    Version {
        /// Its version.
        found: u64,
        /// The one that is known.
        known: u64,
    },
    /// It says something that can't be.
    #[error("{0}")]
    Nonsense(&'static str),
}

/// Why a text is no name of an account, an asset or a transaction.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// It is longer than [`NAME_BYTES_MAX`](super::NAME_BYTES_MAX).
    #[error("it has {0} bytes and {limit} are allowed", limit = super::NAME_BYTES_MAX)]
    Long(usize),
    /// It begins with `0x` and goes on with something else than hexadecimal digits.
    #[error("after 0x it has something else than hexadecimal digits")]
    Hex,
    /// It isn't `0x` and 40 hexadecimal digits, where only these are allowed.
    #[error("it isn't 0x and 40 hexadecimal digits")]
    Length,
    /// It has spaces, control characters or isn't UTF-8.
    #[error("it has spaces, control characters or isn't UTF-8")]
    Characters,
}
