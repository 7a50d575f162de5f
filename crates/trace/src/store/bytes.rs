//! The bytes of a file that never changes: mapped, or held in memory.
//!
//! This module alone of the project maps files, and so holds its only `unsafe`. Positioned reads were measured first: 28 bytes at
//! a random place of a file of 2.8 GB that the system has in memory take 1,080 ns with `read_at`, and 75 to 120 ns through a
//! mapping. A trace follows hundreds of thousands of such places, so a copy of the file in memory or a mapping is needed, and
//! opening must not read everything. No crate offers a mapping without `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// Bytes that don't change.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// Of a file.
    Mapped(Mmap),
    /// In memory.
    Held(Vec<u8>),
}

impl Bytes {
    /// Maps a file that nobody changes.
    ///
    /// A file of a store is written under a name that no manifest knows, synced, and never opened for writing again; what replaces
    /// it has another name, and a file that is removed stays as long as it is mapped.
    #[expect(
        unsafe_code,
        reason = "a mapping is ten times as fast as positioned reads, and no safe one exists"
    )]
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::Held(Vec::new()));
        }
        // SAFETY: the mapping is read-only and private to this process, and `Mmap` keeps it until it is dropped. Its bytes would
        // change under a `&[u8]` only if somebody wrote to the file: this program never does (see above). Somebody else with the
        // right to write may; then values read from it are wrong or change between two reads. All that reads a mapping takes
        // plain integers out of it by copy and checks each before it is used as a place, so no index or length that was checked
        // can change after the check. If somebody else makes the file shorter, the system ends this process (SIGBUS) when it
        // reads behind the end: a hole that every mapping has, and that costs availability, not memory safety.
        unsafe { Mmap::map(file) }.map(Self::Mapped)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

/// The four bytes at a place, as a number; `None` behind the end.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The eight bytes at a place, as a number; `None` behind the end.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
