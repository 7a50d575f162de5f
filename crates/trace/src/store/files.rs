//! The files of a store: written once, front to back, with a checksum, and then never changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::error::{Damage, StoreError};

/// So many bytes are written at once, each piece behind a whole number of them: systems that keep files in memory in pages as large as what is
/// written then map these as large, and a trace, which reads at random places, looks up far fewer of them (a tenth of its time on 10 million
/// transfers and half of its first run, on Linux 6.18 with ext4). Elsewhere it costs nothing.
const PIECE_BYTES: usize = 2 << 20;
/// So many numbers are made bytes at once.
const NUMBERS: usize = 64 * 1024;
/// After so many bytes the disk is asked to begin, so that little is left to do at the end.
const SYNC_EVERY_BYTES: u64 = 32 << 20;
/// How many bytes are read at a time to check a file.
const CHECK_BYTES: usize = 1 << 20;

/// What a file has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Its length.
    pub(crate) bytes: u64,
    /// The CRC-32 (IEEE 802.3) of its bytes.
    pub(crate) crc: u32,
}

/// Stamps of the files of a folder, by name.
pub(crate) type Stamps = BTreeMap<String, Stamp>;

/// Where a store's files are.
#[derive(Debug, Clone)]
pub(crate) enum Shelf<'a> {
    /// In a folder.
    Folder(PathBuf),
    /// In memory, by their path in the folder: for tests.
    Held(&'a BTreeMap<String, Vec<u8>>),
}

impl Shelf<'_> {
    /// The path of a file, for messages.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Held(_) => PathBuf::from(name),
        }
    }

    /// Opens a file and checks its length.
    pub(crate) fn open(&self, folder: &str, name: &str, stamps: &Stamps) -> Result<Bytes, StoreError> {
        let full = format!("{folder}/{name}");
        let path = self.path(&full);
        let Some(stamp) = stamps.get(name) else {
            return Err(StoreError::damaged(path, Damage::Nonsense("the manifest doesn't know it")));
        };
        let bytes = match self {
            Self::Folder(_) => {
                let file = File::open(&path).map_err(|source| absent_or(source, &path))?;
                let found = file.metadata().map_err(StoreError::io("look at", &path))?.len();
                if found != stamp.bytes {
                    return Err(StoreError::damaged(path, Damage::Length { expected: stamp.bytes, found }));
                }
                Bytes::map(&file).map_err(StoreError::io("map", &path))?
            }
            Self::Held(files) => match files.get(&full) {
                Some(bytes) => Bytes::Held(bytes.clone()),
                None => return Err(StoreError::damaged(path, Damage::Missing)),
            },
        };
        if bytes.len() as u64 != stamp.bytes {
            let damage = Damage::Length { expected: stamp.bytes, found: bytes.len() as u64 };
            return Err(StoreError::damaged(path, damage));
        }
        Ok(bytes)
    }
}

/// A file that should be there: its absence is damage, anything else the system's business.
fn absent_or(source: std::io::Error, path: &Path) -> StoreError {
    match source.kind() {
        std::io::ErrorKind::NotFound => StoreError::damaged(path, Damage::Missing),
        _ => StoreError::io("open", path)(source),
    }
}

/// Whether bytes have their checksum.
pub(crate) fn check(bytes: &[u8], stamp: Stamp) -> Result<(), Damage> {
    let mut hasher = crc32fast::Hasher::new();
    bytes.chunks(CHECK_BYTES).for_each(|chunk| hasher.update(chunk));
    if hasher.finalize() == stamp.crc { Ok(()) } else { Err(Damage::Checksum) }
}

/// Asks the disk, on a thread of its own, to keep what has been written so far.
///
/// What it reports of failures is not needed: each file is synced once more, and asked, before it counts.
#[derive(Debug)]
pub(crate) struct Syncer {
    sender: Option<Sender<Arc<File>>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Begins.
    pub(crate) fn new() -> Self {
        let (sender, files) = channel::<Arc<File>>();
        let thread = std::thread::spawn(move || {
            for file in files {
                let _ = file.sync_data();
            }
        });
        Self { sender: Some(sender), thread: Some(thread) }
    }

    fn sync(&self, file: &Arc<File>) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(Arc::clone(file));
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Out {
    path: PathBuf,
    file: Arc<File>,
    /// Less than a piece.
    buffer: Vec<u8>,
    hasher: crc32fast::Hasher,
    bytes: u64,
    asked: u64,
}

impl Out {
    /// Begins a file.
    pub(crate) fn create(path: PathBuf) -> Result<Self, StoreError> {
        let file = File::create_new(&path).map_err(StoreError::io("create", &path))?;
        let hasher = crc32fast::Hasher::new();
        Ok(Self { path, file: Arc::new(file), buffer: Vec::new(), hasher, bytes: 0, asked: 0 })
    }

    /// Adds bytes at the end.
    pub(crate) fn write(&mut self, bytes: &[u8], syncer: &Syncer) -> Result<(), StoreError> {
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((fits, more)) = rest.split_at_checked(PIECE_BYTES - self.buffer.len()) {
            if self.buffer.is_empty() {
                self.put(fits)?;
            } else {
                self.buffer.extend_from_slice(fits);
                self.flush()?;
            }
            rest = more;
        }
        self.buffer.extend_from_slice(rest);
        if self.bytes - self.asked >= SYNC_EVERY_BYTES {
            self.asked = self.bytes;
            syncer.sync(&self.file);
        }
        Ok(())
    }

    /// Adds numbers at the end, four bytes each.
    pub(crate) fn write_u32s(&mut self, numbers: &[u32], syncer: &Syncer) -> Result<(), StoreError> {
        let mut bytes = Vec::with_capacity(NUMBERS * 4);
        for chunk in numbers.chunks(NUMBERS) {
            bytes.clear();
            bytes.extend(chunk.iter().flat_map(|number| number.to_le_bytes()));
            self.write(&bytes, syncer)?;
        }
        Ok(())
    }

    /// Ends the file; it is on the disk when this returns.
    pub(crate) fn finish(mut self) -> Result<Stamp, StoreError> {
        self.flush()?;
        self.file.sync_all().map_err(StoreError::io("sync", &self.path))?;
        Ok(Stamp { bytes: self.bytes, crc: self.hasher.finalize() })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.put(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.file.as_ref().write_all(bytes).map_err(StoreError::io("write", &self.path))
    }
}

/// A folder that is being written, and is removed again unless it is kept.
#[derive(Debug)]
pub(crate) struct NewFolder {
    path: PathBuf,
    kept: bool,
}

impl NewFolder {
    /// Makes the folder.
    pub(crate) fn create(path: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir(&path).map_err(StoreError::io("create", &path))?;
        Ok(Self { path, kept: false })
    }

    /// Begins a file in it.
    pub(crate) fn file(&self, name: &str) -> Result<Out, StoreError> {
        Out::create(self.path.join(name))
    }

    /// Syncs the list of its files.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        sync_folder(&self.path)
    }

    /// From now on it stays.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.kept {
            // What is left behind no manifest names; whoever writes next removes it.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", path))
}
