//! A value in few bytes: hashes and addresses by their bits, all else by its text.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::hex::hex;
use crate::value::{Kind, Value};

/// Bytes of the longest value that is kept by its bits: a SHA-512.
const BITS_BYTES_MAX: usize = 64;

/// A value's bytes: its text, or its bits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packed<'v> {
    Text(&'v [u8]),
    Bits([u8; BITS_BYTES_MAX], usize),
}

impl<'v> Packed<'v> {
    /// The bytes of a value.
    pub(super) fn of(value: &'v Value) -> Self {
        Self::of_text(value.kind(), value.text())
    }

    /// The bytes of the value that a text in its kind's normal form is.
    #[inline]
    pub(super) fn of_text(kind: Kind, text: &'v str) -> Self {
        let bits = match kind {
            Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 | Kind::Certificate | Kind::Ja3 => {
                digits(text)
            }
            Kind::Ipv4 | Kind::Ipv6 => network(text).map(Self::of_network),
            _ => None,
        };
        bits.unwrap_or(Self::Text(text.as_bytes()))
    }

    /// The bytes of a network: an address's, and after them the prefix's length if it is none of a single address.
    #[inline]
    pub(super) fn of_network(network: IpNet) -> Self {
        let (mut bytes, mut length) = ([0; BITS_BYTES_MAX], 0);
        let mut take = |part: &[u8]| {
            if let Some(place) = bytes.get_mut(length..length + part.len()) {
                place.copy_from_slice(part);
                length += part.len();
            }
        };
        match network.addr() {
            IpAddr::V4(address) => take(&address.octets()),
            IpAddr::V6(address) => take(&address.octets()),
        }
        if network.prefix_len() != network.max_prefix_len() {
            take(&[network.prefix_len()]);
        }
        Self::Bits(bytes, length)
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Bits(bytes, length) => bytes.get(..*length).unwrap_or_default(),
        }
    }
}

/// The text of a value from its bytes; `None` if they are none of its kind.
pub(super) fn text_of(kind: Kind, bytes: &[u8]) -> Option<String> {
    match kind {
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 | Kind::Certificate | Kind::Ja3 => {
            Some(hex(bytes))
        }
        Kind::Ipv4 | Kind::Ipv6 => {
            let network: IpNet = match bytes {
                [a, b, c, d] => return Some(IpAddr::from([*a, *b, *c, *d]).to_string()),
                [a, b, c, d, length] => Ipv4Net::new([*a, *b, *c, *d].into(), *length).ok()?.into(),
                _ => {
                    let (address, length) = bytes.split_first_chunk::<16>()?;
                    match length {
                        [] => return Some(IpAddr::from(*address).to_string()),
                        [length] => Ipv6Net::new((*address).into(), *length).ok()?.into(),
                        _ => return None,
                    }
                }
            };
            Some(network.to_string())
        }
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

/// The network, or the address as a network of one, that a text in normal form is.
pub(super) fn network(text: &str) -> Option<IpNet> {
    match text.contains('/') {
        true => text.parse().ok(),
        false => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// What hexadecimal digits stand for, in lower case as normal forms have them; eight are read at once.
#[inline]
fn digits(text: &str) -> Option<Packed<'_>> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    if !rest.is_empty() || eights.len() * 4 > BITS_BYTES_MAX {
        return None;
    }
    let mut bytes = [0; BITS_BYTES_MAX];
    let (fours, _) = bytes.as_chunks_mut::<4>();
    for (four, eight) in fours.iter_mut().zip(eights) {
        let letters = u64::from_le_bytes(*eight);
        // Letters have bit 6 set, and their lower four bits begin at 1, for ten.
        let nibbles = (letters & (EACH * 0x0f)) + 9 * (letters >> 6 & EACH);
        let pairs = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff;
        let pairs = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
        #[expect(clippy::cast_possible_truncation, reason = "the upper half is not wanted")]
        let pairs = (pairs | pairs >> 16) as u32;
        *four = pairs.to_le_bytes();
    }
    Some(Packed::Bits(bytes, eights.len() * 4))
}
