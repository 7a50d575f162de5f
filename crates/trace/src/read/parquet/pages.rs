//! The pages of a column, unpacked, for the library that decodes them.
//!
//! Everything that a page says of itself is checked here before memory is taken for it or the library sees it: the library believes
//! some of it, and would panic or ask for all memory there is. What isn't understood here is refused by its name.
//!
//! Source: Apache Parquet format, `README.md` (data pages), `Encodings.md`, `Compression.md`.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;

use super::differences::{check, texts, texts_with_beginnings};
use super::header::{Header, Kind, read};
use super::source::Source;
use super::{Broken, DICTIONARY_BYTES_MAX, PAGE_BYTES_MAX, PAGE_VALUES_MAX};

/// Bytes that a header usually fits into; statistics can make it longer.
const HEADER_BYTES: usize = 4 << 10;
/// The bytes that a header may have.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// How many bytes are read at a time.
const READ_BYTES: usize = 128 << 10;

const SHORT: Broken = Broken("a page is too short");

/// The pages of one column of one row group.
pub(super) struct Pages {
    source: Arc<Source>,
    compression: Compression,
    of: Type,
    /// Whether values can be null, so that each page has levels that say which are.
    levels: bool,
    /// Bytes of a value, where all have the same number.
    width: usize,
    /// Where the bytes that haven't been read yet begin and end.
    at: u64,
    end: u64,
    /// What has been read, and how much of that was used.
    buffer: Vec<u8>,
    used: usize,
    dictionary: bool,
}

impl Pages {
    /// Those between two places of a file.
    pub(super) fn new(
        source: Arc<Source>,
        (at, end): (u64, u64),
        compression: Compression,
        of: Type,
        levels: bool,
        width: usize,
    ) -> Self {
        let (buffer, used, dictionary) = (Vec::new(), 0, false);
        Self { source, compression, of, levels, width, at, end, buffer, used, dictionary }
    }

    /// Bytes of the column that are left.
    fn left(&self) -> u64 {
        self.end - self.at + (self.buffer.len() - self.used) as u64
    }

