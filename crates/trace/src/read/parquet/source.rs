//! Bytes of a file from anywhere in it, for several columns that are read side by side.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

/// What can be read from any place.
pub(in crate::read) trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// A file that several columns read from.
pub(super) struct Source {
    input: Mutex<Box<dyn Input>>,
    length: u64,
}

impl Source {
    /// Of an input, from its first byte to its last.
    pub(super) fn new(mut input: Box<dyn Input>) -> io::Result<Self> {
        let length = input.seek(SeekFrom::End(0))?;
        Ok(Self { input: Mutex::new(input), length })
    }

    /// How many bytes there are.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Reads so many bytes from a place, behind what is in `into` already.
    pub(super) fn read(&self, at: u64, bytes: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let end = at.checked_add(bytes as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.seek(SeekFrom::Start(at))?;
        into.reserve(bytes);
        // Nothing is reserved that isn't there: the length was asked of the file itself.
        match input.by_ref().take(bytes as u64).read_to_end(into)? {
            read if read == bytes => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
