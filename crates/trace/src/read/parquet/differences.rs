//! Texts whose lengths are kept as differences, made plain: each behind its length.
//!
//! The library that decodes the others believes lengths that are negative or larger than what is there, and lets each text be as long
//! as all before it together. Here all of it is counted before it is made.
//!
//! Source: Apache Parquet format, `Encodings.md` (delta encoding, delta-length byte array, delta strings).

use super::{Broken, PAGE_BYTES_MAX};

/// The most values of a block; writers take 128 or 256.
const BLOCK_VALUES_MAX: u64 = 1 << 16;

const BAD: Broken = Broken("its values are kept as differences, and say something impossible of themselves");
const LONG: Broken = Broken("its texts take more than 128 MiB in a page; write the file with smaller pages");

/// What numbers that are kept as differences say of themselves.
struct Header {
    /// Values of a part of a block.
    part: usize,
    /// Parts of a block.
    parts: usize,
    /// All values.
    count: usize,
}

/// Checks numbers that are kept as differences, and are decoded elsewhere.
pub(super) fn check(bytes: &[u8], most: u32) -> Result<(), Broken> {
    Reader { bytes, at: 0 }.header(most).map(|_| ())
}

/// Texts behind all their lengths.
pub(super) fn texts(bytes: &[u8], most: u32) -> Result<Vec<u8>, Broken> {
    let mut reader = Reader { bytes, at: 0 };
    let lengths = reader.numbers(most)?;
    let mut plain = Vec::new();
    for length in lengths {
        let text = reader.take(length as usize)?;
        put(&[], text, &mut plain)?;
    }
    Ok(plain)
}

/// Texts that begin as the one before does: how much of it all of them take, and then the ends as by [`texts`].
pub(super) fn texts_with_beginnings(bytes: &[u8], most: u32) -> Result<Vec<u8>, Broken> {
    let mut reader = Reader { bytes, at: 0 };
    let beginnings = reader.numbers(most)?;
    let lengths = reader.numbers(most)?;
    if beginnings.len() != lengths.len() {
        return Err(BAD);
    }
    let (mut plain, mut last) = (Vec::new(), Vec::new());
    for (beginning, length) in beginnings.into_iter().zip(lengths) {
        if beginning as usize > last.len() {
            return Err(BAD);
        }
        last.truncate(beginning as usize);
        let end = reader.take(length as usize)?;
        put(&last, end, &mut plain)?;
        last.extend_from_slice(end);
    }
    Ok(plain)
}

/// Adds a text behind its length.
fn put(beginning: &[u8], end: &[u8], plain: &mut Vec<u8>) -> Result<(), Broken> {
    let length = beginning.len() + end.len();
    if plain.len() + 4 + length > PAGE_BYTES_MAX {
        return Err(LONG);
    }
    plain.extend_from_slice(&(length as u32).to_le_bytes());
    plain.extend_from_slice(beginning);
    plain.extend_from_slice(end);
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..count)).ok_or(BAD)?;
        self.at += count;
        Ok(taken)
    }

    /// An unsigned number, seven bits in a byte, the lowest first.
    fn varint(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first().copied().ok_or(BAD)?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(BAD)
    }

    fn signed(&mut self) -> Result<i64, Broken> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn header(&mut self, most: u32) -> Result<Header, Broken> {
        let (block, parts, count) = (self.varint()?, self.varint()?, self.varint()?);
        let whole = parts > 0 && block.is_multiple_of(parts) && (block / parts).is_multiple_of(32);
        if !whole || block == 0 || block > BLOCK_VALUES_MAX || count > u64::from(most) {
            return Err(BAD);
        }
        Ok(Header { part: (block / parts) as usize, parts: parts as usize, count: count as usize })
    }

    /// Numbers from 0 to 2³¹ − 1.
    fn numbers(&mut self, most: u32) -> Result<Vec<u32>, Broken> {
        let header = self.header(most)?;
        if header.count * 4 > PAGE_BYTES_MAX {
            return Err(LONG);
        }
        let mut last = self.signed()?;
        let mut numbers = Vec::new();
        let put = |number: i64, numbers: &mut Vec<u32>| {
            numbers
                .push(i32::try_from(number).ok().and_then(|number| u32::try_from(number).ok()).ok_or(BAD)?);
            Ok(())
        };
        if header.count > 0 {
            put(last, &mut numbers)?;
        }
        while numbers.len() < header.count {
            let least = self.signed()?;
            for width in self.take(header.parts)? {
                let left = (header.count - numbers.len()).min(header.part);
                if left == 0 {
                    break;
                }
                if *width > 32 {
                    return Err(BAD);
                }
                let width = usize::from(*width);
                let packed = self.take(header.part / 8 * width)?;
                for place in 0..left {
                    let more = bits(packed, place * width, width);
                    last = last.wrapping_add(least).wrapping_add(i64::from(more));
                    put(last, &mut numbers)?;
                }
            }
        }
        Ok(numbers)
    }
}

/// So many bits from a place on, the lowest first.
fn bits(bytes: &[u8], from: usize, width: usize) -> u32 {
    let mut word = [0; 8];
    let some = bytes.get(from / 8..).unwrap_or_default();
    let there = some.len().min(word.len());
    word[..there].copy_from_slice(&some[..there]);
    ((u64::from_le_bytes(word) >> (from % 8)) & ((1 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of a specification's example: 7, 5, 3, 1, 2, 3, 4, 5 in a block of 128 and four parts; the differences take two bits.
    const EXAMPLE: [u8; 18] = [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0];

    #[test]
    fn the_example_of_the_specification_is_read() {
        let mut reader = Reader { bytes: &EXAMPLE, at: 0 };
        assert_eq!(reader.numbers(8).ok(), Some(vec![7, 5, 3, 1, 2, 3, 4, 5]));
        assert_eq!(reader.at, EXAMPLE.len());
        assert!(check(&EXAMPLE, 7).is_err(), "more than there are");
    }

    #[test]
    fn texts_become_plain_and_too_long_ones_are_told() {
        let numbers = |numbers: [u8; 2]| {
            let [first, second] = numbers;
            // One part of 32 values, of which each takes a byte.
            let mut bytes = vec![32, 1, 2, 2 * first, 0, 8];
            bytes.extend([second - first; 1]);
            bytes.resize(6 + 32, 0);
            bytes
        };
        let plain = |first: &[u8], second: &[u8]| {
            let one = |text: &[u8]| [&(text.len() as u32).to_le_bytes()[..], text].concat();
            Some([one(first), one(second)].concat())
        };
        let bytes = [&numbers([1, 2])[..], b"abc"].concat();
        assert_eq!(texts(&bytes, 2).ok(), plain(b"a", b"bc"));
        assert!(texts(&bytes[..bytes.len() - 1], 2).is_err());
        let bytes = [&numbers([0, 1])[..], &numbers([2, 3]), b"abcde"].concat();
        assert_eq!(texts_with_beginnings(&bytes, 2).ok(), plain(b"ab", b"acde"));
        let bytes = [&numbers([0, 3])[..], &numbers([2, 3]), b"abcde"].concat();
        assert!(texts_with_beginnings(&bytes, 2).is_err(), "it begins with more than there was");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(start in prop::collection::vec(any::<u8>(), 0..60), most in 0..1_000_u32) {
            let bytes = [&[0x80, 1, 4][..], &start].concat();
            for bytes in [&start[..], &bytes] {
                let _told = (texts(bytes, most), texts_with_beginnings(bytes, most), check(bytes, most));
            }
        }
    }
}
