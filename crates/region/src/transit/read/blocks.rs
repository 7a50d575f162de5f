//! A table in blocks of whole rows, so that several threads can read them.
//!
//! Where no quotation mark is, a row ends at the end of a line, and the last line is found at once. Else rows are followed by the library's reader.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::{ReadError, failed};
use crate::rows::{ROW_BYTES_MAX, endless};

/// Whole rows, one after the other.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    length: usize,
    /// Whether a field in it may be between quotation marks.
    pub(super) is_quoted: bool,
}

impl Block {
    pub(super) fn rows(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// What held it, for the next one.
    pub(super) fn into_room(self) -> Vec<u8> {
        self.bytes
    }
}

/// A source on its way into blocks.
pub(super) struct Blocks<R> {
    source: R,
    size: usize,
    /// What was read and is in no block yet: so much of `room`.
    filled: usize,
    room: Vec<u8>,
    is_at_end: bool,
    failed: Option<io::Error>,
}

impl<R: Read> Blocks<R> {
    /// Blocks of at most `size` bytes, which no row may exceed.
    pub(super) fn of(source: R, size: usize) -> Self {
        Self { source, size, filled: 0, room: vec![0; size], is_at_end: false, failed: None }
    }

    /// Whether the source is read to its end.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Takes the first row, which names the columns, and the number of line ends in it.
    ///
    /// # Errors
    /// [`ReadError`] if the source fails, or the row is too long.
    pub(super) fn head(&mut self) -> Result<(csv::ByteRecord, u64), ReadError> {
        self.fill();
        let filled = self.room.get(..self.filled).unwrap_or_default();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(filled);
        let names = reader.byte_headers().map_err(failed)?.clone();
        let end = reader.position().byte() as usize;
        let is_whole = self.is_at_end || end < self.filled || filled.last() == Some(&b'\n');
        if !is_whole {
            return Err(self.failed.take().unwrap_or_else(endless).into());
        }
        let lines = memchr::memchr_iter(b'\n', filled.get(..end).unwrap_or_default()).count() as u64;
        self.room.copy_within(end.min(self.filled)..self.filled, 0);
        self.filled -= end.min(self.filled);
        Ok((names, lines))
    }

    /// The next block, in `room` if that is of use; `None` after the last.
    ///
    /// # Errors
    /// [`ReadError`] if the source fails, or a row is too long; whole rows before that come first.
    pub(super) fn next(&mut self, mut room: Vec<u8>) -> Result<Option<Block>, ReadError> {
        self.fill();
        if self.filled == 0 {
            return self.failed.take().map_or(Ok(None), |error| Err(error.into()));
        }
        let filled = self.room.get(..self.filled).unwrap_or_default();
        let is_quoted = memchr(b'"', filled).is_some();
        let end = match self.is_at_end {
            true => Some(self.filled),
            false => match memrchr(b'\n', filled).filter(|_| !is_quoted) {
                Some(last) => Some(last + 1),
                None => last_row(filled)?,
            },
        };
        let Some(end) = end else {
            return Err(self.failed.take().unwrap_or_else(endless).into());
        };
        room.resize(self.size, 0);
        let rest = filled.get(end..).unwrap_or_default();
        if let Some(start) = room.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        self.filled = rest.len();
        let bytes = std::mem::replace(&mut self.room, room);
        Ok(Some(Block { bytes, length: end, is_quoted }))
    }

    fn fill(&mut self) {
        while let Some(left) = self.room.get_mut(self.filled..).filter(|left| !left.is_empty()) {
            if self.is_at_end || self.failed.is_some() {
                return;
            }
            match self.source.read(left) {
                Ok(0) => self.is_at_end = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

/// The size of blocks: the most that a row may have.
pub(super) const BLOCK_BYTES: usize = ROW_BYTES_MAX;

/// Reads rows with the library's reader; the position of each is from the beginning of `rows`.
pub(super) fn slowly(rows: &[u8]) -> csv::Reader<impl Read> {
    // An empty line, which is no row, keeps what looks like a mark of UTF-8 from being taken for one: there is none but at the beginning of a source.
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(NO_ROW.chain(rows))
}

const NO_ROW: &[u8] = b"\n";

/// Where a row of [`slowly`] begins among the bytes.
pub(super) fn begin(record: &csv::ByteRecord) -> usize {
    record.position().map_or(0, |position| (position.byte() as usize).saturating_sub(NO_ROW.len()))
}

/// Where the last row begins, which may not be whole; `None` if it is the only one.
fn last_row(rows: &[u8]) -> Result<Option<usize>, ReadError> {
    let mut reader = slowly(rows);
    let mut record = csv::ByteRecord::new();
    let mut last = None;
    while reader.read_byte_record(&mut record).map_err(failed)? {
        last = Some(begin(&record));
    }
    Ok(last.filter(|last| *last > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str, size: usize) -> Vec<String> {
        let mut blocks = Blocks::of(text.as_bytes(), size);
        let mut all = Vec::new();
        loop {
            match blocks.next(Vec::new()) {
                Ok(Some(block)) => all.push(String::from_utf8(block.rows().to_vec()).unwrap()),
                Ok(None) => return all,
                Err(error) => {
                    all.push(error.to_string().chars().take(5).collect());
                    return all;
                }
            }
        }
    }

    #[test]
    fn blocks_end_where_rows_end() {
        assert_eq!(blocks("a,b\nc,d\ne", 8), ["a,b\nc,d\n", "e"]);
        assert_eq!(blocks("a,b\nc,d\ne", 7), ["a,b\n", "c,d\ne"]);
        assert_eq!(blocks("a,\"\n\"\nc,d\ne\n", 9), ["a,\"\n\"\n", "c,d\ne\n"]);
        assert_eq!(blocks("a\rb\rc\rd", 5), ["a\rb\r", "c\rd"]);
        assert_eq!(blocks("", 5), [""; 0]);
        // What is too long for a block ends all.
        assert_eq!(blocks("a\n\"b\nc\nd\ne", 5), ["a\n", "a row"]);
        assert_eq!(blocks("a\nabcdefg", 4), ["a\n", "a row"]);
    }

    /// A source that fails after some bytes.
    struct Fails<'t>(&'t [u8]);

    impl Read for Fails<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("gone")),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn what_is_whole_before_a_failure_comes_first() {
        let mut blocks = Blocks::of(Fails(b"a\nb\nc"), 100);
        assert_eq!(blocks.next(Vec::new()).unwrap().unwrap().rows(), b"a\nb\n");
        assert_eq!(blocks.next(Vec::new()).unwrap_err().to_string(), "gone");
        assert_eq!(Blocks::of(Fails(b"a,b"), 100).head().unwrap_err().to_string(), "gone");
    }
}
