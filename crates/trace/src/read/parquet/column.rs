//! Values of a column as text, row after row, as a field of CSV would have it.
//!
//! So a row means the same in both forms, and what is wrong with it is told in the same words. Null is an empty field.

use crate::U256;
use crate::read::Reason;

use super::VALUE_BYTES_MAX;

/// Some rows of a column.
#[derive(Debug, Default)]
pub(in crate::read) struct Column {
    text: Vec<u8>,
    /// Where the text of each row ends.
    ends: Vec<u32>,
    /// Rows whose value has no text, ascending.
    bad: Vec<(usize, Reason)>,
}

impl Column {
    /// The text of a row.
    #[inline]
    pub(in crate::read) fn text(&self, row: usize) -> &[u8] {
        let end = |row: usize| self.ends.get(row).map_or(0, |end| *end as usize);
        let from = row.checked_sub(1).map_or(0, end);
        self.text.get(from..end(row)).unwrap_or_default()
    }

    /// What is wrong with the value of a row, if it has no text.
    #[inline]
    pub(in crate::read) fn bad(&self, row: usize) -> Option<&Reason> {
        if self.bad.is_empty() {
            return None;
        }
        let at = self.bad.binary_search_by_key(&row, |bad| bad.0).ok()?;
        self.bad.get(at).map(|bad| &bad.1)
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.bad.clear();
    }

    /// Adds a null.
    pub(super) fn push_null(&mut self) {
        self.ends.push(self.text.len() as u32);
    }

    /// Adds the value that `write` writes.
    #[inline]
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>) {
        let from = self.text.len();
        if let Err(reason) = write(&mut self.text) {
            self.text.truncate(from);
            self.bad.push((self.ends.len(), reason));
        }
        self.ends.push(self.text.len() as u32);
    }
}

/// Whether a value isn't longer than any that can be meant.
fn check_length(bytes: &[u8]) -> Result<(), Reason> {
    if bytes.len() > VALUE_BYTES_MAX { Err(Reason::Long { bytes: bytes.len() }) } else { Ok(()) }
}

/// Text as it is.
#[inline]
pub(super) fn text(value: &[u8], into: &mut Vec<u8>) -> Result<(), Reason> {
    check_length(value)?;
    into.extend_from_slice(value);
    Ok(())
}

/// Bytes that name something: hexadecimal digits after `0x`.
#[inline]
pub(super) fn name(value: &[u8], into: &mut Vec<u8>) -> Result<(), Reason> {
    check_length(value)?;
    // Writers of old don't say which bytes are text. An address of text would become another one, which nobody has.
    if value.len() > 2 && value.starts_with(b"0x") && value.iter().skip(2).all(u8::is_ascii_hexdigit) {
        return Err(Reason::TextInBytes);
    }
    if value.is_empty() {
        return Ok(());
    }
    into.extend_from_slice(b"0x");
    let from = into.len();
    into.resize(from + 2 * value.len(), 0);
    let place = into.get_mut(from..).unwrap_or_default();
    const_hex::encode_to_slice(value, place).map_err(|_| Reason::Number)
}

/// Bytes that are a whole number, the highest first, and never negative.
pub(super) fn unsigned(value: &[u8], into: &mut Vec<u8>) -> Result<(), Reason> {
    check_length(value)?;
    if value.is_empty() {
        return Ok(());
    }
    let digits = value.iter().position(|byte| *byte != 0).unwrap_or(value.len());
    let number = U256::try_from_be_slice(value.get(digits..).unwrap_or_default());
    let number = number.ok_or(Reason::Amount(crate::read::AmountError::Large))?;
    digits_of(number, 0, into);
    Ok(())
}

/// A whole number.
#[inline]
pub(super) fn whole(number: i64, into: &mut Vec<u8>) {
    if number < 0 {
        into.push(b'-');
    }
    short(number.unsigned_abs(), into);
}

/// A whole number that isn't negative.
#[inline]
pub(super) fn short(number: u64, into: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (left % 10) as u8;
        }
        left /= 10;
        if left == 0 {
            break;
        }
    }
    into.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// A number with decimals, of which `unscaled` is a multiple.
pub(super) fn decimal(unscaled: i64, scale: u8, into: &mut Vec<u8>) {
    if scale == 0 {
        return whole(unscaled, into);
    }
    if unscaled < 0 {
        into.push(b'-');
    }
    digits_of(U256::from(unscaled.unsigned_abs()), scale, into);
}

