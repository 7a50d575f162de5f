//! What is in its normal form already, seen at one glance: most of what programs ask about.

use std::net::Ipv4Addr;

use crate::value::Kind;

/// Whether `text` certainly is the normal form of a value of its kind. Of some kinds that is never certain at one glance.
#[inline]
pub(crate) fn is_normal(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Domain => is_name(text.as_bytes()),
        // What is an address to the standard library is one with no other spelling.
        Kind::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
        Kind::Md5 | Kind::Ja3 => is_hash(text, 32),
        Kind::Sha1 => is_hash(text, 40),
        Kind::Sha256 => is_hash(text, 64),
        Kind::Sha512 => is_hash(text, 128),
        _ => false,
    }
}

fn is_hash(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Labels of 1 to 63 lower-case letters, digits, hyphens and underscores, that IDNA has nothing to say about; the last of
/// letters alone.
fn is_name(text: &[u8]) -> bool {
    let (mut label, mut letters, mut last) = (0_usize, 0_usize, b'.');
    for byte in text {
        match byte {
            b'.' if label == 0 || last == b'-' => return false,
            b'.' => (label, letters) = (0, 0),
            b'a'..=b'z' => (label, letters) = (label + 1, letters + 1),
            b'0'..=b'9' | b'_' => label += 1,
            // The third and fourth letter of a name that IDNA encodes are hyphens.
            b'-' if label == 0 || label == 3 => return false,
            b'-' => label += 1,
            _ => return false,
        }
        if label > 63 {
            return false;
        }
        last = *byte;
    }
    (1..=253).contains(&text.len()) && label > 0 && label == letters
}
