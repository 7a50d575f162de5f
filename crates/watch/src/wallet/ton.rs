//! TON: the friendly form (base64 with a CRC-16) and the raw one (`workchain:hash`).
//!
//! Source: TON, TEP-2 "TON addresses".

use data_encoding::{BASE64, BASE64URL, HEXLOWER_PERMISSIVE};

use super::form::{Found, Reading};
use super::{Evidence, Fault, Network};

const CRC16: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM);

const BOUNCES: u8 = 0x11;
const BOUNCES_NOT: u8 = 0x51;
const TESTS: u8 = 0x80;

/// Letters of the friendly form: a tag, a workchain, 32 bytes and two check bytes.
const FRIENDLY_LETTERS: usize = 48;

/// An account in either form. Its normal form is friendly, for the web, and bounces: a wallet's `UQ…` becomes `EQ…`.
pub(super) fn read(text: &str) -> Reading {
    match text.as_bytes() {
        [b'0', b':', ..] => return raw(0, &text[2..]),
        [b'-', b'1', b':', ..] => return raw(0xff, &text[3..]),
        [b'E' | b'U' | b'k' | b'0', ..] if text.len() == FRIENDLY_LETTERS => {}
        _ => return Reading::No,
    }
    let bytes = BASE64URL.decode(text.as_bytes()).or_else(|_| BASE64.decode(text.as_bytes()));
    let Ok(Ok(bytes)) = bytes.map(<[u8; 36]>::try_from) else { return Reading::No };
    let [tag, workchain, rest @ ..] = bytes;
    let network = match tag & !TESTS {
        BOUNCES | BOUNCES_NOT if matches!(workchain, 0 | 0xff) => {
            if tag & TESTS == 0 {
                Network::Main
            } else {
                Network::Test
            }
        }
        _ => return Reading::No,
    };
    let (hash, end) = rest.split_at(32);
    if CRC16.checksum(&bytes[..34]).to_be_bytes() != *end {
        return Reading::Wrong(Fault::Checksum);
    }
    Reading::Is(Found::checked(network, friendly(network, workchain, hash)))
}

fn raw(workchain: u8, hash: &str) -> Reading {
    match HEXLOWER_PERMISSIVE.decode(hash.as_bytes()) {
        Ok(hash) if hash.len() == 32 => {
            Reading::Is(Found::formed(Evidence::Form, friendly(Network::Main, workchain, &hash)))
        }
        _ => Reading::No,
    }
}

fn friendly(network: Network, workchain: u8, hash: &[u8]) -> String {
    let tag = if network == Network::Test { BOUNCES | TESTS } else { BOUNCES };
    let mut bytes = vec![tag, workchain];
    bytes.extend_from_slice(hash);
    bytes.extend(CRC16.checksum(&bytes).to_be_bytes());
    BASE64URL.encode(&bytes)
}
