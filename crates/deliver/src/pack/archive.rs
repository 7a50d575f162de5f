//! The archive: written the same for the same content, and read with suspicion.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{Cursor, Read, Seek, Write};

use gate::NoteKey;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::manifest::{MANIFEST_BYTES_MAX, Manifest};
use super::{FILES_MAX, PackError};
use crate::hex::hex;

/// The files that say what the others are.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const NOTE: &str = "manifest.note";
pub(super) const SUMS: &str = "SHA256SUMS";
/// The pack's secret.
pub const SECRET: &str = "receipt.secret";

/// Writes an archive: one content, one sequence of bytes.
pub(super) fn write(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, PackError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for (name, bytes) in files {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Lines as `sha256sum -c` reads them.
pub(super) fn sums<'f>(files: impl Iterator<Item = (&'f str, String)>) -> String {
    files.fold(String::new(), |mut text, (name, sum)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{sum}  {name}");
        text
    })
}

/// A pack whose manifest is signed with the key that was named. Its files are checked as they are read.
pub struct Opened<R> {
    archive: ZipArchive<R>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The manifest as it is written.
    pub written: String,
    /// The signed note over it.
    pub note: String,
}

impl<R> std::fmt::Debug for Opened<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({})", self.manifest.id)
    }
}

impl<R: Read + Seek> Opened<R> {
    /// Opens a pack. Without `key`, its own is believed, which proves that it is whole and nothing of who made it.
    ///
    /// # Errors
    /// [`PackError`]: it is no pack, not signed with the key, or holds what its manifest does not name.
    pub fn new(from: R, key: Option<&NoteKey>) -> Result<Self, PackError> {
        let mut archive = ZipArchive::new(from)?;
        if archive.len() > FILES_MAX + 3 {
            return Err(PackError::TooMuch(format!("{} files; {FILES_MAX} are taken", archive.len())));
        }
        // Of equal names, this reader keeps one and others another: what was checked must be what is taken.
        if archive.has_duplicate_names() {
            return Err(PackError::Twice);
        }
        let written = text_of(&mut archive, MANIFEST)?;
        let note = text_of(&mut archive, NOTE)?;
        let manifest = Manifest::read(&written)?;
        let own = manifest.key.parse::<NoteKey>();
        let signed = match key {
            Some(key) => key.open(&note)?,
            None => own?.open(&note)?,
        };
        if signed != manifest.signed_text(&written) {
            return Err(gate::NoteError::Changed.into());
        }
        let mut opened = Self { archive, manifest, written, note };
        opened.check_names()?;
        Ok(opened)
    }

    /// Everything in the archive is in the manifest, once, and the other way round.
    fn check_names(&mut self) -> Result<(), PackError> {
        let mut left: HashSet<&str> = self.manifest.files.iter().map(|file| file.name.as_str()).collect();
        left.extend([MANIFEST, NOTE, SUMS]);
        for at in 0..self.archive.len() {
            let file = self.archive.by_index_raw(at)?;
            let name = file.name()?;
            if !left.remove(&*name) || !file.is_file() {
                return Err(PackError::Added(name.escape_debug().to_string()));
            }
        }
        match left.into_iter().min() {
            Some(name) => Err(PackError::Lacks(name.to_owned())),
            None => self.check_sums(),
        }
    }

    fn check_sums(&mut self) -> Result<(), PackError> {
        let own = [(MANIFEST, &self.written), (NOTE, &self.note)];
        let own = own.map(|(name, text)| (name, hex(&Sha256::digest(text))));
        let files = self.manifest.files.iter().map(|file| (file.name.as_str(), file.sha256.clone()));
        let all: BTreeMap<&str, String> = files.chain(own).collect();
        let expected = sums(all.into_iter());
        match text_of(&mut self.archive, SUMS)? == expected {
            true => Ok(()),
            false => Err(changed(SUMS, "its sums are others than the manifest's")),
        }
    }

    /// Reads one file of the manifest into `to`, and checks it on the way.
    ///
    /// # Errors
    /// [`PackError`]: what was written by then is to be thrown away.
    pub fn copy(&mut self, name: &str, to: &mut dyn Write) -> Result<(), PackError> {
        let named = self.manifest.files.iter().find(|file| file.name == name);
        let file = named.ok_or_else(|| PackError::Lacks(name.to_owned()))?;
        let mut from = self.archive.by_name(name)?.take(file.bytes.saturating_add(1));
        let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; 64 << 10]);
        loop {
            let length = from.read(&mut buffer)?;
            let Some(some) = buffer.get(..length).filter(|some| !some.is_empty()) else { break };
            bytes += some.len() as u64;
            hash.update(some);
            to.write_all(some)?;
        }
        if bytes != file.bytes {
            let more = if bytes > file.bytes { "or more " } else { "" };
            return Err(changed(name, &format!("it has {bytes} bytes {more}and should have {}", file.bytes)));
        }
        match hex(&hash.finalize()) == file.sha256 {
            true => Ok(()),
            false => Err(changed(name, "its content is another")),
        }
    }

    /// Checks every file.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn check(&mut self) -> Result<(), PackError> {
        let names: Vec<String> = self.manifest.files.iter().map(|file| file.name.clone()).collect();
        names.iter().try_for_each(|name| self.copy(name, &mut std::io::sink()))
    }

    /// The pack's secret.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn secret(&mut self) -> Result<[u8; 32], PackError> {
        use base64::Engine as _;
        let mut text = Vec::new();
        self.copy(SECRET, &mut text)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim_ascii()).unwrap_or_default();
        bytes.try_into().map_err(|_| PackError::Form(SECRET, "it is no secret of 32 bytes".to_owned()))
    }
}

fn changed(name: &str, why: &str) -> PackError {
    PackError::Changed { name: name.to_owned(), why: why.to_owned() }
}

fn text_of<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &'static str) -> Result<String, PackError> {
    let file = match archive.by_name(name) {
        Err(zip::result::ZipError::FileNotFound) => return Err(PackError::Lacks(name.to_owned())),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(PackError::TooMuch(format!("{name} has more than {MANIFEST_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| PackError::Form(name, "it is no UTF-8".to_owned()))
}
