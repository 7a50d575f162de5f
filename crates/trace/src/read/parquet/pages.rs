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

use super::header::{Header, Kind, read};
use super::source::Source;
use super::{Broken, DICTIONARY_BYTES_MAX, PAGE_BYTES_MAX, PAGE_VALUES_MAX};

/// Bytes that a header usually fits into; statistics can make it longer.
const HEADER_BYTES: usize = 4 << 10;
/// The bytes that a header may have.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// How many bytes are read at a time.
const READ_BYTES: usize = 128 << 10;
/// The most values of a block of differences; writers take 128 or 256.
const BLOCK_VALUES_MAX: u64 = 1 << 16;

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
            if least > buf.len() {
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
        let (repetitions, definitions) = header.levels;
        let level_bytes = if header.kind == Kind::DataV2 {
            repetitions as usize + definitions as usize
        } else if self.levels {
            if header.level_encoding != 3 {
                return Err(Broken("which values are null is packed in a way that isn't known"));
            }
            let length = buf.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
            length.ok_or(Broken("a page is too short"))? + 4
        } else {
            0
        };
        let values = buf.get(level_bytes..).ok_or(Broken("a page is too short"))?;
        self.check_values(encoding, values, num_values)?;
        Ok(match header.kind {
            Kind::DataV2 => Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls: header.nulls,
                num_rows: num_values,
                def_levels_byte_len: definitions,
                rep_levels_byte_len: repetitions,
                is_compressed: false,
                statistics: None,
            },
            _ => Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            },
        })
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

    /// Whether the library can be given values that are packed like this.
    fn check_values(&self, encoding: Encoding, values: &[u8], count: u32) -> Result<(), Broken> {
        match (encoding, self.of) {
            (Encoding::PLAIN, _) | (Encoding::RLE, Type::BOOLEAN) => Ok(()),
            (Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY, _) if self.dictionary => Ok(()),
            (Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY, _) => {
                Err(Broken("a dictionary is missing"))
            }
            (Encoding::DELTA_BINARY_PACKED, Type::INT32 | Type::INT64)
            | (Encoding::DELTA_LENGTH_BYTE_ARRAY, Type::BYTE_ARRAY) => check_differences(values, count),
            (Encoding::BYTE_STREAM_SPLIT, Type::INT32 | Type::INT64 | Type::FIXED_LEN_BYTE_ARRAY) => Ok(()),
            (Encoding::DELTA_BYTE_ARRAY, _) => Err(Broken(
                "it is packed as DELTA_BYTE_ARRAY, which a few bytes can make larger than any memory; write the file \
                 with another encoding",
            )),
            _ => Err(Broken("its values are packed in a way that doesn't fit their type")),
        }
    }
}

/// Checks what numbers that are kept as differences say of themselves.
///
/// Source: Apache Parquet format, `Encodings.md` (delta encoding): values in a block, parts of a block, values.
fn check_differences(values: &[u8], count: u32) -> Result<(), Broken> {
    let mut at = 0;
    let mut number = || {
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = values.get(at).copied()?;
            at += 1;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    };
    match (number(), number(), number()) {
        (Some(block), Some(parts), Some(all))
            if block <= BLOCK_VALUES_MAX && parts <= block && all <= u64::from(count) =>
        {
            Ok(())
        }
        _ => Err(Broken("its values are kept as differences, and say something impossible of themselves")),
    }
}

/// A page's bytes without compression; the levels of a page of the second version never have any.
fn unpacked(header: &Header, body: &[u8], compression: Compression) -> Result<Bytes, Broken> {
    let (plain, body) = match header.kind {
        Kind::DataV2 => {
            let levels = header.levels.0 as usize + header.levels.1 as usize;
            body.split_at_checked(levels).ok_or(Broken("a page is too short"))?
        }
        _ => (&[][..], body),
    };
    let wanted = header.bytes.checked_sub(plain.len()).ok_or(Broken("a page is too short"))?;
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
