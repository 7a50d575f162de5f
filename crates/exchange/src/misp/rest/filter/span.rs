//! Times in a search: `1700000000`, `7d`, `24h`, `2026-01-31`, or two of these for a span.

use serde_json::Value as Json;
use stix::Timestamp;

use crate::read::time::lenient;

/// Seconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Span {
    /// Reads a span; one time alone means "since". `None` for what is no time; null, false, empty and 0 are no limit.
    pub(crate) fn read(value: &Json, now: Timestamp) -> Option<Self> {
        match value {
            Json::Array(ends) => match ends.as_slice() {
                [] => Some(Self::default()),
                [one] => Self::read(one, now),
                [a, b] => {
                    let (a, b) = (instant(a, now)?, instant(b, now)?);
                    let (from, to) = (a.min(b), a.max(b));
                    Some(Self { from: Some(from).filter(|from| *from != 0), to: Some(to) })
                }
                _ => None,
            },
            Json::Null | Json::Bool(false) => Some(Self::default()),
            Json::String(text) if text.is_empty() => Some(Self::default()),
            one => Some(Self { from: Some(instant(one, now)?).filter(|from| *from != 0), to: None }),
        }
    }

    pub(crate) fn has(self, seconds: i64) -> bool {
        self.from.is_none_or(|from| from <= seconds) && self.to.is_none_or(|to| seconds <= to)
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// As dates, `YYYY-MM-DD`.
    pub(crate) fn dates(self) -> (Option<String>, Option<String>) {
        (self.from.and_then(date), self.to.and_then(date))
    }
}

/// The date of an instant; `None` where the calendar ends.
pub(crate) fn date(seconds: i64) -> Option<String> {
    // Years 0 to 9999.
    let fits = (-62_167_219_200..253_402_300_800).contains(&seconds);
    fits.then(|| Timestamp::from_micros(seconds * 1_000_000).date())
}

/// One instant in seconds since 1970.
pub(crate) fn instant(value: &Json, now: Timestamp) -> Option<i64> {
    let text = match value {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    // PyMISP sends what Python makes of a date: a number with a fraction.
    if let Some((whole, fraction)) = text.split_once('.')
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && let Ok(seconds) = whole.parse()
    {
        return Some(seconds);
    }
    let last = text.chars().next_back()?;
    let unit: Option<i64> = match last.to_ascii_lowercase() {
        'd' => Some(86_400),
        'h' => Some(3_600),
        'm' => Some(60),
        's' => Some(1),
        _ => None,
    };
    if let Some(unit) = unit
        && let Some(ago) = text.strip_suffix(last).and_then(|count| count.parse::<i64>().ok())
    {
        return now.seconds().checked_sub(ago.checked_mul(unit)?);
    }
    lenient(&text).map(|at| at.seconds())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_as_misp_reads_them() {
        let now = Timestamp::from_micros(1_700_000_000 * 1_000_000);
        let check = |value: Json, from: Option<i64>, to: Option<i64>| {
            assert_eq!(Span::read(&value, now), Some(Span { from, to }), "{value}");
        };
        check(json!(1_600_000_000), Some(1_600_000_000), None);
        check(json!("1600000000"), Some(1_600_000_000), None);
        check(json!(1_600_000_000.75), Some(1_600_000_000), None);
        check(json!("2d"), Some(1_700_000_000 - 2 * 86_400), None);
        check(json!("36H"), Some(1_700_000_000 - 36 * 3_600), None);
        check(json!("2020-09-13"), Some(1_599_955_200), None);
        check(json!("2020-09-13T12:26:40Z"), Some(1_600_000_000), None);
        check(json!(["1d", "2d"]), Some(1_700_000_000 - 172_800), Some(1_700_000_000 - 86_400));
        for none in [json!(0), json!("0"), json!(null), json!(false), json!(""), json!([])] {
            check(none, None, None);
        }
        for bad in [
            json!("yesterdayish"),
            json!("d"),
            json!(["1d", "2d", "3d"]),
            json!({}),
            json!(true),
            json!("9223372036854775807d"),
        ] {
            assert_eq!(Span::read(&bad, now), None, "{bad}");
        }
        assert_eq!(date(1_600_000_000).as_deref(), Some("2020-09-13"));
        assert_eq!((date(i64::MAX), date(i64::MIN)), (None, None));
    }
}
