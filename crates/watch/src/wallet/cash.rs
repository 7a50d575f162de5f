//! CashAddr: a chain's name as part of the checksum, which may be left out of the text.
//!
//! Sources: Bitcoin Cash, "CashAddr" and CHIP-2022-02 CashTokens (token-aware types); eCash; Kaspa, "Address".

use blake2::digest::Digest;
use sha2::Sha256;

use super::base58::{self, Check};
use super::form::{Found, Reading};
use super::letters::{BECH32, BECH32_LETTERS};
use super::{Fault, Network};

/// Letters of the checksum.
const CHECK_LETTERS: usize = 8;

/// Letters of the longest address, of 64 bytes.
const LETTERS_MAX: usize = 112;

/// How Bitcoin Cash is named in the checksum.
const BITCOIN_CASH: &str = "bitcoincash";

/// What the version byte means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A type and a size.
    BitcoinCash,
    /// A type that has a size.
    Kaspa,
}

/// An address behind one of these names, or without a name as one of the main net.
pub(super) fn read(text: &str, main: &'static str, test: &[&str], kind: Kind) -> Reading {
    let (named, letters) = match text.split_once(':') {
        Some((name, letters)) => (Some(name), letters),
        None => (None, text),
    };
    let is = |known: &&str| named.is_some_and(|name| name.eq_ignore_ascii_case(known));
    let (network, prefix) = if named.is_none() || is(&main) {
        (Network::Main, main)
    } else if let Some(prefix) = test.iter().find(|known| is(known)) {
        (Network::Test, *prefix)
    } else {
        return Reading::No;
    };
    if named.is_none() && !looks_bare(letters, kind) {
        return Reading::No;
    }
    let read = || {
        let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
        if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
            return Err(Fault::Case);
        }
        let letters = letters.to_ascii_lowercase();
        let payload = payload(&letters, prefix)?;
        let normal = match (typed(&payload, kind)?, network) {
            // The main net's name says nothing that the checksum does not.
            (None, Network::Main) => letters,
            (None, _) => format!("{prefix}:{letters}"),
            (Some(plain), Network::Main) => encode(prefix, &plain),
            (Some(plain), _) => format!("{prefix}:{}", encode(prefix, &plain)),
        };
        Ok(Found::checked(network, normal))
    };
    read().into()
}

/// Whether letters without a name can be an address: of 20 or 32 bytes, of the types that are used.
fn looks_bare(letters: &str, kind: Kind) -> bool {
    let first = letters.bytes().next().unwrap_or_default().to_ascii_lowercase();
    let fits = match kind {
        Kind::BitcoinCash => matches!(letters.len(), 42 | 61) && b"qpzr".contains(&first),
        Kind::Kaspa => matches!(letters.len(), 61 | 63) && b"qp".contains(&first),
    };
    fits && letters.bytes().all(|byte| BECH32.place(byte.to_ascii_lowercase()).is_some())
}

/// The bytes before the checksum: a version and a hash or key.
fn payload(letters: &str, prefix: &str) -> Result<Vec<u8>, Fault> {
    if letters.len() <= CHECK_LETTERS || letters.len() > LETTERS_MAX {
        return Err(Fault::Length);
    }
    let mut values = Vec::with_capacity(letters.len());
    for letter in letters.bytes() {
        values.push(BECH32.place(letter).ok_or(Fault::Letter)?);
    }
    if checksum(prefix, &values) != 0 {
        return Err(Fault::Checksum);
    }
    values.truncate(values.len() - CHECK_LETTERS);
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(values.len() * 5 / 8), 0_u32, 0);
    for value in values {
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).map_err(|_| Fault::Padding)?);
            held &= (1 << bits) - 1;
        }
    }
    if bits >= 5 || held != 0 { Err(Fault::Padding) } else { Ok(bytes) }
}

/// Whether type and size are right; of a token-aware address, the plain one of the same account.
fn typed(payload: &[u8], kind: Kind) -> Result<Option<Vec<u8>>, Fault> {
    let (version, rest) = payload.split_first().ok_or(Fault::Length)?;
    if kind == Kind::Kaspa {
        return match (version, rest.len()) {
            (0 | 8, 32) | (1, 33) => Ok(None),
            (0 | 1 | 8, _) => Err(Fault::Length),
            _ => Err(Fault::Version),
        };
    }
    let sizes = [20, 24, 28, 32, 40, 48, 56, 64];
    if version & 0x80 != 0 {
        return Err(Fault::Version);
    }
    if sizes[usize::from(version & 7)] != rest.len() {
        return Err(Fault::Length);
    }
    match version >> 3 {
        0 | 1 => Ok(None),
        2 | 3 => Ok(Some([&[version - 16], rest].concat())),
        _ => Err(Fault::Version),
    }
}

/// Zero if the values end in their checksum.
fn checksum(prefix: &str, values: &[u8]) -> u64 {
    const GENERATOR: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let mut sum = 1_u64;
    for value in prefix.bytes().map(|byte| byte & 31).chain([0]).chain(values.iter().copied()) {
        let top = sum >> 35;
        sum = ((sum & 0x07_ffff_ffff) << 5) ^ u64::from(value);
        let parts = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        sum = parts.fold(sum, |sum, (_, part)| sum ^ part);
    }
    sum ^ 1
}

fn encode(prefix: &str, bytes: &[u8]) -> String {
    let (mut values, mut held, mut bits) = (Vec::with_capacity(LETTERS_MAX), 0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            values.push((held >> bits & 31) as u8);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        values.push((held << (5 - bits) & 31) as u8);
    }
    let length = values.len();
    values.resize(length + CHECK_LETTERS, 0);
    let sum = checksum(prefix, &values);
    for (at, value) in values[length..].iter_mut().enumerate() {
        *value = (sum >> (5 * (CHECK_LETTERS - 1 - at)) & 31) as u8;
    }
    values.iter().map(|value| char::from(BECH32_LETTERS[usize::from(*value & 31)])).collect()
}

/// The other spelling of an account of Bitcoin Cash: `q…` for `1…`, `p…` for `3…`, and back. A screening asks for both.
///
/// Takes normal forms. The two are values of their own, because `1…` is Bitcoin's too and does not say which is meant.
#[must_use]
pub fn twin(normal: &str) -> Option<String> {
    if let Reading::Is(found) = read(normal, BITCOIN_CASH, &[], Kind::BitcoinCash) {
        let payload = payload(&found.normal, BITCOIN_CASH).ok()?;
        let (version, hash) = payload.split_first().filter(|(_, hash)| hash.len() == 20)?;
        let mut bytes = vec![if *version == 0 { 0 } else { 5 }];
        bytes.extend(hash);
        let end = Sha256::digest(Sha256::digest(&bytes));
        bytes.extend(end.iter().take(4));
        return Some(bs58::encode(bytes).into_string());
    }
    let bytes = base58::decode(normal)?;
    let version = match bytes.checked(Check::Sha256d).ok()? {
        body @ [0, ..] if body.len() == 21 => 0,
        body @ [5, ..] if body.len() == 21 => 8,
        _ => return None,
    };
    let hash = bytes.get(1..21)?;
    Some(encode(BITCOIN_CASH, &[&[version], hash].concat()))
}
