//! SS58: accounts of Polkadot, Kusama and other Substrate chains.
//!
//! Source: Substrate, "SS58 address format" and its registry.

use blake2::{Blake2b512, Digest};

use super::form::{Found, Reading};
use super::judge::Text;
use super::{Fault, Network};

/// What is hashed before the address.
const CONTEXT: &[u8] = b"SS58PRE";

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// An account behind one of these prefixes.
pub(super) fn read(text: &Text<'_>, prefixes: &[u16]) -> Reading {
    if !(45..=52).contains(&text.text.len()) {
        return Reading::No;
    }
    let Some(bytes) = text.base58() else { return Reading::No };
    match prefix(bytes) {
        Some(prefix) if prefixes.contains(&prefix) => {}
        _ => return Reading::No,
    }
    let Some((body, end)) = bytes.split_last_chunk::<2>() else { return Reading::No };
    let hash = Blake2b512::new().chain_update(CONTEXT).chain_update(body).finalize();
    if hash.starts_with(end) {
        Reading::Is(Found::checked(Network::Either, text.text))
    } else {
        Reading::Wrong(Fault::Checksum)
    }
}

/// The number of the chain, in one byte or two, before a key and two check bytes.
fn prefix(bytes: &[u8]) -> Option<u16> {
    match (bytes.len().checked_sub(KEY_BYTES + 2)?, bytes) {
        (1, [one @ 0..=63, ..]) => Some(u16::from(*one)),
        (2, [first @ 64..=127, second, ..]) => {
            let (first, second) = (u16::from(*first), u16::from(*second));
            Some((first & 0x3f) << 2 | second >> 6 | (second & 0x3f) << 8)
        }
        _ => None,
    }
}
