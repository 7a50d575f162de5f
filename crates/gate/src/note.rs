//! Signed notes: a text with the signature of a node's key below it, that anybody with the key's text can check.
//!
//! Source: C2SP signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::key::NodeKey;

/// The kind of an ed25519 key in a key's text.
pub(crate) const ED25519: u8 = 1;
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

/// The four bytes by which a note names a key of this kind.
pub(crate) fn id_of(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(public).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// A key's text. Source: C2SP signed-note, "Verifier keys".
pub(crate) fn key_text(name: &str, id: [u8; 4], kind: u8, public: &[u8; 32]) -> String {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(public);
    format!("{name}+{:08x}+{}", u32::from_be_bytes(id), STANDARD.encode(bytes))
}

/// Name, id and key of the text of a key of this kind.
pub(crate) fn key_of(text: &str, kind: u8) -> Result<(String, [u8; 4], VerifyingKey), NoteError> {
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
    let public = bytes.split_first().filter(|(found, _)| **found == kind).map(|(_, public)| public);
    let public: [u8; 32] = public.and_then(|public| public.try_into().ok()).ok_or(NoteError::Key)?;
    let key = VerifyingKey::from_bytes(&public).map_err(|_| NoteError::Key)?;
    let found = id_of(name, kind, &public);
    match u32::from_str_radix(id, 16) {
        Ok(id) if id.to_be_bytes() == found => Ok((name.to_owned(), found, key)),
        _ => Err(NoteError::Key),
    }
}

/// One signature of a note: the key's name, its id, the bytes.
type Signed<'n> = (&'n str, [u8; 4], Vec<u8>);

/// The signatures of a note, as many as are looked at.
pub(crate) fn signatures(
    note: &str,
) -> Result<impl Iterator<Item = Result<Signed<'_>, NoteError>>, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Form);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
    Ok(note[at + 2..].lines().take(SIGNATURES_MAX).map(|line| {
        let parts = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' '));
        let (name, signature) = parts.ok_or(NoteError::Form)?;
        let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Form)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        Ok((name, *id, signature.to_vec()))
    }))
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

    /// Whether it signed `bytes`.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
    }

    /// The text of a note that is signed with this key, up to the last line break before the signatures.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        for signature in signatures(note)? {
            let (name, id, signature) = signature?;
            if name == self.name && id == self.id {
                let text = note.rfind("\n\n").map(|at| &note[..=at]).ok_or(NoteError::Form)?;
                let signature = Signature::from_slice(&signature).map_err(|_| NoteError::Form)?;
                let held = self.key.verify_strict(text.as_bytes(), &signature);
                return held.map(|()| text).map_err(|_| NoteError::Changed);
            }
        }
        Err(NoteError::OtherKey)
    }
}

impl std::fmt::Display for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.id, ED25519, self.key.as_bytes()))
    }
}

impl std::str::FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, id, key) = key_of(text, ED25519)?;
        Ok(Self { name, id, key })
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
