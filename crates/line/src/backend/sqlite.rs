//! Lines in one file of SQLite.
//!
//! Two tables in number order, appended to; a record's bytes may be erased, its row never. `record.pos` is `line.no << 40 | number`, so that the records of a line lie
//! together and a page is one sequential read; the head row of a line changes in the transaction that
//! appends to it. WAL with `synchronous=FULL`: what was committed survives power loss.

use std::path::Path;
use std::time::Duration;

use rusqlite::ffi::{ErrorCode, SQLITE_IOERR_SHMSIZE};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use uuid::Uuid;

use super::{Backend, BackendError, Batch, HeadRow, OnRowWhile, Place, RecordRow};
use crate::record::{Added, LineId, RecordKind, Seq};

/// The version of the tables.
const SCHEMA: i64 = 2;
const SEQ_BITS: u32 = 40;
/// How long a statement waits for a lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the writer waits for readers that are still in the log.
const PATIENCE_WITH_READERS: Duration = Duration::from_millis(20);

impl From<rusqlite::Error> for BackendError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            Some(why) if why.code == ErrorCode::DiskFull => Self::Full,
            // The log's index can't grow.
            Some(why) if why.extended_code == SQLITE_IOERR_SHMSIZE => Self::Full,
            Some(why) if why.code == ErrorCode::ReadOnly => Self::ReadOnly,
            _ => Self::Sql(error.to_string()),
        }
    }
}

/// One connection.
pub(crate) struct Sqlite {
    connection: Connection,
    /// Whether the tables know of erasure: a reader may meet a file that no writer of today has opened.
    knows_erased: bool,
}

