//! The header of a page: how many bytes and values follow, and how they are packed.
//!
//! Headers are Thrift structs in the compact protocol. They are read here, and not by the library that decodes the values, because
//! they say how much memory a page takes, and that has to be checked before it is taken.
//!
//! Source: Apache Parquet format, `parquet.thrift` (`PageHeader`); Apache Thrift, compact protocol.

use super::Broken;

/// How deep structs may lie in each other; those of the format are three deep.
const DEPTH_MAX: u8 = 16;

/// What kind of page follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    DataV2,
    Dictionary,
    /// Of a kind that has no values, and is passed over.
    Other,
}

/// A page's header, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Bytes once it is unpacked.
    pub(super) bytes: usize,
    /// Bytes that follow the header.
    pub(super) packed: usize,
    /// Values, with those that are null.
    pub(super) values: u32,
    pub(super) nulls: u32,
    /// The format's number of the encoding of the values.
    pub(super) encoding: i32,
    /// The same of the definition levels, in pages of the first version.
    pub(super) level_encoding: i32,
    /// Bytes of the repetition and definition levels, in pages of the second version.
    pub(super) levels: (u32, u32),
    /// Whether the values of a page of the second version are packed.
    pub(super) compressed: bool,
}

/// Reads the header that bytes begin with, and says how long it is; `None` if it isn't all there.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(Header, usize)>, Broken> {
    let mut reader = Reader { bytes, at: 0 };
    match reader.page() {
        Ok(header) => Ok(Some((header, reader.at))),
        Err(Stop::Short) => Ok(None),
        Err(Stop::Broken(what)) => Err(Broken(what)),
    }
}

/// What ends the reading of a header.
enum Stop {
    Short,
    Broken(&'static str),
}

/// What a field of a struct holds. A truth is in its type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Truth(bool),
    Byte,
    Number,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn page(&mut self) -> Result<Header, Stop> {
        let mut header = Header {
            kind: Kind::Other,
            bytes: 0,
            packed: 0,
            values: 0,
            nulls: 0,
            encoding: -1,
            level_encoding: -1,
            levels: (0, 0),
            compressed: true,
        };
        let (mut kind, mut details) = (None, None);
        let mut field = 0;
        while let Some(of) = self.field(&mut field)? {
            match (field, of) {
                (1, Type::Number) => kind = Some(self.number()?),
                (2, Type::Number) => header.bytes = self.count()? as usize,
                (3, Type::Number) => header.packed = self.count()? as usize,
                (5 | 7 | 8, Type::Struct) => {
                    details = Some(field);
                    self.details(&mut header, field)?;
                }
                (_, of) => self.skip(of, 0)?,
            }
        }
        header.kind = match (kind, details) {
            (Some(0), Some(5)) => Kind::Data,
            (Some(2), Some(7)) => Kind::Dictionary,
            (Some(3), Some(8)) => Kind::DataV2,
            (Some(0 | 2 | 3) | None, _) => return Err(Stop::Broken("the header of a page is incomplete")),
            (Some(_), _) => Kind::Other,
        };
        Ok(header)
    }

    /// Reads what one kind of page says of itself.
    fn details(&mut self, header: &mut Header, kind: i64) -> Result<(), Stop> {
        let mut field = 0;
        while let Some(of) = self.field(&mut field)? {
            match (kind, field, of) {
                (_, 1, Type::Number) => header.values = self.count()?,
                (5 | 7, 2, Type::Number) | (8, 4, Type::Number) => header.encoding = self.code()?,
                (5, 3, Type::Number) => header.level_encoding = self.code()?,
                (8, 2, Type::Number) => header.nulls = self.count()?,
                (8, 5, Type::Number) => header.levels.1 = self.count()?,
                (8, 6, Type::Number) => header.levels.0 = self.count()?,
                (8, 7, Type::Truth(truth)) => header.compressed = truth,
                (_, _, of) => self.skip(of, 0)?,
            }
        }
        Ok(())
    }

