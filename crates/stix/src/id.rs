//! STIX identifiers: `type--UUID`.
//!
//! An id never changes and says what it names. Known type names take no memory of their own; custom ones are
//! kept as text. Observables have ids made from their content, so that two senders name the same thing alike.
//!
//! Source: STIX 2.1, sections 2.9 (identifier) and 2.9.1 (object types), 3.4 and 6.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::signature::EXTENSION;

/// Longest type name, in bytes (STIX 2.1, 3.1: 250 characters).
pub const TYPE_BYTES_MAX: usize = 250;

/// The namespace of deterministic observable ids (STIX 2.1, 2.9).
pub const OBSERVABLE_NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

const KNOWN: [&str; 44] = [
    "artifact",
    "attack-pattern",
    "autonomous-system",
    "bundle",
    "campaign",
    "course-of-action",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "extension-definition",
    "file",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "ipv4-addr",
    "ipv6-addr",
    "language-content",
    "location",
    "mac-addr",
    "malware",
    "malware-analysis",
    "marking-definition",
    "mutex",
    "network-traffic",
    "note",
    "observed-data",
    "opinion",
    "process",
    "relationship",
    "report",
    "sighting",
    "software",
    "threat-actor",
    "tool",
    "url",
    "user-account",
    "vulnerability",
    "windows-registry-key",
    "x-mitre-tactic",
    "x509-certificate",
];

/// The name of an object type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum TypeName {
    Known(u8),
    Custom(Box<str>),
}

impl TypeName {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = KNOWN.binary_search(&text) {
            return u8::try_from(at).ok().map(Self::Known);
        }
        let bytes = text.as_bytes();
        let fine = (1..=TYPE_BYTES_MAX).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && !text.contains("--")
            && bytes[0] != b'-'
            && bytes[bytes.len() - 1] != b'-';
        fine.then(|| Self::Custom(text.into()))
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Known(at) => KNOWN[usize::from(*at)],
            Self::Custom(text) => text,
        }
    }
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// There is no `--` between a type and a UUID.
    #[error("an id is `type--UUID`; the `--` is missing")]
    NoSeparator,
    /// The part before `--` is not a type name.
    #[error("the type before `--` may hold only a-z, 0-9 and single hyphens, 1 to 250 of them")]
    BadType,
    /// The part after `--` is not a UUID in the 36-character form.
    #[error("what follows `--` is not a UUID such as 5e57c739-391a-4eb3-b6be-7d15ca92d5ed")]
    BadUuid,
}

/// A STIX identifier, `type--UUID`. Source: STIX 2.1, section 2.9.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    object_type: TypeName,
    uuid: Uuid,
}

impl ObjectId {
    /// The id of an object of `object_type` with `uuid`.
    ///
    /// # Errors
    /// [`IdError::BadType`] if `object_type` is no type name.
    pub fn new(object_type: &str, uuid: Uuid) -> Result<Self, IdError> {
        let object_type = TypeName::parse(object_type).ok_or(IdError::BadType)?;
        Ok(Self { object_type, uuid })
    }

    /// Reads `type--UUID`. UUIDs of every version are taken, in either case of letters.
    ///
    /// # Errors
    /// [`IdError`], which says what part is wrong.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let at = text.find("--").ok_or(IdError::NoSeparator)?;
        let object_type = TypeName::parse(&text[..at]).ok_or(IdError::BadType)?;
        let tail = &text[at + 2..];
        if tail.len() != 36 {
            return Err(IdError::BadUuid);
        }
        let uuid = Uuid::try_parse(tail).map_err(|_| IdError::BadUuid)?;
        Ok(Self { object_type, uuid })
    }

    /// The type before the `--`.
    #[must_use]
    pub fn object_type(&self) -> &str {
        self.object_type.as_str()
    }

    /// The UUID after the `--`.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.object_type())?;
        f.write_str("--")?;
        f.write_str(self.uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

/// The properties that make up an observable's id, in the specification's words (STIX 2.1, section 6); `None` for types
/// whose ids say nothing of their content.
#[must_use]
pub fn contributing(object_type: &str) -> Option<&'static [&'static str]> {
    Some(match object_type {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "extensions", "parent_directory_ref"],
        "mutex" => &["name"],
        "network-traffic" => {
            &["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"]
        }
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => return None,
    })
}

