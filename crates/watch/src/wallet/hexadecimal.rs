//! Addresses in hexadecimal: EVM chains, ICON, Aptos and Sui, Siacoin, the Internet Computer.
//!
//! Sources: EIP-55, EIP-1191, XDC "Address prefix"; ICON, "Address"; AIP-40; Sia, "Unlock hash"; ICP, "Ledger account".

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use data_encoding::HEXLOWER_PERMISSIVE;
use sha3::Keccak256;

use super::form::{Found, Reading};
use super::{Evidence, Fault, Network};

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What stands behind `0x`.
fn behind_0x(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// `0x` and 20 bytes. Letters of one case say nothing; mixed ones are a checksum, for the chains by number too.
pub(super) fn evm(text: &str, chains: &[&str]) -> Reading {
    let Some(digits) = behind_0x(text) else { return Reading::No };
    if !(39..=41).contains(&digits.len()) {
        return Reading::No;
    }
    if !is_hex(digits) {
        return if digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Reading::Wrong(Fault::Letter)
        } else {
            Reading::No
        };
    }
    if digits.len() != 40 {
        return Reading::Wrong(Fault::Length);
    }
    let lower = digits.to_ascii_lowercase();
    let upper = || digits.bytes().all(|byte| !byte.is_ascii_lowercase());
    if digits == lower || upper() {
        return Reading::Is(Found {
            network: Network::Either,
            ..Found::formed(Evidence::Form, format!("0x{lower}"))
        });
    }
    let fits = |chain: Option<&str>| {
        let mut hash = Keccak256::new();
        if let Some(chain) = chain {
            hash.update(chain);
            hash.update("0x");
        }
        hash.update(&lower);
        let hash = hash.finalize();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .bytes()
            .zip(nibbles)
            .all(|(digit, nibble)| digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8))
    };
    if fits(None) || chains.iter().any(|chain| fits(Some(chain))) {
        Reading::Is(Found::checked(Network::Either, format!("0x{lower}")))
    } else {
        Reading::Wrong(Fault::Checksum)
    }
}

/// `xdc` in place of `0x`: the same account.
pub(super) fn xdc(text: &str) -> Reading {
    match text.strip_prefix("xdc").or_else(|| text.strip_prefix("XDC")) {
        Some(digits) => evm(&format!("0x{digits}"), &[]),
        None => evm(text, &[]),
    }
}

/// `hx` (of a key) or `cx` (of a contract) and 20 bytes in small letters.
pub(super) fn icon(text: &str) -> Reading {
    let Some(digits) = text.strip_prefix("hx").or_else(|| text.strip_prefix("cx")) else {
        return Reading::No;
    };
    if digits.len() != 40 || !is_hex(digits) {
        return Reading::No;
    }
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Reading::Wrong(Fault::Case);
    }
    Reading::Is(Found::formed(Evidence::Form, text))
}

/// `0x` and 32 bytes, or one digit for the chain's own accounts. A hash of a transaction looks the same.
pub(super) fn move_account(text: &str) -> Reading {
    let Some(digits) = behind_0x(text).filter(|digits| is_hex(digits)) else { return Reading::No };
    match digits.len() {
        64 => Reading::Is(Found::formed(Evidence::Shape, format!("0x{}", digits.to_ascii_lowercase()))),
        1 => Reading::Is(Found::formed(Evidence::Shape, format!("0x{digits:0>64}").to_ascii_lowercase())),
        63 | 65 => Reading::Wrong(Fault::Length),
        _ => Reading::No,
    }
}

/// 32 bytes and six of their BLAKE2b.
pub(super) fn sia(text: &str) -> Reading {
    if text.len() != 76 || !is_hex(text) {
        return Reading::No;
    }
    let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(text.as_bytes()) else { return Reading::No };
    match bytes.split_last_chunk::<6>() {
        Some((hash, end)) if Blake2b::<U32>::digest(hash).starts_with(end) => {
            Reading::Is(Found::checked(Network::Either, text.to_ascii_lowercase()))
        }
        _ => Reading::Wrong(Fault::Checksum),
    }
}

const CRC32: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Four bytes of CRC-32, then 28. A wrong one is any hash of 32 bytes, so it is not called wrong.
pub(super) fn icp(text: &str) -> Reading {
    if text.len() != 64 || !is_hex(text) {
        return Reading::No;
    }
    let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(text.as_bytes()) else { return Reading::No };
    match bytes.split_first_chunk::<4>() {
        Some((start, rest)) if CRC32.checksum(rest).to_be_bytes() == *start => {
            Reading::Is(Found::checked(Network::Either, text.to_ascii_lowercase()))
        }
        _ => Reading::No,
    }
}
