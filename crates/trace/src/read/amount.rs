//! Amounts: decimal text to exact integers.

use thiserror::Error;

use crate::U256;

/// Why a text is no amount.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmountError {
    /// It isn't `12`, `12.5`, `1e18` or the like.
    #[error("it isn't a decimal number")]
    Form,
    /// It begins with a minus.
    #[error("it is negative")]
    Negative,
    /// It has a mark between thousands, which somebody else would read as the decimal point.
    #[error("it has a mark between digits; thousands are written without one")]
    Separator,
    /// It is more than 2²⁵⁶ − 1 smallest units.
    #[error("it is more than 2^256 - 1 smallest units")]
    Large,
    /// It has a part of a smallest unit.
    #[error("it has more digits after the point than the {0} decimals of its asset")]
    Fine(u8),
}

/// The exponent that a text may have, up or down: what is beyond is no amount, unless it is 0.
const EXPONENT_MAX: i64 = 1_000;

/// The amount that a text says, in units of which ten to the power of `decimals` are one.
///
/// # Errors
/// [`AmountError`]. Nothing is ever rounded.
#[inline]
pub fn amount(text: &[u8], decimals: u8) -> Result<U256, AmountError> {
    if decimals == 0
        && let Some(number) = whole(text)
    {
        return Ok(U256::from(number));
    }
    long(text, decimals)
}

/// A whole number of at most 38 digits, as nearly all are.
#[inline]
fn whole(text: &[u8]) -> Option<u128> {
    if text.len() <= 19 {
        return short(text).map(u128::from);
    }
    let (high, low) = text.split_at_checked(text.len() - 19)?;
    Some(u128::from(short(high)?) * 10_000_000_000_000_000_000 + u128::from(short(low)?))
}

/// A whole number that surely fits.
#[inline]
fn short(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(number * 10 + u64::from(digit))
    })
}

/// The parts of a decimal number: its digits without the point, and by which power of ten they are to be multiplied.
struct Parts {
    whole: Vec<u8>,
    power: i64,
}

fn long(text: &[u8], decimals: u8) -> Result<U256, AmountError> {
    let mut parts = parts(text)?;
    while parts.whole.last() == Some(&0) {
        parts.whole.pop();
        parts.power += 1;
    }
    if parts.whole.is_empty() {
        return Ok(U256::ZERO);
    }
    let power = parts.power + i64::from(decimals);
    if power < 0 {
        return Err(AmountError::Fine(decimals));
    }
    let number = digits(&parts.whole).ok_or(AmountError::Large)?;
    let factor = usize::try_from(power).ok().and_then(|power| U256::from(10).checked_pow(U256::from(power)));
    factor.and_then(|factor| number.checked_mul(factor)).ok_or(AmountError::Large)
}

fn parts(text: &[u8]) -> Result<Parts, AmountError> {
    if text.first() == Some(&b'-') {
        return Err(AmountError::Negative);
    }
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(place) => {
            (text.get(..place).unwrap_or_default(), exponent(text.get(place + 1..).unwrap_or_default())?)
        }
        None => (text, 0),
    };
    let mut whole = Vec::with_capacity(mantissa.len());
    let mut fraction = None;
    for byte in mantissa {
        match byte {
            b'0'..=b'9' => {
                whole.extend((!whole.is_empty() || *byte != b'0').then_some(byte - b'0'));
                fraction = fraction.map(|digits| digits + 1);
            }
            b'.' if fraction.is_none() => fraction = Some(0_i64),
            b',' | b'_' | b'\'' | b' ' => return Err(AmountError::Separator),
            _ => return Err(AmountError::Form),
        }
    }
    // A digit is needed on at least one side of the point.
    if !mantissa.iter().any(u8::is_ascii_digit) {
        return Err(AmountError::Form);
    }
    Ok(Parts { whole, power: exponent - fraction.unwrap_or(0) })
}

