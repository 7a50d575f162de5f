//! The bytes of an index's values, one record after the other.
//!
//! A record is: the first place (8 bytes, little-endian), the kind (1), the length of the value's bytes (2), these bytes. Records
//! lie in blocks, so that growing moves none, and never cross from one into the next. A record's number is where it begins.

use std::sync::Arc;

use crate::value::{Kind, VALUE_BYTES_MAX};

/// Bytes of a block. A number has 32 bits: a block's and a place in it.
const BLOCK_BYTES: usize = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 20;
const BLOCKS_MAX: usize = 1 << (32 - BLOCK_BITS);
/// Bytes of a record before its value.
const HEAD_BYTES: usize = 11;

const _: () = assert!(HEAD_BYTES + VALUE_BYTES_MAX <= BLOCK_BYTES && VALUE_BYTES_MAX <= u16::MAX as usize);

#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    /// Shared with who writes them to a disk while the last one grows.
    blocks: Vec<Arc<Vec<u8>>>,
}

/// A record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'r> {
    pub(super) place: u64,
    pub(super) kind: Kind,
    pub(super) bytes: &'r [u8],
}

/// Which record a text holds at its beginning, and how long it is.
pub(super) fn record(text: &[u8]) -> Option<(Record<'_>, usize)> {
    let (place, rest) = text.split_first_chunk::<8>()?;
    let (&[kind, low, high], rest) = rest.split_first_chunk::<3>()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let kind = *Kind::ALL.get(usize::from(kind))?;
    Some((
        Record { place: u64::from_le_bytes(*place), kind, bytes: rest.get(..length)? },
        HEAD_BYTES + length,
    ))
}

impl Records {
    /// Adds a record and gives its number; `None` if there is no room: 4 GiB are full, or the value is too long.
    pub(super) fn add(&mut self, place: u64, kind: Kind, bytes: &[u8]) -> Option<u32> {
        let length =
            u16::try_from(bytes.len()).ok().filter(|length| usize::from(*length) <= VALUE_BYTES_MAX)?;
        let fits = |block: &Arc<Vec<u8>>| block.len() + HEAD_BYTES + bytes.len() <= BLOCK_BYTES;
        if !self.blocks.last().is_some_and(fits) {
            if self.blocks.len() == BLOCKS_MAX {
                return None;
            }
            self.blocks.push(Arc::new(Vec::with_capacity(BLOCK_BYTES)));
        }
        let number = (self.blocks.len() - 1) << BLOCK_BITS;
        let block = Arc::make_mut(self.blocks.last_mut()?);
        let number = u32::try_from(number + block.len()).ok()?;
        block.extend_from_slice(&place.to_le_bytes());
        // Kinds are numbered in the order of `Kind::ALL`.
        block.push(kind as u8);
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(bytes);
        Some(number)
    }

    /// The record of a number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<Record<'_>> {
        let block = self.blocks.get((number >> BLOCK_BITS) as usize)?;
        record(block.get(number as usize & (BLOCK_BYTES - 1)..)?).map(|(record, _)| record)
    }

    /// All records, each with its number.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, Record<'_>)> {
        self.blocks.iter().zip(0_u32..).flat_map(|(block, at)| {
            let mut from = 0_usize;
            std::iter::from_fn(move || {
                let (found, length) = record(block.get(from..)?)?;
                let number = at << BLOCK_BITS | u32::try_from(from).ok()?;
                from += length;
                Some((number, found))
            })
        })
    }

    /// The blocks, as they are written to a disk.
    pub(super) fn blocks(&self) -> &[Arc<Vec<u8>>] {
        &self.blocks
    }

    /// The bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.capacity()).sum()
    }
}
