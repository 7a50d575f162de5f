//! Cardano: Byron's addresses (CBOR with a CRC-32, in base58) and Shelley's (bech32).
//!
//! Sources: CIP-19; Byron, "Address format" (`address = #6.24(bytes), crc32`).

use super::base58;
use super::bech::{self, Encoding};
use super::form::{Found, Reading};
use super::judge::Text;
use super::{Fault, Network};

const CRC32: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// The attribute that names a test net.
const MAGIC: u8 = 2;

/// An address of the era before Shelley, if `text` is base58 of an array of tagged bytes and a number.
pub(super) fn byron(text: &Text<'_>) -> Reading {
    // The shortest has 33 bytes of payload and 43 in all.
    if !(50..=base58::BASE58_BYTES_MAX).contains(&text.text.len()) {
        return Reading::No;
    }
    let Some(bytes) = text.base58() else { return Reading::No };
    let Some(rest) = bytes.strip_prefix(&[0x82, 0xd8, 0x18]) else { return Reading::No };
    let Some((payload, rest)) = byte_string(rest) else { return Reading::Wrong(Fault::Length) };
    let stated = match rest {
        [0x1a, number @ ..] => <[u8; 4]>::try_from(number).map(u32::from_be_bytes).ok(),
        [0x19, high, low] => Some(u32::from(u16::from_be_bytes([*high, *low]))),
        [0x18, low] => Some(u32::from(*low)),
        _ => None,
    };
    let Some(stated) = stated else { return Reading::Wrong(Fault::Length) };
    if CRC32.checksum(payload) != stated {
        return Reading::Wrong(Fault::Checksum);
    }
    match byron_network(payload) {
        Some(network) => Reading::Is(Found::checked(network, text.text)),
        None => Reading::Wrong(Fault::Version),
    }
}

/// A CBOR byte string of up to 255 bytes, and what follows it.
fn byte_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [0x58, length, rest @ ..] => (usize::from(*length), rest),
        [head @ 0x40..=0x57, rest @ ..] => (usize::from(head & 0x1f), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Of `[root, attributes, type]`, whether the attributes name a test net.
fn byron_network(payload: &[u8]) -> Option<Network> {
    let (root, rest) = byte_string(payload.strip_prefix(&[0x83])?)?;
    let (map, mut rest) = rest.split_first().filter(|(map, _)| (0xa0..=0xa4).contains(*map))?;
    let mut network = Network::Main;
    for _ in 0..map & 0x1f {
        let (key, after) = rest.split_first()?;
        if *key == MAGIC {
            network = Network::Test;
        }
        rest = byte_string(after)?.1;
    }
    (root.len() == 28 && matches!(rest, [0 | 2])).then_some(network)
}

/// Human-readable parts, whether of an account of stake, and of which net.
pub(super) const HUMANS: [(&str, bool, Network); 4] = [
    ("addr", false, Network::Main),
    ("addr_test", false, Network::Test),
    ("stake", true, Network::Main),
    ("stake_test", true, Network::Test),
];

/// An address since Shelley: a header of type and net, one or two hashes.
pub(super) fn shelley(text: &str) -> Reading {
    let Some(human) = bech::human(text) else { return Reading::No };
    let known = HUMANS.into_iter().find(|(known, ..)| human.eq_ignore_ascii_case(known));
    let Some((_, stakes, network)) = known else { return Reading::No };
    let read = || {
        let bytes = bech::whole_bytes(text, Encoding::Bech32)?;
        let header = *bytes.first().ok_or(Fault::Length)?;
        if (header & 15 == 1) != (network == Network::Main) || header & 15 > 1 {
            return Err(Fault::Version);
        }
        let right = match (header >> 4, stakes) {
            (0..=3, false) => bytes.len() == 57,
            // Three numbers of up to ten bytes each say where the stake is registered.
            (4 | 5, false) => (32..=59).contains(&bytes.len()),
            (6 | 7, false) | (14 | 15, true) => bytes.len() == 29,
            _ => return Err(Fault::Version),
        };
        if right { Ok(Found::checked(network, text.to_ascii_lowercase())) } else { Err(Fault::Length) }
    };
    read().into()
}