    /// The next field's type, and its number in `field`; `None` at the end of the struct.
    fn field(&mut self, field: &mut i64) -> Result<Option<Type>, Stop> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        *field = match byte >> 4 {
            0 => self.number()?,
            more => *field + i64::from(more),
        };
        Ok(Some(of(byte & 15)?))
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.bytes.get(self.at).copied().ok_or(Stop::Short)?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned number, seven bits in a byte, the lowest first.
    fn varint(&mut self) -> Result<u64, Stop> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(Stop::Broken("a number in the header of a page is too long"))
    }

    /// A signed number.
    fn number(&mut self) -> Result<i64, Stop> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number that the format keeps in 31 bits.
    fn count(&mut self) -> Result<u32, Stop> {
        let number = self.number()?;
        i32::try_from(number)
            .ok()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or(Stop::Broken("a page has an impossible number of bytes or values"))
    }

    fn code(&mut self) -> Result<i32, Stop> {
        i32::try_from(self.number()?).map_err(|_| Stop::Broken("a page has an unknown encoding"))
    }

    /// Passes over a value.
    fn skip(&mut self, of: Type, depth: u8) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return Err(Stop::Broken("the header of a page is too deep"));
        }
        match of {
            Type::Truth(_) => Ok(()),
            Type::Byte => self.pass(1),
            Type::Number => self.varint().map(|_| ()),
            Type::Double => self.pass(8),
            Type::Binary => {
                let bytes = self.varint()?;
                self.pass(bytes)
            }
            Type::List => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                (0..count).try_for_each(|_| self.element(head & 15, depth))
            }
            Type::Map => {
                let count = self.varint()?;
                let types = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.element(types >> 4, depth)?;
                    self.element(types & 15, depth)
                })
            }
            Type::Struct => {
                let mut field = 0;
                while let Some(of) = self.field(&mut field)? {
                    self.skip(of, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    /// Passes over an element of a list; a truth is a byte there, so that each takes at least one.
    fn element(&mut self, code: u8, depth: u8) -> Result<(), Stop> {
        match of(code)? {
            Type::Truth(_) => self.pass(1),
            of => self.skip(of, depth + 1),
        }
    }

    fn pass(&mut self, bytes: u64) -> Result<(), Stop> {
        let left = (self.bytes.len() - self.at) as u64;
        if bytes > left {
            return Err(Stop::Short);
        }
        self.at += bytes as usize;
        Ok(())
    }
}

fn of(code: u8) -> Result<Type, Stop> {
    Ok(match code {
        1 => Type::Truth(true),
        2 => Type::Truth(false),
        3 => Type::Byte,
        4..=6 => Type::Number,
        7 => Type::Double,
        8 => Type::Binary,
        9 | 10 => Type::List,
        11 => Type::Map,
        12 => Type::Struct,
        _ => return Err(Stop::Broken("the header of a page has a field of an unknown type")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A data page of 3 values in 10 bytes, packed in 12, PLAIN, levels RLE, with statistics and a field of the future.
    const DATA: [u8; 27] = [
        0x15, 0, 0x15, 20, 0x15, 24, 0x2c, // type, sizes, DataPageHeader
        0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, // values, encodings
        0x1c, 0x18, 2, b'a', b'b', 0, 0, // statistics with a binary; ends of both
        0xe9, 0x11, 1, 0, 0, // field 19: a list of a truth; the end
    ];

    #[test]
    fn a_data_page_is_read() {
        let expected = Header {
            kind: Kind::Data,
            bytes: 10,
            packed: 12,
            values: 3,
            nulls: 0,
            encoding: 0,
            level_encoding: 3,
            levels: (0, 0),
            compressed: true,
        };
        let found = read(&DATA).unwrap();
        assert_eq!(found, Some((expected, 26)));
        for end in 0..26 {
            assert!(read(&DATA[..end]).is_ok_and(|header| header.is_none()), "{end}");
        }
    }

    #[test]
    fn a_page_of_the_second_version_is_read() {
        let bytes = [
            0x15, 6, 0x15, 20, 0x15, 24, 0x5c, 0x15, 8, 0x15, 2, 0x15, 8, 0x15, 10, 0x15, 4, 0x15, 0, 0x12,
            0, 0,
        ];
        let (header, length) = read(&bytes).unwrap().unwrap();
        assert_eq!((header.kind, header.values, header.nulls, header.encoding), (Kind::DataV2, 4, 1, 5));
        assert_eq!((header.levels, header.compressed, length), ((0, 2), false, bytes.len()));
    }

    #[test]
    fn what_is_no_header_is_told() {
        assert!(read(&[0]).is_err(), "no type");
        assert!(read(&[0x15, 0, 0]).is_err(), "a data page that says nothing of its data");
        assert!(read(&[0x15, 0, 0x15, 1]).is_err(), "less than nothing");
        assert!(read(&[0x1d]).is_err(), "a type that isn't one");
        assert!(read(&[0x15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
        assert!(read(&[0x1c; 100]).is_ok_and(|header| header.is_none()) || read(&[0x1c; 100]).is_err());
        assert!(matches!(read(&[0x15, 2, 0]), Ok(Some((Header { kind: Kind::Other, .. }, 3)))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_read_too_far(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, length))) = read(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
