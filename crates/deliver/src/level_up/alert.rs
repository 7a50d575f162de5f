//! Reads the alerts that sensors raise about the test entry.
//!
//! Source: Suricata user guide 7.0, "Eve JSON Format" (`alert`, `dns`, `tls`, `http`); Zeek documentation, "intel.log".

use serde_json::Value;
use stix::Timestamp;

use super::Names;
use super::seen::Seen;

/// Most bytes of what is sent.
pub const BYTES_MAX: usize = 256 * 1024;
/// Most lines that are looked at.
const LINES_MAX: usize = 1_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// How far a sensor's clock may be ahead.
const AHEAD_MICROS: i64 = 600_000_000;

/// Why what was sent shows no alert about the test entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAlert {
    /// No line is a JSON object.
    #[error(
        "no line of it is a JSON object; send lines of Suricata's eve.json, or of Zeek's intel.log in JSON"
    )]
    NoJson,
    /// No line is an alert.
    #[error(
        "none of its lines is an alert: of eve.json, those with \"event_type\":\"alert\" are; of intel.log, all"
    )]
    NoneIsAlert,
    /// There are alerts, about something else.
    #[error(
        "its alerts are not about the test entry: look {below} up behind the sensor, and send what it raises then"
    )]
    AboutOthers {
        /// The name to look up.
        below: String,
    },
    /// The alert is of another day.
    #[error(
        "the alert was raised more than a day ago, or the sensor's clock is ahead: look {below} up again"
    )]
    NotToday {
        /// The name to look up.
        below: String,
    },
}

/// The first alert about the test entry among lines of JSON.
///
/// # Errors
/// [`NoAlert`].
pub fn read(text: &str, names: &Names, now: Timestamp) -> Result<Seen, NoAlert> {
    let lines = text.lines().take(LINES_MAX).filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let objects: Vec<Value> = lines.filter(Value::is_object).collect();
    if objects.is_empty() {
        return Err(NoAlert::NoJson);
    }
    let alerts: Vec<(&'static str, &Value)> =
        objects.iter().filter_map(|line| Some((sensor(line)?, line))).collect();
    if alerts.is_empty() {
        return Err(NoAlert::NoneIsAlert);
    }
    let below = names.below.clone();
    let about =
        alerts.into_iter().filter_map(|(sensor, line)| Some((sensor, line, name_in(sensor, line, names)?)));
    let about: Vec<_> = about.collect();
    if about.is_empty() {
        return Err(NoAlert::AboutOthers { below });
    }
    let today = about.into_iter().find(|(_, line, _)| is_of_today(line, now));
    match today {
        Some((sensor, _, name)) => Ok(Seen { sensor, name }),
        None => Err(NoAlert::NotToday { below }),
    }
}

/// Which sensor has raised an alert in this form; `None` if it is none.
fn sensor(line: &Value) -> Option<&'static str> {
    if line.get("event_type").and_then(Value::as_str) == Some("alert")
        && line.get("alert").is_some_and(Value::is_object)
    {
        return Some("suricata");
    }
    (line.get("seen.indicator").is_some() && line.get("sources").is_some()).then_some("zeek")
}

/// The test's name that the alert is about: the entry, or the one below it.
fn name_in(sensor: &str, line: &Value, names: &Names) -> Option<String> {
    let pointers: &[&str] = match sensor {
        "zeek" => &["/seen.indicator"],
        _ => &["/dns/rrname", "/dns/queries/0/rrname", "/dns/query/0/rrname", "/tls/sni", "/http/hostname"],
    };
    let texts = pointers.iter().filter_map(|pointer| line.pointer(pointer)?.as_str());
    let mut plain = texts.map(|text| text.trim_end_matches('.').to_ascii_lowercase());
    plain.find(|text| *text == names.refuse || *text == names.below)
}

/// Whether an alert was raised in the last day.
fn is_of_today(line: &Value, now: Timestamp) -> bool {
    let stated = line.get("timestamp").or_else(|| line.get("ts"));
    let at = match stated {
        Some(Value::String(text)) => {
            text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
        }
        #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
        Some(seconds) => seconds.as_f64().map(|seconds| (seconds * 1e6) as i64),
        None => None,
    };
    at.is_some_and(|at| {
        now.micros().saturating_sub(at) < DAY_MICROS && at < now.micros().saturating_add(AHEAD_MICROS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let name = |text: &str| text.to_owned();
        Names {
            refuse: name("refuse.k3.top"),
            below: name("ab12.refuse.k3.top"),
            allow: name("ab12.allow.k3.top"),
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-06-01T12:00:00Z").unwrap()
    }

    #[test]
    fn alerts_of_suricata_and_zeek_are_read() {
        for line in [
            r#"{"timestamp":"2026-06-01T13:59:58.123456+0200","event_type":"alert","alert":{"signature_id":1},"dns":{"query":[{"rrname":"ab12.refuse.k3.top"}]}}"#,
            r#"{"timestamp":"2026-06-01T11:59:58.123456+0000","event_type":"alert","alert":{"signature_id":1},"dns":{"queries":[{"rrname":"REFUSE.k3.top."}]}}"#,
            r#"{"timestamp":"2026-06-01T11:59:58.123456Z","event_type":"alert","alert":{},"tls":{"sni":"ab12.refuse.k3.top"}}"#,
            r#"{"ts":1780311598.5,"seen.indicator":"refuse.k3.top","seen.where":"DNS::IN_REQUEST","sources":["bongsu"]}"#,
        ] {
            assert!(read(&format!("no json\n{line}\n"), &names(), now()).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_no_alert_about_the_test_entry_says_why() {
        let below = || names().below;
        let read = |line: &str| read(line, &names(), now()).unwrap_err();
        assert_eq!(read("[]\nx"), NoAlert::NoJson);
        let query = r#"{"timestamp":"2026-06-01T11:59:58Z","event_type":"dns","dns":{"rrname":"ab12.refuse.k3.top"}}"#;
        assert_eq!(read(query), NoAlert::NoneIsAlert, "a query that was only logged");
        let other = r#"{"timestamp":"2026-06-01T11:59:58Z","event_type":"alert","alert":{},"dns":{"rrname":"cd34.refuse.k3.top"}}"#;
        assert_eq!(read(other), NoAlert::AboutOthers { below: below() }, "another member's name");
        for at in ["2026-05-31T11:59:58Z", "2026-06-01T12:59:58Z", "yesterday"] {
            let old = format!(
                r#"{{"timestamp":"{at}","event_type":"alert","alert":{{}},"tls":{{"sni":"refuse.k3.top"}}}}"#
            );
            assert_eq!(read(&old), NoAlert::NotToday { below: below() }, "{at}");
        }
    }
}
