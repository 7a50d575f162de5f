//! The store: all lines of a node, with one writer and many readers in this process; in a database of PostgreSQL others may write
//! as well.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::backend::postgres::Settings;
use crate::backend::{Backend, BackendError, Role, Storage};
use crate::backup::{self, Since};
use crate::beside::{self, Beside};
use crate::bodies::{self, OnBody, given};
use crate::catalogue::{Catalogue, Entry};
use crate::erasing::{self, Account, ERASED_AT_ONCE_MAX, EraseError, Erased, Erasure};
use crate::failure::{OpenError, StorageError};
use crate::following::follow_until_closed;
use crate::growth::Growth;
use crate::load::load;
use crate::merkle::Hash;
use crate::queue::{BYTES_MAX, Queue, write_until_closed};
use crate::record::{Added, Draft, LineId, Outcome, Record, RecordKind, Seq};
use crate::shared::{LineState, Shared, apart, apart_while};
use crate::watching::{Load, OnGroup};
use crate::writer::{Answer, Erase, Job, Task};

/// Most records that [`Store::records`] gives at once.
pub const RECORDS_MAX: usize = 10_000;
/// Bytes of records beyond which no more are given at a time.
const RECORDS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long appending waits for room at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name of the file in a node's data folder.
pub const FILE: &str = "bongsu.sqlite";

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections kept for readers.
    pub readers: usize,
    /// The database of PostgreSQL in which the lines are; if there is none, they are in a file of SQLite in the store's folder.
    pub database: Option<Settings>,
    /// Bytes that may wait to be written; beyond it, appends are refused ([`StorageError::Busy`]).
    pub waiting_bytes_max: usize,
    /// Is told of each group of appends that was written together.
    pub on_group: Option<OnGroup>,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, database: None, waiting_bytes_max: BYTES_MAX, on_group: None }
    }
}

