//! When a line of a log was written, as it says itself.
//!
//! Logs differ: a field of JSON, a date of ISO 8601 (RFC 3339, with or without a zone), seconds or milliseconds since 1970 at the
//! line's beginning, the dates of web servers and name servers. A date without a zone counts as UTC. What has no year (RFC 3164)
//! is no instant.

use memchr::memmem::find;
use stix::Timestamp;

/// Bytes of a line in which a field of JSON is looked for, and bytes at its beginning in which a date is.
const FIELDS_BYTES_MAX: usize = 16 * 1024;
const HEAD_BYTES_MAX: usize = 128;

/// Fields of JSON that say when: Zeek, ECS, Suricata's EVE, CloudTrail, Windows events; the most telling first.
const FIELDS: [&str; 10] = [
    "\"ts\"",
    "\"@timestamp\"",
    "\"timestamp\"",
    "\"eventTime\"",
    "\"EventTime\"",
    "\"TimeCreated\"",
    "\"UtcTime\"",
    "\"datetime\"",
    "\"time\"",
    "\"date\"",
];

const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// 2000-01-01T00:00:00Z: what is dated before was dated by a clock that was never set.
const SET_SINCE_SECONDS: i64 = 946_684_800;

/// When `line` was written, if it says so. Whether that is to be believed is another question: [`is_believable`].
#[must_use]
pub fn written(line: &[u8]) -> Option<Timestamp> {
    let line = line.trim_ascii_start();
    if line.first() == Some(&b'{') {
        let line = &line[..line.len().min(FIELDS_BYTES_MAX)];
        return FIELDS.iter().find_map(|name| field(line, name));
    }
    let head = &line[..line.len().min(HEAD_BYTES_MAX)];
    let head = head.trim_ascii_start();
    let head = after_priority(head);
    if is_month(head) && head.get(3) == Some(&b' ') {
        return None;
    }
    since_1970(head)
        .or_else(|| dates(head))
        .or_else(|| find(head, b"audit(").and_then(|at| since_1970(&head[at + 6..])))
}

/// Whether a log's date can be right: not before 2000 and not after `now`, the time at which it is read.
#[must_use]
pub fn is_believable(at: Timestamp, now: Timestamp) -> bool {
    at.seconds() >= SET_SINCE_SECONDS && at <= now
}

/// The value of a field: a text with a date, a number, or an object that begins with a date, as Windows events have it.
fn field(line: &[u8], name: &str) -> Option<Timestamp> {
    let at = find(line, name.as_bytes())? + name.len();
    let value = line[at..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    match value.strip_prefix(b"\"") {
        Some(text) => iso(text).or_else(|| since_1970(text)),
        None if value.first() == Some(&b'{') => dates(&value[..value.len().min(HEAD_BYTES_MAX)]),
        None => {
            let (seconds, fraction, length) = number(value)?;
            (length > 0).then(|| instant(seconds, fraction))?
        }
    }
}

/// `<34>1 ` of syslog. Source: RFC 5424, section 6.2.
fn after_priority(head: &[u8]) -> &[u8] {
    let Some(rest) = head.strip_prefix(b"<") else { return head };
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let Some(rest) = rest.get(digits..).and_then(|rest| rest.strip_prefix(b">")) else { return head };
    let version = rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(version) {
        Some(b' ') if version > 0 => &rest[version + 1..],
        _ => rest,
    }
}

fn is_month(text: &[u8]) -> bool {
    month(text).is_some()
}

fn month(text: &[u8]) -> Option<usize> {
    let name = text.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| month[..] == name[..])
}

/// Digits with a fraction or without: the number, its fraction in microseconds, and how long it is.
fn number(text: &[u8]) -> Option<(i64, i64, usize)> {
    let digits = text.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let whole = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    let Some(rest) = text[digits..].strip_prefix(b".") else { return Some((whole, 0, digits)) };
    let places = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let micros =
        (0..6).fold(0, |sum, at| sum * 10 + rest[..places].get(at).map_or(0, |byte| i64::from(byte - b'0')));
    Some((whole, micros, digits + 1 + places))
}

