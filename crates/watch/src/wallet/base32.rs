//! Base32 with a checksum: Nano, Algorand, NEM, Symbol, Filecoin.
//!
//! Sources: Nano, "The Basics: Account"; Algorand, "Transformation: public key to address"; NEM, technical reference
//! section 3; Symbol, "Address"; Filecoin, specification section "Address".

use std::sync::LazyLock;

use blake2::Blake2b;
use blake2::digest::Digest;
use blake2::digest::consts::{U4, U5};
use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use sha2::Sha512_256;
use sha3::{Keccak256, Sha3_256};

use super::form::{Found, Reading};
use super::{Fault, Network};

/// Base32 in another order of letters, without padding.
fn encoding(letters: &str) -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str(letters);
    specification.encoding().ok()
}

static NANO: LazyLock<Option<Encoding>> = LazyLock::new(|| encoding("13456789abcdefghijkmnopqrstuwxyz"));
static FILECOIN: LazyLock<Option<Encoding>> = LazyLock::new(|| encoding("abcdefghijklmnopqrstuvwxyz234567"));

/// Letters behind the prefix: four zero bits, 32 bytes, five bytes of checksum.
const NANO_LETTERS: usize = 60;

/// A key behind one of these prefixes, in small letters. The first prefix is the one of the normal form.
pub(super) fn nano(text: &str, prefixes: &'static [&'static str]) -> Reading {
    let Some(letters) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) else {
        return Reading::No;
    };
    let usual = prefixes.first().copied().unwrap_or_default();
    nano_key(letters).map(|()| Found::checked(Network::Either, format!("{usual}{letters}"))).into()
}

fn nano_key(letters: &str) -> Result<(), Fault> {
    if letters.len() != NANO_LETTERS {
        return Err(Fault::Length);
    }
    if !letters.starts_with(['1', '3']) {
        return Err(Fault::Padding);
    }
    // Four more letters of zeros make whole bytes of it.
    let filled = format!("1111{letters}");
    let bytes = NANO.as_ref().and_then(|nano| nano.decode(filled.as_bytes()).ok()).ok_or(Fault::Letter)?;
    let (key, end) = bytes.get(3..).and_then(<[u8]>::split_last_chunk::<5>).ok_or(Fault::Length)?;
    let hash = Blake2b::<U5>::digest(key);
    if hash.iter().rev().eq(end) { Ok(()) } else { Err(Fault::Checksum) }
}

fn is_base32(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

/// A key and the last four bytes of its hash.
pub(super) fn algorand(text: &str) -> Reading {
    if text.len() != 58 || !is_base32(text) {
        return Reading::No;
    }
    let Ok(bytes) = BASE32_NOPAD.decode(text.as_bytes()) else { return Reading::Wrong(Fault::Padding) };
    match bytes.split_last_chunk::<4>() {
        Some((key, end)) if Sha512_256::digest(key).ends_with(end) => {
            Reading::Is(Found::checked(Network::Either, text))
        }
        _ => Reading::Wrong(Fault::Checksum),
    }
}

/// The net's byte, 20 bytes, four bytes of Keccak; hyphens between the letters are taken.
pub(super) fn nem(text: &str) -> Reading {
    account(text, 40, |body, end| Keccak256::digest(body).get(..4) == Some(end))
}

/// The net's byte, 20 bytes, three bytes of SHA-3.
pub(super) fn symbol(text: &str) -> Reading {
    account(text, 39, |body, end| Sha3_256::digest(body).get(..3) == Some(end))
}

fn account(text: &str, length: usize, fits: fn(&[u8], &[u8]) -> bool) -> Reading {
    if !text.starts_with(['N', 'T', 'M', 'V']) || text.len() > length + 7 {
        return Reading::No;
    }
    let letters = text.replace('-', "");
    if letters.len() != length || !is_base32(&letters) {
        return Reading::No;
    }
    let Ok(bytes) = BASE32_NOPAD.decode(letters.as_bytes()) else { return Reading::Wrong(Fault::Padding) };
    let network = match bytes.first() {
        Some(0x68) => Network::Main,
        Some(0x98 | 0x60 | 0x90 | 0xa8) => Network::Test,
        _ => return Reading::No,
    };
    let (body, end) = bytes.split_at(21.min(bytes.len()));
    if fits(body, end) {
        Reading::Is(Found::checked(network, letters))
    } else {
        Reading::Wrong(Fault::Checksum)
    }
}

/// `f` or `t`, the protocol, and a hash, a key or an EVM address with four bytes of BLAKE2b. Numbers (`f0…`) are taken too.
pub(super) fn filecoin(text: &str) -> Reading {
    let (network, rest) = match text.as_bytes().first() {
        Some(b'f') => (Network::Main, &text[1..]),
        Some(b't') => (Network::Test, &text[1..]),
        _ => return Reading::No,
    };
    let (start, letters): (&[u8], &str) = match rest.as_bytes() {
        [b'0', digits @ ..] if (1..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let found = Found::formed(super::Evidence::Shape, text);
            return Reading::Is(Found { network, ..found });
        }
        [b'1', ..] if rest.len() == 40 => (&[1], &rest[1..]),
        [b'2', ..] if rest.len() == 40 => (&[2], &rest[1..]),
        [b'3', ..] if rest.len() == 85 => (&[3], &rest[1..]),
        [b'4', b'1', b'0', b'f', ..] if rest.len() == 43 => (&[4, 10], &rest[4..]),
        _ => return Reading::No,
    };
    let decoded = FILECOIN.as_ref().and_then(|letters_of| letters_of.decode(letters.as_bytes()).ok());
    let Some(bytes) = decoded else { return Reading::No };
    let Some((payload, end)) = bytes.split_last_chunk::<4>() else { return Reading::No };
    let hash = Blake2b::<U4>::new().chain_update(start).chain_update(payload).finalize();
    if hash[..] == end[..] {
        Reading::Is(Found::checked(network, text))
    } else {
        Reading::Wrong(Fault::Checksum)
    }
}
