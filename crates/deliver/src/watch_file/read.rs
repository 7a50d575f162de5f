//! Reading a watch file, with suspicion.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use gate::NoteKey;
use parking_lot::Mutex;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use watch::hunt::Needles;
use watch::{Kind, Value, normalise};

use super::header::{Block, Header, sizes};
use super::{BLOCK_BYTES_MAX, Known, MAGIC, WatchFileError};
use crate::hex::hex;

/// Values whose lines are kept once they were read.
const KEPT_MAX: usize = 10_000;

/// A value, whoever says what of it.
#[derive(Deserialize)]
struct Named {
    kind: String,
    value: String,
}

/// A watch file whose header is signed with the key that was named.
pub struct WatchFile<R> {
    /// What it says of itself.
    pub header: Header,
    /// What is looked for, by the numbers of [`WatchFile::known`].
    pub needles: Needles,
    /// Where each block begins: the number of its first line, and its place in the file.
    places: Vec<(usize, u64)>,
    from: Mutex<R>,
    kept: Mutex<HashMap<u32, Arc<(Value, Known)>>>,
}

impl<R> std::fmt::Debug for WatchFile<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WatchFile({} values)", self.header.values)
    }
}

impl<R: Read + Seek> WatchFile<R> {
    /// Opens a watch file. Without `key`, its own is believed, which proves that it is whole and nothing of who made it.
    ///
    /// # Errors
    /// [`WatchFileError`].
    pub fn open(from: R, key: Option<&NoteKey>) -> Result<Self, WatchFileError> {
        let form = |why: &str| WatchFileError::Form(why.to_owned());
        let mut from = BufReader::with_capacity(1 << 20, from);
        let mut line = String::new();
        (&mut from)
            .take(MAGIC.len() as u64 + 40)
            .read_line(&mut line)
            .map_err(|_| form("its first line is another"))?;
        let (header_bytes, note_bytes) = sizes(&line)?;
        let written = exactly(&mut from, header_bytes)?;
        let note =
            String::from_utf8(exactly(&mut from, note_bytes)?).map_err(|_| form("its note is no UTF-8"))?;
        let header = Header::read(&written)?;
        let signed = match key {
            Some(key) => key.open(&note)?,
            None => header.made.key.parse::<NoteKey>()?.open(&note)?,
        };
        if signed != header.signed_text(&written) {
            return Err(gate::NoteError::Changed.into());
        }
        let keys = exactly(&mut from, header.values.saturating_mul(8))?;
        if hex(&Sha256::digest(&keys)) != header.keys_sha256 {
            return Err(WatchFileError::Changed("the table of keys".to_owned()));
        }
        let (keys, _) = keys.as_chunks::<8>();
        let keys = keys.iter().map(|key| u64::from_le_bytes(*key)).collect();
        let needles =
            Needles::from_keys(keys, header.expect.clone()).map_err(|error| form(&error.to_string()))?;
        let mut at = (line.len() + header_bytes + note_bytes) as u64 + header.values as u64 * 8;
        let mut first = 0;
        let mut places = Vec::with_capacity(header.blocks.len());
        for block in &header.blocks {
            places.push((first, at));
            first += block.lines;
            at += block.bytes as u64;
        }
        let from = Mutex::new(from.into_inner());
        Ok(Self { header, needles, places, from, kept: Mutex::default() })
    }

    /// The value with a number, and what is said of it.
    ///
    /// # Errors
    /// [`WatchFileError`]: its part of the file was changed, or can't be read.
    pub fn known(&self, needle: u32) -> Result<Arc<(Value, Known)>, WatchFileError> {
        if let Some(known) = self.kept.lock().get(&needle) {
            return Ok(Arc::clone(known));
        }
        let number = needle as usize;
        let at = self.places.partition_point(|(first, _)| *first <= number).saturating_sub(1);
        let damaged = || WatchFileError::Changed(format!("block {at}"));
        let (Some((first, place)), Some(block)) = (self.places.get(at), self.header.blocks.get(at)) else {
            return Err(damaged());
        };
        let lines = self.block(*place, block).map_err(|error| error.unwrap_or_else(damaged))?;
        let line = lines.split(|byte| *byte == b'\n').nth(number - first).ok_or_else(damaged)?;
        let known: Known = serde_json::from_slice(line).map_err(|_| damaged())?;
        let value = known.kind.parse::<Kind>().ok().and_then(|kind| normalise(kind, &known.value).ok());
        let known = Arc::new((value.ok_or_else(damaged)?, known));
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(needle, Arc::clone(&known));
        Ok(known)
    }

    /// Gives all values with their numbers.
    ///
    /// # Errors
    /// [`WatchFileError`], as for one.
    pub fn each(&self, mut take: impl FnMut(u32, &Value)) -> Result<(), WatchFileError> {
        for (at, ((first, place), block)) in self.places.iter().zip(&self.header.blocks).enumerate() {
            let damaged = || WatchFileError::Changed(format!("block {at}"));
            let lines = self.block(*place, block).map_err(|error| error.unwrap_or_else(damaged))?;
            for (line, number) in lines.split(|byte| *byte == b'\n').take(block.lines).zip(*first..) {
                let named: Named = serde_json::from_slice(line).map_err(|_| damaged())?;
                let value =
                    named.kind.parse::<Kind>().ok().and_then(|kind| normalise(kind, &named.value).ok());
                take(u32::try_from(number).map_err(|_| damaged())?, &value.ok_or_else(damaged)?);
            }
        }
        Ok(())
    }

    /// The lines of a block; `None` for an error that is the block's own.
    fn block(&self, place: u64, block: &Block) -> Result<Vec<u8>, Option<WatchFileError>> {
        let io = |error: std::io::Error| Some(WatchFileError::Io(error));
        let bytes = {
            let mut from = self.from.lock();
            from.seek(SeekFrom::Start(place)).map_err(io)?;
            exactly(&mut *from, block.bytes).map_err(|_| None)?
        };
        if hex(&Sha256::digest(&bytes)) != block.sha256 {
            return Err(None);
        }
        zstd::bulk::decompress(&bytes, BLOCK_BYTES_MAX).map_err(|_| None)
    }
}

/// So many bytes, read as they come, so that a size alone takes no memory.
fn exactly(from: &mut impl Read, bytes: usize) -> Result<Vec<u8>, WatchFileError> {
    let mut read = Vec::new();
    from.take(bytes as u64).read_to_end(&mut read)?;
    if read.len() == bytes { Ok(read) } else { Err(WatchFileError::Changed("its end".to_owned())) }
}
