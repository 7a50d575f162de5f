//! Base58: with Bitcoin's double SHA-256, Decred's BLAKE-256, the two hashes of Waves, or no checksum (Solana).
//!
//! Sources: Bitcoin, base58check; Decred, `dcrutil` addresses; Waves, "Address"; Solana, "Accounts".

use blake2::digest::Digest;
use blake2::{Blake2b, digest::consts::U32};
use sha2::Sha256;
use sha3::Keccak256;

use super::form::{Found, Reading, Versions};
use super::judge::Text;
use super::{Evidence, Fault, Network, blake256};

/// Longest text in base58 that is an address, in bytes: decoding takes time with the square of it.
pub(super) const BASE58_BYTES_MAX: usize = 128;

/// Bytes of a hash of a key or script.
const HASH_BYTES: usize = 20;

/// Which checksum stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Sha256d,
    Blake256d,
}

/// Bytes that a text in base58 stands for.
pub(super) struct Bytes {
    held: [u8; BASE58_BYTES_MAX],
    length: usize,
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.held[..self.length]
    }
}

impl Bytes {
    /// What stands before four check bytes, if they fit.
    pub(super) fn checked(&self, check: Check) -> Result<&[u8], Fault> {
        let (body, end) = self.split_last_chunk::<4>().ok_or(Fault::Length)?;
        let fits = match check {
            Check::Sha256d => Sha256::digest(Sha256::digest(body)).starts_with(end),
            Check::Blake256d => blake256::digest(&blake256::digest(body)).starts_with(end),
        };
        if fits { Ok(body) } else { Err(Fault::Checksum) }
    }
}

/// The bytes of `text`, if it is base58 in Bitcoin's alphabet.
pub(super) fn decode(text: &str) -> Option<Bytes> {
    decode_with(text, bs58::Alphabet::BITCOIN)
}

pub(super) fn decode_with(text: &str, alphabet: &bs58::Alphabet) -> Option<Bytes> {
    if text.is_empty() || text.len() > BASE58_BYTES_MAX {
        return None;
    }
    let mut held = [0; BASE58_BYTES_MAX];
    let length = bs58::decode(text).with_alphabet(alphabet).onto(&mut held).ok()?;
    Some(Bytes { held, length })
}

/// Whether one of `versions` stands before a hash and nothing else.
fn is_of(body: &[u8], versions: Versions) -> bool {
    versions.iter().any(|version| body.len() == version.len() + HASH_BYTES && body.starts_with(version))
}

/// A version, a hash, four check bytes.
pub(super) fn read(text: &Text<'_>, check: Check, main: Versions, test: Versions) -> Reading {
    if !LENGTHS.contains(&text.text.len()) {
        return Reading::No;
    }
    let Some(bytes) = text.base58() else { return Reading::No };
    let body = bytes.len().checked_sub(4).and_then(|length| bytes.get(..length)).unwrap_or_default();
    let network = match (is_of(body, main), is_of(body, test)) {
        (true, true) => Network::Either,
        (true, false) => Network::Main,
        (false, true) => Network::Test,
        (false, false) => return Reading::No,
    };
    bytes.checked(check).map(|_| Found::checked(network, text.text)).into()
}

/// Letters of a version of one to three bytes, a hash and four check bytes: zeros in front are a letter each.
pub(super) const LENGTHS: std::ops::RangeInclusive<usize> = 25..=37;

/// `1`, the net's letter, 20 bytes of a hash, four check bytes.
pub(super) fn waves(text: &Text<'_>) -> Reading {
    if text.text.len() != 35 || !text.text.starts_with('3') {
        return Reading::No;
    }
    let Some(bytes) = text.base58() else { return Reading::No };
    let (network, body, end) = match bytes.split_last_chunk::<4>() {
        Some((body @ [1, b'W', ..], end)) if body.len() == 22 => (Network::Main, body, end),
        Some((body @ [1, b'T' | b'S', ..], end)) if body.len() == 22 => (Network::Test, body, end),
        _ => return Reading::No,
    };
    if Keccak256::digest(Blake2b::<U32>::digest(body)).starts_with(end) {
        Reading::Is(Found::checked(network, text.text))
    } else {
        Reading::Wrong(Fault::Checksum)
    }
}

/// A public key or an address derived from one: 32 bytes, no checksum.
pub(super) fn solana(text: &Text<'_>) -> Reading {
    match text.base58().filter(|_| (32..=44).contains(&text.text.len())) {
        Some(bytes) if bytes.len() == 32 => Reading::Is(Found::formed(Evidence::Shape, text.text)),
        _ => Reading::No,
    }
}

/// Whether these are the bytes of a private key in Bitcoin's form for keeping it (WIF).
pub(super) fn is_secret(bytes: &Bytes) -> bool {
    let keeps = matches!((bytes.len(), bytes.first()), (37 | 38, Some(0x80 | 0xb0 | 0xcc | 0x9e | 0xef)));
    keeps && bytes.checked(Check::Sha256d).is_ok()
}
