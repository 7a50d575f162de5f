//! The index: a file of SQLite with a full-text table that has no content, one row for each record.
//!
//! A row's words are those of its text and, marked so that no text has them, its type, circle, class and confidence: whatever is asked
//! is one intersection of lists that stand in the order of time. Who writes is one, who reads are many, on a state that holds still
//! for each (WAL).

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use line::{LineId, Seq, StorageError};
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OpenFlags, params};

use crate::place::{SLOTS_MAX, Slot};

/// The name of the file in a node's data folder.
pub const FILE: &str = "search.sqlite";
/// The form of the file; one of another form is made anew.
const FORM: i64 = 1;
/// Connections kept for those who read.
const READERS_MAX: usize = 4;

const TABLES: &str = "
CREATE VIRTUAL TABLE found USING fts5(
  word, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4 5', tokenize = \"ascii tokenchars '=-'\");
INSERT INTO found(found, rank) VALUES ('hashsize', 33554432);
CREATE TABLE line (
  slot INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, seq INTEGER NOT NULL, last BLOB NOT NULL) STRICT;
";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The index.
    #[error("the search index failed: {0}")]
    Index(String),
    /// The lines.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for SearchError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error.to_string())
    }
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.to_string())
    }
}

/// What tells a line of this length from others: a hash of its last record.
pub(crate) type Last = [u8; 32];

/// What is written at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Rows that go.
    pub(crate) gone: Vec<i64>,
    /// Rows that come, with their words.
    pub(crate) come: Vec<(i64, String)>,
    /// How far lines were followed.
    pub(crate) lines: Vec<(LineId, Slot, Seq, Last)>,
}

/// How far a line was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) slot: Slot,
    pub(crate) seq: Seq,
}

/// Those who read, all of one file.
#[derive(Default)]
struct Readers {
    /// Grows when the file is made anew.
    file: u64,
    idle: Vec<Connection>,
}

/// The index.
pub(crate) struct Index {
    path: PathBuf,
    /// Who writes; none if the file was not opened yet.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Readers>,
    followed: RwLock<HashMap<LineId, Followed>>,
}

impl Index {
    pub(crate) fn new(path: PathBuf) -> Self {
        let (writer, readers, followed) = (Mutex::default(), Mutex::default(), RwLock::default());
        Self { path, writer, readers, followed }
    }

    /// How far a line was followed; `None` if it was not looked at yet.
    pub(crate) fn followed(&self, line: LineId) -> Option<Followed> {
        self.followed.read().get(&line).copied()
    }

    /// Writes what `make` gives, if nobody else is writing, or once nobody is. What was written before is known to `make`; `fits` says
    /// what a line of that length ends with.
    pub(crate) fn write<T>(
        &self,
        waits: bool,
        fits: &dyn Fn(LineId, Seq) -> Option<Last>,
        make: impl FnOnce() -> Result<(Batch, T), SearchError>,
    ) -> Result<Option<T>, SearchError> {
        let mut writer = match waits {
            true => self.writer.lock(),
            false => match self.writer.try_lock() {
                Some(writer) => writer,
                None => return Ok(None),
            },
        };
        let connection = match &mut *writer {
            Some(connection) => connection,
            none => none.insert(self.opened(fits)?),
        };
        let (batch, made) = make()?;
        if batch.gone.is_empty() && batch.come.is_empty() && batch.lines.is_empty() {
            return Ok(Some(made));
        }
        let change = connection.transaction()?;
        {
            let mut remove = change.prepare_cached("DELETE FROM found WHERE rowid = ?1")?;
            for row in &batch.gone {
                remove.execute([row])?;
            }
            let mut add = change.prepare_cached("INSERT INTO found(rowid, word) VALUES (?1, ?2)")?;
            for (row, words) in &batch.come {
                add.execute(params![row, words])?;
            }
            let mut follow = change.prepare_cached("INSERT OR REPLACE INTO line VALUES (?1, ?2, ?3, ?4)")?;
            for (line, slot, seq, last) in &batch.lines {
                let seq = i64::try_from(seq.0).unwrap_or(i64::MAX);
                follow.execute(params![slot, line.uuid().as_bytes(), seq, last])?;
            }
        }
        change.commit()?;
        let mut followed = self.followed.write();
        for (line, slot, seq, _) in batch.lines {
            followed.insert(line, Followed { slot, seq });
        }
        Ok(Some(made))
    }

