//! Dates as people and tools write them in tables.

use stix::Timestamp;

const MINUTE_MICROS: i64 = 60_000_000;
/// Numbers above this are milliseconds since 1970, not seconds.
const SECONDS_MAX: i64 = 100_000_000_000;

/// Reads `2023-05-15 15:48:35`, `2023-05-15`, RFC 3339 with any offset, `2023/05/15`, seconds or milliseconds since
/// 1970. What has no zone is UTC. `None` for everything else: day and month are not guessed.
pub(crate) fn lenient(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches("UTC").trim_end_matches("GMT").trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.len() >= 8 {
        let number: i64 = text.parse().ok()?;
        let micros =
            if number > SECONDS_MAX { number.checked_mul(1_000)? } else { number.checked_mul(1_000_000)? };
        return (Timestamp::from_micros(micros).micros() == micros).then(|| seconds(micros));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let date = date.replace('/', "-");
    let rest = rest.trim_start_matches(['T', 't', ' ']);
    if rest.is_empty() {
        return Timestamp::parse(&format!("{date}T00:00:00.000Z")).ok();
    }
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = (rest[..zone_at].trim(), &rest[zone_at..]);
    let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.replace(',', ".") };
    let local = Timestamp::parse(&format!("{date}T{clock}Z")).ok()?;
    match zone.trim() {
        "" | "Z" | "z" => Some(local),
        zone => {
            let sign = if zone.starts_with('-') { 1 } else { -1 };
            let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
            let hours: i64 = digits.get(..2)?.parse().ok()?;
            let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
            Some(Timestamp::from_micros(local.micros() + sign * (hours * 60 + minutes) * MINUTE_MICROS))
        }
    }
}

/// An instant printed with milliseconds, as most tools write it.
fn seconds(micros: i64) -> Timestamp {
    let text = Timestamp::from_micros(micros).to_string();
    let short = text.strip_suffix("000Z").map(|start| format!("{start}Z"));
    short.and_then(|short| Timestamp::parse(&short).ok()).unwrap_or(Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_tools_write_them() {
        let check = |text, expected: Option<&str>| {
            assert_eq!(lenient(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        };
        check("2023-05-15 15:48:35", Some("2023-05-15T15:48:35.000Z"));
        check("2023-05-15", Some("2023-05-15T00:00:00.000Z"));
        check("2023/05/15 15:48", Some("2023-05-15T15:48:00.000Z"));
        check("2023-05-15T15:48:35+09:00", Some("2023-05-15T06:48:35.000000Z"));
        check("2024-04-04 07:03:03 UTC", Some("2024-04-04T07:03:03.000Z"));
        check("1550653819", Some("2019-02-20T09:10:19.000Z"));
        check("15/05/2023", None);
        check("2023-02-30", None);
        check("yesterday", None);
        check("9000000000000000", None);
        check("", None);
    }
}
