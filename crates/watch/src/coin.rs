//! Virtual-asset addresses: which chain's form a text has, checksum included where the form has one.
//!
//! Base58Check and bech32 addresses carry a checksum, so that a word that merely looks like one is not taken for
//! one. EVM addresses are compared without case. Monero's and Solana's are known by form alone.
//! Source: Bitcoin base58check; BIP 173 and 350; EIP-55; the chains' own documentation.

use sha2::{Digest, Sha256};

/// Longest address of any chain here, in bytes.
const ADDRESS_BYTES_MAX: usize = 128;

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// How Bitcoin Cash addresses begin when they say what they are.
const CASH: &str = "bitcoincash:";

/// Human-readable parts of bech32 addresses and the chains they belong to.
const BECH32_CHAINS: [(&str, &str); 8] = [
    ("bc", "btc"),
    ("ltc", "ltc"),
    ("addr", "ada"),
    ("stake", "ada"),
    ("cosmos", "atom"),
    ("bnb", "bnb"),
    ("thor", "rune"),
    ("erd", "egld"),
];

/// The chain whose address form `text` has.
pub(crate) fn chain(text: &str) -> Option<&'static str> {
    if text.is_empty() || text.len() > ADDRESS_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    strict_chain(text).or_else(|| (base58(text, BITCOIN)?.len() == 32).then_some("sol"))
}

/// As [`chain`], but without the forms that other things have too.
pub(crate) fn strict_chain(text: &str) -> Option<&'static str> {
    if text.len() > ADDRESS_BYTES_MAX || text.len() < 25 || !text.is_ascii() {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return (digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some("eth");
    }
    if matches!(text.len(), 95 | 106) && text.starts_with(['4', '8']) {
        return text.bytes().all(|b| BITCOIN.contains(&b)).then_some("xmr");
    }
    if let Some(rest) = text.strip_prefix(CASH) {
        return is_cash(rest).then_some("bch");
    }
    if is_cash(text) {
        return Some("bch");
    }
    if let Some(chain) = bech32_chain(text) {
        return Some(chain);
    }
    if text.starts_with('r') && text.len() <= 35 && checked(text, RIPPLE).is_some_and(|body| body.len() == 21)
    {
        return Some("xrp");
    }
    let body = (text.len() <= 36).then(|| checked(text, BITCOIN)).flatten()?;
    match (body.len(), body.first()?, body.get(1)?) {
        (21, 0x00 | 0x05, _) => Some("btc"),
        (21, 0x41, _) => Some("trx"),
        (21, 0x30 | 0x32, _) => Some("ltc"),
        (21, 0x1e | 0x16, _) => Some("doge"),
        (21, 0x4c | 0x10, _) => Some("dash"),
        (22, 0x1c, 0xb8 | 0xbd) => Some("zec"),
        _ => None,
    }
}

/// The normal form: lower case where case says nothing, without a prefix that says nothing.
pub(crate) fn normal(text: &str) -> Option<String> {
    let named = ["bitcoin:", "ethereum:", CASH].into_iter().find_map(|name| text.strip_prefix(name));
    let text = named.unwrap_or(text);
    let chain = chain(text)?;
    let caseless = chain == "eth" || bech32_chain(text).is_some();
    Some(if caseless { text.to_ascii_lowercase() } else { text.to_owned() })
}

/// Whether this is a Bitcoin Cash address of 160 bits without its prefix, checksum included.
///
/// Source: Bitcoin Cash, "Address format" (CashAddr).
fn is_cash(text: &str) -> bool {
    if text.len() != 42 || !text.starts_with(['q', 'p']) {
        return false;
    }
    const GENERATOR: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let letters = CASH.trim_end_matches(':').bytes().map(|b| u64::from(b & 31)).chain([0]);
    let values = text.bytes().map(|b| BECH32.iter().position(|known| *known == b).map(|at| at as u64));
    let mut sum = 1_u64;
    for value in letters.map(Some).chain(values) {
        let Some(value) = value else { return false };
        let top = sum >> 35;
        sum = ((sum & 0x07_ffff_ffff) << 5) ^ value;
        let parts = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        sum = parts.fold(sum, |sum, (_, part)| sum ^ part);
    }
    sum == 1
}

fn base58(text: &str, alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for letter in text.bytes() {
        let mut carry = u32::try_from(alphabet.iter().position(|b| *b == letter)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.insert(0, u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|b| *b == alphabet[0]).count();
    bytes.splice(0..0, std::iter::repeat_n(0, zeros));
    Some(bytes)
}

/// What a base58check text holds before its four check bytes, if they fit.
fn checked(text: &str, alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    let mut bytes = base58(text, alphabet)?;
    let check = bytes.split_off(bytes.len().checked_sub(4)?);
    let digest = Sha256::digest(Sha256::digest(&bytes));
    (digest[..4] == check[..]).then_some(bytes)
}

fn bech32_chain(text: &str) -> Option<&'static str> {
    let mixed = text.bytes().any(|b| b.is_ascii_lowercase()) && text.bytes().any(|b| b.is_ascii_uppercase());
    if mixed {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (human, data) = lower.rsplit_once('1')?;
    let (_, chain) = BECH32_CHAINS.into_iter().find(|(known, _)| *known == human)?;
    let mut sum = 1_u32;
    let spread = human.bytes().map(|b| b >> 5).chain([0]).chain(human.bytes().map(|b| b & 31));
    for value in spread {
        sum = step(sum, value);
    }
    for letter in data.bytes() {
        let value = BECH32.iter().position(|b| *b == letter)?;
        sum = step(sum, u8::try_from(value).ok()?);
    }
    (data.len() > 6 && matches!(sum, 1 | 0x2bc8_30a3)).then_some(chain)
}

/// One step of the bech32 checksum. Source: BIP 173.
fn step(sum: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
    GENERATOR
        .iter()
        .enumerate()
        .fold(next, |sum, (bit, part)| if top >> bit & 1 == 1 { sum ^ part } else { sum })
}
