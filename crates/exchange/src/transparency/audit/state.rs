//! What a member keeps of its audits: for each line the last checkpoint that held, where the reading of objects stands, and
//! evidence.
//!
//! In the folder lies one folder for each origin (its SHA-256, as names of nodes may hold anything), and in it `checkpoint` (the
//! signed note, as it came), `cursor`, and `evidence-….json`. Each file is whole at any time.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use gate::Checkpoint;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::pull::taxii::Cursor;
use crate::transparency::cosign::write;

/// Bytes of a kept file that are read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why what is kept can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file can't be read or written.
    #[error("{} can't be used: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("{} is no checkpoint of {origin}: it was damaged, or put there by somebody else", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What it should be of.
        origin: String,
    },
}

/// What is kept of one line.
pub(super) struct State {
    folder: PathBuf,
    origin: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl State {
    pub(super) fn of(folder: &Path, origin: &str) -> Self {
        let name = hex(&Sha256::digest(origin)[..16]);
        Self { folder: folder.join(name), origin: origin.to_owned() }
    }

    fn read(&self, name: &str) -> Result<Option<String>, StateError> {
        let path = self.folder.join(name);
        let mut text = String::new();
        let read =
            std::fs::File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::Io { path, source }),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, StateError> {
        let path = self.folder.join(name);
        write(&path, text).map_err(|source| StateError::Io { path: path.clone(), source })?;
        Ok(path)
    }

    /// The last checkpoint that held.
    pub(super) fn checkpoint(&self) -> Result<Option<Checkpoint>, StateError> {
        let Some(note) = self.read("checkpoint")? else { return Ok(None) };
        let known = Checkpoint::read_unverified(&note).ok().filter(|known| known.origin == self.origin);
        let damaged =
            || StateError::Damaged { path: self.folder.join("checkpoint"), origin: self.origin.clone() };
        known.map(Some).ok_or_else(damaged)
    }

    pub(super) fn keep_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StateError> {
        self.write("checkpoint", &checkpoint.note).map(drop)
    }

    /// Where reading stands.
    pub(super) fn cursor(&self) -> Result<Cursor, StateError> {
        Ok(self.read("cursor")?.map(|text| Cursor::read(&text)).unwrap_or_default())
    }

    pub(super) fn keep_cursor(&self, cursor: &Cursor) -> Result<(), StateError> {
        self.write("cursor", &cursor.to_text()).map(drop)
    }

    /// Keeps two checkpoints that can't both be true; gives the file. The same ones are kept once.
    pub(super) fn keep_evidence(
        &self,
        what: &str,
        first: &Checkpoint,
        second: &Checkpoint,
        proof: &[String],
    ) -> Result<PathBuf, StateError> {
        let evidence = json!({
            "what": what, "origin": self.origin, "first": first.note, "second": second.note, "proof": proof,
        });
        let hash = Sha256::new().chain_update(&first.note).chain_update(&second.note).finalize();
        self.write(&format!("evidence-{}.json", hex(&hash[..8])), &format!("{evidence:#}\n"))
    }
}
