//! Checkpoints: the size and root of a circle's public tree, signed, so that two members can see that they see the same history.
//!
//! Source: C2SP tlog-checkpoint and signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use line::{LineId, StorageError};

use crate::key::NodeKey;
use crate::note::{NoteError, NoteKey};
use crate::opening::Gate;

/// What stands between a node's name and the line's id in an origin.
const LINE: &str = "/line/";

/// A signed statement about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of: `NODE/line/LINE`.
    pub origin: String,
    /// Records in the line.
    pub size: u64,
    /// The Merkle root over the commitments to them.
    pub root: [u8; 32],
    /// The signed note: origin, size, root, an empty line, the signatures.
    pub note: String,
}

impl Checkpoint {
    /// Reads a note that a node has signed with `key`. The origin must be one of that node.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn read(note: &str, key: &NoteKey) -> Result<Self, NoteError> {
        let checkpoint = Self::of_text(key.open(note)?, note)?;
        match checkpoint.origin.strip_prefix(key.name()).is_some_and(|rest| rest.starts_with(LINE)) {
            true => Ok(checkpoint),
            false => Err(NoteError::OtherKey),
        }
    }

    /// Takes a checkpoint apart whose signatures nobody has looked at.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn read_unverified(note: &str) -> Result<Self, NoteError> {
        let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
        Self::of_text(&note[..=at], note)
    }

    fn of_text(text: &str, note: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Form);
        };
        // In decimal without zeroes in front, so that one size is written in one way.
        let size: u64 =
            size.parse().ok().filter(|read: &u64| read.to_string() == size).ok_or(NoteError::Form)?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok()).ok_or(NoteError::Form)?;
        if origin.is_empty() {
            return Err(NoteError::Form);
        }
        Ok(Self { origin: origin.to_owned(), size, root, note: note.to_owned() })
    }

    /// The text without the signatures, up to its last line break.
    #[must_use]
    pub fn text(&self) -> &str {
        self.note.rfind("\n\n").map_or(self.note.as_str(), |at| &self.note[..=at])
    }

    /// The same with more signature lines.
    #[must_use]
    pub fn with(mut self, signatures: &str) -> Self {
        self.note.push_str(signatures);
        self
    }
}

impl NodeKey {
    /// What checkpoints of a line are said to be of.
    #[must_use]
    pub fn origin(&self, line: LineId) -> String {
        format!("{}{LINE}{line}", self.name())
    }
}

/// The line of an origin of the node with this name; `None` if it is not of that form.
#[must_use]
pub fn line_of(origin: &str, node: &str) -> Option<LineId> {
    let line = origin.strip_prefix(node)?.strip_prefix(LINE)?;
    let id = LineId::new(line.parse().ok()?);
    (id.to_string() == line).then_some(id)
}

impl Gate {
    /// The checkpoint of a circle's line as it stands.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn checkpoint(&self, line: LineId) -> Result<Checkpoint, StorageError> {
        let (size, root) = self.grown(line)?;
        let key = self.key();
        let origin = key.origin(line);
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let note = key.note(&text);
        Ok(Checkpoint { origin, size, root, note })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_checkpoint_is_read_strictly_and_only_of_its_own_node() {
        let key = NodeKey::new("tower.test", &[7; 32]);
        let public = NoteKey::of(&key);
        let line = LineId::new(Uuid::from_u128(5));
        let root = STANDARD.encode([3; 32]);
        let note = key.note(&format!("{}\n12\n{root}\n", key.origin(line)));
        let read = Checkpoint::read(&note, &public).unwrap();
        assert_eq!((read.size, read.root, read.text().lines().count()), (12, [3; 32], 3));
        assert_eq!(line_of(&read.origin, "tower.test"), Some(line));
        assert_eq!(line_of(&read.origin, "tower.tes"), None);
        assert_eq!(Checkpoint::read_unverified(&note), Ok(read));
        for bad in [
            format!("other.test/line/{line}\n12\n{root}\n"),
            format!("{}\n012\n{root}\n", key.origin(line)),
            format!("{}\n+12\n{root}\n", key.origin(line)),
            format!("{}\n12\nAAAA\n", key.origin(line)),
            format!("{}\n12\n", key.origin(line)),
            format!("\n12\n{root}\n"),
        ] {
            assert!(Checkpoint::read(&key.note(&bad), &public).is_err(), "{bad}");
        }
        assert!(Checkpoint::read(&note.replace("12", "13"), &public).is_err());
    }
}