    /// Reads on until so many bytes are there.
    fn fill(&mut self, bytes: usize) -> Result<(), Broken> {
        let there = self.buffer.len() - self.used;
        if bytes <= there {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let wanted =
            (bytes - there).max(READ_BYTES).min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        if wanted < bytes - there {
            return Err(Broken("a page is longer than its column"));
        }
        self.source
            .read(self.at, wanted, &mut self.buffer)
            .map_err(|_| Broken("a column can't be read to its end"))?;
        self.at += wanted as u64;
        Ok(())
    }

    fn header(&mut self) -> Result<Header, Broken> {
        let mut wanted = HEADER_BYTES;
        loop {
            let all = self.left();
            let bytes = wanted.min(usize::try_from(all).unwrap_or(usize::MAX));
            self.fill(bytes)?;
            if let Some((header, length)) = read(self.buffer.get(self.used..).unwrap_or_default())? {
                self.used += length;
                return Ok(header);
            }
            if bytes as u64 == all || wanted >= HEADER_BYTES_MAX {
                return Err(Broken("the header of a page has no end"));
            }
            wanted *= 2;
        }
    }

    /// The next page that has values.
    fn page(&mut self) -> Result<Option<Page>, Broken> {
        while self.left() > 0 {
            let header = self.header()?;
            if header.bytes.max(header.packed) > PAGE_BYTES_MAX {
                return Err(Broken("a page is longer than 128 MiB; write the file with smaller pages"));
            }
            if header.values > PAGE_VALUES_MAX {
                return Err(Broken(
                    "a page has more than 67,108,864 values; write the file with smaller pages",
                ));
            }
            self.fill(header.packed)?;
            let packed = self.used..self.used + header.packed;
            self.used = packed.end;
            if header.kind == Kind::Other {
                continue;
            }
            let body = self.buffer.get(packed).unwrap_or_default();
            let bytes = unpacked(&header, body, self.compression)?;
            return self.checked(&header, bytes).map(Some);
        }
        Ok(None)
    }

    fn checked(&mut self, header: &Header, buf: Bytes) -> Result<Page, Broken> {
        let encoding = encoding(header.encoding)?;
        let num_values = header.values;
        if header.kind == Kind::Dictionary {
            if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
                return Err(Broken("a dictionary is packed in a way that isn't known"));
            }
            let least = num_values as usize * self.least();
            let plain = self.of != Type::BYTE_ARRAY || plain_values(&buf) >= num_values;
            if least > buf.len() || !plain {
                return Err(Broken("a dictionary has fewer bytes than its values need"));
            }
            if buf.len() > DICTIONARY_BYTES_MAX {
                return Err(Broken("a dictionary is longer than 32 MiB; write the file with smaller ones"));
            }
            if std::mem::replace(&mut self.dictionary, true) {
                return Err(Broken("a column has two dictionaries"));
            }
            return Ok(Page::DictionaryPage { buf, num_values, encoding, is_sorted: false });
        }
        // A page of the first version is handed on as one of the second: that one can say how many values there really are.
        let (from, levels) = match header.kind {
            Kind::DataV2 => (0, (header.levels.0 as usize, header.levels.1 as usize)),
            _ if self.levels => (4, (0, self.level_bytes(header, &buf)?)),
            _ => (0, (0, 0)),
        };
        let buf = buf.get(from..).map(|_| buf.slice(from..)).ok_or(SHORT)?;
        let start = levels.0 + levels.1;
        let values = buf.get(start..).ok_or(SHORT)?;
        // Texts that are kept as differences are handed on as plain ones.
        let plain = match (encoding, self.of) {
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, Type::BYTE_ARRAY) => Some(texts(values, num_values)?),
            (Encoding::DELTA_BYTE_ARRAY, Type::BYTE_ARRAY) => {
                Some(texts_with_beginnings(values, num_values)?)
            }
            _ => None,
        };
        let (buf, encoding) = match plain {
            Some(plain) => {
                let all = [buf.get(..start).unwrap_or_default(), &plain].concat();
                (Bytes::from(all), Encoding::PLAIN)
            }
            None => (buf, encoding),
        };
        let values = buf.get(start..).ok_or(SHORT)?;
        let nulls = self.check_values(encoding, values, header)?;
        Ok(Page::DataPageV2 {
            encoding,
            num_values,
            num_nulls: nulls,
            num_rows: num_values,
            def_levels_byte_len: levels.1 as u32,
            rep_levels_byte_len: levels.0 as u32,
            is_compressed: false,
            statistics: None,
            buf,
        })
    }

    /// Bytes of the levels that a page of the first version begins with, behind the four that say how many these are.
    fn level_bytes(&self, header: &Header, buf: &[u8]) -> Result<usize, Broken> {
        if header.level_encoding != 3 {
            return Err(Broken("which values are null is packed in a way that isn't known"));
        }
        let length = buf.first_chunk().map(|length| u32::from_le_bytes(*length) as usize).ok_or(SHORT)?;
        if length > buf.len() { Err(SHORT) } else { Ok(length) }
    }

    /// The fewest bytes that a value has in a dictionary.
    const fn least(&self) -> usize {
        match self.of {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => self.width,
        }
    }

    /// Whether the library can be given values that are packed like this; and how many are null, or missing.
    fn check_values(&self, encoding: Encoding, values: &[u8], header: &Header) -> Result<u32, Broken> {
        let (count, nulls) = (header.values, header.nulls.min(header.values));
        match (encoding, self.of) {
            // The library panics where one of these has no end.
            (Encoding::PLAIN, Type::BYTE_ARRAY) => return Ok(count.saturating_sub(plain_values(values))),
            (Encoding::PLAIN, _) | (Encoding::RLE, Type::BOOLEAN) => {}
            (Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY, _) if self.dictionary => {}
            (Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY, _) => {
                return Err(Broken("a dictionary is missing"));
            }
            (Encoding::DELTA_BINARY_PACKED, Type::INT32 | Type::INT64) => check(values, count)?,
            (Encoding::BYTE_STREAM_SPLIT, Type::INT32 | Type::INT64 | Type::FIXED_LEN_BYTE_ARRAY) => {}
            _ => return Err(Broken("its values are packed in a way that doesn't fit their type")),
        }
        Ok(nulls)
    }
}

