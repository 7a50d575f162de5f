//! Kinds of threat, told from what was shared, and what each calls for.
//!
//! The rules, which docs/capacity.md has as a table:
//!
//! - an indicator by the objects that its pattern names, or by the language of its pattern if that is a rule;
//! - vulnerabilities, infrastructure, campaigns, intrusion sets and threat actors by their type, malware if it is ransomware;
//! - attack patterns by the technique that their external references name (MITRE ATT&CK, the number without its sub-technique).
//!
//! What none of them names is no threat. One object may be several.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stix::Timestamp;

use super::capability::Capability;
use super::words::Language;

/// A kind of threat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Threat {
    /// Domains and addresses of pages.
    Domains,
    /// Addresses of machines.
    Addresses,
    /// Senders and texts of mails, and phishing.
    Mails,
    /// Files.
    Files,
    /// Addresses of virtual assets, and theft of money.
    Wallets,
    /// Weaknesses, and their use from outside.
    Vulnerabilities,
    /// Infrastructure of attackers.
    Infrastructure,
    /// Channels of command.
    CommandChannels,
    /// Misused accounts.
    Accounts,
    /// Extortion and destruction.
    Extortion,
    /// Actors and their campaigns.
    Actors,
    /// Behaviour that only a rule describes.
    Behaviour,
}

/// Objects that a pattern may name, and what they are.
const NAMED: [(&str, Threat); 9] = [
    ("domain-name:", Threat::Domains),
    ("url:", Threat::Domains),
    ("ipv4-addr:", Threat::Addresses),
    ("ipv6-addr:", Threat::Addresses),
    ("email-addr:", Threat::Mails),
    ("email-message:", Threat::Mails),
    ("file:", Threat::Files),
    ("cryptocurrency-wallet:", Threat::Wallets),
    ("network-traffic:", Threat::CommandChannels),
];

/// Techniques of MITRE ATT&CK for enterprises, and what they are.
const TECHNIQUES: [(&str, Threat); 22] = [
    ("T1566", Threat::Mails),
    ("T1598", Threat::Mails),
    ("T1534", Threat::Mails),
    ("T1190", Threat::Vulnerabilities),
    ("T1203", Threat::Vulnerabilities),
    ("T1210", Threat::Vulnerabilities),
    ("T1068", Threat::Vulnerabilities),
    ("T1583", Threat::Infrastructure),
    ("T1584", Threat::Infrastructure),
    ("T1090", Threat::Infrastructure),
    ("T1071", Threat::CommandChannels),
    ("T1095", Threat::CommandChannels),
    ("T1568", Threat::Domains),
    ("T1572", Threat::CommandChannels),
    ("T1573", Threat::CommandChannels),
    ("T1078", Threat::Accounts),
    ("T1110", Threat::Accounts),
    ("T1621", Threat::Accounts),
    ("T1486", Threat::Extortion),
    ("T1485", Threat::Extortion),
    ("T1561", Threat::Extortion),
    ("T1657", Threat::Wallets),
];

impl Threat {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Domains,
        Self::Addresses,
        Self::Mails,
        Self::Files,
        Self::Wallets,
        Self::Vulnerabilities,
        Self::Infrastructure,
        Self::CommandChannels,
        Self::Accounts,
        Self::Extortion,
        Self::Actors,
        Self::Behaviour,
    ];

    /// The capabilities that it calls for.
    #[must_use]
    pub const fn calls_for(self) -> &'static [Capability] {
        use Capability as C;
        match self {
            Self::Domains => &[C::DnsFiltering],
            Self::Addresses | Self::CommandChannels => &[C::NetworkDetection],
            Self::Mails => &[C::MailFiltering],
            Self::Files | Self::Accounts => &[C::LogHunting],
            Self::Wallets => &[C::VirtualAssetScreening],
            Self::Vulnerabilities => &[C::VulnerabilityHandling],
            Self::Infrastructure => &[C::TakedownHandling],
            Self::Extortion => &[C::PointOfContact, C::LogHunting],
            Self::Actors => &[C::IntelligenceSharing, C::PointOfContact],
            Self::Behaviour => &[C::NetworkDetection, C::LogHunting],
        }
    }

    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Domains => "domains",
            Self::Addresses => "addresses",
            Self::Mails => "mails",
            Self::Files => "files",
            Self::Wallets => "wallets",
            Self::Vulnerabilities => "vulnerabilities",
            Self::Infrastructure => "infrastructure",
            Self::CommandChannels => "command-channels",
            Self::Accounts => "accounts",
            Self::Extortion => "extortion",
            Self::Actors => "actors",
            Self::Behaviour => "behaviour",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::Domains => ("bad domains", "악성 도메인"),
            Self::Addresses => ("bad addresses", "악성 주소"),
            Self::Mails => ("luring mail", "피싱 메일"),
            Self::Files => ("bad files", "악성 파일"),
            Self::Wallets => ("stolen money and bad wallets", "자금 탈취와 악성 지갑"),
            Self::Vulnerabilities => ("weaknesses in use", "악용되는 취약점"),
            Self::Infrastructure => ("attackers' infrastructure", "공격자 인프라"),
            Self::CommandChannels => ("channels of command", "명령 통신"),
            Self::Accounts => ("misused accounts", "계정 도용"),
            Self::Extortion => ("extortion and destruction", "금품 요구와 파괴"),
            Self::Actors => ("actors and campaigns", "공격 조직과 캠페인"),
            Self::Behaviour => ("behaviour that rules describe", "규칙으로 기술된 행위"),
        })
    }

    /// What an object tells of, by its text; nothing if it is revoked or no object.
    #[must_use]
    pub fn of(raw: &str) -> BTreeSet<Self> {
        let Ok(object) = serde_json::from_str::<Value>(raw) else { return BTreeSet::new() };
        if object["revoked"] == Value::Bool(true) {
            return BTreeSet::new();
        }
        let text = |name: &str| object[name].as_str().unwrap_or_default();
        match text("type") {
            "indicator" => match text("pattern_type") {
                // STIX 2.0 has no other languages.
                "stix" | "" => {
                    let pattern = text("pattern");
                    let named = NAMED.iter().filter(|(name, _)| names(pattern, name));
                    named.map(|(_, threat)| *threat).collect()
                }
                "yara" => BTreeSet::from([Self::Files]),
                _ => BTreeSet::from([Self::Behaviour]),
            },
            "vulnerability" => BTreeSet::from([Self::Vulnerabilities]),
            "infrastructure" => BTreeSet::from([Self::Infrastructure]),
            "campaign" | "intrusion-set" | "threat-actor" => BTreeSet::from([Self::Actors]),
            "malware" => {
                let types = object["malware_types"].as_array();
                let is_ransom = types.into_iter().flatten().any(|one| one == "ransomware" || one == "wiper");
                is_ransom.then_some(Self::Extortion).into_iter().collect()
            }
            "attack-pattern" => {
                let references = object["external_references"].as_array().into_iter().flatten();
                let ids = references.filter_map(|one| one["external_id"].as_str());
                ids.filter_map(technique).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}

/// Whether a pattern compares something of an object of this type: the name stands where a path begins.
fn names(pattern: &str, name: &str) -> bool {
    pattern.match_indices(name).any(|(at, _)| {
        let before = pattern.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| matches!(c, '[' | '(' | ' ' | '\t' | '\n'))
    })
}

fn technique(id: &str) -> Option<Threat> {
    let number = id.split('.').next().unwrap_or_default();
    TECHNIQUES.iter().find(|(known, _)| *known == number).map(|(_, threat)| *threat)
}

/// How often a kind of threat was seen, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Objects.
    pub count: usize,
    /// When the last of them came.
    pub last: Timestamp,
}

