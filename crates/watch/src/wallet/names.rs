//! Accounts that have names or numbers: EOSIO, IOST, NEAR, Hedera. Without a word of what they are, they say nothing.
//!
//! Sources: EOSIO, "Naming conventions"; IOST, "Accounts"; NEAR, "Account ID rules"; Hedera, HIP-15.

use super::form::{Found, Reading};
use super::{Evidence, Fault, Network};

/// Twelve letters of `a` to `z`, `1` to `5` and full stops. Shorter names exist only for those who bought them.
pub(super) fn eos(text: &str) -> Reading {
    let fine = text.len() == 12
        && !text.ends_with('.')
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'1'..=b'5' | b'.'));
    if fine { Reading::Is(Found::formed(Evidence::Shape, text)) } else { Reading::No }
}

/// Five to eleven small letters, digits and `_`.
pub(super) fn iost(text: &str) -> Reading {
    let fine = (5..=11).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if fine { Reading::Is(Found::formed(Evidence::Shape, text)) } else { Reading::No }
}

/// A key in hexadecimal, or a name below a top-level account.
pub(super) fn near(text: &str) -> Reading {
    let label = |label: &str| {
        !label.is_empty()
            && label.split(['-', '_']).all(|part| {
                !part.is_empty() && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
            })
    };
    let key = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9'));
    let network = match text.rsplit_once('.') {
        _ if key => Network::Either,
        Some((_, "testnet")) => Network::Test,
        Some((_, "near" | "tg" | "sweat" | "aurora")) => Network::Main,
        _ => return Reading::No,
    };
    if (2..=64).contains(&text.len()) && text.split('.').all(label) {
        Reading::Is(Found { network, ..Found::formed(Evidence::Shape, text) })
    } else {
        Reading::No
    }
}

/// `shard.realm.number`, with five letters of a checksum behind a hyphen or without.
pub(super) fn hedera(text: &str) -> Reading {
    if !text.starts_with(|first: char| first.is_ascii_digit()) || !text.contains('.') {
        return Reading::No;
    }
    let (number, check) = match text.split_once('-') {
        Some((number, check)) => (number, Some(check)),
        None => (text, None),
    };
    let parts = || number.split('.');
    let canonical = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
            && part.parse::<u64>().is_ok_and(|number| i64::try_from(number).is_ok())
    };
    if parts().count() != 3 || !parts().all(canonical) {
        return Reading::No;
    }
    let found = |network| Reading::Is(Found { network, ..Found::formed(Evidence::Shape, number) });
    match check {
        None => found(Network::Either),
        Some(check) if check.len() != 5 => Reading::Wrong(Fault::Length),
        Some(check) if check == hedera_checksum(number, 0) => found(Network::Main),
        Some(check) if [1, 2].into_iter().any(|ledger| check == hedera_checksum(number, ledger)) => {
            found(Network::Test)
        }
        Some(_) => Reading::Wrong(Fault::Checksum),
    }
}

/// Five letters from an account's number and its ledger's.
fn hedera_checksum(number: &str, ledger: u64) -> String {
    const LETTERS: u64 = 26;
    let (cubed, fifth) = (LETTERS.pow(3), LETTERS.pow(5));
    let digits = || number.bytes().map(|byte| if byte == b'.' { 10 } else { u64::from(byte - b'0') });
    let mut sums = [0; 2];
    let mut weighted = 0;
    for (at, digit) in digits().enumerate() {
        sums[at % 2] = (sums[at % 2] + digit) % 11;
        weighted = (weighted * 31 + digit) % cubed;
    }
    // The ledger's number and six zeros.
    let ledger = (0..6).fold(ledger % fifth, |sum, _| sum * 31 % fifth);
    let length = number.len() as u64 % 5;
    let joined = (((length * 11 + sums[0]) * 11 + sums[1]) * cubed + weighted + ledger) % fifth;
    let mut left = joined * 1_000_003 % fifth;
    let mut letters = ['a'; 5];
    for letter in letters.iter_mut().rev() {
        *letter = char::from(b'a' + (left % LETTERS) as u8);
        left /= LETTERS;
    }
    letters.iter().collect()
}
