//! Cosignatures: a witness's word that a checkpoint continues all that it has seen of the same log.
//!
//! A witness signs with a key of its own, which grows from its node's and signs nothing else.
//!
//! Source: C2SP tlog-cosignature (cosignature/v1, Ed25519), signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::checkpoint::Checkpoint;
use crate::key::NodeKey;
use crate::note::{NoteError, id_of, key_of, key_text, signatures};

/// The kind of such a key in a key's text.
const COSIGNATURE: u8 = 4;
/// The greatest time that may stand in one.
const TIME_MAX: u64 = i64::MAX as u64;

/// A key to check cosignatures with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// What a witness signs with.
#[derive(Clone)]
pub struct Cosigner {
    name: String,
    key: SigningKey,
}

impl std::fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cosigner({})", self.name)
    }
}

fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl Cosigner {
    /// The one of a node: `NODE/witness`.
    #[must_use]
    pub fn of(key: &NodeKey) -> Self {
        let seed = key.derive("witness", &[]);
        Self { name: format!("{}/witness", key.name()), key: SigningKey::from_bytes(&seed) }
    }

    /// The key to check with.
    #[must_use]
    pub fn public(&self) -> WitnessKey {
        let key = self.key.verifying_key();
        WitnessKey { id: id_of(&self.name, COSIGNATURE, key.as_bytes()), name: self.name.clone(), key }
    }

    /// The signature line for a checkpoint, with its line break, made at `time` (seconds since 1970).
    #[must_use]
    pub fn cosign(&self, checkpoint: &Checkpoint, time: u64) -> String {
        let mut bytes = self.public().id.to_vec();
        bytes.extend_from_slice(&time.to_be_bytes());
        bytes.extend_from_slice(&self.key.sign(message(time, checkpoint.text()).as_bytes()).to_bytes());
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode(bytes))
    }
}

impl WitnessKey {
    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When this witness has signed the checkpoint, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::OtherKey`] if it has not; [`NoteError`].
    pub fn signed(&self, checkpoint: &Checkpoint) -> Result<u64, NoteError> {
        self.line(checkpoint).map(|(time, _)| time)
    }

    /// When this witness has signed the checkpoint, and the line with which it did.
    ///
    /// # Errors
    /// As [`WitnessKey::signed`].
    pub fn line(&self, checkpoint: &Checkpoint) -> Result<(u64, String), NoteError> {
        for signature in signatures(&checkpoint.note)? {
            let (name, id, bytes) = signature?;
            if name != self.name || id != self.id {
                continue;
            }
            let (time, signature) = bytes.split_first_chunk::<8>().ok_or(NoteError::Form)?;
            let time =
                Some(u64::from_be_bytes(*time)).filter(|time| *time <= TIME_MAX).ok_or(NoteError::Form)?;
            let made = Signature::from_slice(signature).map_err(|_| NoteError::Form)?;
            let held = self.key.verify_strict(message(time, checkpoint.text()).as_bytes(), &made);
            let (mut all, whole) = (id.to_vec(), bytes.as_slice());
            all.extend_from_slice(whole);
            let line = format!("\u{2014} {name} {}\n", STANDARD.encode(all));
            return held.map(|()| (time, line)).map_err(|_| NoteError::Changed);
        }
        Err(NoteError::OtherKey)
    }
}

/// Who stands as a signer below a checkpoint. Whether the signature holds is for who has the key to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The name of the key.
    pub name: String,
    /// When, in seconds since 1970, if it is a cosignature: nothing else there says when.
    pub time: Option<u64>,
}

impl Checkpoint {
    /// Who stands as a signer below it, in order, as far as that can be read.
    #[must_use]
    pub fn signed_by(&self) -> Vec<SignedBy> {
        let one = |signature: Result<(&str, [u8; 4], Vec<u8>), NoteError>| {
            let (name, _, bytes) = signature.ok()?;
            // A cosignature is a time of eight bytes and a signature of 64.
            let time = bytes.split_first_chunk::<8>().filter(|(_, rest)| rest.len() == 64);
            Some(SignedBy { name: name.to_owned(), time: time.map(|(time, _)| u64::from_be_bytes(*time)) })
        };
        signatures(&self.note).map(|all| all.filter_map(one).collect()).unwrap_or_default()
    }
}

impl std::fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.id, COSIGNATURE, self.key.as_bytes()))
    }
}

impl std::str::FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, id, key) = key_of(text, COSIGNATURE)?;
        Ok(Self { name, id, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::NoteKey;

    #[test]
    fn a_witness_signs_with_its_own_key_and_is_checked_with_it_alone() {
        let log = NodeKey::new("tower.test", &[7; 32]);
        let witness = NodeKey::new("watch.test", &[9; 32]);
        let cosigner = Cosigner::of(&witness);
        let key: WitnessKey = cosigner.public().to_string().parse().unwrap();
        assert_eq!((key.name(), &key), ("watch.test/witness", &cosigner.public()));
        assert!(key.to_string().parse::<NoteKey>().is_err(), "a key of another kind");
        let note = log.note(&format!("tower.test/line/x\n4\n{}\n", STANDARD.encode([1; 32])));
        let checkpoint = Checkpoint::read_unverified(&note).unwrap();
        assert_eq!(key.signed(&checkpoint), Err(NoteError::OtherKey));
        let line = cosigner.cosign(&checkpoint, 1_700_000_000);
        let signed = checkpoint.with(&line);
        assert_eq!(key.line(&signed), Ok((1_700_000_000, line)));
        let told: Vec<_> = signed.signed_by().into_iter().map(|by| (by.name, by.time)).collect();
        let cosigned = ("watch.test/witness".to_owned(), Some(1_700_000_000));
        assert_eq!(told, [("tower.test".to_owned(), None), cosigned]);
        assert!(
            Checkpoint::read(&signed.note, &NoteKey::of(&log)).is_ok(),
            "the log's signature is there still"
        );
        let changed = Checkpoint { note: signed.note.replace("\n4\n", "\n5\n"), ..signed.clone() };
        assert_eq!(key.signed(&changed), Err(NoteError::Changed));
        let other = Cosigner::of(&NodeKey::new("watch.test", &[8; 32])).public();
        assert_eq!(other.signed(&signed), Err(NoteError::OtherKey));
    }

    /// The example of C2SP tlog-cosignature names no key, but its key id and time can be read.
    #[test]
    fn the_form_is_that_of_the_specification() {
        let text = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
        let bytes = STANDARD.decode(text).unwrap();
        assert_eq!(bytes.len(), 4 + 8 + 64);
        assert_eq!(bytes[4..12], 1_679_315_147_u64.to_be_bytes());
    }
}
