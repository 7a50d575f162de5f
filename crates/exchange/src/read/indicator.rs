//! Indicators made from values that came without STIX.
//!
//! The id is a UUIDv5 in [`INDICATOR_NAMESPACE`] over source, kind and normal form, one a line: the same value of the
//! same source is the same indicator, whoever reads the list and however it was spelt.

use serde::Serialize;
use stix::{Timestamp, Tlp};
use uuid::Uuid;
use watch::{Value, actionable::pattern_of};

use super::{Options, Sink};

/// The namespace of indicators made from lists: UUIDv5 of `source LF kind LF value`.
pub const INDICATOR_NAMESPACE: Uuid = Uuid::from_u128(0x0b0f_a9d2_6c1e_4f7b_9a35_3f5d_7d0c_11e8);

/// What a list says of a value.
#[derive(Debug, Default, Clone)]
pub(super) struct Said {
    pub(super) first_seen: Option<Timestamp>,
    pub(super) valid_until: Option<Timestamp>,
    pub(super) confidence: Option<u8>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tlp: Option<Tlp>,
    pub(super) labels: Vec<String>,
    pub(super) references: Vec<String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: String,
    created: String,
    modified: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    indicator_types: [&'static str; 1],
    pattern: &'a str,
    pattern_type: &'static str,
    pattern_version: &'static str,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    object_marking_refs: Vec<String>,
}

#[derive(Serialize)]
struct Reference<'a> {
    source_name: &'a str,
    /// A reference must say something beside its name (STIX 2.1, 2.5.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

/// The id of the indicator for a value of a source.
pub(super) fn id(source: Option<&str>, value: &Value) -> Uuid {
    let name = format!("{}\n{}\n{}", source.unwrap_or_default(), value.kind(), value.text());
    Uuid::new_v5(&INDICATOR_NAMESPACE, name.as_bytes())
}

/// Hands on the indicator for a value; false if no pattern can hold the value.
pub(super) fn hand_on(
    value: &Value,
    said: &Said,
    options: &Options,
    path: &str,
    sink: &mut Sink<'_>,
) -> bool {
    let Some(pattern) = pattern_of(value) else {
        return false;
    };
    let at = said.first_seen.unwrap_or(options.as_of);
    let until = said.valid_until.filter(|until| *until > at);
    let source = options.source.as_deref();
    let name =
        said.name.as_deref().map_or_else(|| value.text().to_owned(), |name| format!("{name}: {value}"));
    let mut labels: Vec<&str> = options.labels.iter().chain(&said.labels).map(String::as_str).collect();
    labels.dedup();
    let mut references: Vec<Reference<'_>> = said
        .references
        .iter()
        .map(|url| Reference { source_name: source.unwrap_or("list"), description: None, url: Some(url) })
        .collect();
    if references.is_empty()
        && let Some(source_name) = source
    {
        let description = Some("the list that holds the value");
        references.push(Reference { source_name, description, url: None });
    }
    let wire = Wire {
        object_type: "indicator",
        spec_version: "2.1",
        id: format!("indicator--{}", id(source, value)),
        created: at.to_string(),
        modified: at.to_string(),
        name,
        description: said.description.as_deref(),
        indicator_types: ["malicious-activity"],
        pattern: &pattern,
        pattern_type: "stix",
        pattern_version: "2.1",
        valid_from: at.to_string(),
        valid_until: until.map(|until| until.to_string()),
        confidence: said.confidence.or(options.confidence),
        labels,
        external_references: references,
        object_marking_refs: said
            .tlp
            .or(options.tlp)
            .map(|tlp| tlp.definition_id().to_string())
            .into_iter()
            .collect(),
    };
    match serde_json::to_string(&wire) {
        Ok(raw) => {
            sink.object(raw, path, said.first_seen.is_some());
            true
        }
        Err(_) => false,
    }
}
