//! Techniques in use, by tactic, in the order in which ATT&CK has them. Source: MITRE ATT&CK, Enterprise, version 17 (tactics).

use super::sight::Seen;

/// Tactics of the Enterprise matrix: as kill-chain phases name them, in English and in Korean.
const TACTICS: [(&str, &str, &str); 14] = [
    ("reconnaissance", "Reconnaissance", "정찰"),
    ("resource-development", "Resource development", "자원 개발"),
    ("initial-access", "Initial access", "최초 침투"),
    ("execution", "Execution", "실행"),
    ("persistence", "Persistence", "지속"),
    ("privilege-escalation", "Privilege escalation", "권한 상승"),
    ("defense-evasion", "Defense evasion", "방어 회피"),
    ("credential-access", "Credential access", "자격 증명 접근"),
    ("discovery", "Discovery", "탐색"),
    ("lateral-movement", "Lateral movement", "내부 이동"),
    ("collection", "Collection", "수집"),
    ("command-and-control", "Command and control", "명령 및 제어"),
    ("exfiltration", "Exfiltration", "유출"),
    ("impact", "Impact", "영향"),
];

/// A column: a tactic and its techniques.
pub(super) struct Tactic {
    pub(super) name: (&'static str, &'static str),
    pub(super) techniques: Vec<Technique>,
}

pub(super) struct Technique {
    /// `T1566.001`, if it has such a number.
    pub(super) number: String,
    pub(super) name: String,
    pub(super) href: String,
}

fn phases(pattern: &Seen) -> impl Iterator<Item = &str> {
    let chain = pattern.value.get("kill_chain_phases").and_then(serde_json::Value::as_array);
    chain.into_iter().flatten().filter_map(|phase| phase.get("phase_name")?.as_str())
}

fn number(pattern: &Seen) -> String {
    let references = pattern.value.get("external_references").and_then(serde_json::Value::as_array);
    let mut all = references.into_iter().flatten();
    let number = all.find_map(|reference| {
        let is_attack = reference.get("source_name")?.as_str()? == "mitre-attack";
        reference.get("external_id")?.as_str().filter(|_| is_attack)
    });
    number.unwrap_or_default().chars().take(12).collect()
}

/// The columns that have a technique; what names no known tactic stands in the last, without a name.
pub(super) fn columns<'s>(patterns: impl Iterator<Item = &'s Seen>, circle: &str) -> Vec<Tactic> {
    let mut columns: Vec<Tactic> = TACTICS
        .iter()
        .map(|(_, english, korean)| Tactic { name: (english, korean), techniques: Vec::new() })
        .collect();
    columns.push(Tactic { name: ("Other", "기타"), techniques: Vec::new() });
    for pattern in patterns {
        let technique = || Technique {
            number: number(pattern),
            name: super::graph::name(pattern),
            href: format!("/objects/{circle}/{}", pattern.id),
        };
        let mut places: Vec<usize> = phases(pattern)
            .filter_map(|phase| TACTICS.iter().position(|(name, ..)| *name == phase))
            .collect();
        if places.is_empty() {
            places.push(TACTICS.len());
        }
        for place in places {
            if let Some(column) = columns.get_mut(place) {
                column.techniques.push(technique());
            }
        }
    }
    for column in &mut columns {
        column.techniques.sort_by(|a, b| (&a.number, &a.name).cmp(&(&b.number, &b.name)));
    }
    columns.retain(|column| !column.techniques.is_empty());
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_technique_stands_under_each_of_its_tactics() {
        let value = json!({
            "name": "Valid Accounts",
            "kill_chain_phases": [
                {"kill_chain_name": "mitre-attack", "phase_name": "persistence"},
                {"kill_chain_name": "mitre-attack", "phase_name": "initial-access"},
            ],
            "external_references": [{"source_name": "mitre-attack", "external_id": "T1078"}],
        });
        let pattern = |value: serde_json::Value| Seen {
            id: stix::ObjectId::parse("attack-pattern--00000000-0000-4000-8000-000000000001").unwrap(),
            version: stix::Timestamp::from_micros(0),
            raw: value.to_string(),
            value,
            seq: line::Seq(1),
        };
        let all = [pattern(value), pattern(json!({"name": "Own trick"}))];
        let columns = columns(all.iter(), "region");
        let told: Vec<_> = columns
            .iter()
            .map(|one| (one.name.0, one.techniques.iter().map(|one| one.number.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            told,
            [("Initial access", vec!["T1078"]), ("Persistence", vec!["T1078"]), ("Other", vec![""])]
        );
    }
}
