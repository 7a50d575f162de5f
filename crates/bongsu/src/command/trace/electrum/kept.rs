//! The folder of what was fetched: a document that proves itself, and the chain's headers.
//!
//! Both are written whole or not at all, the headers first. What the document has of blocks that these headers do not have is taken away when
//! the next run begins.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use trace::chain::bitcoin::electrum::{CHAIN_MAX, FORM_BYTES_MAX, HEADER_BYTES, Headers, Reached};
use trace::chain::bitcoin::{Magic, written};

use super::super::blocks::Blocks;
use crate::exit::Failure;

/// What was reached.
const DOCUMENT: &str = "electrum.json";
/// The headers.
const HEADERS: &str = "headers.dat";
/// Held by the run that writes.
const LOCK: &str = "electrum.lock";
/// Longest file of headers.
const HEADERS_BYTES_MAX: u64 = 8 + (CHAIN_MAX * HEADER_BYTES) as u64;
/// What is not known that is told one by one.
const LEFT_SHOWN: usize = 20;

/// Whether a path leads to what was fetched.
pub(in super::super) fn is_at(path: &Path) -> bool {
    document(path).is_file()
}

/// The file that changes whenever something was fetched.
pub(in super::super) fn document(folder: &Path) -> PathBuf {
    folder.join(DOCUMENT)
}

/// Reads what was fetched, as blocks that have nothing else; `asked` is the chain of which it is to be, if that is said.
///
/// # Errors
/// When it can't be read, or does not prove itself.
pub(in super::super) fn blocks(folder: &Path, asked: Option<Magic>) -> Result<Blocks, Failure> {
    let path = document(folder);
    let reached = read(&path)?.ok_or_else(|| Failure::usage(format!("{} is not there", path.display())))?;
    if asked.is_some_and(|asked| asked != reached.magic()) {
        let other = Failure::usage(format!("{} holds {}", path.display(), reached.magic().chain()));
        return Err(other.hint("say its --network"));
    }
    let coins = reached.coins().map_err(|error| damaged(&path, &error))?;
    Ok(Blocks { coins, chain: reached.blocks().collect(), beside: 0, faults: left(&reached) })
}

/// What is not known, for people.
pub(super) fn left(reached: &Reached) -> Vec<String> {
    let mut told = Vec::new();
    let mut all = reached.left();
    for (output, why) in all.by_ref().take(LEFT_SHOWN) {
        told.push(format!(
            "who spends {}:{} is not known: {why}",
            written(&output.transaction),
            output.output
        ));
    }
    let more = all.count();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

/// A folder that this run alone writes to.
pub(super) struct Folder {
    path: PathBuf,
    /// Kept open, since the lock goes with it.
    _lock: File,
}

impl Folder {
    /// Opens it, and makes it if it is not there.
    ///
    /// # Errors
    /// When it can't be made, holds something else, or another run writes to it.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(|error| failed(&error))?;
        if path.join(trace::store::MANIFEST).exists() {
            return Err(failed(&"it is a store of transfers")
                .hint("name another folder, or one that is not there yet"));
        }
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| failed(&error))?;
        lock.try_lock().map_err(|_| failed(&"another `bongsu trace electrum` writes to it"))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// What was reached by earlier runs, if there were any.
    pub(super) fn reached(&self) -> Result<Option<Reached>, Failure> {
        read(&document(&self.path))
    }

    /// The headers that earlier runs got.
    pub(super) fn headers(&self, magic: Magic) -> Result<Option<Headers>, Failure> {
        let path = self.path.join(HEADERS);
        let bytes = bytes(&path, HEADERS_BYTES_MAX)?;
        let headers = bytes.map(|bytes| Headers::read(magic, &bytes).map_err(|error| damaged(&path, &error)));
        headers.transpose()
    }

    /// Keeps both: durably, when this returns.
    pub(super) fn write(&self, headers: &Headers, reached: &Reached) -> Result<(), Failure> {
        self.put(HEADERS, &headers.written())?;
        self.put(DOCUMENT, reached.written().as_bytes())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".electrum-").tempfile_in(&self.path)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
    }
}

fn read(path: &Path) -> Result<Option<Reached>, Failure> {
    let bytes = bytes(path, FORM_BYTES_MAX as u64)?;
    bytes.map(|bytes| Reached::read(&bytes).map_err(|error| damaged(path, &error))).transpose()
}

fn bytes(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} can't be read: {error}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} is damaged: {error}", path.display()))
        .hint("remove the folder, and fetch it anew with `bongsu trace electrum`")
}

/// Outputs, each once.
pub(super) type Outpoints = BTreeSet<trace::chain::bitcoin::Outpoint>;