/// The same in bytes: two's complement, the highest first.
pub(super) fn long_decimal(value: &[u8], scale: u8, into: &mut Vec<u8>) -> Result<(), Reason> {
    check_length(value)?;
    let Some(first) = value.first() else { return Ok(()) };
    let negative = *first >= 128;
    let fill = if negative { 255 } else { 0 };
    let digits = value.iter().position(|byte| *byte != fill).unwrap_or(value.len());
    let digits = value.get(digits..).unwrap_or_default();
    let mut bytes = [fill; 32];
    let from =
        bytes.len().checked_sub(digits.len()).ok_or(Reason::Amount(crate::read::AmountError::Large))?;
    bytes.get_mut(from..).unwrap_or_default().copy_from_slice(digits);
    let mut number = U256::from_be_bytes(bytes);
    if negative {
        into.push(b'-');
        number = number.wrapping_neg();
    }
    digits_of(number, scale, into);
    Ok(())
}

/// The digits of a number, so many of them behind the point; zeros at the end of these are left out.
fn digits_of(number: U256, scale: u8, into: &mut Vec<u8>) {
    let from = into.len();
    match u64::try_from(number) {
        Ok(number) => short(number, into),
        Err(_) => into.extend_from_slice(number.to_string().as_bytes()),
    }
    let scale = usize::from(scale);
    if scale == 0 {
        return;
    }
    let missing = (scale + 1).saturating_sub(into.len() - from);
    into.splice(from..from, std::iter::repeat_n(b'0', missing));
    into.insert(into.len() - scale, b'.');
    while into.last() == Some(&b'0') {
        into.pop();
    }
    if into.last() == Some(&b'.') {
        into.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{AmountError, amount};
    use proptest::prelude::*;

    fn said(write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>) -> Result<String, Reason> {
        let mut into = Vec::new();
        write(&mut into).map(|()| String::from_utf8(into).unwrap())
    }

    #[test]
    fn values_become_text() {
        let decimal = |number, scale| {
            said(|into| {
                decimal(number, scale, into);
                Ok(())
            })
            .unwrap()
        };
        assert_eq!(decimal(12_345, 2), "123.45");
        assert_eq!(decimal(12_300, 2), "123");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(0, 9), "0");
        assert_eq!(decimal(i64::MIN, 0), "-9223372036854775808");
        let long = |bytes: &[u8], scale| said(|into| long_decimal(bytes, scale, into));
        assert_eq!(long(&[0, 0, 1, 0], 1).unwrap(), "25.6");
        assert_eq!(long(&[255; 16], 0).unwrap(), "-1");
        assert_eq!(long(&[128], 0).unwrap(), "-128");
        assert_eq!(long(&[0; 40], 0).unwrap(), "0");
        assert_eq!(long(&[], 3).unwrap(), "");
        assert_eq!(long(&[1; 33], 0), Err(Reason::Amount(AmountError::Large)));
        let unsigned = |bytes: &[u8]| said(|into| unsigned(bytes, into));
        assert_eq!(unsigned(&[255; 32]).unwrap(), U256::MAX.to_string());
        assert_eq!(unsigned(&[0, 0, 7]).unwrap(), "7");
        assert_eq!(unsigned(&[0; 33]).unwrap(), "0");
        assert_eq!(unsigned(&[1; 33]), Err(Reason::Amount(AmountError::Large)));
        let name = |bytes: &[u8]| said(|into| name(bytes, into));
        assert_eq!(name(&[0xab; 20]).unwrap(), format!("0x{}", "ab".repeat(20)));
        assert_eq!(name(b"0xab"), Err(Reason::TextInBytes));
        assert_eq!(name(&[7; VALUE_BYTES_MAX + 1]), Err(Reason::Long { bytes: VALUE_BYTES_MAX + 1 }));
        assert_eq!(name(b"").unwrap(), "");
    }

    #[test]
    fn a_column_knows_what_is_wrong_in_which_row() {
        let mut column = Column::default();
        column.push(|into| text(b"ab", into));
        column.push_null();
        column.push(|into| {
            into.push(b'x');
            Err(Reason::Number)
        });
        column.push(|into| text(b"c", into));
        let rows: Vec<_> = (0..5).map(|row| (column.text(row), column.bad(row).is_some())).collect();
        assert_eq!(rows[..4], [(&b"ab"[..], false), (b"", false), (b"", true), (b"c", false)]);
        column.clear();
        assert_eq!((column.text(0), column.bad(2)), (&b""[..], None));
    }

    proptest! {
        #[test]
        fn decimals_are_exact(number: i64, scale in 0..40_u8) {
            let mut short = Vec::new();
            decimal(number, scale, &mut short);
            let mut long = Vec::new();
            long_decimal(&i128::from(number).to_be_bytes(), scale, &mut long).unwrap();
            prop_assert_eq!(&short, &long);
            let expected = if number < 0 { Err(AmountError::Negative) } else { Ok(U256::from(number as u64)) };
            prop_assert_eq!(amount(&short, scale), expected);
        }

        #[test]
        fn whole_numbers_are_as_everybody_writes_them(number: i64) {
            let mut text = Vec::new();
            whole(number, &mut text);
            prop_assert_eq!(text, number.to_string().into_bytes());
        }
    }
}