/// Whether `object_type` is one of the specification's cyber-observable types (STIX 2.1, section 6).
#[must_use]
pub fn is_observable(object_type: &str) -> bool {
    object_type == "process" || contributing(object_type).is_some()
}

/// The deterministic id of an observable: UUIDv5 over the RFC 8785 form of its contributing properties.
///
/// `None` when the type has no such rule (`process`, custom types) or no contributing property is present;
/// such an observable takes a random UUID. Of several hashes only one counts, in the order MD5, SHA-1,
/// SHA-256, SHA-512, else the first by name. A signature among the extensions does not count.
///
/// Source: STIX 2.1, section 2.9 and the tables of section 6.
#[must_use]
pub fn observable_id(object: &Map<String, Value>) -> Option<ObjectId> {
    let object_type = object.get("type")?.as_str()?;
    let mut content = Map::new();
    for name in contributing(object_type)? {
        let Some(value) = object.get(*name) else { continue };
        let value = match (*name, value) {
            ("hashes", Value::Object(hashes)) => one_hash(hashes)?,
            // Who signed it is no part of what is observed.
            ("extensions", Value::Object(extensions)) if extensions.contains_key(EXTENSION) => {
                let mut others = extensions.clone();
                others.remove(EXTENSION);
                if others.is_empty() {
                    continue;
                }
                Value::Object(others)
            }
            _ => value.clone(),
        };
        content.insert((*name).to_owned(), value);
    }
    if content.is_empty() {
        return None;
    }
    let canonical = serde_json_canonicalizer::to_vec(&Value::Object(content)).ok()?;
    ObjectId::new(object_type, Uuid::new_v5(&OBSERVABLE_NAMESPACE, &canonical)).ok()
}

fn one_hash(hashes: &Map<String, Value>) -> Option<Value> {
    let name = ["MD5", "SHA-1", "SHA-256", "SHA-512"]
        .into_iter()
        .find(|name| hashes.contains_key(*name))
        .or_else(|| hashes.keys().map(String::as_str).min())?;
    let mut one = Map::new();
    one.insert(name.to_owned(), hashes.get(name)?.clone());
    Some(Value::Object(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types_are_sorted_so_that_they_are_found() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn ids_are_read_and_printed_alike() {
        for text in [
            "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "x-custom-1--00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(ObjectId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_part_that_is_wrong() {
        let check = |text, error| assert_eq!(ObjectId::parse(text), Err(error), "{text}");
        check("indicator", IdError::NoSeparator);
        check("--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", IdError::BadType);
        check("Indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", IdError::BadType);
        check("indicator--8e2e2d2b17d44cbf938f98ee46b3cd3f", IdError::BadUuid);
        check("indicator--x", IdError::BadUuid);
        check("indicator---8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", IdError::BadUuid);
    }

    #[test]
    fn the_same_observable_has_the_same_id_whoever_sends_it() {
        let id = |json: &str| observable_id(&serde_json::from_str(json).unwrap()).map(|id| id.to_string());
        assert_eq!(
            id(r#"{"type":"ipv4-addr","value":"198.49.123.10"}"#).as_deref(),
            Some("ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca")
        );
        assert_eq!(
            id(r#"{"type":"domain-name","value":"example.foo.com"}"#).as_deref(),
            Some("domain-name--abb3d416-f520-5cee-a95f-26dd017e6c1f")
        );
        assert_eq!(id(r#"{"type":"ipv4-addr","defanged":true}"#), None);
        assert_eq!(id(r#"{"type":"process","pid":4}"#), None);
    }
}
