//! Links by which a contact answers a call: signed, for one ask each.
//!
//! A link names the call, the place of the ask in it and when it was asked, under HMAC-SHA-256 and a key of its own, so that no link
//! of another kind can stand in for it, nor one from before a backup was put back, whose call's number another call has now. Whether
//! it was used, and whether its time is over, is known from the node's line alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;

use crate::ticket::{keyed, mac};

/// Bytes of what is signed: call, ask and time.
const NAMED_BYTES: usize = 20;
/// Characters of a link's last part: both in base64.
const LINK_CHARS: usize = 70;

/// One ask of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The call's number.
    pub call: u64,
    /// The ask's place in it.
    pub ask: u32,
    /// When it was asked, in microseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// The key under which links are signed.
#[derive(Clone)]
pub struct CallKey([u8; 32]);

impl CallKey {
    /// The key that grows from a secret of the node.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(mac(secret, b"bongsu calls 1"))
    }

    /// What stands in a link.
    #[must_use]
    pub fn sign(&self, asked: Asked) -> String {
        let named = bytes(asked);
        URL_SAFE_NO_PAD.encode([&named[..], &mac(&self.0, &named)[..]].concat())
    }

    /// Reads what stands in a link; `None` if this node has not signed it.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Asked> {
        if text.len() != LINK_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (named, shown) = bytes.split_at_checked(NAMED_BYTES)?;
        // Compares in a time that tells nothing.
        keyed(&self.0)?.chain_update(named).verify_slice(shown).ok()?;
        Some(Asked {
            call: u64::from_be_bytes(named.get(..8)?.try_into().ok()?),
            ask: u32::from_be_bytes(named.get(8..12)?.try_into().ok()?),
            at: i64::from_be_bytes(named.get(12..)?.try_into().ok()?),
        })
    }
}

fn bytes(asked: Asked) -> [u8; NAMED_BYTES] {
    let mut bytes = [0; NAMED_BYTES];
    bytes[..8].copy_from_slice(&asked.call.to_be_bytes());
    bytes[8..12].copy_from_slice(&asked.ask.to_be_bytes());
    bytes[12..].copy_from_slice(&asked.at.to_be_bytes());
    bytes
}

impl fmt::Debug for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_back_and_no_other_is() {
        let key = CallKey::new(&[1; 32]);
        let asked = Asked { call: u64::MAX, ask: 3, at: -7 };
        let text = key.sign(asked);
        assert_eq!((text.len(), key.read(&text)), (LINK_CHARS, Some(asked)));
        assert_eq!(CallKey::new(&[2; 32]).read(&text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.read(&String::from_utf8(other).unwrap()), None, "{at}");
        }
        for bad in ["", "x", &text[1..], &format!("{text}A"), &"ä".repeat(35)] {
            assert_eq!(key.read(bad), None, "{bad}");
        }
        assert_eq!(format!("{key:?}"), "CallKey(…)");
    }
}
