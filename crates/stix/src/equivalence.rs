//! Which objects say the same under different ids.
//!
//! Two members that describe one thing give it two ids. [`equivalence_key`] gives both one key, so that someone can be told.
//! A key is never a reason to drop, merge or rewrite anything: that two reports name an actor alike is a hint, not an
//! identity. Each key is made of few properties, so it errs towards saying that things are alike:
//!
//! | type | the key is made of |
//! | --- | --- |
//! | indicator | `pattern_type`, and the pattern: in canonical form if it is STIX, else without outer white space |
//! | identity | `identity_class` and name |
//! | threat-actor, intrusion-set, malware, tool, campaign | name |
//! | vulnerability | its CVE id (external reference or name), else name |
//! | attack-pattern | its ATT&CK id, else its CAPEC id, else name |
//! | location | region, country, area, city, street, postal code, coordinates; name if there is none of these |
//! | relationship | type and both ends |
//! | sighting | what, in which observed data, where (by whom, if it does not say where), first and last seen |
//! | cyber-observables | type and the properties that make up their deterministic id, whatever id they came with |
//!
//! Names are compared in Unicode NFKC, in small letters, with single spaces. Confidence, times of validity, descriptions,
//! labels and markings never count. Objects of other types, and those that lack what the key is made of, have none.
//!
//! Source: STIX 2.1, sections 2.9 (identifiers of observables), 3.3 (object equality is left to semantics), 4 and 5;
//! the choice of properties is this house's.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::head::Head;
use crate::id::{is_observable, observable_id};
use crate::pattern::parse_either;

/// Bytes of a key.
pub const EQUIVALENCE_KEY_BYTES: usize = 16;

/// The key that objects have in common that say the same, if their type has one.
///
/// The first 16 bytes of a SHA-256 over the properties named in the module's table. The same in every run and on
/// every node. `head` is that of `raw`. Costs one reading of the object.
#[must_use]
pub fn equivalence_key(raw: &str, head: &Head) -> Option<[u8; EQUIVALENCE_KEY_BYTES]> {
    let object: Map<String, Value> = serde_json::from_str(raw).ok()?;
    let object_type = head.object_type();
    let content = content(object_type, &object)?;
    let text = serde_json::to_vec(&json!([object_type, content])).ok()?;
    Sha256::digest(text).first_chunk().copied()
}

/// What the key is made of; `null` stands for what is not there.
fn content(object_type: &str, object: &Map<String, Value>) -> Option<Value> {
    match object_type {
        "indicator" => indicator(object),
        "identity" => {
            let class = object.get("identity_class").and_then(Value::as_str).map(folded);
            Some(json!([name(object)?, class]))
        }
        "threat-actor" | "intrusion-set" | "malware" | "tool" | "campaign" => Some(json!(name(object)?)),
        "vulnerability" => {
            let cve = external_id(object, |source| source == "cve").or_else(|| {
                let name = folded(object.get("name")?.as_str()?);
                name.starts_with("cve-").then_some(name)
            });
            Some(match cve {
                Some(cve) => json!(["cve", cve]),
                None => json!(["name", name(object)?]),
            })
        }
        "attack-pattern" => {
            let attack =
                external_id(object, |source| source.starts_with("mitre-") && source.ends_with("attack"));
            let known = attack
                .map(|id| ("attack", id))
                .or_else(|| external_id(object, |source| source == "capec").map(|id| ("capec", id)));
            Some(match known {
                Some((kind, id)) => json!([kind, id]),
                None => json!(["name", name(object)?]),
            })
        }
        "location" => location(object),
        "relationship" => {
            let part = |name: &str| object.get(name).and_then(Value::as_str).map(folded);
            Some(json!([part("relationship_type")?, part("source_ref")?, part("target_ref")?]))
        }
        "sighting" => sighting(object),
        observable if is_observable(observable) => Some(json!(observable_id(object)?.uuid().to_string())),
        _ => None,
    }
}

