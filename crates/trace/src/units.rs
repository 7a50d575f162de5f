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

/// The ends of a long identifier: `0xae7ab9…d7fe84`.
#[must_use]
pub fn short(text: &str) -> String {
    match (text.get(..8), text.get(text.len().saturating_sub(6)..)) {
        (Some(start), Some(end)) if text.len() > 20 => format!("{start}…{end}"),
        _ => text.to_owned(),
    }
}

/// An amount with its asset: in whole coins if it is known how many digits are below one.
#[must_use]
pub fn told(amount: U256, asset: &str, decimals: Option<u8>) -> String {
    match decimals {
        Some(decimals) => format!("{} {}", whole(amount, decimals), short(asset)),
        None => format!("{} units of {}", whole(amount, 0), short(asset)),
    }
}

/// A span of time: `3 d 4 h`, `12 min`.
#[must_use]
pub fn lasted(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{seconds} s"),
        (0, 0, _) => format!("{sign}{minutes} min"),
        (0, ..) => format!("{sign}{hours} h {minutes} min"),
        _ => format!("{sign}{days} d {hours} h"),
    }
}

/// A part of a whole in percent, `12.3 %`, cut and not rounded; nothing of nothing.
#[must_use]
pub fn share(part: U256, whole: U256) -> String {
    let thousand = U256::from(1_000);
    let permille = match part.checked_mul(thousand) {
        Some(product) => product.checked_div(whole),
        None => part.checked_div(whole / thousand),
    };
    permille.map_or_else(String::new, |permille| {
        format!("{}.{} %", permille / U256::from(10), permille % U256::from(10))
    })
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

    #[test]
    fn spans_are_told_in_two_units_at_most() {
        for (seconds, expected) in
            [(5, "5 s"), (125, "2 min"), (7_260, "2 h 1 min"), (180_000, "2 d 2 h"), (-90, "-1 min")]
        {
            assert_eq!(lasted(seconds), expected);
        }
    }

    #[test]
    fn shares_are_told_of_what_there_is() {
        let amount = U256::from::<u64>;
        assert_eq!(share(amount(1), amount(3)), "33.3 %");
        assert_eq!(share(U256::MAX, U256::MAX), "100.0 %");
        assert_eq!(share(amount(1), U256::ZERO), "");
        assert_eq!(
            told(amount(1_500), "0xae7ab96520de3a18e5e111b5eaab095312d7fe84", Some(3)),
            "1.5 0xae7ab9…d7fe84"
        );
    }
}