/// How many texts lie one after the other, each behind four bytes that say how long it is; not counting one without an end.
fn plain_values(values: &[u8]) -> u32 {
    let (mut rest, mut count) = (values, 0);
    while let Some((length, behind)) = rest.split_first_chunk() {
        let Some(behind) = behind.get(u32::from_le_bytes(*length) as usize..) else { break };
        (rest, count) = (behind, count + 1);
    }
    count
}

/// A page's bytes without compression; the levels of a page of the second version never have any.
fn unpacked(header: &Header, body: &[u8], compression: Compression) -> Result<Bytes, Broken> {
    let (plain, body) = match header.kind {
        Kind::DataV2 => {
            let levels = header.levels.0 as usize + header.levels.1 as usize;
            body.split_at_checked(levels).ok_or(SHORT)?
        }
        _ => (&[][..], body),
    };
    let wanted = header.bytes.checked_sub(plain.len()).ok_or(SHORT)?;
    let mut bytes = plain.to_vec();
    let compressed = header.compressed || header.kind != Kind::DataV2;
    // A page of the second version without any value may have no bytes, and not those of an empty packet.
    if compressed && !(wanted == 0 && body.is_empty()) {
        unpack(body, wanted, compression, &mut bytes)?;
    } else {
        bytes.extend_from_slice(body);
    }
    if bytes.len() != header.bytes {
        return Err(Broken("a page has another length than it says"));
    }
    Ok(bytes.into())
}

/// Unpacks so many bytes, and never more.
fn unpack(body: &[u8], wanted: usize, compression: Compression, into: &mut Vec<u8>) -> Result<(), Broken> {
    const BAD: Broken = Broken("a page can't be unpacked");
    match compression {
        Compression::UNCOMPRESSED => into.extend_from_slice(body),
        Compression::SNAPPY => {
            if snap::raw::decompress_len(body).map_err(|_| BAD)? != wanted {
                return Err(BAD);
            }
            let from = into.len();
            into.resize(from + wanted, 0);
            let place = into.get_mut(from..).unwrap_or_default();
            snap::raw::Decoder::new().decompress(body, place).map_err(|_| BAD)?;
        }
        Compression::GZIP(_) => {
            let unpacking = flate2::bufread::MultiGzDecoder::new(body);
            unpacking.take(wanted as u64 + 1).read_to_end(into).map_err(|_| BAD)?;
        }
        Compression::ZSTD(_) => {
            into.extend_from_slice(&zstd::bulk::decompress(body, wanted).map_err(|_| BAD)?);
        }
        Compression::LZ4 | Compression::LZ4_RAW => {
            return Err(Broken(
                "it is packed with LZ4, which isn't read; write the file with snappy, zstd or gzip",
            ));
        }
        _ => {
            return Err(Broken(
                "it is packed in a way that isn't read; write the file with snappy, zstd or gzip",
            ));
        }
    }
    Ok(())
}

/// An encoding by the format's number.
fn encoding(number: i32) -> Result<Encoding, Broken> {
    Ok(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return Err(Broken("its values are packed in a way that isn't known")),
    })
}

impl Iterator for Pages {
    type Item = parquet::errors::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> parquet::errors::Result<Option<Page>> {
        self.page().map_err(|Broken(what)| ParquetError::General(what.to_owned()))
    }

    // Nothing is skipped, so that nobody asks for what comes next.
    fn peek_next_page(&mut self) -> parquet::errors::Result<Option<PageMetadata>> {
        Err(ParquetError::NYI("pages are read in their order".to_owned()))
    }

    fn skip_next_page(&mut self) -> parquet::errors::Result<()> {
        Err(ParquetError::NYI("pages are read in their order".to_owned()))
    }
}
