//! A place for a store: a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_line::restoring::{RestoreError, Restored, restore};
use bongsu_line::store::Clock;
use bongsu_line::{OpenError, Options, Store, VerifyReport, verify};

/// How many cases a property is tried with.
pub(crate) const CASES: u32 = 48;

/// Where a store is while a test needs it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn open(&self, clock: Clock) -> Result<Store, OpenError> {
        Store::open(self.folder(), &Options::default(), clock)
    }

    /// Opens it with so many bytes that may wait to be written.
    pub(crate) fn open_with(&self, waiting_bytes_max: usize) -> Result<Store, OpenError> {
        let options = Options { waiting_bytes_max, ..Options::default() };
        Store::open(self.folder(), &options, Arc::new(|| 1_000))
    }

    /// Makes lines anew here from copies.
    pub(crate) fn restore(&self, copies: &[PathBuf], until: Option<i64>) -> Result<Restored, RestoreError> {
        restore(copies, (self.folder(), None), until, 5_000_000, &mut |_, _| ())
    }

    /// Does something while nothing can be written.
    pub(crate) fn stalled<T>(&self, work: impl FnOnce() -> T) -> T {
        let other = rusqlite::Connection::open(self.folder().join(bongsu_line::store::FILE)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let done = work();
        other.execute_batch("ROLLBACK").unwrap();
        done
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        verify(self.folder(), None, &mut |_, _| {}).unwrap()
    }

    /// Whether any file of the store holds the text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let holds = |path: &Path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        std::fs::read_dir(self.folder()).unwrap().any(|entry| holds(&entry.unwrap().path()))
    }
}
