//! The one connection that writes to a file of SQLite, and the thread that moves its write-ahead log into the file meanwhile.
//!
//! When the log has grown long all the same, the writer itself lets it begin anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::sqlite::Sqlite;
use super::{Backend, BackendError, Batch, HeadRow, OnRowWhile, Place};
use crate::record::Seq;

/// Bytes written after which the log is moved into the file.
const MOVE_AFTER_BYTES: u64 = 8 * 1024 * 1024;
/// Pages of the log (of 4 KiB) after which the writer lets it begin anew: 64 MiB. A log that is written over needs no new
/// blocks, so a commit writes its bytes and nothing else.
const LOG_PAGES_MAX: u64 = 16 * 1024;
/// Bytes that a record takes beside its body, about.
const ROW_BYTES: usize = 256;

/// What the writer and the mover of the log tell each other.
#[derive(Default)]
struct Log {
    /// Bytes written since the log was last moved; `None` when the writer has ended.
    written: Mutex<Option<u64>>,
    grown: Condvar,
    /// Pages in the log when it was last moved.
    pages: AtomicU64,
}

impl Log {
    fn note(&self, bytes: u64) {
        let mut written = self.written.lock();
        let sum = written.unwrap_or_default() + bytes;
        *written = Some(sum);
        drop(written);
        if sum >= MOVE_AFTER_BYTES {
            self.grown.notify_one();
        }
    }

    /// Moves the log whenever it has grown, until the writer ends.
    fn move_until_closed(&self, sqlite: &Sqlite) {
        loop {
            let mut written = self.written.lock();
            while written.is_some_and(|bytes| bytes < MOVE_AFTER_BYTES) {
                self.grown.wait(&mut written);
            }
            if written.is_none() {
                return;
            }
            *written = Some(0);
            drop(written);
            // What can't be moved now stays in the log, where it is as safe; the next turn tries again.
            if let Ok(pages) = sqlite.move_log() {
                self.pages.store(pages, Ordering::Relaxed);
            }
        }
    }
}

/// The writer.
pub(super) struct SqliteWriter {
    sqlite: Sqlite,
    log: Arc<Log>,
    mover: Option<JoinHandle<()>>,
}

impl SqliteWriter {
    /// Opens the file, and makes the tables if they are not there.
    pub(super) fn open(path: &Path) -> Result<Self, BackendError> {
        let sqlite = Sqlite::writer(path)?;
        let log = Arc::new(Log::default());
        *log.written.lock() = Some(0);
        let mover = Sqlite::mover(path).ok().and_then(|mover| {
            let log = Arc::clone(&log);
            let thread = std::thread::Builder::new().name("log-mover".to_owned());
            thread.spawn(move || log.move_until_closed(&mover)).ok()
        });
        Ok(Self { sqlite, log, mover })
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        *self.log.written.lock() = None;
        self.log.grown.notify_all();
        if let Some(mover) = self.mover.take() {
            // A mover that failed has left everything in the log.
            let _ = mover.join();
        }
        // So that the file alone is the store when nobody has it open.
        let _left_to_the_next = self.sqlite.empty_log();
    }
}

impl Backend for SqliteWriter {
    fn heads(&self) -> Result<Vec<HeadRow>, BackendError> {
        self.sqlite.heads()
    }

    fn scan_while(
        &self,
        line: Place,
        after: Seq,
        until: Seq,
        on: &mut OnRowWhile<'_>,
    ) -> Result<(), BackendError> {
        self.sqlite.scan_while(line, after, until, on)
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), BackendError> {
        self.sqlite.commit(batch)?;
        let bytes: usize = batch.records.iter().map(|row| row.body.len() + ROW_BYTES).sum();
        self.log.note(bytes as u64);
        Ok(())
    }

    fn settle(&mut self) {
        if self.log.pages.load(Ordering::Relaxed) > LOG_PAGES_MAX || self.mover.is_none() {
            // Most of it is moved already. A reader in the way only puts it off until the mover has counted again.
            let _put_off = self.sqlite.restart_log();
            self.log.pages.store(0, Ordering::Relaxed);
        }
    }

    fn has_remains(&self) -> Result<bool, BackendError> {
        self.sqlite.has_remains()
    }

    fn scrub(&self) -> Result<(), BackendError> {
        self.sqlite.scrub()
    }

    fn backup(&self, to: &Path) -> Result<(), BackendError> {
        self.sqlite.backup(to)
    }

    fn bytes(&self) -> Result<Option<u64>, BackendError> {
        self.sqlite.bytes()
    }

    fn fault(&self) -> Result<Option<String>, BackendError> {
        self.sqlite.fault()
    }

    fn wait(&self, timeout: Duration) -> Result<(), BackendError> {
        self.sqlite.wait(timeout)
    }
}