impl Sqlite {
    /// Opens the file for the one writer, and makes the tables if they are not there.
    pub(crate) fn writer(path: &Path) -> Result<Self, BackendError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Moving the log into the file is the mover's work, beside the writer's.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        // What is overwritten is overwritten with zeroes.
        connection.pragma_update(None, "secure_delete", "ON")?;
        let found = version(&connection)?;
        match found {
            SCHEMA => {}
            0 => connection.execute_batch(include_str!("sqlite.sql"))?,
            1 => connection.execute_batch(include_str!("sqlite_2.sql"))?,
            _ => return Err(BackendError::Schema { found, known: SCHEMA }),
        }
        Ok(Self { connection, knows_erased: true })
    }

    /// Opens the file to read it.
    pub(crate) fn reader(path: &Path) -> Result<Self, BackendError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "cache_size", -8_192)?;
        let knows_erased = version(&connection)? > 1;
        Ok(Self { connection, knows_erased })
    }

    /// Opens the file to move the log into it.
    pub(crate) fn mover(path: &Path) -> Result<Self, BackendError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -1_024)?;
        Ok(Self { connection, knows_erased: true })
    }

    /// Makes a file that nobody writes to any more one that needs no others beside it.
    pub(crate) fn make_plain(path: &Path) -> Result<(), BackendError> {
        let connection = Connection::open(path)?;
        Ok(connection.pragma_update(None, "journal_mode", "DELETE")?)
    }

    /// Moves what is in the log into the file as far as no reader is in the way; gives the pages that the log has.
    pub(crate) fn move_log(&self) -> Result<u64, BackendError> {
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// As [`Sqlite::move_log`], and lets the log begin anew, if no reader is in it. For the writer, between commits.
    pub(crate) fn restart_log(&self) -> Result<u64, BackendError> {
        self.connection.busy_timeout(PATIENCE_WITH_READERS)?;
        let pages = self.checkpoint("PRAGMA wal_checkpoint(RESTART)");
        self.connection.busy_timeout(PATIENCE)?;
        pages
    }

    /// As [`Sqlite::move_log`], and leaves the log empty.
    pub(crate) fn empty_log(&self) -> Result<u64, BackendError> {
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    fn checkpoint(&self, pragma: &str) -> Result<u64, BackendError> {
        let pages: i64 = self.connection.query_row(pragma, [], |row| row.get(1))?;
        Ok(u64::try_from(pages).unwrap_or(0))
    }
}

impl Backend for Sqlite {
    fn has_remains(&self) -> Result<bool, BackendError> {
        Ok(self.connection.query_row("SELECT EXISTS (SELECT 1 FROM remains)", [], |row| row.get(0))?)
    }

    // Pages that were split long ago keep copies of rows in their gaps, which overwriting a row does not reach.
    fn scrub(&self) -> Result<(), BackendError> {
        self.connection.execute_batch("VACUUM")?;
        let busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(BackendError::Sql("readers were in the log for too long".to_owned()));
        }
        self.connection.execute("DELETE FROM remains", [])?;
        Ok(())
    }

    // What is read in one transaction is as it was when that began to read.
    fn hold_still(&self) -> Result<(), BackendError> {
        Ok(self.connection.execute_batch("BEGIN")?)
    }

    fn look_on(&self) -> Result<(), BackendError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn heads(&self) -> Result<Vec<HeadRow>, BackendError> {
        match version(&self.connection)? {
            0 => return Ok(Vec::new()),
            1..=SCHEMA => {}
            found => return Err(BackendError::Schema { found, known: SCHEMA }),
        }
        let mut statement = self.connection.prepare("SELECT no, id, size, root FROM line ORDER BY no")?;
        let rows = statement.query_map([], |row| {
            let (id, root): ([u8; 16], [u8; 32]) = (row.get(1)?, row.get(3)?);
            let size = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            Ok(HeadRow { no: row.get(0)?, id: LineId::new(Uuid::from_bytes(id)), size, root })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), BackendError> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO record (pos, added, kind, sender, terms, of_seq, body, erased) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            for row in &batch.records {
                insert.execute(params![
                    position(row.line.no, row.seq),
                    row.added.0,
                    row.kind.stored(),
                    row.sender.as_bytes(),
                    row.terms,
                    row.of.map(|seq| seq.0.cast_signed()),
                    row.body,
                    row.erased,
                ])?;
            }
            let mut erase = transaction
                .prepare_cached("UPDATE record SET body = ?, erased = ? WHERE pos = ? AND erased IS NULL")?;
            for row in &batch.erasures {
                erase.execute(params![row.stub, row.body, position(row.line.no, row.seq)])?;
            }
            if !batch.erasures.is_empty() {
                transaction.execute("INSERT OR IGNORE INTO remains (since) VALUES (1)", [])?;
            }
            let mut update = transaction.prepare_cached(
                "INSERT INTO line (no, id, size, root) VALUES (?, ?, ?, ?)
                 ON CONFLICT (no) DO UPDATE SET size = excluded.size, root = excluded.root",
            )?;
            for head in &batch.heads {
                update.execute(params![
                    head.no,
                    head.id.uuid().as_bytes(),
                    head.size.cast_signed(),
                    head.root
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn scan_while(
        &self,
        line: Place,
        after: Seq,
        until: Seq,
        on: &mut OnRowWhile<'_>,
    ) -> Result<(), BackendError> {
        let Place { id, no } = line;
        let mut statement = self.connection.prepare_cached(match self.knows_erased {
            true => "SELECT pos, added, kind, sender, terms, of_seq, body, erased FROM record WHERE pos > ? AND pos <= ? ORDER BY pos",
            false => "SELECT pos, added, kind, sender, terms, of_seq, body, NULL FROM record WHERE pos > ? AND pos <= ? ORDER BY pos",
        })?;
        let mut rows = statement.query(params![position(no, after), position(no, until)])?;
        let broken = |error| broken(id, error);
        while let Some(row) = rows.next().map_err(broken)? {
            let pos: i64 = row.get(0).map_err(broken)?;
            let seq = Seq((pos & ((1 << SEQ_BITS) - 1)).cast_unsigned());
            let damaged = |what| BackendError::Damaged { line: id, seq, what };
            let kind = RecordKind::from_stored(row.get(2).map_err(broken)?);
            let next = on(&RecordRow {
                line,
                seq,
                added: Added(row.get(1).map_err(broken)?),
                kind: kind.ok_or_else(|| damaged("unknown kind"))?,
                sender: Uuid::from_bytes(row.get(3).map_err(broken)?),
                terms: row
                    .get_ref(4)
                    .map_err(broken)?
                    .as_str_or_null()
                    .map_err(|_| damaged("terms are no text"))?,
                of: row.get::<_, Option<i64>>(5).map_err(broken)?.map(|of| Seq(of.cast_unsigned())),
                body: row.get_ref(6).map_err(broken)?.as_blob().map_err(|_| damaged("body is no blob"))?,
                erased: row.get(7).map_err(broken)?,
            });
            if next.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn backup(&self, to: &Path) -> Result<(), BackendError> {
        let name = to.to_str().ok_or_else(|| BackendError::Sql("the path is not Unicode".to_owned()))?;
        self.connection.execute("VACUUM INTO ?", params![name])?;
        Ok(())
    }

    fn bytes(&self) -> Result<Option<u64>, BackendError> {
        let number = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok(u64::try_from(number("page_count")?.saturating_mul(number("page_size")?)).ok())
    }

    fn fault(&self) -> Result<Option<String>, BackendError> {
        let said = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).optional()?;
        let said: String = said.unwrap_or_default();
        Ok((said != "ok").then_some(said))
    }

    fn wait(&self, timeout: Duration) -> Result<(), BackendError> {
        // Nobody else appends to it.
        std::thread::sleep(timeout);
        Ok(())
    }
}

/// What stops a line from being read. Where the file is no whole one any more, or holds what was never written, it is damaged.
fn broken(line: LineId, error: rusqlite::Error) -> BackendError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            BackendError::Changed { line, what: error.to_string() }
        }
        Some(_) => error.into(),
    }
}

fn version(connection: &Connection) -> Result<i64, BackendError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn position(no: i64, seq: Seq) -> i64 {
    (no << SEQ_BITS) | seq.0.cast_signed()
}
