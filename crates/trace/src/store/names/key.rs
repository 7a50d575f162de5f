//! A name's one form: what two spellings of the same address have in common.

use std::borrow::Cow;

use crate::store::NAME_BYTES_MAX;
use crate::store::error::NameError;

/// The bytes of an address of an Ethereum-like chain.
pub(crate) const SHORT: usize = 20;

/// A name in its one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    /// `0x` and 40 hexadecimal digits, as bytes.
    Hex([u8; SHORT]),
    /// Anything else, as it is; hexadecimal digits after `0x` in lower case.
    Text(Cow<'a, [u8]>),
}

impl<'a> Key<'a> {
    /// Reads a name.
    #[inline]
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, NameError> {
        match text {
            [b'0', b'x' | b'X', digits @ ..] => {
                if digits.len() == 2 * SHORT
                    && let Ok(bytes) = const_hex::decode_to_array(digits)
                {
                    return Ok(Self::Hex(bytes));
                }
                long_hex(digits)
            }
            _ => plain(text),
        }
    }

    /// The same, with bytes of its own.
    pub(crate) fn into_owned(self) -> Key<'static> {
        match self {
            Self::Hex(bytes) => Key::Hex(bytes),
            Self::Text(text) => Key::Text(Cow::Owned(text.into_owned())),
        }
    }

    /// The name as people write it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Hex(bytes) => const_hex::encode_prefixed(bytes),
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
        }
    }

    /// A hash that depends on a secret number, so that nobody can choose names that collide. The same on every machine.
    #[inline]
    pub(crate) fn hash(&self, seed: u64) -> u32 {
        match self {
            Self::Hex(bytes) => {
                let [a, b, c] = words(bytes);
                let first = fold(a ^ seed, b ^ MIX[0]);
                fold(first ^ c, seed ^ MIX[1]) as u32
            }
            Self::Text(text) => long_hash(text, seed),
        }
    }
}

/// Odd numbers with as many ones as zeros.
const MIX: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];

/// Both halves of a product, one over the other: each bit of the result depends on nearly all bits that went in.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Twenty bytes as three words, of which the last two overlap.
#[inline]
fn words(bytes: &[u8; SHORT]) -> [u64; 3] {
    let word = |at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_le_bytes(*chunk))
    };
    [word(0), word(8), word(12)]
}

fn long_hash(text: &[u8], seed: u64) -> u32 {
    let mut state = seed ^ MIX[2] ^ text.len() as u64;
    for chunk in text.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = fold(state ^ u64::from_le_bytes(word), seed ^ MIX[0]);
    }
    fold(state, MIX[1] ^ seed) as u32
}

#[cold]
fn long_hex<'a>(digits: &[u8]) -> Result<Key<'a>, NameError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(NameError::Hex);
    }
    if digits.len() + 2 > NAME_BYTES_MAX {
        return Err(NameError::Long(digits.len() + 2));
    }
    let mut text = b"0x".to_vec();
    text.extend(digits.iter().map(u8::to_ascii_lowercase));
    Ok(Key::Text(Cow::Owned(text)))
}

fn plain(text: &[u8]) -> Result<Key<'_>, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(NameError::Long(text.len()));
    }
    if text.iter().all(u8::is_ascii_graphic) {
        return Ok(Key::Text(Cow::Borrowed(text)));
    }
    let printable = std::str::from_utf8(text).is_ok_and(|text| {
        text.chars().all(|character| !character.is_control() && !character.is_whitespace())
    });
    if printable { Ok(Key::Text(Cow::Borrowed(text))) } else { Err(NameError::Characters) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, NameError>) {
        let found = Key::parse(text.as_bytes()).map(|key| key.text());
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn spellings_of_one_address_meet_and_what_is_no_name_is_refused() {
        let lower = "0x47666fab8bd0ac7003bce3f5c3585383f09486e2";
        check(lower, Ok(lower));
        check("0x47666FAB8bd0Ac7003bce3f5C3585383F09486E2", Ok(lower));
        check("0X47666FAB8bd0Ac7003bce3f5C3585383F09486E2", Ok(lower));
        check("0x1", Ok("0x1"));
        check("0xAB", Ok("0xab"));
        check("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", Ok("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"));
        check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", Ok("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"));
        check("", Err(NameError::Empty));
        check("0x", Err(NameError::Hex));
        check("0x47666fab8bd0ac7003bce3f5c3585383f09486eg", Err(NameError::Hex));
        check("a b", Err(NameError::Characters));
        check("a\u{7}b", Err(NameError::Characters));
        check(&"a".repeat(NAME_BYTES_MAX), Ok(&"a".repeat(NAME_BYTES_MAX)));
        check(&"a".repeat(NAME_BYTES_MAX + 1), Err(NameError::Long(NAME_BYTES_MAX + 1)));
        check(&format!("0x{}", "a".repeat(NAME_BYTES_MAX)), Err(NameError::Long(NAME_BYTES_MAX + 2)));
        assert_eq!(Key::parse(b"\xff\xfe"), Err(NameError::Characters));
    }

    #[test]
    fn hashes_spread_and_depend_on_the_seed() {
        let keys: Vec<_> = (0..4096_u32)
            .map(|n| {
                let mut bytes = [0; SHORT];
                bytes[16..].copy_from_slice(&n.to_be_bytes());
                Key::Hex(bytes)
            })
            .collect();
        let mut full: Vec<_> = keys.iter().map(|key| key.hash(7) >> 20).collect();
        full.sort_unstable();
        full.dedup();
        assert!(full.len() > 2400, "{} of 4096 places are used; by chance 2589 would be", full.len());
        assert!(keys.iter().all(|key| key.hash(7) != key.hash(8)));
        assert_ne!(
            Key::parse(b"ab").unwrap().hash(1),
            Key::parse(b"ab\0".get(..2).unwrap()).unwrap().hash(2)
        );
    }
}
