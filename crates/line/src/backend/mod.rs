//! Where lines are kept: the one place that knows SQL.
//!
//! A [`Backend`] is one connection. SQLite is one file with one writer ([`sqlite`]); PostgreSQL is a database in which several
//! processes write ([`postgres`]). What they keep is the same: rows in number order, appended to, whose bytes may be erased and
//! which themselves never go, and of each line its size and root, changed in the transaction that appends to it.

pub(crate) mod postgres;
pub(crate) mod sqlite;
mod sqlite_writer;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::beside::Fence;
use crate::merkle::{self, Hash};
use crate::record::{Added, LineId, RecordKind, Seq};
use postgres::Postgres;
use sqlite::Sqlite;
use sqlite_writer::SqliteWriter;

/// The head of a line, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeadRow {
    /// The line's number in this process, and in a file of SQLite.
    pub(crate) no: i64,
    pub(crate) id: LineId,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// A record, as stored.
pub(crate) struct RecordRow<'a> {
    pub(crate) line: Place,
    pub(crate) seq: Seq,
    pub(crate) added: Added,
    pub(crate) kind: RecordKind,
    pub(crate) sender: Uuid,
    pub(crate) terms: Option<&'a str>,
    pub(crate) of: Option<Seq>,
    pub(crate) body: &'a [u8],
    /// SHA-256 of the bytes that were there before they were erased.
    pub(crate) erased: Option<Hash>,
}

impl RecordRow<'_> {
    /// What stands for the record in its line's tree.
    pub(crate) fn leaf(&self) -> Hash {
        let Self { kind, sender, added, of, terms, body, erased, .. } = self;
        let body = erased.unwrap_or_else(|| crate::erasing::hash(body));
        merkle::leaf(&merkle::leaf_data(*kind, *sender, *added, *of, *terms, &body))
    }
}

/// A record whose bytes are to go.
pub(crate) struct ErasedRow {
    pub(crate) line: Place,
    pub(crate) seq: Seq,
    /// SHA-256 of its bytes.
    pub(crate) body: Hash,
    /// What stands for them.
    pub(crate) stub: Vec<u8>,
}

/// A line, as backends know it: SQLite by its number, PostgreSQL by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) id: LineId,
    pub(crate) no: i64,
}

/// A transaction's worth of appends.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    pub(crate) records: Vec<RecordRow<'a>>,
    pub(crate) heads: Vec<HeadRow>,
    pub(crate) erasures: Vec<&'a ErasedRow>,
}

/// What stops a backend.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum BackendError {
    #[error("{0}")]
    Sql(String),
    #[error("the record at {line}/{seq} can't be read: {what}", seq = seq.0)]
    Damaged { line: LineId, seq: Seq, what: &'static str },
    #[error("line {line} is not what it was: {what}")]
    Changed { line: LineId, what: String },
    #[error("the disk is full: make room on it")]
    Full,
    #[error("the disk takes no writes: mount it writable")]
    ReadOnly,
    #[error("the tables have version {found}, this program knows {known}: use a newer program")]
    Schema { found: i64, known: i64 },
    /// The connection is gone; a commit that was under way may have happened.
    #[error("the database does not answer: {0}")]
    Lost(String),
    /// The connection was lost at a commit, and it could not be found out whether that happened.
    #[error(
        "the database went away while this was written, and it is not known whether it is there: look before you send it again"
    )]
    Unknown,
    /// Another holds a lease under which this was to be written.
    #[error("another node has taken this over: nothing of it was kept")]
    Fenced,
    /// The database took nothing of this because of what others did at the same time.
    #[error("the database was busy with others: {0}")]
    Busy(String),
}

impl BackendError {
    /// Whether the same may work a moment later.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Busy(_))
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To append; makes the tables if they are not there.
    Writer,
    /// To read.
    Reader,
    /// To keep what is no part of a line: leases, and values by keys.
    Beside,
    /// To put in order what a writer left that was ended, and to read.
    Mover,
}

