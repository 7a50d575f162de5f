//! The store: all lines of a node, with one writer and many readers in this process; in a database of PostgreSQL others may write
//! as well.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::backend::postgres::Settings;
use crate::backend::{Backend, BackendError, Place, Role, Storage};
use crate::catalogue::{Catalogue, Entry};
use crate::erasing::{self, Account, ERASED_AT_ONCE_MAX, EraseError, Erased, Erasure};
use crate::following::follow_until_closed;
use crate::growth::Growth;
use crate::load::load;
use crate::merkle::{Frontier, Hash};
use crate::queue::{Queue, write_until_closed};
use crate::record::{Added, Draft, LineId, Outcome, Record, RecordKind, Seq};
use crate::writer::{Answer, Erase, Job, Task};

/// Most records that [`Store::records`] gives at once.
pub const RECORDS_MAX: usize = 10_000;
/// The name of the file in a node's data folder.
pub const FILE: &str = "bongsu.sqlite";

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections kept for readers.
    pub readers: usize,
    /// The database of PostgreSQL in which the lines are; if there is none, they are in a file of SQLite in the store's folder.
    pub database: Option<Settings>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, database: None }
    }
}

/// Gives the time, in microseconds since 1970-01-01T00:00:00Z. It may step back: order never depends on it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

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

impl From<BackendError> for StorageError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Full => Self::Full,
            BackendError::ReadOnly => Self::ReadOnly,
            BackendError::Unknown => Self::Unknown,
            error => Self::Backend(error.to_string()),
        }
    }
}

/// One line in memory.
pub(crate) struct LineState {
    pub(crate) no: i64,
    pub(crate) id: LineId,
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) frontier: Mutex<Frontier>,
    /// Held while records that are stored already are taken in, or records are stored and published.
    pub(crate) following: Mutex<()>,
}

pub(crate) struct Shared {
    folder: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) lines: RwLock<HashMap<LineId, Arc<LineState>>>,
    pub(crate) queue: Queue,
    pub(crate) growth: Growth,
    pub(crate) clock: Clock,
    readers: Mutex<Vec<Box<dyn Backend>>>,
    readers_max: usize,
    _lock: File,
}

impl Shared {
    /// Whether the store is closing.
    pub(crate) fn is_closing(&self) -> bool {
        self.queue.is_closing()
    }

    /// A line, made if it is not there.
    pub(crate) fn line_of(&self, line: LineId) -> Arc<LineState> {
        if let Some(state) = self.lines.read().get(&line) {
            return Arc::clone(state);
        }
        let mut lines = self.lines.write();
        let no = lines.values().map(|state| state.no + 1).max().unwrap_or(1);
        Arc::clone(lines.entry(line).or_insert_with(|| Arc::new(LineState::empty(no, line))))
    }
}

struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The writer's connection is to be the last, so that it leaves no log behind.
        self.shared.readers.lock().clear();
        self.shared.queue.close();
        for thread in self.threads.lock().drain(..) {
            // A writer that panicked has told its callers by dropping their answers.
            let _ = thread.join();
        }
    }
}

/// All lines of a node. Cheap to clone; closed when the last clone goes.
#[derive(Clone)]
pub struct Store {
    owner: Arc<Owner>,
}

