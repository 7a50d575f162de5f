//! The manifest: which files make up the store.
//!
//! A small text file: a line with a word, and the checksum of the rest, which is JSON. It is replaced as a whole: the new one is
//! written beside it, synced, and renamed. So a store is always in the state of one manifest, and what no manifest names doesn't
//! count.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Damage, StoreError};
use super::files::{Stamps, sync_folder};
use super::names::part::PartMeta;
use super::segment::SegmentMeta;

/// The name of the file, in a store's folder, that names all others: it is replaced with every change.
pub const NAME: &str = "manifest";
/// The name under which the next one is written.
pub(crate) const NEXT: &str = "manifest.next";
/// The bytes that a manifest may have: a segment takes about a thousand.
const BYTES_MAX: u64 = 64 << 20;
/// The version of the files that this program reads and writes.
const VERSION: u64 = 1;
/// The word that a manifest begins with.
const WORD: &str = "bongsu-flows";

/// A folder with files that no part or segment owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FolderMeta {
    /// Its name.
    pub(crate) folder: String,
    /// Its files.
    pub(crate) files: Stamps,
}

/// What a store consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version of the files.
    pub(crate) version: u64,
    /// The chain whose transfers they are.
    pub(crate) chain: String,
    /// The secret of the names' hashes.
    pub(crate) seed: u64,
    /// The number that the next new folder gets.
    pub(crate) next: u64,
    /// Addresses.
    pub(crate) accounts: Vec<PartMeta>,
    /// Names of assets.
    pub(crate) assets: Vec<PartMeta>,
    /// How many decimals each asset has.
    pub(crate) decimals: Option<FolderMeta>,
    /// Transfers.
    pub(crate) segments: Vec<SegmentMeta>,
}

impl Manifest {
    /// That of an empty store.
    pub(crate) const fn new(chain: String, seed: u64) -> Self {
        Self {
            version: VERSION,
            chain,
            seed,
            next: 1,
            accounts: Vec::new(),
            assets: Vec::new(),
            decimals: None,
            segments: Vec::new(),
        }
    }

    /// The folders that it names.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        let parts = self.accounts.iter().chain(&self.assets).map(|part| part.folder.as_str());
        let segments = self.segments.iter().map(|segment| segment.folder.as_str());
        parts.chain(segments).chain(self.decimals.iter().map(|folder| folder.folder.as_str()))
    }

    /// Reads the manifest of a store.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let file = File::open(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::Absent { path: folder.to_owned() },
            _ => StoreError::io("open", &path)(source),
        })?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(StoreError::io("read", &path))?;
        if bytes.len() as u64 > BYTES_MAX {
            let damage = Damage::Length { expected: BYTES_MAX, found: bytes.len() as u64 };
            return Err(StoreError::damaged(path, damage));
        }
        Self::parse(&bytes).map_err(|damage| StoreError::damaged(path, damage))
    }

    /// Reads the bytes of a manifest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let nonsense = Damage::Nonsense("it doesn't begin as a manifest does");
        let end = memchr::memchr(b'\n', bytes).ok_or(nonsense.clone())?;
        let (line, rest) = bytes.split_at(end);
        let rest = rest.get(1..).unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| nonsense.clone())?;
        let (word, sum) = line.split_once(' ').ok_or(nonsense.clone())?;
        if word != WORD {
            return Err(nonsense);
        }
        if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(rest)) {
            return Err(Damage::Checksum);
        }
        let version: Version = serde_json::from_slice(rest).map_err(|_| nonsense.clone())?;
        if version.version != VERSION {
            return Err(Damage::Version { found: version.version, known: VERSION });
        }
        let manifest: Self =
            serde_json::from_slice(rest).map_err(|_| Damage::Nonsense("it isn't as it was written"))?;
        if !manifest.folders().all(plain) {
            return Err(Damage::Nonsense("it names a folder outside of the store"));
        }
        Ok(manifest)
    }

    /// The bytes of the manifest.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // All of its maps have keys of text, so that it can always be written.
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        let mut bytes = format!("{WORD} {:08x}\n", crc32fast::hash(&json)).into_bytes();
        bytes.extend_from_slice(&json);
        bytes
    }

    /// Makes this the manifest of a store. All that it names has to be on the disk.
    pub(crate) fn replace(&self, folder: &Path) -> Result<(), StoreError> {
        let (path, next) = (folder.join(NAME), folder.join(NEXT));
        let mut file = File::create(&next).map_err(StoreError::io("create", &next))?;
        file.write_all(&self.bytes()).map_err(StoreError::io("write", &next))?;
        file.sync_all().map_err(StoreError::io("sync", &next))?;
        // The folders of new files have to be there before a manifest names them.
        sync_folder(folder)?;
        fs::rename(&next, &path).map_err(StoreError::io("rename", &next))?;
        sync_folder(folder)
    }
}

/// The part of a manifest that all versions share.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Whether a folder's name is one that this program gives.
fn plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_any_changed_byte_is_noticed() {
        let manifest = Manifest::new("ethereum".to_owned(), u64::MAX);
        let bytes = manifest.bytes();
        assert_eq!(Manifest::parse(&bytes), Ok(manifest));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Manifest::parse(&changed).is_err(), "byte {place}");
            assert!(Manifest::parse(&bytes[..place]).is_err(), "{place} bytes");
        }
    }

    #[test]
    fn another_version_and_folders_elsewhere_are_refused() {
        let mut manifest = Manifest::new("ethereum".to_owned(), 1);
        manifest.version = 2;
        assert_eq!(Manifest::parse(&manifest.bytes()), Err(Damage::Version { found: 2, known: 1 }));
        manifest.version = 1;
        manifest.decimals = Some(FolderMeta { folder: "../other".to_owned(), files: Stamps::new() });
        assert!(matches!(Manifest::parse(&manifest.bytes()), Err(Damage::Nonsense(_))));
    }
}