/// A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by how large it is.
fn instant(whole: i64, micros: i64) -> Option<Timestamp> {
    let micros = match whole {
        0..100_000_000_000 => whole * 1_000_000 + micros,
        100_000_000_000..100_000_000_000_000 => whole * 1_000 + micros / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => whole,
        _ => whole / 1_000,
    };
    (micros >= 0).then(|| Timestamp::from_micros(micros))
}

/// A first field that can only be a time: ten digits or thirteen, or digits with six places behind the point, as Zeek writes them.
fn since_1970(head: &[u8]) -> Option<Timestamp> {
    let head = head.strip_prefix(b"\"").unwrap_or(head);
    let (whole, micros, length) = number(head)?;
    let digits = head[..length].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let places = length - digits;
    let ends = !head.get(length).is_some_and(u8::is_ascii_alphanumeric) && head.get(length) != Some(&b'.');
    let is_time = matches!(digits, 10 | 13 | 16) || (digits < 10 && places == 7);
    (ends && is_time).then(|| instant(whole, micros))?
}

/// The first date in the head.
fn dates(head: &[u8]) -> Option<Timestamp> {
    (0..head.len()).find_map(|at| {
        let is_inside = at > 0 && head[at - 1].is_ascii_alphanumeric();
        if is_inside || !head[at].is_ascii_digit() {
            return None;
        }
        iso(&head[at..]).or_else(|| of_web_server(&head[at..]))
    })
}

