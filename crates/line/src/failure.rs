//! Why a store can't be opened, and why what was asked of it was not done.

use std::path::PathBuf;

use crate::backend::BackendError;
use crate::record::LineId;

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another process; stop it, or talk to it instead", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The folder or file can't be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The backend refuses.
    #[error("the database can't be opened: {0}")]
    Backend(String),
    /// A newer program has written there.
    #[error("the tables have version {found}, this program knows {known}: use a newer program")]
    Newer {
        /// The tables' version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// What is stored is not what was acknowledged.
    #[error("line {line} is damaged: {what}; restore a backup, and keep this file for examination")]
    Damaged {
        /// Which line.
        line: LineId,
        /// What is wrong.
        what: String,
    },
}

/// Why an operation on an open store failed. Trying again is safe: appending the same drafts twice adds nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The backend failed.
    #[error("storage failed: {0}")]
    Backend(String),
    /// There is no room on the disk.
    #[error("the disk is full: nothing of this was kept; make room on it, then send it again")]
    Full,
    /// More waits to be written than may.
    #[error(
        "more is brought than can be written at the moment: nothing of this was kept; send it again in a while"
    )]
    Busy,
    /// The file system takes no writes.
    #[error(
        "the disk takes no writes (read-only): nothing of this was kept; mount it writable, then send it again"
    )]
    ReadOnly,
    /// The database went away while it was written to.
    #[error(
        "the database went away while this was written, and it is not known whether it is there: look before you send it again"
    )]
    Unknown,
    /// Another has a lease under which this was to be written.
    #[error("another node has taken this over: nothing of it was kept")]
    Fenced,
    /// Others were at it for too long.
    #[error("other nodes are at it: nothing of this was done; try again")]
    Contended,
    /// There is no such line.
    #[error("there is no line {line}")]
    NoSuchLine {
        /// Which.
        line: LineId,
    },
    /// The store is being closed.
    #[error("the store is closing")]
    Closing,
}

impl From<BackendError> for OpenError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Schema { found, known } => Self::Newer { found, known },
            error => Self::Backend(error.to_string()),
        }
    }
}

impl From<BackendError> for StorageError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Full => Self::Full,
            BackendError::ReadOnly => Self::ReadOnly,
            BackendError::Unknown => Self::Unknown,
            BackendError::Fenced => Self::Fenced,
            error => Self::Backend(error.to_string()),
        }
    }
}
