//! A file in pieces that end where rows end.

use std::io::{BufRead, BufReader, Read};

use super::parquet;
use super::row::{Rows, last_row_end, row_end};
use super::{COLUMNS_MAX, CsvError, ROW_BYTES_MAX};

/// The bytes of a piece, unless a single row has more.
pub(super) const PIECE_BYTES: usize = 2 << 20;
/// How many bytes are asked for at a time.
const READ_BYTES: usize = 256 << 10;

/// A file that is read piece by piece.
pub(super) struct Pieces<'a> {
    input: Box<dyn Read + Send + 'a>,
    /// What was read behind the last piece's end.
    rest: Vec<u8>,
    ended: bool,
    lines: u64,
}

impl<'a> Pieces<'a> {
    /// Begins to read. What is compressed with gzip or zstd, as its first bytes tell, is unpacked.
    pub(super) fn new(input: impl Read + Send + 'a) -> Result<Self, CsvError> {
        let mut input = BufReader::with_capacity(READ_BYTES, input);
        let start = input.fill_buf().map_err(CsvError::Read)?;
        if start.starts_with(&parquet::MAGIC) {
            return Err(CsvError::Parquet {
                what: "it has to be read from any place, and not from its beginning on".to_owned(),
            });
        }
        let (gzip, zstd) = (start.starts_with(&[0x1f, 0x8b]), start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
        let input: Box<dyn Read + Send + 'a> = match (gzip, zstd) {
            (true, _) => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            (_, true) => Box::new(zstd::Decoder::with_buffer(input).map_err(CsvError::Read)?),
            _ => Box::new(input),
        };
        let mut pieces = Self { input, rest: Vec::new(), ended: false, lines: 0 };
        pieces.fill(3)?;
        if pieces.rest.starts_with("\u{feff}".as_bytes()) {
            pieces.rest.drain(..3);
        }
        Ok(pieces)
    }

    /// How many lines have been read as the header.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads the first row: the columns' names.
    pub(super) fn header(&mut self, delimiter: u8) -> Result<Vec<String>, CsvError> {
        while !self.ended && row_end(&self.rest).is_none() {
            if self.rest.len() > ROW_BYTES_MAX {
                return Err(CsvError::LongRow { line: 1 });
            }
            self.fill(self.rest.len() + READ_BYTES)?;
        }
        let end = row_end(&self.rest).map_or(self.rest.len(), |end| end + 1);
        let mut rows = Rows::new(self.rest.get(..end).unwrap_or_default(), delimiter, true);
        let row = rows.next_row().ok_or(CsvError::NoHeader)?;
        if row.fields.len() > COLUMNS_MAX {
            return Err(CsvError::ManyColumns { found: row.fields.len() });
        }
        let names = row.fields.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.lines = rows.lines();
        self.rest.drain(..end);
        Ok(names)
    }

    /// Reads the next piece into `piece`, and says whether it has quotes; `None` at the end.
    pub(super) fn next(&mut self, piece: &mut Vec<u8>) -> Result<Option<bool>, CsvError> {
        let mut wanted = PIECE_BYTES;
        loop {
            if !self.ended {
                self.fill(wanted)?;
            }
            let quotes = memchr::memchr(b'"', &self.rest).is_some();
            let end = match last_row_end(&self.rest, quotes) {
                Some(end) if !self.ended => end + 1,
                _ if self.ended => self.rest.len(),
                _ if self.rest.len() > ROW_BYTES_MAX => return Err(CsvError::LongRow { line: 0 }),
                _ => {
                    wanted = self.rest.len() + PIECE_BYTES;
                    continue;
                }
            };
            if end == 0 {
                return Ok(None);
            }
            // The piece takes the buffer, and what is behind its end goes into the one that came.
            piece.clear();
            piece.extend_from_slice(self.rest.get(end..).unwrap_or_default());
            self.rest.truncate(end);
            std::mem::swap(piece, &mut self.rest);
            return Ok(Some(quotes));
        }
    }

    /// Reads on until there are so many bytes, or no more.
    fn fill(&mut self, bytes: usize) -> Result<(), CsvError> {
        let wanted = bytes.saturating_sub(self.rest.len());
        self.rest.reserve(wanted);
        let read =
            self.input.by_ref().take(wanted as u64).read_to_end(&mut self.rest).map_err(CsvError::Read)?;
        self.ended |= read < wanted;
        Ok(())
    }
}
