//! Text in the encodings that spreadsheets write: UTF-8 with or without mark, UTF-16 in either order.

use std::io::Read;

use super::ReadError;

/// The whole text of `source`, without byte-order mark, if it has no more than so many bytes.
pub(super) fn whole<R: Read>(source: R, limit_bytes: u64) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    source.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(ReadError::TooLarge { limit_bytes });
    }
    decode(bytes)
}

/// The text that `bytes` hold.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, ReadError> {
    let wide = |from: usize, pair: fn([u8; 2]) -> u16| {
        let body = bytes.get(from..).unwrap_or_default();
        let units = body.chunks_exact(2).map(|two| pair([two[0], two[1]]));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        match text {
            Ok(text) if body.len() % 2 == 0 => Ok(text),
            _ => Err(ReadError::Encoding { offset: from }),
        }
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(2, u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(2, u16::from_be_bytes),
        // Without a mark: an ASCII letter's other half is zero.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => wide(0, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => wide(0, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest.to_vec(), 3),
        _ => utf8(bytes, 0),
    }
}

fn utf8(bytes: Vec<u8>, before: usize) -> Result<String, ReadError> {
    String::from_utf8(bytes)
        .map_err(|error| ReadError::Encoding { offset: before + error.utf8_error().valid_up_to() })
}
