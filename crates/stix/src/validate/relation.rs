//! The relationships that the specification has between types.
//!
//! Source: STIX 2.1, sections 3.7 and 4 to 6, the tables of relationships; appendix B.

use super::meta;
use super::table::Class;

const ADDRESSABLE: &[&str] = &["ipv4-addr", "ipv6-addr", "domain-name", "url"];
const ACTOR_USES: &[&str] = &["attack-pattern", "infrastructure", "malware", "tool"];
const VICTIMS: &[&str] = &["identity", "location", "vulnerability"];
const THINGS: &[&str] = &["identity", "infrastructure", "location", "vulnerability"];

/// Whether the specification has `relationship` from an object of the type `source` to one of the type `target`.
///
/// Types of others have no table to be in, so all relationships from them are taken.
pub(super) fn is_suggested(source: &str, relationship: &str, target: &str) -> bool {
    match relationship {
        "related-to" => return true,
        "derived-from" | "duplicate-of" => return source == target,
        _ => {}
    }
    if source == "infrastructure" && relationship == "consists-of" {
        let observable = matches!(meta::class(target), Class::Observable | Class::Custom);
        return observable || matches!(target, "infrastructure" | "observed-data");
    }
    match targets(source, relationship) {
        Some(targets) => targets.contains(&target),
        None => meta::class(source) == Class::Custom,
    }
}

fn targets(source: &str, relationship: &str) -> Option<&'static [&'static str]> {
    Some(match (source, relationship) {
        ("attack-pattern", "delivers") => &["malware"],
        ("attack-pattern", "targets") => VICTIMS,
        ("attack-pattern", "uses") => &["malware", "tool"],
        ("campaign", "attributed-to") => &["intrusion-set", "threat-actor"],
        ("campaign", "compromises") => &["infrastructure"],
        ("campaign", "originates-from") => &["location"],
        ("campaign", "targets") => VICTIMS,
        ("campaign", "uses") => ACTOR_USES,
        ("course-of-action", "investigates") => &["indicator"],
        ("course-of-action", "mitigates") => {
            &["attack-pattern", "indicator", "malware", "tool", "vulnerability"]
        }
        ("course-of-action", "remediates") => &["malware", "vulnerability"],
        ("domain-name", "resolves-to") => &["domain-name", "ipv4-addr", "ipv6-addr"],
        ("identity", "located-at") => &["location"],
        ("indicator", "based-on") => &["observed-data"],
        ("indicator", "indicates") => &[
            "attack-pattern",
            "campaign",
            "infrastructure",
            "intrusion-set",
            "malware",
            "threat-actor",
            "tool",
        ],
        ("infrastructure", "communicates-with") => {
            &["infrastructure", "ipv4-addr", "ipv6-addr", "domain-name", "url"]
        }
        ("infrastructure", "controls") => &["infrastructure", "malware"],
        ("infrastructure", "delivers") => &["malware"],
        ("infrastructure", "has") => &["vulnerability"],
        ("infrastructure", "hosts") => &["tool", "malware"],
        ("infrastructure", "located-at") => &["location"],
        ("infrastructure", "uses") => &["infrastructure"],
        ("intrusion-set", "attributed-to") => &["threat-actor"],
        ("intrusion-set", "compromises" | "hosts" | "owns") => &["infrastructure"],
        ("intrusion-set", "originates-from") => &["location"],
        ("intrusion-set", "targets") => VICTIMS,
        ("intrusion-set", "uses") => ACTOR_USES,
        ("ipv4-addr" | "ipv6-addr", "belongs-to") => &["autonomous-system"],
        ("ipv4-addr" | "ipv6-addr", "resolves-to") => &["mac-addr"],
        ("malware", "authored-by") => &["threat-actor", "intrusion-set"],
        ("malware", "beacons-to" | "exfiltrates-to") => &["infrastructure"],
        ("malware", "communicates-with") => ADDRESSABLE,
        ("malware", "controls" | "variant-of") => &["malware"],
        ("malware", "downloads" | "drops") => &["malware", "tool", "file"],
        ("malware", "exploits") => &["vulnerability"],
        ("malware", "originates-from") => &["location"],
        ("malware", "targets") => THINGS,
        ("malware", "uses") => ACTOR_USES,
        // `analysis-of` is what the first edition has in the place of `av-analysis-of`.
        (
            "malware-analysis",
            "characterizes" | "analysis-of" | "av-analysis-of" | "static-analysis-of" | "dynamic-analysis-of",
        ) => &["malware"],
        ("threat-actor", "attributed-to" | "impersonates") => &["identity"],
        ("threat-actor", "compromises" | "hosts" | "owns") => &["infrastructure"],
        ("threat-actor", "located-at") => &["location"],
        ("threat-actor", "targets") => VICTIMS,
        ("threat-actor", "uses") => ACTOR_USES,
        ("tool", "delivers" | "drops") => &["malware"],
        ("tool", "has") => &["vulnerability"],
        ("tool", "targets") => THINGS,
        ("tool", "uses") => &["infrastructure"],
        _ => return None,
    })
}
