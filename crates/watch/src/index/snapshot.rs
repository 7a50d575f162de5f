//! An index on a disk: its records as they lie in memory, and a check over all of it.
//!
//! The form is for this program and this version of it alone: whatever does not fit is refused, and the index is built anew.

use std::io::{self, Read, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Index;
use super::records::record;
use crate::index::packed::text_of;
use crate::value::{Kind, normalise};

/// The form of a snapshot. Grows with each change to it, and to the order of [`Kind::ALL`].
const FORM: u32 = 2;
/// Bytes of a block at most: those of the records' blocks.
const BLOCK_BYTES_MAX: usize = 1 << 20;
/// Bytes of what the keeper writes before the records, at most.
const ABOUT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Places of one value in one go.
const PLACES_MAX: usize = 1 << 20;

/// How a snapshot begins: with all that the meaning of its bytes depends on.
fn begins() -> String {
    format!("bongsu-index {FORM} values {} of {}\n", crate::value::FORM, env!("CARGO_PKG_VERSION"))
}

/// Why a snapshot is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It can't be read.
    #[error("the index's snapshot can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is none of this version, or damaged.
    #[error("the index's snapshot is none of this version, or damaged: {0}")]
    Form(&'static str),
}

/// Whatever goes through is part of the check.
struct Checked<T> {
    inner: T,
    hasher: Sha256,
}

impl<W: Write> Checked<W> {
    fn block(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes();
        for part in [&length[..], bytes] {
            self.hasher.update(part);
            self.inner.write_all(part)?;
        }
        Ok(())
    }
}

impl<R: Read> Checked<R> {
    fn next_block(&mut self, most: usize) -> Result<Vec<u8>, SnapshotError> {
        let mut length = [0; 4];
        self.inner.read_exact(&mut length)?;
        self.hasher.update(length);
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > most {
            return Err(SnapshotError::Form("a block is too long"));
        }
        let mut bytes = vec![0; length];
        self.inner.read_exact(&mut bytes)?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }
}

/// An index as it was at one moment, to be written to a disk while it goes on: it shares all that does not change.
#[derive(Debug)]
pub struct Frozen {
    blocks: Vec<Arc<Vec<u8>>>,
    more: Vec<(u32, Vec<u64>)>,
}

impl Frozen {
    /// Writes a snapshot. `about` comes back when it is read: how far the lines were followed.
    ///
    /// # Errors
    /// As `to`.
    pub fn write(&self, about: &[u8], to: impl Write) -> io::Result<()> {
        let mut to = Checked { inner: to, hasher: Sha256::new() };
        to.inner.write_all(begins().as_bytes())?;
        to.block(about)?;
        for block in &self.blocks {
            to.block(block)?;
        }
        to.block(&[])?;
        for (number, places) in &self.more {
            for some in places.chunks(PLACES_MAX) {
                let places = some.iter().flat_map(|place| place.to_le_bytes());
                let bytes: Vec<u8> = number.to_le_bytes().into_iter().chain(places).collect();
                to.block(&bytes)?;
            }
        }
        to.block(&[])?;
        let check = to.hasher.finalize();
        to.inner.write_all(&check)?;
        to.inner.flush()
    }
}

impl Index {
    /// The index as it is now.
    #[must_use]
    pub fn frozen(&self) -> Frozen {
        let more = self.more.iter().map(|(number, places)| (*number, places.clone())).collect();
        Frozen { blocks: self.records.blocks().to_vec(), more }
    }

    /// Reads a snapshot, and what was written about it.
    ///
    /// # Errors
    /// [`SnapshotError`]: it is then as if there were none.
    pub fn read(from: impl Read) -> Result<(Self, Vec<u8>), SnapshotError> {
        let mut from = Checked { inner: from, hasher: Sha256::new() };
        let expected = begins();
        let mut begins = vec![0; expected.len()];
        from.inner.read_exact(&mut begins)?;
        if begins != expected.as_bytes() {
            return Err(SnapshotError::Form("it begins otherwise"));
        }
        let about = from.next_block(ABOUT_BYTES_MAX)?;
        let mut index = Self::default();
        // A number is where a record lies: written in the same order, all lie where they lay.
        loop {
            let block = from.next_block(BLOCK_BYTES_MAX)?;
            if block.is_empty() {
                break;
            }
            index.take(&block)?;
        }
        loop {
            let bytes = from.next_block(4 + 8 * PLACES_MAX)?;
            let Some((number, places)) = bytes.split_first_chunk::<4>() else { break };
            let number = u32::from_le_bytes(*number);
            let (places, rest) = places.as_chunks::<8>();
            if !rest.is_empty() || index.records.get(number).is_none() {
                return Err(SnapshotError::Form("places of no value"));
            }
            index
                .more
                .entry(number)
                .or_default()
                .extend(places.iter().map(|place| u64::from_le_bytes(*place)));
        }
        let mut check = [0; 32];
        from.inner.read_exact(&mut check)?;
        match check[..] == from.hasher.finalize()[..] {
            true => Ok((index, about)),
            false => Err(SnapshotError::Form("its check does not fit")),
        }
    }

    fn take(&mut self, block: &[u8]) -> Result<(), SnapshotError> {
        let mut rest = block;
        while !rest.is_empty() {
            let (found, length) = record(rest).ok_or(SnapshotError::Form("a record is cut"))?;
            let hash = self.hash(found.kind, found.bytes);
            let number = self.records.add(found.place, found.kind, found.bytes);
            self.enter(hash, number.ok_or(SnapshotError::Form("it is too long"))?);
            if matches!(found.kind, Kind::Domain | Kind::Ipv4 | Kind::Ipv6)
                && (found.kind != Kind::Domain || !found.bytes.contains(&b'.'))
                && let Some(value) =
                    text_of(found.kind, found.bytes).and_then(|text| normalise(found.kind, &text).ok())
            {
                self.shape.take(&value);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(())
    }
}