fn exponent(text: &[u8]) -> Result<i64, AmountError> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(AmountError::Form);
    }
    let number =
        digits.iter().fold(0, |number: i64, digit| (number * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Ok(sign * number)
}

fn digits(digits: &[u8]) -> Option<U256> {
    // Nineteen digits at a time fit into a word, so that few multiplications of 256 bits are needed.
    digits.chunks(19).try_fold(U256::ZERO, |number, some| {
        let word = some.iter().fold(0_u64, |word, digit| word * 10 + u64::from(*digit));
        number.checked_mul(U256::from(10_u64.pow(some.len() as u32)))?.checked_add(U256::from(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, decimals: u8, expected: Result<&str, AmountError>) {
        let found = amount(text.as_bytes(), decimals).map(|amount| amount.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{text} with {decimals} decimals");
    }

    const MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    #[test]
    fn decimal_text_becomes_exact() {
        check("0", 0, Ok("0"));
        check("000", 18, Ok("0"));
        check("12", 0, Ok("12"));
        check("12", 18, Ok("12000000000000000000"));
        check("30375.547918", 18, Ok("30375547918000000000000"));
        check("78.18794261240247", 18, Ok("78187942612402470000"));
        check(".5", 1, Ok("5"));
        check("5.", 1, Ok("50"));
        check("1e18", 0, Ok("1000000000000000000"));
        check("1E+18", 0, Ok("1000000000000000000"));
        check("1.5e3", 0, Ok("1500"));
        check("1500e-2", 0, Ok("15"));
        check("1.000000000000000000000", 18, Ok("1000000000000000000"));
        check("0e99999999999999999999", 0, Ok("0"));
        check("0.000e-99999999999999999999", 0, Ok("0"));
        check(MAX, 0, Ok(MAX));
        check(&format!("000{MAX}"), 0, Ok(MAX));
        check("9999999999999999999", 0, Ok("9999999999999999999"));
        check("99999999999999999999", 0, Ok("99999999999999999999"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        use AmountError::{Fine, Form, Large, Negative, Separator};
        check("", 0, Err(Form));
        check(".", 0, Err(Form));
        check("e5", 0, Err(Form));
        check("1e", 0, Err(Form));
        check("1e+", 0, Err(Form));
        check("1.2.3", 5, Err(Form));
        check("+1", 0, Err(Form));
        check("0x10", 0, Err(Form));
        check("NaN", 0, Err(Form));
        check("inf", 0, Err(Form));
        check("١", 0, Err(Form));
        check("-1", 0, Err(Negative));
        check("-0", 0, Err(Negative));
        check("1,000", 0, Err(Separator));
        check("1_000", 0, Err(Separator));
        check("1 000", 0, Err(Separator));
        check("1'000", 0, Err(Separator));
        check("0.1", 0, Err(Fine(0)));
        check("1e-1", 0, Err(Fine(0)));
        check("0.0000000000000000001", 18, Err(Fine(18)));
        check("1e-99999999999999999999", 18, Err(Fine(18)));
        check(
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            0,
            Err(Large),
        );
        check(MAX, 1, Err(Large));
        check("1e78", 0, Err(Large));
        check("1e99999999999999999999", 0, Err(Large));
        check(&"9".repeat(200), 0, Err(Large));
    }

    proptest! {
        #[test]
        fn any_number_comes_back(limbs: [u64; 4], decimals in 0..40_u8, zeros in 0..5_usize) {
            let number = U256::from_limbs(limbs);
            let text = number.to_string();
            prop_assert_eq!(amount(text.as_bytes(), 0), Ok(number));
            let padded = format!("{text:0>width$}", width = decimals as usize + 1);
            let (whole, fraction) = padded.split_at(padded.len() - decimals as usize);
            let text = format!("{whole}.{fraction}{}", "0".repeat(zeros));
            prop_assert_eq!(amount(text.as_bytes(), decimals), Ok(number));
        }

        #[test]
        fn no_text_panics(text in "[0-9eE.+,-]{0,24}", decimals: u8) {
            let _ = amount(text.as_bytes(), decimals);
        }
    }
}
