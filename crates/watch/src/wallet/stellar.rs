//! Stellar's strkey: accounts, accounts with a number of the receiver's books (muxed), contracts.
//!
//! Sources: SEP-23, "Strkeys"; CAP-27 (muxed accounts).

use data_encoding::BASE32_NOPAD;

use super::form::{Found, Reading};
use super::{Evidence, Fault, Network};

const CRC16: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM);

const ACCOUNT: u8 = 6 << 3;
const MUXED: u8 = 12 << 3;
const CONTRACT: u8 = 2 << 3;
const SECRET: u8 = 18 << 3;

/// Letters of a key, and of one with a number.
const KEY_LETTERS: usize = 56;
const MUXED_LETTERS: usize = 69;

/// An account or a contract; of a muxed account, the account itself.
pub(super) fn read(text: &str) -> Reading {
    let first = text.bytes().next().unwrap_or_default();
    let letters = match first {
        b'G' | b'C' | b'S' => KEY_LETTERS,
        b'M' => MUXED_LETTERS,
        _ => return Reading::No,
    };
    if !text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) {
        return Reading::No;
    }
    if text.len() != letters {
        return if first == b'G' && text.len().abs_diff(letters) == 1 {
            Reading::Wrong(Fault::Length)
        } else {
            Reading::No
        };
    }
    strkey(text).into()
}

fn strkey(text: &str) -> Result<Found, Fault> {
    let bytes = BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| Fault::Padding)?;
    let (body, end) = bytes.split_last_chunk::<2>().ok_or(Fault::Length)?;
    if CRC16.checksum(body).to_le_bytes() != *end {
        return Err(Fault::Checksum);
    }
    match body {
        [ACCOUNT | CONTRACT, ..] => Ok(Found::checked(Network::Either, text)),
        [MUXED, key_and_id @ ..] => {
            let (key, id) = key_and_id.split_last_chunk::<8>().ok_or(Fault::Length)?;
            let mut account = vec![ACCOUNT];
            account.extend_from_slice(key);
            account.extend(CRC16.checksum(&account).to_le_bytes());
            Ok(Found {
                network: Network::Either,
                normal: BASE32_NOPAD.encode(&account),
                evidence: Evidence::Checksum,
                tag: Some(u64::from_be_bytes(*id)),
            })
        }
        [SECRET, ..] => Err(Fault::Secret),
        _ => Err(Fault::Version),
    }
}
