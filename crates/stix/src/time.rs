//! RFC 3339 timestamps as STIX writes them: UTC, `Z`, with the sender's own number of fractional digits.
//!
//! Two timestamps are equal when they name the same instant, however many digits they were written with;
//! printing gives the digits back. Source: STIX 2.1, section 2.16 (timestamp) and RFC 3339, section 5.6.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Why a text is not a STIX timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text does not have the form `YYYY-MM-DDThh:mm:ss[.fff]Z`.
    #[error("a timestamp is written 2026-01-31T12:00:00.000Z (RFC 3339, UTC with `Z`)")]
    Form,
    /// The form is right but there is no such date or time of day.
    #[error("there is no such date or time of day")]
    Range,
}

/// 0000-01-01T00:00:00Z, in microseconds since 1970.
const MICROS_FIRST: i64 = -62_167_219_200_000_000;
/// 9999-12-31T23:59:59.999999Z, in microseconds since 1970.
const MICROS_LAST: i64 = 253_402_300_799_999_999;

/// An instant with the precision in which it was written.
///
/// Years 0000 to 9999, nanoseconds kept; further digits are cut. Source: STIX 2.1, section 2.16.
#[derive(Clone, Copy)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
    digits: u8,
}

impl Timestamp {
    /// Before every instant that can be written: the version of objects that have none.
    pub const MIN: Self = Self { seconds: i64::MIN, nanos: 0, digits: 3 };

    /// Reads `YYYY-MM-DDThh:mm:ss[.fff…]Z`.
    ///
    /// # Errors
    /// [`TimeError::Form`] or [`TimeError::Range`]. A leap second (`:60`) is refused, since STIX has no use
    /// for it and it has no instant of its own.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        let (fixed, rest) = bytes.split_at_checked(19).ok_or(TimeError::Form)?;
        let separators =
            [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|(at, b)| fixed[*at] == *b);
        if !separators {
            return Err(TimeError::Form);
        }
        let number = |from: usize, to: usize| -> Result<i64, TimeError> {
            fixed[from..to].iter().try_fold(0, |sum, b| {
                if b.is_ascii_digit() { Ok(sum * 10 + i64::from(b - b'0')) } else { Err(TimeError::Form) }
            })
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let (nanos, digits) = fraction(rest)?;
        let in_range = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_range {
            return Err(TimeError::Range);
        }
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Ok(Self { seconds, nanos, digits })
    }

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z, printed with six digits. What lies before the year
    /// 0000 or after 9999 can't be written and becomes the first or the last instant that can.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        let micros = if micros < MICROS_FIRST { MICROS_FIRST } else { micros };
        let micros = if micros > MICROS_LAST { MICROS_LAST } else { micros };
        let nanos = micros.rem_euclid(1_000_000) as u32 * 1_000;
        Self { seconds: micros.div_euclid(1_000_000), nanos, digits: 6 }
    }

    /// Microseconds since 1970-01-01T00:00:00Z, cut; [`Timestamp::MIN`] gives `i64::MIN`.
    #[must_use]
    pub const fn micros(&self) -> i64 {
        self.seconds.saturating_mul(1_000_000).saturating_add(self.nanos as i64 / 1_000)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    #[must_use]
    pub const fn nanos(&self) -> u32 {
        self.nanos
    }

    /// The day it falls on, `YYYY-MM-DD`, in UTC.
    #[must_use]
    pub fn date(&self) -> String {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Reads what follows the seconds: an optional fraction and `Z`.
fn fraction(rest: &[u8]) -> Result<(u32, u8), TimeError> {
    match rest {
        [b'Z'] => Ok((0, 0)),
        [b'.', digits @ .., b'Z'] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            let nanos =
                (0..9).fold(0, |sum, at| sum * 10 + digits.get(at).map_or(0, |b| u32::from(b - b'0')));
            Ok((nanos, u8::try_from(digits.len().min(9)).unwrap_or(9)))
        }
        _ => Err(TimeError::Form),
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years from 1 March.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl std::str::FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds == i64::MIN {
            return f.write_str("0000-00-00T00:00:00.000Z");
        }
        // Written by hand: every row of a manifest and of a status has one.
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let mut put = |end: usize, width: usize, value: i64| {
            let mut rest = value.unsigned_abs();
            for place in text[end - width..end].iter_mut().rev() {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        };
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        put(4, 4, year);
        put(7, 2, month);
        put(10, 2, day);
        put(13, 2, of_day / 3_600);
        put(16, 2, of_day / 60 % 60);
        put(19, 2, of_day % 60);
        put(29, 9, i64::from(self.nanos));
        let end = 20 + usize::from(self.digits.clamp(3, 9));
        text[end] = b'Z';
        f.write_str(std::str::from_utf8(&text[..=end]).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.seconds, self.nanos).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_are_compared_not_texts() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(at("2020-01-01T00:00:00Z"), at("2020-01-01T00:00:00.000000Z"));
        assert!(at("2020-01-01T00:00:00.000000001Z") > at("2020-01-01T00:00:00.000Z"));
        assert_eq!(at("1970-01-02T00:00:00.000Z").micros(), 86_400_000_000);
        assert_eq!(at("2016-04-06T20:03:48.123Z").to_string(), "2016-04-06T20:03:48.123Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        let check = |text, error| assert_eq!(Timestamp::parse(text).unwrap_err(), error, "{text}");
        check("2020-01-01", TimeError::Form);
        check("2020-01-01T00:00:00+00:00", TimeError::Form);
        check("2020-01-01t00:00:00z", TimeError::Form);
        check("2020-01-01T00:00:00.Z", TimeError::Form);
        check("2021-02-29T00:00:00Z", TimeError::Range);
        check("2021-02-28T24:00:00Z", TimeError::Range);
        check("2021-13-01T00:00:00Z", TimeError::Range);
        check("2016-12-31T23:59:60Z", TimeError::Range);
        check("２０２０-01-01T00:00:00Z", TimeError::Form);
    }

    /// Far out, seconds times a million overflowed and the year was cut to its last four digits.
    #[test]
    fn what_is_too_far_to_be_written_becomes_the_nearest_that_can_be() {
        let check = |micros, expected| {
            let at = Timestamp::from_micros(micros);
            assert_eq!(at.to_string(), expected, "{micros}");
            assert_eq!(Timestamp::parse(expected), Ok(at), "{micros}");
        };
        check(i64::MIN, "0000-01-01T00:00:00.000000Z");
        check(i64::MIN + 1, "0000-01-01T00:00:00.000000Z");
        check(MICROS_FIRST - 1, "0000-01-01T00:00:00.000000Z");
        check(MICROS_LAST + 1, "9999-12-31T23:59:59.999999Z");
        check(i64::MAX, "9999-12-31T23:59:59.999999Z");
        assert!(Timestamp::MIN < Timestamp::from_micros(i64::MIN));
    }

    proptest! {
        #[test]
        fn printing_and_reading_keep_the_instant(micros in -62_167_219_200_000_000i64..253_402_300_800_000_000) {
            let at = Timestamp::from_micros(micros);
            let again = Timestamp::parse(&at.to_string()).unwrap();
            prop_assert_eq!(at, again);
            prop_assert_eq!(again.micros(), micros);
        }
    }
}