impl Store {
    /// Opens the store in `folder`, making it if it is not there.
    ///
    /// Reads every record once to rebuild the catalogues, and checks each line against its stored root.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(folder: &Path, options: &Options, clock: Clock) -> Result<Self, OpenError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        let lock = lock(folder)?;
        let storage = match &options.database {
            Some(database) => Storage::Postgres(Box::new(database.clone())),
            None => {
                let path = folder.join(FILE);
                drop(private(&path).map_err(io(&path))?);
                Storage::Sqlite(path)
            }
        };
        let backend = |error: BackendError| OpenError::Backend(error.to_string());
        let writer = storage.open(Role::Writer).map_err(backend)?;
        writer.hold_still().map_err(backend)?;
        let lines = load_all(&*writer)?;
        writer.look_on().map_err(backend)?;
        // A node that was stopped after it had erased and before it had cleaned up.
        if writer.has_remains().map_err(backend)? {
            writer.scrub().map_err(backend)?;
        }
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            storage,
            lines: RwLock::new(lines),
            queue: Queue::default(),
            growth: Growth::default(),
            clock,
            readers: Mutex::default(),
            readers_max: options.readers,
            _lock: lock,
        });
        let owner = Owner { shared: Arc::clone(&shared), threads: Mutex::default() };
        let begin = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(io(folder))?;
            owner.threads.lock().push(thread);
            Ok(())
        };
        let for_writer = Arc::clone(&shared);
        begin("line-writer", Box::new(move || write_until_closed(&for_writer, writer)))?;
        if shared.storage.is_shared() {
            let for_follower = Arc::clone(&shared);
            begin("line-follower", Box::new(move || follow_until_closed(&for_follower)))?;
        }
        let store = Self { owner: Arc::new(owner) };
        store.ensure_line(LineId::NODE);
        Ok(store)
    }

    fn shared(&self) -> &Shared {
        &self.owner.shared
    }

    /// The folder in which it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.shared().folder
    }

    /// Makes the line if it is not there. It is stored with its first record.
    pub fn ensure_line(&self, line: LineId) {
        self.shared().line_of(line);
    }

    /// All lines, sorted.
    #[must_use]
    pub fn lines(&self) -> Vec<LineId> {
        let mut lines: Vec<_> = self.shared().lines.read().keys().copied().collect();
        lines.sort_unstable();
        lines
    }

    /// Appends drafts to a line, in order; returns when they are durable.
    ///
    /// The outcomes are in the drafts' order. Appending what is there already gives [`Outcome::Present`].
    ///
    /// # Errors
    /// [`StorageError`]: then nothing of this call is in the line, but for [`StorageError::Unknown`]. Safe to repeat for what has an id.
    pub fn append(&self, line: LineId, drafts: Vec<Draft>) -> Result<Vec<Outcome>, StorageError> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.append_then(line, drafts, Box::new(move |outcome| drop(send.send(outcome))));
        receive.recv().unwrap_or(Err(StorageError::Closing))
    }

    /// As [`Store::append`], but calls `answer` when the drafts are durable; `answer` must not block. Waits only when
    /// more than 256 MiB are queued already.
    pub fn append_then(&self, line: LineId, drafts: Vec<Draft>, answer: Answer) {
        self.shared().queue.push(Job { line, drafts, task: Task::Append, answer });
    }

    fn state(&self, line: LineId) -> Result<Arc<LineState>, StorageError> {
        self.shared().lines.read().get(&line).cloned().ok_or(StorageError::NoSuchLine { line })
    }

    /// Looks at a line's catalogue. Appends to the line wait while `look` runs, so it should be short.
    ///
    /// # Errors
    /// [`StorageError::NoSuchLine`].
    pub fn look<T>(&self, line: LineId, look: impl FnOnce(&Catalogue) -> T) -> Result<T, StorageError> {
        Ok(look(&self.state(line)?.catalogue.read()))
    }

    /// The size and the Merkle root of a line.
    ///
    /// # Errors
    /// [`StorageError::NoSuchLine`].
    pub fn root(&self, line: LineId) -> Result<(u64, Hash), StorageError> {
        let state = self.state(line)?;
        let frontier = state.frontier.lock();
        Ok((frontier.size(), frontier.root()))
    }

    /// Gives the bytes of the records with these numbers, which must be ascending.
    ///
    /// A record that was announced again gives its object's bytes; what was erased gives none. Runs of neighbouring numbers are read in
    /// one go, small gaps being skipped.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn bodies(
        &self,
        line: LineId,
        seqs: &[Seq],
        on: &mut dyn FnMut(Seq, Added, &[u8]),
    ) -> Result<(), StorageError> {
        const GAP_MAX: u64 = 16;
        let state = self.state(line)?;
        self.reading(|reader| {
            let mut rest = seqs;
            while let Some(first) = rest.first() {
                let near = rest.windows(2).take_while(|pair| pair[1].0 - pair[0].0 <= GAP_MAX).count() + 1;
                let (run, later) = rest.split_at(near);
                let mut wanted = run.iter().peekable();
                let last = run.last().unwrap_or(first);
                // What follows an announcement waits until what was announced is read.
                let mut waiting = Vec::new();
                reader.scan(state.place(), Seq(first.0 - 1), *last, &mut |row| {
                    if wanted.next_if(|seq| **seq == row.seq).is_none() {
                        return;
                    }
                    match row.of {
                        Some(of) => waiting.push((row.seq, row.added, Waiting::For(of))),
                        None if row.erased.is_some() => {}
                        None if waiting.is_empty() => on(row.seq, row.added, row.body),
                        None => waiting.push((row.seq, row.added, Waiting::Body(row.body.to_vec()))),
                    }
                })?;
                for (seq, added, what) in waiting {
                    match what {
                        Waiting::Body(body) => on(seq, added, &body),
                        Waiting::For(of) => {
                            if let Some(body) = announced(reader, &state, of)? {
                                on(seq, added, &body);
                            }
                        }
                    }
                }
                rest = later;
            }
            Ok(())
        })
    }

    /// The records after `after`, at most `limit` (and at most 10,000), in order: for views and federation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn records(&self, line: LineId, after: Seq, limit: usize) -> Result<Vec<Record>, StorageError> {
        let state = self.state(line)?;
        let until = Seq(after.0.saturating_add(limit.min(RECORDS_MAX) as u64));
        let mut records = Vec::new();
        self.reading(|reader| {
            reader.scan(state.place(), after, until, &mut |row| {
                records.push(Record {
                    seq: row.seq,
                    added: row.added,
                    kind: row.kind,
                    sender: row.sender,
                    terms: row.terms.map(Into::into),
                    of: row.of,
                    body: if row.erased.is_none() { row.body.to_vec() } else { Vec::new() },
                    erased: row.erased,
                });
            })
        })?;
        Ok(records)
    }

    /// Erases the bytes of records of any lines: all that are named are erased when this returns, durably, or none of up to
    /// [`ERASED_AT_ONCE_MAX`]. What is erased already is left as it is; of what was announced again, the first record is meant, not
    /// the announcement. Gives what was erased.
    ///
    /// The bytes may lie in the file's free space and its log until [`Store::scrub`] has run, which the next opening does at the
    /// latest.
    ///
    /// # Errors
    /// [`EraseError`]: a version that counts must be withdrawn first. Safe to repeat.
    pub fn erase(
        &self,
        by: uuid::Uuid,
        note: &serde_json::Value,
        wanted: &[(LineId, Seq)],
    ) -> Result<Vec<Erased>, EraseError> {
        let mut all = Vec::new();
        for some in wanted.chunks(ERASED_AT_ONCE_MAX) {
            let (mut erased, mut erase) = (Vec::new(), Vec::new());
            for (line, seq) in some {
                let Some((one, stub)) = self.erasable(*line, *seq)? else { continue };
                erase.push(Erase { line: *line, seq: *seq, body: one.body, stub });
                erased.push(one);
            }
            if erased.is_empty() {
                continue;
            }
            let erasure = Erasure { erased, note: note.clone() };
            let draft = Draft::note(RecordKind::Erasure, by, erasure.to_json().into_bytes());
            let (send, receive) = std::sync::mpsc::sync_channel(1);
            let answer: Answer = Box::new(move |outcome| drop(send.send(outcome)));
            let task = Task::Erase(erase);
            self.shared().queue.push(Job { line: LineId::NODE, drafts: vec![draft], task, answer });
            receive.recv().unwrap_or(Err(StorageError::Closing))?;
            all.extend(erasure.erased);
        }
        Ok(all)
    }

    /// What erasing a record comes to; `None` if it is erased already.
    fn erasable(&self, line: LineId, seq: Seq) -> Result<Option<(Erased, Vec<u8>)>, EraseError> {
        let not_erasable = EraseError::NotErasable { line, seq };
        if self.look(line, |catalogue| catalogue.entry(seq).is_some_and(|entry| entry.erased()))? {
            return Ok(None);
        }
        // What was announced again counts under another number and has its bytes here.
        let counts = self.look(line, |catalogue| {
            let Some(entry) = catalogue.entry(seq) else { return false };
            let versions = entry.object().into_iter().flat_map(|object| catalogue.all_versions(object));
            let is_it = |other: &Entry<'_>| {
                other.counts() && other.sender() == entry.sender() && other.says_the_same(&entry)
            };
            entry.counts() || versions.filter(is_it).count() > 0
        })?;
        if counts {
            return Err(EraseError::Counts { line, seq });
        }
        let before = Seq(seq.0.checked_sub(1).ok_or_else(|| not_erasable.clone())?);
        let record = self.records(line, before, 1)?.into_iter().next().ok_or_else(|| not_erasable.clone())?;
        let (stub, id) = erasing::stub(record.kind, &record.body).ok_or(not_erasable)?;
        let (body, hash) = (record.body_hash(), erasing::hash(&stub));
        Ok(Some((Erased { line, seq, body, stub: hash, id }, stub)))
    }

    /// Writes the file anew without its free space, and empties its log, so that what was erased is in neither. Appends wait
    /// meanwhile; as long as copying the file takes, and as much room on the disk for temporary files.
    ///
    /// # Errors
    /// [`StorageError`]: then something may still lie there, and the next opening tries again.
    pub fn scrub(&self) -> Result<(), StorageError> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let answer: Answer = Box::new(move |outcome| drop(send.send(outcome)));
        let (line, drafts, task) = (LineId::NODE, Vec::new(), Task::Scrub);
        self.shared().queue.push(Job { line, drafts, task, answer });
        receive.recv().unwrap_or(Err(StorageError::Closing)).map(drop)
    }

    /// Whether what was erased may still lie in the file's free space.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn has_remains(&self) -> Result<bool, StorageError> {
        self.reading(|reader| reader.has_remains())
    }

    /// Waits until some line has grown since this gave `seen` (0 at first), at most for `timeout`; gives what to name next time.
    ///
    /// What was appended before it returns can be read, so that a follower which reads after each return misses nothing.
    #[must_use]
    pub fn wait_for_growth(&self, seen: u64, timeout: Duration) -> u64 {
        self.shared().growth.wait(seen, timeout)
    }

    /// How often lines have grown since the store was opened: as long as it stays the same, so do they.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.shared().growth.count()
    }

    /// Ends all waits for growth: to be called by who wants a follower to look whether it should stop.
    pub fn wake(&self) {
        self.shared().growth.tell();
    }

    /// Copies the whole store to the file `to`, readable for its owner alone, while it is in use.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn backup(&self, to: &Path) -> Result<(), StorageError> {
        let failed = |error: std::io::Error| StorageError::Backend(format!("{}: {error}", to.display()));
        let file = private(to).map_err(failed)?;
        self.reading(|reader| reader.backup(to))?;
        file.sync_all().map_err(failed)
    }

    fn reading<T>(
        &self,
        read: impl FnOnce(&dyn Backend) -> Result<T, BackendError>,
    ) -> Result<T, StorageError> {
        let idle = self.shared().readers.lock().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.shared().storage.open(Role::Reader)?,
        };
        let outcome = read(&*reader);
        let mut readers = self.shared().readers.lock();
        if readers.len() < self.shared().readers_max {
            readers.push(reader);
        }
        Ok(outcome?)
    }
}

