//! Writing to a store.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use super::append::Append;
use super::error::{NameError, StoreError};
use super::manifest::{self, Manifest};
use super::names::key::Key;
use super::open::Store;

/// The file that a writer holds a lock on.
const LOCK: &str = "lock";
/// What the names of this program's folders begin with.
const FOLDERS: [&str; 4] = ["segment-", "accounts-", "assets-", "decimals-"];

/// Sizes that a writer keeps to. The ordinary ones serve; tests have smaller ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A segment is ended when it has so many transfers. While it is being written it takes 8 bytes of memory for each, and
    /// three times as much at its end.
    pub segment_rows: u32,
    /// How many transfers that aren't in order are sorted in memory: about 200 bytes for each.
    pub sort_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { segment_rows: 1 << 25, sort_rows: 1 << 20 }
    }
}

/// The one that writes to a store.
#[derive(Debug)]
pub struct Writer {
    pub(super) folder: PathBuf,
    pub(super) limits: Limits,
    pub(super) store: Store,
    /// Held until the writer is dropped.
    _lock: File,
}

impl Writer {
    /// Makes an empty store in a folder, which is made too, or is empty.
    ///
    /// # Errors
    /// [`StoreError::Occupied`], [`StoreError::Name`] if the chain's name is none, [`StoreError::Io`].
    pub fn create(folder: &Path, chain: &str) -> Result<Self, StoreError> {
        if let Err(reason) = Key::parse(chain.as_bytes()) {
            return Err(StoreError::Name { what: "chain", reason });
        }
        fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        let mut entries = fs::read_dir(folder).map_err(StoreError::io("read", folder))?;
        if entries.next().is_some() {
            return Err(StoreError::Occupied { path: folder.to_owned() });
        }
        let lock = lock(folder)?;
        // Numbers of names depend on the order in which they come, and only the time of a look-up on this secret.
        let seed = RandomState::new().hash_one(chain);
        Manifest::new(chain.to_owned(), seed).replace(folder)?;
        Self::locked(folder, lock)
    }

    /// Opens a store for writing, and removes what an append that was cut off has left behind.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process writes; else as [`Store::open`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if !folder.join(manifest::NAME).exists() {
            return Err(StoreError::Absent { path: folder.to_owned() });
        }
        let lock = lock(folder)?;
        Self::locked(folder, lock)
    }

    fn locked(folder: &Path, lock: File) -> Result<Self, StoreError> {
        let store = Store::open(folder)?;
        let writer = Self { folder: folder.to_owned(), limits: Limits::default(), store, _lock: lock };
        writer.sweep()?;
        Ok(writer)
    }

    /// The same with other sizes.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The store as it is now.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Begins to append. Nothing is changed before [`Append::finish`].
    #[must_use]
    pub fn append(&mut self) -> Append<'_> {
        Append::new(self)
    }

    /// Drops all transfers of a block and those behind it, as after a reorganisation of the chain.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Damaged`]; then nothing is dropped.
    pub fn drop_from(&mut self, block: u64) -> Result<u64, StoreError> {
        let mut append = self.append();
        append.drop_from(block)?;
        Ok(append.finish()?.dropped)
    }

    /// Makes a new state the store's: the manifest is replaced, and what the new one doesn't name is removed.
    pub(super) fn commit(&mut self, manifest: &Manifest) -> Result<(), StoreError> {
        manifest.replace(&self.folder)?;
        self.store = Store::open(&self.folder)?;
        self.sweep()
    }

    /// Removes folders that the manifest doesn't name, and a manifest that never became one.
    fn sweep(&self) -> Result<(), StoreError> {
        let named: HashSet<_> = self.store.manifest().folders().collect();
        let entries = fs::read_dir(&self.folder).map_err(StoreError::io("read", &self.folder))?;
        for entry in entries {
            let entry = entry.map_err(StoreError::io("read", &self.folder))?;
            let (name, path) = (entry.file_name(), entry.path());
            let Some(name) = name.to_str() else { continue };
            if name == manifest::NEXT {
                fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            } else if FOLDERS.iter().any(|prefix| name.starts_with(prefix)) && !named.contains(name) {
                fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Takes the lock, which the system gives back when the process ends.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", &path)(source)),
    }
}

/// For messages: which name is wrong.
pub(super) fn named<T>(what: &'static str, name: Result<T, NameError>) -> Result<T, StoreError> {
    name.map_err(|reason| StoreError::Name { what, reason })
}
