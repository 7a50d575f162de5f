//! The part of CBOR that authenticators speak: whole numbers, bytes, texts, and maps of these, in one spelling each.
//!
//! Source: CTAP 2.1, section 8 (canonical form); RFC 8949. Indefinite lengths, longer spellings than needed, tags, floats and
//! arrays are refused, so that each text has one reading; lengths are looked at before anything is taken.

/// Values in a map.
const ENTRIES_MAX: usize = 16;
/// Maps within maps.
const DEPTH_MAX: u8 = 3;

/// A value; bytes and texts are parts of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'b> {
    Number(i64),
    Bytes(&'b [u8]),
    Text(&'b str),
    Map(Vec<(Value<'b>, Value<'b>)>),
}

impl<'b> Value<'b> {
    /// The value under a key of a map.
    pub(super) fn get(&self, key: &Value<'_>) -> Option<&Value<'b>> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads one value; gives what comes after it. `None` if it has another form.
pub(super) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    value(bytes, 0)
}

fn value(bytes: &[u8], depth: u8) -> Option<(Value<'_>, &[u8])> {
    let (major, count, rest) = head(bytes)?;
    let length = usize::try_from(count).ok();
    match major {
        0 => Some((Value::Number(i64::try_from(count).ok()?), rest)),
        1 => Some((Value::Number(-1 - i64::try_from(count).ok()?), rest)),
        2 => {
            let (bytes, rest) = rest.split_at_checked(length?)?;
            Some((Value::Bytes(bytes), rest))
        }
        3 => {
            let (text, rest) = rest.split_at_checked(length?)?;
            Some((Value::Text(std::str::from_utf8(text).ok()?), rest))
        }
        5 if depth < DEPTH_MAX => {
            let count = length.filter(|count| *count <= ENTRIES_MAX)?;
            let (mut entries, mut rest) = (Vec::with_capacity(count), rest);
            for _ in 0..count {
                let (key, after) = value(rest, DEPTH_MAX)?;
                let (held, after) = value(after, depth + 1)?;
                if entries.iter().any(|(known, _)| *known == key) {
                    return None;
                }
                entries.push((key, held));
                rest = after;
            }
            Some((Value::Map(entries), rest))
        }
        _ => None,
    }
}

/// The kind of a value and the number beside it, in its shortest spelling.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 0x1f);
    let (size, least) = match short {
        0..=23 => return Some((major, u64::from(short), rest)),
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(size)?;
    let count = digits.iter().fold(0_u64, |count, digit| count << 8 | u64::from(*digit));
    (count >= least).then_some((major, count, rest))
}

#[cfg(test)]
mod tests {
    use super::{Value, read};
    use proptest::prelude::*;

    #[test]
    fn values_have_one_spelling() {
        // Source: RFC 8949, appendix A.
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x17], 23),
            (&[0x18, 0x18], 24),
            (&[0x19, 0x03, 0xe8], 1_000),
            (&[0x26], -7),
        ] {
            assert_eq!(read(bytes), Some((Value::Number(number), &[][..])));
        }
        assert_eq!(read(b"\x43abcx"), Some((Value::Bytes(b"abc"), &b"x"[..])));
        let map = read(&[0xa2, 0x01, 0x02, 0x61, b'a', 0xa0]).unwrap().0;
        assert_eq!(map.get(&Value::Number(1)), Some(&Value::Number(2)));
        assert_eq!(map.get(&Value::Text("a")), Some(&Value::Map(Vec::new())));
        for bad in [
            &[][..],
            &[0x18, 0x17],
            &[0x19, 0x00, 0xff],
            &[0x43, b'a'],
            &[0x61, 0xff],
            &[0x5f],
            &[0x80],
            &[0xc0, 0x00],
            &[0xf5],
            &[0xa1, 0x01],
            &[0xa2, 0x01, 0x02, 0x01, 0x03],
            &[0xb1],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0xa1, 0x01, 0x01],
        ] {
            assert_eq!(read(bad), None, "{bad:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_end_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some((_, rest)) = read(&bytes) {
                prop_assert!(rest.len() < bytes.len());
            }
        }
    }
}