/// What of a page can't be given yet.
enum Waiting {
    /// What was announced again, by its first number.
    For(Seq),
    /// What stands behind it.
    Body(Vec<u8>),
}

/// The bytes of what was announced again as `of`; none if they were erased.
fn announced(reader: &dyn Backend, state: &LineState, of: Seq) -> Result<Option<Vec<u8>>, BackendError> {
    let (mut at, mut body) = (Some(of), None);
    while let Some(original) = at.take() {
        reader.scan(state.place(), Seq(original.0.saturating_sub(1)), original, &mut |row| match row.of {
            // An earlier number each time, so this ends.
            Some(earlier) if row.kind == RecordKind::Again && earlier < original => at = Some(earlier),
            _ if row.erased.is_some() => {}
            _ => body = Some(row.body.to_vec()),
        })?;
    }
    Ok(body)
}

/// All lines as they are stored.
fn load_all(backend: &dyn Backend) -> Result<HashMap<LineId, Arc<LineState>>, OpenError> {
    let (mut lines, mut account) = (HashMap::new(), Account::default());
    for head in backend.heads().map_err(|error| OpenError::Backend(error.to_string()))? {
        lines.insert(head.id, Arc::new(load(backend, &head, &mut account)?));
    }
    match account.faults().into_iter().next() {
        Some((line, what)) => Err(OpenError::Damaged { line, what }),
        None => Ok(lines),
    }
}

/// Makes the folder, and lets no other process use what is in it as long as what this gives is kept.
pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    let io = |path: &Path, source| OpenError::Io { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
    let path = folder.join("bongsu.lock");
    let file = private(&path).map_err(|source| io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(io(&path, source)),
    }
}

/// The file, made readable for its owner alone if it is not there.
pub(crate) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl LineState {
    pub(crate) fn empty(no: i64, id: LineId) -> Self {
        let (catalogue, frontier, following) = (RwLock::default(), Mutex::default(), Mutex::default());
        Self { no, id, catalogue, frontier, following }
    }

    pub(crate) const fn place(&self) -> Place {
        Place { id: self.id, no: self.no }
    }
}
