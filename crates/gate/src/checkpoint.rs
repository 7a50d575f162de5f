//! Checkpoints: the size and root of a line, signed, so that two members can see that they see the same history.
//!
//! Source: C2SP tlog-checkpoint and signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use line::{LineId, StorageError};

use crate::opening::Gate;

/// A signed statement about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Records in the line.
    pub size: u64,
    /// The Merkle root over them.
    pub root: [u8; 32],
    /// The signed note: origin, size, root, an empty line, the signature.
    pub note: String,
}

impl Gate {
    /// The checkpoint of a line as it stands. Its origin is `NODE/LINE`.
    ///
    /// # Errors
    /// [`StorageError::NoSuchLine`].
    pub fn checkpoint(&self, line: LineId) -> Result<Checkpoint, StorageError> {
        let (size, root) = self.store().root(line)?;
        let key = self.key();
        let text = format!("{}/{line}\n{size}\n{}\n", key.name(), STANDARD.encode(root));
        let note = key.note(&text);
        Ok(Checkpoint { size, root, note })
    }
}
