//! CryptoNote: Monero and its kin, base58 in blocks with a Keccak checksum.
//!
//! Sources: CryptoNote Standard 007, "Keys and Addresses"; Monero, "Standard, integrated and subaddress".

use sha3::{Digest, Keccak256};

use super::form::{Found, Reading};
use super::letters::BASE58;
use super::{Fault, Network};

/// Letters of the shortest and the longest address: two keys, or two keys and a payment's number, and a tag.
const LETTERS_MIN: usize = 95;
const LETTERS_MAX: usize = 110;

/// Bytes in a block of eleven letters, and in shorter ones at the end by their letters.
const BLOCK: [Option<usize>; 12] =
    [Some(0), None, Some(1), Some(2), None, Some(3), Some(4), Some(5), None, Some(6), Some(7), Some(8)];

/// Two keys, and two keys with a payment's number.
const KEYS_BYTES: [usize; 2] = [64, 72];

/// What an address says.
pub(super) struct Keys {
    /// The number before the keys, which tells chain, net and kind.
    pub(super) tag: u64,
    /// Whether the checksum fits.
    pub(super) fits: bool,
}

/// Whether `text` has the length and letters of such an address.
fn looks(text: &str) -> bool {
    (LETTERS_MIN..=LETTERS_MAX).contains(&text.len()) && BASE58.spell(text)
}

/// The tag of `text`, if it is two keys and a tag.
pub(super) fn parse(text: &str) -> Option<Keys> {
    if !looks(text) {
        return None;
    }
    let mut bytes = Vec::with_capacity(LETTERS_MAX);
    for block in text.as_bytes().chunks(11) {
        let size = BLOCK.get(block.len()).copied().flatten()?;
        let mut number = 0_u128;
        for letter in block {
            number = number * 58 + u128::from(BASE58.place(*letter)?);
        }
        if number >> (8 * size) != 0 {
            return None;
        }
        bytes.extend_from_slice(number.to_be_bytes().get(16 - size..)?);
    }
    let (body, end) = bytes.split_last_chunk::<4>()?;
    let (mut tag, mut length) = (0_u64, 0);
    for byte in body.iter().take(4) {
        tag |= u64::from(byte & 0x7f) << (7 * length);
        length += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let keys = KEYS_BYTES.contains(&(body.len() - length));
    keys.then(|| Keys { tag, fits: Keccak256::digest(body).starts_with(end) })
}

/// An address with one of these tags.
pub(super) fn read(text: &str, main: &[u64], test: &[u64]) -> Reading {
    let Some(keys) = parse(text) else { return Reading::No };
    let network = if main.contains(&keys.tag) {
        Network::Main
    } else if test.contains(&keys.tag) {
        Network::Test
    } else {
        return Reading::No;
    };
    if keys.fits { Reading::Is(Found::checked(network, text)) } else { Reading::Wrong(Fault::Checksum) }
}
