//! What a pack says of itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stix::Timestamp;
use uuid::Uuid;

use super::{FILE_BYTES_MAX, FILES_MAX, PACK_BYTES_MAX, PackError};
use crate::hex::hex;

/// The version of the form.
const VERSION: u8 = 1;
/// Longest manifest, and longest name of a file in it, in bytes.
pub(super) const MANIFEST_BYTES_MAX: u64 = 1 << 20;
const NAME_BYTES_MAX: usize = 120;
/// Folders below one another.
const DEPTH_MAX: usize = 4;

/// What is in a pack, for whom, up to which numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub bongsu_pack: u8,
    /// The pack's own id.
    pub id: Uuid,
    /// The node that made it.
    pub node: String,
    /// The key with which it is signed, as `bongsu pack key` shows it.
    pub key: String,
    /// The member's short name.
    pub member: String,
    /// The member's level.
    pub level: String,
    /// The strictest mark of what is in it.
    pub tlp: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// Until when receipts for it are taken, RFC 3339.
    pub expires: String,
    /// How far it goes in each circle.
    pub circles: Vec<Circle>,
    /// What is in it, by name.
    pub files: Vec<File>,
}

/// How far a pack goes in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circle {
    /// The circle's id.
    pub id: Uuid,
    /// Its short name.
    pub name: String,
    /// The number of its line.
    pub number: u64,
}

/// A file in a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name, with `/` between folders.
    pub name: String,
    /// The level that the artefact belongs to; none if it is no artefact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How many values it holds, if it is an artefact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<usize>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    pub(super) const VERSION: u8 = VERSION;

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it has another form, or names files that no folder may get.
    pub fn read(text: &str) -> Result<Self, PackError> {
        let bad = |why: String| PackError::Form("manifest.json", why);
        #[derive(Deserialize)]
        struct Version {
            bongsu_pack: u8,
        }
        if text.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(bad(format!("it is longer than {MANIFEST_BYTES_MAX} bytes")));
        }
        let Version { bongsu_pack } = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if bongsu_pack != VERSION {
            return Err(bad(format!("it has version {bongsu_pack}, this program knows {VERSION}")));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let mut names = BTreeSet::new();
        for file in &manifest.files {
            if !is_safe(&file.name) {
                return Err(bad(format!("`{}` is no name that a pack may have", file.name.escape_debug())));
            }
            if !names.insert(file.name.as_str()) {
                return Err(bad(format!("`{}` is named twice", file.name)));
            }
        }
        let most = manifest.files.iter().map(|file| file.bytes).max().unwrap_or_default();
        let all = manifest.files.iter().fold(0_u64, |all, file| all.saturating_add(file.bytes));
        if names.len() > FILES_MAX || most > FILE_BYTES_MAX || all > PACK_BYTES_MAX {
            return Err(PackError::TooMuch(format!(
                "{} files with {all} bytes; {FILES_MAX} files, {FILE_BYTES_MAX} bytes each and {PACK_BYTES_MAX} bytes in all are taken",
                names.len()
            )));
        }
        for time in [&manifest.made, &manifest.expires] {
            Timestamp::parse(time).map_err(|error| bad(format!("`{time}`: {error}")))?;
        }
        Ok(manifest)
    }

    /// When it was made, and until when receipts are taken.
    #[must_use]
    pub fn times(&self) -> (Timestamp, Timestamp) {
        let read = |text: &str| Timestamp::parse(text).unwrap_or(Timestamp::from_micros(0));
        (read(&self.made), read(&self.expires))
    }

    /// The artefacts in it.
    pub fn artefacts(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.level.is_some())
    }

    /// The text that is signed: the node, the pack, the hash of the manifest as it is written.
    #[must_use]
    pub fn signed_text(&self, written: &str) -> String {
        format!("{}/pack\n{}\n{}\n", self.node, self.id, hex(&Sha256::digest(written)))
    }
}

/// Whether a file may have this name: a path downwards, of plain characters, nothing hidden in it.
pub(super) fn is_safe(name: &str) -> bool {
    let plain = |part: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        part.bytes().all(known) && part.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
    };
    name.len() <= NAME_BYTES_MAX && name.split('/').count() <= DEPTH_MAX && name.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn names_lead_downwards() {
        for name in ["a", "list/domain.txt", "SHA256SUMS", "a/b/c/d.e-f_g"] {
            assert!(is_safe(name), "{name}");
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            ".a",
            "a\\b",
            "a:b",
            "c:/a",
            "a b",
            "a\0",
            "ä",
            "a/b/c/d/e",
        ] {
            assert!(!is_safe(name), "{name}");
        }
        assert!(!is_safe(&"a".repeat(121)));
    }
}