/// Gives the time, in microseconds since 1970-01-01T00:00:00Z. It may step back: order never depends on it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The writer's connection is to be the last, so that it leaves no log behind.
        let readers = std::mem::take(&mut *self.shared.readers.lock());
        match self.shared.storage.is_shared() && !readers.is_empty() {
            // Without a thread they go with this one.
            true => drop(apart("line-closer", move || drop(readers))),
            false => drop(readers),
        }
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
        let writer = storage.open(Role::Writer)?;
        writer.hold_still()?;
        let lines = load_all(&*writer)?;
        writer.look_on()?;
        // A node that was stopped after it had erased and before it had cleaned up.
        if writer.has_remains()? {
            match writer.scrub() {
                // Others are at it on a server that is shared, and what was erased stays marked: who serves takes it up again and again.
                Err(BackendError::Busy(_)) => {}
                scrubbed => scrubbed?,
            }
        }
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            beside: options.database.clone().map(Beside::new),
            behind: Mutex::default(),
            storage,
            lines: RwLock::new(lines),
            queue: Queue::new(options.waiting_bytes_max),
            on_group: options.on_group.clone(),
            growth: Growth::default(),
            clock,
            readers: Mutex::default(),
            readers_max: options.readers,
            _lock: lock,
        });
        let owner = Owner { shared: Arc::clone(&shared), threads: Mutex::default() };
        let begin = |name: &str, work: Box<dyn FnOnce() + Send>| -> Result<(), OpenError> {
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

    /// What nodes keep beside the lines, where several may share them; nothing for lines in a file, which this process has alone.
    #[must_use]
    pub fn beside(&self) -> Option<&Beside> {
        self.shared().beside.as_ref()
    }

    /// Why what other nodes append can't be taken in any more, if it can't: they may know kinds of records that this one does not, or
    /// the database has lost what was acknowledged.
    #[must_use]
    pub fn behind(&self) -> Option<String> {
        self.shared().behind.lock().clone()
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
    /// The outcomes are in the drafts' order. Appending what is there already gives [`Outcome::Present`]. While more waits than may, it
    /// waits for up to a minute.
    ///
    /// # Errors
    /// [`StorageError`]: then nothing of this call is in the line, but for [`StorageError::Unknown`]. Safe to repeat for what has an id.
    pub fn append(&self, line: LineId, drafts: Vec<Draft>) -> Result<Vec<Outcome>, StorageError> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let answer: Answer = Box::new(move |outcome| drop(send.send(outcome)));
        let (task, fences) = (Task::Append, beside::under());
        self.shared().queue.push(Job { line, drafts, task, fences, answer }, PATIENCE);
        receive.recv().unwrap_or(Err(StorageError::Closing))
    }

    /// As [`Store::append`], but calls `answer` when the drafts are durable; `answer` must not block. Waits for nothing: while more is
    /// queued than may, `answer` is told so ([`StorageError::Busy`]) before this returns. Gives whether it was let in.
    pub fn append_then(&self, line: LineId, drafts: Vec<Draft>, answer: Answer) -> bool {
        let (task, fences) = (Task::Append, beside::under());
        self.shared().queue.push(Job { line, drafts, task, fences, answer }, Duration::ZERO)
    }

    /// As [`Store::append_then`], for what belongs to something that was let in just now: however much is queued.
    pub fn append_beside(&self, line: LineId, drafts: Vec<Draft>, answer: Answer) {
        let (task, fences) = (Task::Append, beside::under());
        self.shared().queue.push_beside(Job { line, drafts, task, fences, answer });
    }

    /// Waits for up to a minute until more may be appended: for who has something to bring and time.
    pub fn wait_for_room(&self) {
        self.shared().queue.wait_for_room(PATIENCE);
    }

    /// How much it has to do, and how far those are behind who follow it.
    #[must_use]
    pub fn load(&self) -> Load {
        let shared = self.shared();
        let (appends, bytes) = shared.queue.waiting();
        Load { appends, bytes, bytes_max: shared.queue.bytes_max(), lags: shared.growth.lags() }
    }

    /// Asks where the lines are kept whether it answers. A database that does not is asked again for half a minute.
    ///
    /// # Errors
    /// [`StorageError`]: it does not.
    pub fn check(&self) -> Result<(), StorageError> {
        self.reading(|reader| reader.heads().map(drop))
    }

    /// Bytes that the lines take on the disk, if that can be told.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.reading(|reader| reader.bytes()).ok().flatten()
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
    /// one go, small gaps being skipped. They are given while others are still read, with few of them in memory.
    ///
    /// # Errors
    /// [`StorageError`]: some may have been given before.
    pub fn bodies(
        &self,
        line: LineId,
        seqs: &[Seq],
        on: &mut dyn FnMut(Seq, Added, &[u8]),
    ) -> Result<(), StorageError> {
        self.bodies_while(line, seqs, &mut |seq, added, body| {
            on(seq, added, &body);
            ControlFlow::Continue(())
        })
    }

    /// As [`Store::bodies`], until `on` wants no more: then little more is read than it took.
    ///
    /// # Errors
    /// [`StorageError`]: some may have been given before.
    pub fn bodies_while(&self, line: LineId, seqs: &[Seq], on: &mut OnBody<'_>) -> Result<(), StorageError> {
        let state = self.state(line)?;
        if !self.shared().storage.is_shared() {
            return self.reading_here(|reader| given(reader, &state, seqs, on));
        }
        let (mut passing, from) = bodies::way();
        let read = || {
            let read = self.reading_here(|reader| {
                given(reader, &state, seqs, &mut |seq, added, body| passing.body(seq, added, body))
            });
            let _taken_or_not_wanted = passing.pass();
            drop(passing);
            read
        };
        match apart_while("line-reader", read, || bodies::take(from, on))? {
            // Who wants no more need not know what came of the rest.
            (_, ControlFlow::Break(())) => Ok(()),
            (read, ControlFlow::Continue(())) => read,
        }
    }

    /// The records after `after`, at most `limit` (and at most 10,000), in order: for views and federation. Fewer where they are large;
    /// whoever wants all reads on behind the last until nothing comes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn records(&self, line: LineId, after: Seq, limit: usize) -> Result<Vec<Record>, StorageError> {
        let state = self.state(line)?;
        let until = Seq(after.0.saturating_add(limit.min(RECORDS_MAX) as u64));
        let (mut records, mut bytes) = (Vec::new(), 0);
        self.reading(|reader| {
            reader.scan_while(state.place(), after, until, &mut |row| {
                bytes += row.body.len();
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
                if bytes < RECORDS_BYTES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        })?;
        Ok(records)
    }

    /// Erases the bytes of records of any lines: all that are named are erased when this returns, durably, or none of up to
    /// [`ERASED_AT_ONCE_MAX`]. What is erased already is left as it is; of what was announced again, the first record is meant, not
    /// the announcement. Gives what was erased.
    ///
    /// The bytes may lie in the file's free space and its log until [`Store::scrub`] has run, which the next opening does at the
    /// latest; in a database, the next opening at which nothing older is under way on its server.
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
            let (line, drafts, fences) = (LineId::NODE, vec![draft], beside::under());
            self.shared().queue.push(Job { line, drafts, task, fences, answer }, PATIENCE);
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
        self.shared().queue.push(Job { line, drafts, task, fences: Vec::new(), answer }, PATIENCE);
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

    /// As [`Store::wait_for_growth`], by a follower that [`Store::load`] knows by this name; one thread waits under one name.
    #[must_use]
    pub fn wait_for_growth_as(&self, name: &'static str, seen: u64, timeout: Duration) -> u64 {
        self.shared().growth.wait_as(name, seen, timeout)
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

    /// Copies to the file `to` what came since the copy in the file `earlier` was made, and what was erased since: with it, and those
    /// before it, [`crate::restoring::restore`] makes the lines anew. Readable for its owner alone; made while the store is in use.
    ///
    /// # Errors
    /// [`StorageError`]: also when `earlier` is no copy of these lines.
    pub fn backup_since(&self, earlier: &Path, to: &Path) -> Result<Since, StorageError> {
        let failed = |error: std::io::Error| StorageError::Backend(format!("{}: {error}", to.display()));
        let file = private(to).map_err(failed)?;
        let since = self.reading(|reader| backup::since(reader, earlier, to))?;
        file.sync_all().map_err(failed)?;
        Ok(since)
    }

    /// Reads something; from a database on a thread of its own, because who reads may serve many on this one.
    fn reading<T: Send>(
        &self,
        read: impl FnOnce(&dyn Backend) -> Result<T, BackendError> + Send,
    ) -> Result<T, StorageError> {
        match self.shared().storage.is_shared() {
            true => apart("line-reader", || self.reading_here(read))?,
            false => self.reading_here(read),
        }
    }

    fn reading_here<T>(
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

/// All lines as they are stored.
fn load_all(backend: &dyn Backend) -> Result<HashMap<LineId, Arc<LineState>>, OpenError> {
    let (mut lines, mut account) = (HashMap::new(), Account::default());
    for head in backend.heads()? {
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
