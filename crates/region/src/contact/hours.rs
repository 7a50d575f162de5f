//! Hours at which somebody answers: always, or spans of a week in the contact's own time.
//!
//! Written as `always`, or as `mon-fri 09:00-18:00, sat 10:00-13:00`. A span that ends before it begins goes on into the next
//! day; `00:00-24:00` is a whole day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use stix::Timestamp;

/// Spans of a week.
const SPANS_MAX: usize = 14;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u16 = 24 * 60;

/// When somebody answers. No spans means always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(Vec<Span>);

/// The same hours on consecutive days of the week; the last may come before the first in the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: u8,
    last: u8,
    /// Minutes since midnight; `to` is after `from`, or on the next day.
    from: u16,
    to: u16,
}

/// Why a text says no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` says no hours: write `always`, or up to {SPANS_MAX} spans such as `mon-fri 09:00-18:00, sat 10:00-13:00`"
)]
pub struct HoursError(String);

impl Hours {
    /// Whether somebody always answers.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody answers at that time, in that zone; `None` if the zone is not known here.
    #[must_use]
    pub fn hold_at(&self, zone: &str, at: Timestamp) -> Option<bool> {
        if self.is_always() {
            return Some(true);
        }
        let zone = jiff::tz::TimeZone::get(zone).ok()?;
        let there =
            jiff::tz::TimeZone::to_datetime(&zone, jiff::Timestamp::from_microsecond(at.micros()).ok()?);
        let day = u8::try_from(there.weekday().to_monday_zero_offset()).ok()?;
        let minute = u16::try_from(i16::from(there.hour()) * 60 + i16::from(there.minute())).ok()?;
        Some(self.0.iter().any(|span| span.holds(day, minute)))
    }
}

impl Span {
    const fn has_day(self, day: u8) -> bool {
        match self.first <= self.last {
            true => self.first <= day && day <= self.last,
            false => self.first <= day || day <= self.last,
        }
    }

    const fn holds(self, day: u8, minute: u16) -> bool {
        if self.from < self.to {
            return self.has_day(day) && self.from <= minute && minute < self.to;
        }
        let before = (day + 6) % 7;
        (self.has_day(day) && self.from <= minute) || (self.has_day(before) && minute < self.to)
    }

    fn read(text: &str) -> Option<Self> {
        let (days, hours) = text.trim().split_once(' ')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let day = |word: &str| {
            let place = DAYS.iter().position(|day| *day == word)?;
            u8::try_from(place).ok()
        };
        let (from, to) = hours.trim().split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to && from < DAY_MINUTES).then_some(())?;
        Some(Self { first: day(first)?, last: day(last)?, from, to })
    }
}

/// Minutes since midnight of `09:00`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| is_plain)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY_MINUTES).then_some(all)
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        if text.trim() == "always" {
            return Ok(Self::default());
        }
        let wrong = || HoursError(text.chars().take(200).collect());
        let spans: Option<Vec<Span>> = text.split(',').map(Span::read).collect();
        spans.filter(|spans| spans.len() <= SPANS_MAX).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_always() {
            return f.write_str("always");
        }
        for (at, span) in self.0.iter().enumerate() {
            let day = |day: u8| DAYS.get(usize::from(day)).copied().unwrap_or_default();
            let before = if at > 0 { ", " } else { "" };
            write!(f, "{before}{}", day(span.first))?;
            if span.first != span.last {
                write!(f, "-{}", day(span.last))?;
            }
            let (from, to) = ((span.from / 60, span.from % 60), (span.to / 60, span.to % 60));
            write!(f, " {:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)?;
        }
        Ok(())
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(hours: &str, at: &str) -> Option<bool> {
        hours.parse::<Hours>().unwrap().hold_at("Asia/Seoul", Timestamp::parse(at).unwrap())
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        // 29 November 2026 is a Sunday; Seoul is nine hours ahead.
        let week = "mon-fri 09:00-18:00, sat 10:00-13:00";
        for (at, expected) in [
            ("2026-11-30T00:00:00Z", true),
            ("2026-11-29T23:59:59Z", false),
            ("2026-11-30T08:59:59Z", true),
            ("2026-11-30T09:00:00Z", false),
            ("2026-11-28T01:00:00Z", true),
            ("2026-11-29T02:00:00Z", false),
        ] {
            assert_eq!(holds(week, at), Some(expected), "{at}");
        }
        assert_eq!(holds("always", "2026-11-29T02:00:00Z"), Some(true));
        assert_eq!(
            "mon 09:00-10:00".parse::<Hours>().unwrap().hold_at("Asia/Atlantis", Timestamp::MIN),
            None
        );
    }

    #[test]
    fn a_night_goes_on_into_the_next_day() {
        // Sunday night: from Sunday 22:00 to Monday 06:00 in Seoul.
        for (at, expected) in [
            ("2026-11-29T13:00:00Z", true),
            ("2026-11-29T20:59:59Z", true),
            ("2026-11-29T21:00:00Z", false),
            ("2026-11-28T13:00:00Z", false),
        ] {
            assert_eq!(holds("sun 22:00-06:00", at), Some(expected), "{at}");
        }
        assert_eq!(holds("sat-mon 00:00-24:00", "2026-11-29T20:00:00Z"), Some(true));
    }

    #[test]
    fn what_says_no_hours_is_refused() {
        let many = vec!["mon 09:00-10:00"; SPANS_MAX + 1].join(", ");
        for bad in [
            "",
            "never",
            "mon",
            "mon 9:00-10:00",
            "mon 09:60-10:00",
            "mon 24:00-09:00",
            "mon 09:00-24:01",
            "mon 09:00-09:00",
            "day 09:00-10:00",
            &many,
        ] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(spans in prop::collection::vec((0_u8..7, 0_u8..7, 0_u16..1440, 0_u16..=1440), 1..=SPANS_MAX)) {
            let spans = spans.into_iter().filter(|(.., from, to)| from != to);
            let hours = Hours(spans.map(|(first, last, from, to)| Span { first, last, from, to }).collect());
            prop_assert_eq!(hours.to_string().parse::<Hours>(), Ok(hours));
        }
    }
}
