//! Amounts as people write them.

use crate::U256;

/// An amount in whole coins: exact, without zeros at the end, with a comma between thousands. `decimals` is how many digits the smallest
/// unit is below one.
///
/// ```
/// # use bongsu_trace::{U256, whole};
/// assert_eq!(whole(U256::from(1_234_567_800_u64), 6), "1,234.5678");
/// ```
#[must_use]
pub fn whole(amount: U256, decimals: u8) -> String {
    let digits = amount.to_string();
    let decimals = usize::from(decimals);
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (before, behind) = padded.split_at(padded.len() - decimals);
    let mut written = String::with_capacity(padded.len() * 4 / 3 + 1);
    for (at, digit) in before.chars().enumerate() {
        if at > 0 && (before.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    let behind = behind.trim_end_matches('0');
    if !behind.is_empty() {
        written.push('.');
        written.push_str(behind);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_exactly() {
        for (amount, decimals, expected) in [
            (0_u64, 18, "0"),
            (1, 18, "0.000000000000000001"),
            (1_000, 0, "1,000"),
            (100_000_000, 8, "1"),
            (123_456_789_012, 8, "1,234.56789012"),
            (999, 3, "0.999"),
        ] {
            assert_eq!(whole(U256::from(amount), decimals), expected);
        }
        assert!(whole(U256::MAX, 0).starts_with("115,792,089,237,316,195,423,570,985,008,687,907,853"));
        assert_eq!(whole(U256::from(7), 255).len(), 257);
    }
}
