//! A place for a store: a database of its own, and a folder for the rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_line::restoring::{RestoreError, Restored, restore};
use bongsu_line::store::Clock;
use bongsu_line::{Database, OpenError, Options, Store, VerifyReport, verify};

use crate::server::{Server, dialect};

/// How many cases a property is tried with.
pub(crate) const CASES: u32 = 8;

/// How a database of a server is reached.
pub(crate) fn settings(server: &Server, name: &str) -> Database {
    Database::new(&server.address(name), None, None).unwrap().speaking(dialect().parse().unwrap())
}

/// Where a store is while a test needs it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    name: String,
    database: Database,
}

impl Home {
    pub(crate) fn new() -> Self {
        let server = Server::shared();
        let name = server.database();
        Self { folder: tempfile::tempdir().unwrap(), database: settings(server, &name), name }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn client(&self) -> postgres::Client {
        Server::shared().client(&self.name)
    }

    pub(crate) fn open(&self, clock: Clock) -> Result<Store, OpenError> {
        self.open_beside(self.folder(), clock)
    }

    /// Opens it as another process would, which has another folder.
    pub(crate) fn open_beside(&self, folder: &Path, clock: Clock) -> Result<Store, OpenError> {
        Store::open(folder, &Options { database: Some(self.database.clone()), ..Options::default() }, clock)
    }

    /// Opens it with so many bytes that may wait to be written.
    pub(crate) fn open_with(&self, waiting_bytes_max: usize) -> Result<Store, OpenError> {
        let database = Some(self.database.clone());
        let options = Options { database, waiting_bytes_max, ..Options::default() };
        Store::open(self.folder(), &options, Arc::new(|| 1_000))
    }

    /// Makes lines anew here from copies.
    pub(crate) fn restore(&self, copies: &[PathBuf], until: Option<i64>) -> Result<Restored, RestoreError> {
        restore(copies, (self.folder(), Some(&self.database)), until, 5_000_000, &mut |_, _| ())
    }

    /// Does something while nothing can be written.
    pub(crate) fn stalled<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut other = self.client();
        other.batch_execute("BEGIN; LOCK TABLE line IN EXCLUSIVE MODE").unwrap();
        let done = work();
        other.batch_execute("ROLLBACK").unwrap();
        done
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        verify(self.folder(), Some(&self.database), &mut |_, _| {}).unwrap()
    }

    /// Whether any file of the database's tables holds the text; the log of what was written is the server's, which keeps it for a
    /// while.
    pub(crate) fn holds(&self, text: &str) -> bool {
        Server::shared().each(&self.name).any(|(folder, mut client)| {
            client.batch_execute("CHECKPOINT").unwrap();
            let number: u32 = client
                .query_one("SELECT oid FROM pg_database WHERE datname = current_database()", &[])
                .unwrap()
                .get(0);
            std::fs::read_dir(folder.join(format!("data/base/{number}"))).unwrap().any(|entry| {
                // A file may go while it is looked for.
                let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            })
        })
    }
}
