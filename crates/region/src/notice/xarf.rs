//! A notice for programs: a report in X-ARF, version 4.
//!
//! Source: XARF specification 4.2.0, `xarf-core.json` and the types `infrastructure/botnet` and `infrastructure/compromised_server`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stix::Timestamp;
use uuid::Uuid;

use super::{Notice, text};
use crate::transit::Role;

/// The version of the format that is written.
pub const VERSION: &str = "4.2.0";

/// Who reports, and under which address answers come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    /// The organisation's name.
    pub name: String,
    /// Its address for mail.
    pub mail: String,
}

/// A notice as a report.
#[must_use]
pub fn report(notice: &Notice, reporter: &Reporter) -> Value {
    let about = &notice.about;
    let domain = reporter.mail.rsplit_once('@').map_or("", |(_, domain)| domain);
    let name: String = reporter.name.chars().take(200).collect();
    let contact = json!({"org": name, "contact": reporter.mail, "domain": domain});
    let evidence = text::evidence(notice);
    let is_botnet =
        about.roles.iter().any(|role| matches!(role, Role::CommandAndControl | Role::CompromisedDevice));
    let mut report = json!({
        "xarf_version": VERSION,
        "report_id": id(notice),
        "timestamp": time(about.seen.1),
        "reporter": contact,
        "sender": contact,
        "source_identifier": about.address.to_string(),
        "category": "infrastructure",
        "type": if is_botnet { "botnet" } else { "compromised_server" },
        "evidence": [{
            "content_type": "text/plain",
            "description": "What was observed, in summary",
            "payload": STANDARD.encode(&evidence),
            "size": evidence.len(),
        }],
        "tags": about.roles.iter().map(|role| format!("role:{}", role.name())).collect::<Vec<_>>(),
        "description": text::summary(notice),
    });
    if let Some(object) = report.as_object_mut() {
        let (key, says) = match is_botnet {
            true => ("compromise_evidence", text::summary(notice)),
            false => ("compromise_method", "unknown".to_owned()),
        };
        object.insert(key.to_owned(), says.into());
    }
    report
}

/// The report's own identifier: of version 4, as the format asks, and the same each time the notice is written.
fn id(notice: &Notice) -> Uuid {
    let drafted = notice.steps.first().map_or(0, |step| step.at.micros());
    let name = format!("{} {} {drafted}", notice.number, notice.about.address);
    let mixed = Uuid::new_v5(&notice.about.member.uuid(), name.as_bytes());
    uuid::Builder::from_random_bytes(*mixed.as_bytes()).into_uuid()
}

fn time(seconds: u32) -> String {
    Timestamp::from_micros(i64::from(seconds) * 1_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{Event, Notices, tests::about};

    #[test]
    fn a_report_says_what_and_since_when() {
        let mut notices = Notices::default();
        notices.apply(Event::Drafted(Box::new(about())), Timestamp::from_micros(1_772_500_000_000_000));
        let reporter = Reporter { name: "Tower CERT".into(), mail: "cert@tower.example".into() };
        let report = report(notices.get(1).unwrap(), &reporter);
        insta::assert_json_snapshot!(report);
        let id: Uuid = report["report_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