/// The threats that were seen somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand(BTreeMap<Threat, Seen>);

impl Demand {
    /// Takes an object in that came at a time.
    pub fn take(&mut self, raw: &str, at: Timestamp) {
        for threat in Threat::of(raw) {
            self.add(threat, Seen { count: 1, last: at });
        }
    }

    /// Takes in what was seen elsewhere.
    pub fn join(&mut self, other: &Self) {
        for (threat, seen) in &other.0 {
            self.add(*threat, *seen);
        }
    }

    fn add(&mut self, threat: Threat, seen: Seen) {
        let sum = self.0.entry(threat).or_insert(Seen { count: 0, last: seen.last });
        sum.count += seen.count;
        sum.last = sum.last.max(seen.last);
    }

    /// The threats that call for a capability.
    pub fn calls(&self, capability: Capability) -> impl Iterator<Item = (Threat, Seen)> {
        let calls = move |threat: &Threat| threat.calls_for().contains(&capability);
        self.0.iter().filter(move |(threat, _)| calls(threat)).map(|(threat, seen)| (*threat, *seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> Vec<Threat> {
        Threat::of(raw).into_iter().collect()
    }

    #[test]
    fn threats_are_told_from_what_objects_say() {
        let indicator = |pattern: &str| {
            serde_json::json!({"type": "indicator", "pattern": pattern, "pattern_type": "stix"}).to_string()
        };
        assert_eq!(
            of(&indicator("[domain-name:value = 'ipv4-addr:x' OR url:value = 'x']")),
            [Threat::Domains]
        );
        assert_eq!(
            of(&indicator("[ipv4-addr:value = '192.0.2.1'] AND [file:name = 'x']")),
            [Threat::Addresses, Threat::Files]
        );
        assert_eq!(of(&indicator("[email-addr:value = 'a@b.example']")), [Threat::Mails]);
        assert_eq!(of(&indicator("[x-file:name = 'x']")), []);
        let phishing = r#"{"type":"attack-pattern","external_references":[{"external_id":"T1566.001"},{"external_id":"T9999"}]}"#;
        assert_eq!(of(phishing), [Threat::Mails]);
        assert_eq!(of(r#"{"type":"malware","malware_types":["ransomware"]}"#), [Threat::Extortion]);
        assert_eq!(of(r#"{"type":"vulnerability","revoked":true}"#), []);
        for nothing in ["", "[]", "7", r#"{"type":"identity"}"#, r#"{"type":"indicator","pattern":7}"#] {
            assert_eq!(of(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn every_threat_calls_for_something_and_everything_is_called_for() {
        let called: BTreeSet<Capability> =
            Threat::ALL.iter().flat_map(|one| one.calls_for()).copied().collect();
        assert_eq!(called.len(), Capability::COUNT);
        assert!(Threat::ALL.iter().all(|one| !one.calls_for().is_empty()));
    }

    #[test]
    fn what_was_seen_is_counted_with_its_last_day() {
        let (mut demand, at) = (Demand::default(), Timestamp::from_micros);
        demand.take(r#"{"type":"vulnerability"}"#, at(9));
        demand.take(r#"{"type":"vulnerability"}"#, at(5));
        let mut all = demand.clone();
        all.join(&demand);
        let calls: Vec<_> = all.calls(Capability::VulnerabilityHandling).collect();
        assert_eq!(calls, [(Threat::Vulnerabilities, Seen { count: 4, last: at(9) })]);
        assert_eq!(all.calls(Capability::DnsFiltering).count(), 0);
    }
}
