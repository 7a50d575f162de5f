//! Times: text to seconds.

use serde::Deserialize;
use thiserror::Error;

use super::{Reason, number};

/// How a source writes times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeForm {
    /// RFC 3339 (`2025-02-21T14:29:47Z`), or date and time with a space between; without an offset it is UTC. Parts of a second
    /// are left out.
    #[default]
    Text,
    /// Seconds since 1970-01-01 UTC.
    Unix,
    /// Milliseconds since 1970-01-01 UTC; parts of a second are left out.
    UnixMilliseconds,
}

/// Why a text is no time.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// It isn't in the form that the mapping names.
    #[error("it isn't a time in the form that the mapping names")]
    Form,
    /// It is before 1970 or after 2106-02-07, so that it isn't that of a transfer.
    #[error("it is before 1970 or after 2106-02-07")]
    Range,
}

/// The seconds since 1970-01-01 UTC that a text says.
#[inline]
pub(crate) fn time(text: &[u8], form: TimeForm) -> Result<u32, TimeError> {
    match form {
        TimeForm::Unix => seconds(whole(text)?),
        TimeForm::UnixMilliseconds => seconds(whole(text)? / 1_000),
        TimeForm::Text => match plain(text) {
            Some(time) => seconds(time),
            None => any(text),
        },
    }
}

fn seconds(time: u64) -> Result<u32, TimeError> {
    u32::try_from(time).map_err(|_| TimeError::Range)
}

#[inline]
fn whole(text: &[u8]) -> Result<u64, TimeError> {
    let before = text.strip_prefix(b"-").is_some_and(|digits| number(digits).is_ok());
    number(text)
        .map_err(|reason| if before || reason == Reason::Large { TimeError::Range } else { TimeError::Form })
}

/// The most frequent form, `2025-02-21T14:29:47Z` with or without `T` and `Z`, of years that surely fit.
fn plain(text: &[u8]) -> Option<u64> {
    let text = text.strip_suffix(b"Z").or(text.strip_suffix(b" UTC")).unwrap_or(text);
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b' ', h1, h2, b':', n1, n2, b':', s1, s2] = text
    else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u64::from(**digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    // Days after the 28th, and leap seconds, are left to who knows the calendar.
    let fits = (1970..2106).contains(&year) && (1..=12).contains(&month) && (1..=28).contains(&day);
    if !fits || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years are counted from March, so that the day that may be missing is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    // From March of the year 0 to 1970-01-01.
    let days = days - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn any(text: &[u8]) -> Result<u32, TimeError> {
    let text = std::str::from_utf8(text).map_err(|_| TimeError::Form)?;
    let instant = match text.parse::<jiff::Timestamp>() {
        Ok(instant) => instant,
        Err(_) => {
            let text = text.strip_suffix(" UTC").unwrap_or(text);
            // A date alone would be read as its midnight; a transfer's time is more than that.
            if !text.contains(':') {
                return Err(TimeError::Form);
            }
            let civil: jiff::civil::DateTime = text.parse().map_err(|_| TimeError::Form)?;
            jiff::tz::Offset::UTC.to_timestamp(civil).map_err(|_| TimeError::Range)?
        }
    };
    let seconds = instant.as_second() - i64::from(instant.subsec_nanosecond() < 0);
    u32::try_from(seconds).map_err(|_| TimeError::Range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, form: TimeForm, expected: Result<u32, TimeError>) {
        assert_eq!(time(text.as_bytes(), form), expected, "{text}");
    }

    #[test]
    fn times_of_all_forms_are_read() {
        use TimeForm::{Text, Unix, UnixMilliseconds};
        check("1740148187", Unix, Ok(1_740_148_187));
        check("1740148187999", UnixMilliseconds, Ok(1_740_148_187));
        check("0", Unix, Ok(0));
        check("4294967295", Unix, Ok(u32::MAX));
        for text in [
            "2025-02-21T14:29:47Z",
            "2025-02-21 14:29:47",
            "2025-02-21T14:29:47",
            "2025-02-21 14:29:47 UTC",
            "2025-02-21T14:29:47.999Z",
            "2025-02-21 14:29:47.5",
            "2025-02-21T15:29:47+01:00",
            "2025-02-21t14:29:47z",
        ] {
            check(text, Text, Ok(1_740_148_187));
        }
        check("2024-02-29T00:00:00Z", Text, Ok(1_709_164_800));
        check("2106-02-07T06:28:15Z", Text, Ok(u32::MAX));
        check("1970-01-01T00:00:00Z", Text, Ok(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        use TimeForm::{Text, Unix, UnixMilliseconds};
        check("", Text, Err(TimeError::Form));
        check("", Unix, Err(TimeError::Form));
        check("-1", Unix, Err(TimeError::Range));
        check("-", Unix, Err(TimeError::Form));
        check("--1", Unix, Err(TimeError::Form));
        check("1.5", Unix, Err(TimeError::Form));
        check("1740148187", Text, Err(TimeError::Form));
        check("2025-02-30T00:00:00Z", Text, Err(TimeError::Form));
        check("2023-02-29 00:00:00", Text, Err(TimeError::Form));
        check("2025-13-01 00:00:00", Text, Err(TimeError::Form));
        check("2025-02-21", Text, Err(TimeError::Form));
        check("21.02.2025 14:29", Text, Err(TimeError::Form));
        check("4294967296", Unix, Err(TimeError::Range));
        check("99999999999999999999999", Unix, Err(TimeError::Range));
        check("1740148187000", Unix, Err(TimeError::Range));
        check("4294967296000", UnixMilliseconds, Err(TimeError::Range));
        check("2106-02-07T06:28:16Z", Text, Err(TimeError::Range));
        check("1969-12-31T23:59:59Z", Text, Err(TimeError::Range));
        check("1969-12-31T23:59:59.5Z", Text, Err(TimeError::Range));
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_calendar(time: u32) {
            let text = jiff::Timestamp::from_second(time.into()).unwrap().to_string();
            check(&text, TimeForm::Text, Ok(time));
            if let Some(short) = plain(text.as_bytes()) {
                prop_assert_eq!(short, u64::from(time));
            }
        }
    }
}
