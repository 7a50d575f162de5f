//! The XRP Ledger: classic addresses, and X-addresses, which carry the receiver's tag.
//!
//! Sources: XRP Ledger, "Base58 Encodings"; XLS-5d.

use sha2::{Digest, Sha256};

use super::base58::{self, Check};
use super::form::{Found, Reading};
use super::{Evidence, Fault, Network};

/// A classic address has a zero, 20 bytes and a checksum.
const CLASSIC_BYTES: usize = 25;
/// An X-address: two bytes of the net, 20 bytes, a flag, a tag of eight bytes, a checksum.
const TAGGED_BYTES: usize = 35;

/// A classic address, or the one in an X-address.
pub(super) fn read(text: &str) -> Reading {
    match text.as_bytes() {
        [b'r', ..] if (25..=36).contains(&text.len()) => {}
        [b'X' | b'T', ..] if (46..=48).contains(&text.len()) => {}
        _ => return Reading::No,
    }
    let Some(bytes) = base58::decode_with(text, bs58::Alphabet::RIPPLE) else { return Reading::No };
    match (bytes.len(), bytes.first_chunk::<2>()) {
        (CLASSIC_BYTES, Some([0, _])) => match bytes.checked(Check::Sha256d) {
            Ok(_) => Reading::Is(Found::checked(Network::Either, text)),
            Err(fault) => Reading::Wrong(fault),
        },
        (TAGGED_BYTES, Some([0x05, 0x44])) => tagged(&bytes, Network::Main).into(),
        (TAGGED_BYTES, Some([0x04, 0x93])) => tagged(&bytes, Network::Test).into(),
        _ => Reading::No,
    }
}

fn tagged(bytes: &base58::Bytes, network: Network) -> Result<Found, Fault> {
    let body = bytes.checked(Check::Sha256d)?;
    let (start, tag) = body.split_last_chunk::<8>().ok_or(Fault::Length)?;
    let (account, flag) = match start {
        [_, _, account @ .., flag] => (account, *flag),
        _ => return Err(Fault::Length),
    };
    let number = u64::from_le_bytes(*tag);
    let tag = match flag {
        0 if number == 0 => None,
        1 if u32::try_from(number).is_ok() => Some(number),
        0 | 1 => return Err(Fault::Padding),
        _ => return Err(Fault::Version),
    };
    let mut classic = vec![0];
    classic.extend_from_slice(account);
    let end = Sha256::digest(Sha256::digest(&classic));
    classic.extend(end.iter().take(4));
    let normal = bs58::encode(classic).with_alphabet(bs58::Alphabet::RIPPLE).into_string();
    Ok(Found { network, normal, evidence: Evidence::Checksum, tag })
}
