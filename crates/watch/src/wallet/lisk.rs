//! Lisk: `lsk` and base32 with a checksum (LIP 18), and before it a number with `L`.
//!
//! Sources: LIP 18; Lisk, "Address" before it. Lisk is an EVM chain since 2024.

use ::bech32::primitives::checksum::Engine;
use ::bech32::{Bech32, Fe32};

use super::form::{Found, Reading};
use super::letters::LISK;
use super::{Evidence, Fault, Network};

/// Letters behind `lsk`: 20 bytes and the checksum.
const LETTERS_IN_ALL: usize = 38;

/// An address of either kind.
pub(super) fn read(text: &str) -> Reading {
    match text.strip_prefix("lsk") {
        Some(letters) if letters.len() == LETTERS_IN_ALL => checked(text, letters).into(),
        Some(letters) if letters.len().abs_diff(LETTERS_IN_ALL) == 1 && LISK.spell(letters) => {
            Reading::Wrong(Fault::Length)
        }
        Some(_) => Reading::No,
        None => old(text),
    }
}

fn checked(text: &str, letters: &str) -> Result<Found, Fault> {
    // The checksum of BIP 173 without a human-readable part; it is right if the sum is one.
    let mut engine = Engine::<Bech32>::new();
    for letter in letters.bytes() {
        let place = LISK.place(letter).ok_or(Fault::Letter)?;
        let value = Fe32::try_from(place).map_err(|_| Fault::Letter)?;
        engine.input_fe(value);
    }
    if *engine.residue() == 1 { Ok(Found::checked(Network::Either, text)) } else { Err(Fault::Checksum) }
}

/// A number of eight bytes and `L`.
fn old(text: &str) -> Reading {
    match text.strip_suffix('L') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u64>().is_ok() => {
            Reading::Is(Found::formed(Evidence::Shape, text))
        }
        _ => Reading::No,
    }
}