/// What is told of each row that is read.
pub(crate) type OnRow<'o> = dyn FnMut(&RecordRow<'_>) + 'o;
/// The same, which may say that it wants no more.
pub(crate) type OnRowWhile<'o> = dyn FnMut(&RecordRow<'_>) -> ControlFlow<()> + 'o;

/// One connection to where lines are kept.
pub(crate) trait Backend: Send {
    /// All lines, in the order in which they were made; none where a program was ended before it had made the tables.
    fn heads(&self) -> Result<Vec<HeadRow>, BackendError>;

    /// Gives the records of a line with numbers above `after` up to `until`, in order, each once. `on` must not
    /// use this connection.
    fn scan(&self, line: Place, after: Seq, until: Seq, on: &mut OnRow<'_>) -> Result<(), BackendError> {
        self.scan_while(line, after, until, &mut |row| {
            on(row);
            ControlFlow::Continue(())
        })
    }

    /// As [`Backend::scan`], until `on` wants no more.
    fn scan_while(
        &self,
        line: Place,
        after: Seq,
        until: Seq,
        on: &mut OnRowWhile<'_>,
    ) -> Result<(), BackendError>;

    /// Lets reads that follow see the lines as they stand now, until [`Backend::look_on`].
    fn hold_still(&self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Ends what [`Backend::hold_still`] began.
    fn look_on(&self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Begins a transaction in which nobody else appends to these lines, and gives how they stand; nothing, where nobody else
    /// ever writes.
    fn begin(&mut self, _lines: &[Place]) -> Result<Vec<HeadRow>, BackendError> {
        Ok(Vec::new())
    }

    /// Which of these leases are held as they were, in the transaction that [`Backend::begin`] began: until it ends nobody else
    /// takes them. Where nobody else ever writes, all are.
    fn hold(&mut self, fences: &[Fence]) -> Result<Vec<bool>, BackendError> {
        Ok(vec![true; fences.len()])
    }

    /// Writes a batch, and ends the transaction. When it returns `Ok`, the batch is durable; when it returns another error than
    /// [`BackendError::Lost`], nothing of it is there.
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), BackendError>;

    /// Ends the transaction that [`Backend::begin`] began without writing anything.
    fn abandon(&mut self) {}

    /// What is to be done between commits.
    fn settle(&mut self) {}

    /// Whether what was erased may still lie where the rows are kept.
    fn has_remains(&self) -> Result<bool, BackendError>;

    /// Has the rows written anew, so that what was erased is nowhere among them. For the writer, between commits.
    fn scrub(&self) -> Result<(), BackendError>;

    /// Copies everything into a file of SQLite while it is in use, as it stands now.
    fn backup(&self, to: &Path) -> Result<(), BackendError>;

    /// Bytes that the rows take on the disk, if that can be told.
    fn bytes(&self) -> Result<Option<u64>, BackendError>;

    /// What the database itself says is wrong with what it keeps.
    fn fault(&self) -> Result<Option<String>, BackendError>;

    /// Waits until others may have appended, at most for `timeout`.
    fn wait(&self, timeout: std::time::Duration) -> Result<(), BackendError>;
}

/// Which backend, and where.
#[derive(Debug, Clone)]
pub(crate) enum Storage {
    Sqlite(PathBuf),
    Postgres(Box<postgres::Settings>),
}

impl Storage {
    /// Whether other processes write as well.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Opens a connection.
    pub(crate) fn open(&self, role: Role) -> Result<Box<dyn Backend>, BackendError> {
        Ok(match (self, role) {
            (Self::Sqlite(path), Role::Writer) => Box::new(SqliteWriter::open(path)?),
            (Self::Sqlite(path), Role::Reader | Role::Beside) => Box::new(Sqlite::reader(path)?),
            (Self::Sqlite(path), Role::Mover) => Box::new(Sqlite::mover(path)?),
            (Self::Postgres(settings), role) => Box::new(Postgres::open(settings, role)?),
        })
    }
}