    /// The number of a line, a new one if it has none yet; `None` if there are too many.
    pub(crate) fn slot(&self, line: LineId) -> Option<Followed> {
        let mut followed = self.followed.write();
        let next = followed.values().map(|line| line.slot + 1).max().unwrap_or(0);
        match followed.get(&line) {
            Some(known) => Some(*known),
            None if next >= SLOTS_MAX => None,
            None => Some(*followed.entry(line).or_insert(Followed { slot: next, seq: Seq(0) })),
        }
    }

    /// Tells the rows below `below` and from `from` on that hold what `wanted` says, the latest first.
    pub(crate) fn each(
        &self,
        wanted: &str,
        (from, below): (i64, i64),
        on: &mut dyn FnMut(i64) -> Result<ControlFlow<()>, SearchError>,
    ) -> Result<(), SearchError> {
        let Some((file, reader)) = self.reader()? else { return Ok(()) };
        let told = (|| {
            let mut rows = reader.prepare_cached(
                "SELECT rowid FROM found WHERE found MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC",
            )?;
            let mut rows = rows.query(params![wanted, from, below])?;
            while let Some(row) = rows.next()? {
                if on(row.get(0)?)?.is_break() {
                    break;
                }
            }
            Ok(())
        })();
        let mut readers = self.readers.lock();
        if told.is_ok() && readers.file == file && readers.idle.len() < READERS_MAX {
            readers.idle.push(reader);
        }
        told
    }

    /// One who reads, and of which file; none if there is no file.
    fn reader(&self) -> Result<Option<(u64, Connection)>, SearchError> {
        let mut readers = self.readers.lock();
        if let Some(idle) = readers.idle.pop() {
            return Ok(Some((readers.file, idle)));
        }
        if !self.path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        reader.pragma_update(None, "cache_size", -32_768)?;
        reader.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Some((readers.file, reader)))
    }

    /// Forgets all, in memory and on the disk: it is made anew from the lines.
    pub(crate) fn forget(&self) -> Result<(), SearchError> {
        let mut writer = self.writer.lock();
        *writer = None;
        self.removed()
    }

    fn removed(&self) -> Result<(), SearchError> {
        let mut readers = self.readers.lock();
        readers.idle.clear();
        readers.file += 1;
        self.followed.write().clear();
        for path in ["", "-wal", "-shm", "-journal"].map(|end| beside(&self.path, end)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file, opened to be written; made anew if it is of another form, is damaged, or is of other lines than these.
    fn opened(&self, fits: &dyn Fn(LineId, Seq) -> Option<Last>) -> Result<Connection, SearchError> {
        if let Ok(Some((connection, lines))) = self.open(fits) {
            *self.followed.write() = lines;
            return Ok(connection);
        }
        if self.path.exists() {
            tracing::warn!(path = %self.path.display(), "the search index does not fit the lines: it is made anew");
        }
        self.removed()?;
        private(&self.path)?;
        let connection = writing(&self.path)?;
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "user_version", FORM)?;
        Ok(connection)
    }

    /// The file as it is, and how far it goes; `None` if it can't be used.
    #[allow(clippy::type_complexity)]
    fn open(
        &self,
        fits: &dyn Fn(LineId, Seq) -> Option<Last>,
    ) -> Result<Option<(Connection, HashMap<LineId, Followed>)>, SearchError> {
        if !self.path.exists() {
            return Ok(None);
        }
        let connection = writing(&self.path)?;
        let form: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if form != FORM {
            return Ok(None);
        }
        let mut lines = HashMap::new();
        {
            let mut rows = connection.prepare("SELECT id, slot, seq, last FROM line")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let (id, last): ([u8; 16], Last) = (row.get(0)?, row.get(3)?);
                let (line, seq) =
                    (LineId::new(uuid_of(id)), Seq(u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0)));
                if fits(line, seq) != Some(last) {
                    return Ok(None);
                }
                lines.insert(line, Followed { slot: row.get(1)?, seq });
            }
        }
        Ok(Some((connection, lines)))
    }
}

fn uuid_of(bytes: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(bytes)
}

/// A connection that writes. What a crash of the system loses of the last batches is followed again: the row of how far lines were
/// followed is lost with them.
fn writing(path: &Path) -> Result<Connection, SearchError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
    Ok(connection)
}

/// A new file that its owner alone can read.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
