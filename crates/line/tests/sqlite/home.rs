//! A place for a store: a folder of its own.

use std::path::Path;

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