fn indicator(object: &Map<String, Value>) -> Option<Value> {
    let pattern = object.get("pattern")?.as_str()?;
    // STIX 2.0 has no other language.
    let kind = object.get("pattern_type").and_then(Value::as_str).map_or_else(|| "stix".to_owned(), folded);
    let tree = if kind == "stix" { parse_either(pattern).ok() } else { None };
    let pattern = tree.map_or_else(|| pattern.trim().to_owned(), |tree| tree.canonical().to_string());
    Some(json!([kind, pattern]))
}

fn location(object: &Map<String, Value>) -> Option<Value> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(folded);
    let number = |name: &str| object.get(name).and_then(Value::as_f64);
    let words =
        ["region", "country", "administrative_area", "city", "street_address", "postal_code"].map(text);
    let place = [number("latitude"), number("longitude")];
    if words.iter().all(Option::is_none) && place.iter().all(Option::is_none) {
        return Some(json!(["name", name(object)?]));
    }
    Some(json!([words, place]))
}

fn sighting(object: &Map<String, Value>) -> Option<Value> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(folded);
    let list = |name: &str| {
        let refs = object.get(name).and_then(Value::as_array);
        let mut refs: Vec<String> =
            refs.into_iter().flatten().filter_map(Value::as_str).map(folded).collect();
        refs.sort_unstable();
        refs.dedup();
        refs
    };
    let places = list("where_sighted_refs");
    let by = if places.is_empty() { text("created_by_ref") } else { None };
    let instant = |name: &str| {
        let at = object.get(name).and_then(Value::as_str).and_then(|at| at.parse::<crate::Timestamp>().ok());
        at.map(|at| (at.seconds(), at.nanos()))
    };
    let times = [instant("first_seen"), instant("last_seen")];
    Some(json!([text("sighting_of_ref")?, list("observed_data_refs"), places, by, times]))
}

/// The id that the first external reference to a fitting source gives.
fn external_id(object: &Map<String, Value>, fits: impl Fn(&str) -> bool) -> Option<String> {
    let references = object.get("external_references")?.as_array()?;
    references.iter().find_map(|reference| {
        let source = reference.get("source_name")?.as_str()?.to_lowercase();
        fits(&source).then(|| reference.get("external_id")?.as_str().map(folded))?
    })
}

fn name(object: &Map<String, Value>) -> Option<String> {
    Some(folded(object.get("name")?.as_str()?)).filter(|name| !name.is_empty())
}

