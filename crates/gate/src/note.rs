//! Signed notes: a text with the signature of a node's key below it, that anybody with the key's text can check.
//!
//! Source: C2SP signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::key::NodeKey;

/// The kind of an ed25519 key in a key's text.
const ED25519: u8 = 1;
/// Longest note and longest text of a key that are read, in bytes.
const NOTE_BYTES_MAX: usize = 1 << 20;
const KEY_BYTES_MAX: usize = 1_000;
/// Signatures of a note that are looked at.
const SIGNATURES_MAX: usize = 100;

/// A key to check notes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a note is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The key's text has another form.
    #[error("that is no key: a key looks like tower.example+1a2b3c4d+AbCd…, as `bongsu pack key` shows it")]
    Key,
    /// The note has another form.
    #[error("that is no signed note")]
    Form,
    /// No signature of the key.
    #[error("it is not signed with this key: another node made it, or the key is not the right one")]
    OtherKey,
    /// The signature does not hold.
    #[error("the signature does not hold: it was changed after it was signed")]
    Changed,
}

/// The four bytes by which a note names a key.
pub(crate) fn id_of(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

impl NoteKey {
    /// The public half of a node's key.
    #[must_use]
    pub fn of(key: &NodeKey) -> Self {
        Self { name: key.name().to_owned(), id: key.note_id(), key: key.verifying() }
    }

    /// The name of the node.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a note that is signed with this key, up to the last line break before the signatures.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Form);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        for line in signatures.lines().take(SIGNATURES_MAX) {
            let (name, signature) = line
                .strip_prefix("\u{2014} ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Form)?;
            let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Form)?;
            let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Form)?;
            if name == self.name && *id == self.id {
                let signature = Signature::from_slice(signature).map_err(|_| NoteError::Form)?;
                let held = self.key.verify_strict(text.as_bytes(), &signature);
                return held.map(|()| text).map_err(|_| NoteError::Changed);
            }
        }
        Err(NoteError::OtherKey)
    }
}

impl std::fmt::Display for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(bytes))
    }
}

impl std::str::FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let text = text.trim();
        if text.len() > KEY_BYTES_MAX {
            return Err(NoteError::Key);
        }
        // The last part may hold a plus sign itself.
        let mut parts = text.splitn(3, '+');
        let (name, id, bytes) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(id), Some(bytes)) if !name.is_empty() => (name, id, bytes),
            _ => return Err(NoteError::Key),
        };
        let bytes = STANDARD.decode(bytes).map_err(|_| NoteError::Key)?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(NoteError::Key) };
        let public: [u8; 32] = public.try_into().map_err(|_| NoteError::Key)?;
        let key = VerifyingKey::from_bytes(&public).map_err(|_| NoteError::Key)?;
        let found = Self { name: name.to_owned(), id: id_of(name, &public), key };
        match u32::from_str_radix(id, 16) {
            Ok(id) if id.to_be_bytes() == found.id => Ok(found),
            _ => Err(NoteError::Key),
        }
    }
}

impl NodeKey {
    /// A note: `text`, which must end with a line break, with this key's signature.
    #[must_use]
    pub fn note(&self, text: &str) -> String {
        let mut signature = self.note_id().to_vec();
        signature.extend_from_slice(&self.sign(text.as_bytes()));
        format!("{text}\n\u{2014} {} {}\n", self.name(), STANDARD.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_opens_with_its_key_alone_and_unchanged() {
        let signer = NodeKey::new("tower.test", &[7; 32]);
        let key: NoteKey = NoteKey::of(&signer).to_string().parse().unwrap();
        assert_eq!(key, NoteKey::of(&signer));
        let note = signer.note("tower.test/pack\none\n");
        assert_eq!(key.open(&note), Ok("tower.test/pack\none\n"));
        assert_eq!(key.open(&note.replace("one", "two")), Err(NoteError::Changed));
        for other in [NodeKey::new("tower.test", &[8; 32]), NodeKey::new("other.test", &[7; 32])] {
            assert_eq!(NoteKey::of(&other).open(&note), Err(NoteError::OtherKey));
        }
        for bad in ["", "text\n", "text\n\n\u{2014} tower.test x\n", "text\n\nno dash"] {
            assert_eq!(key.open(bad), Err(NoteError::Form), "{bad}");
        }
        let text = key.to_string();
        for bad in ["", "tower.test", "+1+2", &text.replace("tower", "power"), &text[..text.len() - 8]] {
            assert_eq!(bad.parse::<NoteKey>(), Err(NoteError::Key), "{bad}");
        }
    }

    /// A note that another implementation signed. Source: the test vector of Go's `golang.org/x/mod/sumdb/note`.
    #[test]
    fn a_note_of_another_implementation_opens() {
        let key: NoteKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature =
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
        assert_eq!(key.open(&note), Ok(text));
    }
}