/// Digits at a place, as a number.
fn digits(text: &[u8], from: usize, count: usize) -> Option<i64> {
    let digits = text.get(from..from + count)?;
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// `2026-11-28T21:13:00.123+01:00` and what is written for it.
fn iso(text: &[u8]) -> Option<Timestamp> {
    let is = |at: usize, of: &[u8]| text.get(at).is_some_and(|byte| of.contains(byte));
    if !(is(4, b"-/") && is(7, b"-/") && is(10, b"Tt _")) {
        return None;
    }
    let date = [digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?];
    clock(date, text.get(11..)?)
}

/// `28/Nov/2026:21:13:00 +0000` of web servers, `28-Nov-2026 21:13:00.123` of name servers.
fn of_web_server(text: &[u8]) -> Option<Timestamp> {
    let is = |at: usize, of: &[u8]| text.get(at).is_some_and(|byte| of.contains(byte));
    if !(is(2, b"/-") && is(6, b"/-") && is(11, b": ")) {
        return None;
    }
    let month = i64::try_from(month(text.get(3..)?)?).ok()? + 1;
    clock([digits(text, 7, 4)?, month, digits(text, 0, 2)?], text.get(12..)?)
}

/// A time of day with fraction and zone, on a date.
fn clock([year, month, day]: [i64; 3], text: &[u8]) -> Option<Timestamp> {
    if text.get(2) != Some(&b':') || text.get(5) != Some(&b':') {
        return None;
    }
    let [hour, minute, second] = [digits(text, 0, 2)?, digits(text, 3, 2)?, digits(text, 6, 2)?];
    let rest = &text[8..];
    let (fraction, rest) = match rest.first() {
        Some(b'.' | b',') => {
            let places = rest[1..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
            (String::from_utf8_lossy(&rest[1..=places]).into_owned(), &rest[1 + places..])
        }
        _ => (String::new(), rest),
    };
    let written =
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:0<6.6}Z");
    let at = Timestamp::parse(&written).ok()?;
    match east_of_utc(rest) {
        0 => Some(at),
        seconds => Some(Timestamp::from_micros(at.micros() - seconds * 1_000_000)),
    }
}

/// How many seconds a zone is ahead of UTC; none that is written is none.
fn east_of_utc(rest: &[u8]) -> i64 {
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let minutes = if rest.get(3) == Some(&b':') { digits(rest, 4, 2) } else { digits(rest, 3, 2) };
    match digits(rest, 1, 2) {
        Some(hours) if hours < 24 => sign * (hours * 3_600 + minutes.unwrap_or(0).min(59) * 60),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<String> {
        written(line.as_bytes()).map(|at| at.to_string())
    }

    #[test]
    fn the_dates_of_common_logs_are_read() {
        let zeek = "1521911720.865716\tCqKst53mF3det3eDV9\t10.47.1.100\t41772";
        assert_eq!(at(zeek).as_deref(), Some("2018-03-24T17:15:20.865716Z"));
        let zeek = r#"{"_path":"dns","ts":1521911720.865716,"uid":"C8"}"#;
        assert_eq!(at(zeek).as_deref(), Some("2018-03-24T17:15:20.865716Z"));
        let zeek = r#"{"_path":"dns","ts":"2018-03-24T17:15:20.865716Z","uid":"C8"}"#;
        assert_eq!(at(zeek).as_deref(), Some("2018-03-24T17:15:20.865716Z"));
        let eve = r#"{"timestamp":"2026-11-02T10:00:00.123456+0100","flow_id":1}"#;
        assert_eq!(at(eve).as_deref(), Some("2026-11-02T09:00:00.123456Z"));
        for (line, expected) in [
            (r#"{"@timestamp": "2026-11-02T10:00:00Z"}"#, "2026-11-02T10:00:00"),
            (
                r##"{"Event":{"System":{"TimeCreated":{"#attributes":{"Name":"2026-11-02T10:00:00.5Z"}}}}}"##,
                "2026-11-02T10:00:00.5",
            ),
            (r#"{"time":1793613600123,"x":1}"#, "2026-11-02T10:00:00.123"),
            ("<34>1 2026-11-02T10:00:00-05:30 host app - - - x", "2026-11-02T15:30:00"),
            ("2026-11-02 10:00:00,250 INFO evil.top", "2026-11-02T10:00:00.250"),
            (r#"10.0.0.1 - bob [02/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200"#, "2026-11-02T10:00:00"),
            ("02-Nov-2026 10:00:00.500 queries: info: client", "2026-11-02T10:00:00.500"),
            ("type=SYSCALL msg=audit(1793613600.500:123): arch=c000003e", "2026-11-02T10:00:00.500"),
            ("1793613600.500     12 10.0.0.1 TCP_MISS/200", "2026-11-02T10:00:00.500"),
            ("\"1793613600\",\"evil.top\"", "2026-11-02T10:00:00"),
            ("evil.top,2026-11-02T10:00:00Z,10.0.0.1", "2026-11-02T10:00:00"),
        ] {
            let read = at(line).unwrap_or_default();
            assert!(read.starts_with(expected), "{line}: {read}");
        }
    }

    #[test]
    fn what_says_no_instant_is_none() {
        for line in [
            "",
            "Nov  2 10:00:00 host app: the certificate ends 2030-01-01 00:00:00",
            "<13>Nov  2 10:00:00 host app: evil.top",
            "evil.top was seen",
            "12345 things",
            "2026-13-45T10:00:00Z x",
            r#"{"msg":"\"ts\":5"}"#,
            "1.2.3.4 5.6.7.8",
            "1521911720abc",
            "000000000000000000000000000000 x",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_not_believed() {
        let now = Timestamp::parse("2026-11-28T00:00:00Z").unwrap();
        let believed = |line: &str| is_believable(written(line.as_bytes()).unwrap(), now);
        assert!(believed("2026-11-27T23:59:59Z x"));
        assert!(!believed("2026-11-28T00:00:01Z x"));
        assert!(!believed("0.000000\tC1\t10.0.0.1"));
        assert!(!believed(r#"{"ts":12.5}"#));
        assert!(!believed("2099-01-01T00:00:00Z x"));
    }
}