/// NFKC, small letters, single spaces.
fn folded(text: &str) -> String {
    let text: String = text.nfkc().collect::<String>().to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_head;

    fn key(object_type: &str, digit: u32, rest: &str) -> Option<[u8; 16]> {
        let raw = format!(
            r#"{{"type":"{object_type}","id":"{object_type}--0000000{digit}-0000-4000-8000-000000000000"{rest}}}"#
        );
        let head = read_head(&raw).unwrap_or_else(|finding| panic!("{raw}: {finding}"));
        equivalence_key(&raw, &head)
    }

    #[track_caller]
    fn same(object_type: &str, one: &str, two: &str) {
        let first = key(object_type, 1, one);
        assert!(first.is_some(), "{one} has no key");
        assert_eq!(first, key(object_type, 2, two), "{one} and {two}");
    }

    #[track_caller]
    fn differ(object_type: &str, one: &str, two: &str) {
        assert_ne!(key(object_type, 1, one), key(object_type, 2, two), "{one} and {two}");
    }

    #[test]
    fn indicators_are_alike_by_what_they_match() {
        let with = |pattern: &str| format!(r#","pattern_type":"stix","pattern":"{pattern}""#);
        let two = with("[url:value = 'a' OR url:value = 'b']");
        same("indicator", &two, &with("[url:value='b'   OR (url:value='a')]"));
        same("indicator", &two, &format!(r#"{two},"name":"x","confidence":4,"labels":["a"]"#));
        differ("indicator", &two, &with("[url:value = 'a' AND url:value = 'b']"));
        same(
            "indicator",
            r#","pattern_type":"sigma","pattern":" t ""#,
            r#","pattern_type":"Sigma","pattern":"t""#,
        );
        differ(
            "indicator",
            r#","pattern_type":"sigma","pattern":"t""#,
            r#","pattern_type":"yara","pattern":"t""#,
        );
        assert_eq!(key("indicator", 1, ""), None);
    }

    #[test]
    fn names_are_alike_whatever_their_letters_and_spaces() {
        for object_type in ["threat-actor", "intrusion-set", "malware", "tool", "campaign"] {
            same(object_type, r#","name":"Lazarus  Group""#, r#","name":"lazarus group ""#);
            differ(object_type, r#","name":"Lazarus Group""#, r#","name":"Lazarus""#);
            assert_eq!(key(object_type, 1, r#","name":" ""#), None);
        }
        assert_ne!(key("tool", 1, r#","name":"x""#), key("malware", 1, r#","name":"x""#));
        differ(
            "identity",
            r#","name":"A","identity_class":"organization""#,
            r#","name":"A","identity_class":"individual""#,
        );
        same(
            "identity",
            r#","name":"ﬁrm","identity_class":"class""#,
            r#","name":"FIRM","identity_class":"class""#,
        );
    }

    #[test]
    fn numbers_that_others_gave_count_more_than_names() {
        let reference = |source: &str, id: &str| {
            format!(
                r#","name":"n{id}","external_references":[{{"source_name":"x"}},{{"source_name":"{source}","external_id":"{id}"}}]"#
            )
        };
        same("vulnerability", &reference("cve", "CVE-2024-1"), r#","name":"cve-2024-1""#);
        differ("vulnerability", r#","name":"CVE-2024-1""#, r#","name":"CVE-2024-2""#);
        same(
            "attack-pattern",
            &reference("mitre-attack", "T1566"),
            &format!("{},\"description\":\"x\"", reference("mitre-mobile-attack", "T1566")),
        );
        differ("attack-pattern", &reference("mitre-attack", "T1566"), &reference("capec", "T1566"));
    }

    #[test]
    fn places_relations_and_sightings_are_alike_by_what_they_join() {
        same("location", r#","country":"KR","name":"x""#, r#","country":"kr","name":"y""#);
        differ("location", r#","country":"KR""#, r#","country":"KP""#);
        let relation = |kind: &str, target: u32| {
            format!(
                r#","relationship_type":"{kind}","source_ref":"malware--00000000-0000-4000-8000-000000000000","target_ref":"tool--00000000-0000-4000-8000-00000000000{target}""#
            )
        };
        same("relationship", &relation("uses", 1), &format!("{},\"description\":\"d\"", relation("uses", 1)));
        differ("relationship", &relation("uses", 1), &relation("uses", 2));
        differ("relationship", &relation("uses", 1), &relation("drops", 1));
        let of = r#","sighting_of_ref":"malware--00000000-0000-4000-8000-000000000000""#;
        same(
            "sighting",
            &format!(r#"{of},"first_seen":"2026-01-01T00:00:00Z""#),
            &format!(r#"{of},"first_seen":"2026-01-01T00:00:00.000Z","count":3"#),
        );
        differ("sighting", of, &format!(r#"{of},"first_seen":"2026-01-01T00:00:00Z""#));
    }

    #[test]
    fn observables_are_alike_by_what_makes_up_their_id() {
        same("ipv4-addr", r#","value":"198.51.100.7""#, r#","value":"198.51.100.7","defanged":true"#);
        differ("ipv4-addr", r#","value":"198.51.100.7""#, r#","value":"198.51.100.8""#);
        same(
            "file",
            r#","hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e"},"size":0"#,
            r#","hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e","SHA-1":"x"}"#,
        );
        assert_eq!(key("process", 1, r#","pid":3"#), None);
        assert_eq!(key("x-custom", 1, r#","name":"a""#), None);
    }
}
