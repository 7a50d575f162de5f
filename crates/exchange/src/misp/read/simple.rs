//! The attribute that feeds consist of: to be looked for, with tags and a comment at most. Made on all cores.
//!
//! The same object comes out as of the long way in `element`, which takes everything else; a test holds the two together.
//! Going this way, a feed of a hundred thousand attributes costs a fifth.

use std::collections::HashSet;

use rayon::prelude::*;
use serde::Serialize;
use stix::{Finding, Head, Timestamp};
use uuid::Uuid;

use super::attribute::shape;
use super::context::{Marks, may_enter};
use super::element::{labels, seen};
use super::event::{Reader, time, uuid};
use super::said;
use crate::misp::extension;
use crate::misp::wire::Attribute;

/// Fewer are not worth the other cores.
const TOGETHER_MIN: usize = 256;

/// Most tags of an attribute that is simple: each is compared with all.
const LABELS_MAX: usize = 64;

/// About how long such an object is: room for it at once is cheaper than growing.
const RAW_BYTES: usize = 1_280;

/// What all attributes of an event share.
pub(super) struct Frame {
    event: Uuid,
    created: Timestamp,
    created_text: String,
    creator: Option<String>,
    marks: Vec<String>,
    confidence: Option<u8>,
    circle: Option<Uuid>,
    private: HashSet<String>,
    extensions: Extensions,
}

/// An object that is ready to be handed on.
pub(super) struct Ready {
    pub(super) uuid: Uuid,
    pub(super) raw: String,
    pub(super) head: Result<Head, Finding>,
}

#[derive(Serialize)]
struct Phase<'a> {
    kill_chain_name: &'static str,
    phase_name: &'a str,
}

type Extensions =
    std::collections::BTreeMap<&'static str, std::collections::BTreeMap<&'static str, &'static str>>;

#[derive(Serialize)]
struct Indicator<'a> {
    #[serde(rename = "type")]
    object_type: &'static str,
    spec_version: &'static str,
    id: String,
    created: &'a str,
    modified: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_ref: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    object_marking_refs: &'a [String],
    labels: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    pattern: &'a str,
    pattern_type: &'static str,
    pattern_version: &'static str,
    indicator_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    kill_chain_phases: Option<[Phase<'a>; 1]>,
    valid_from: &'a str,
    extensions: &'a Extensions,
    x_misp_attribute: &'a Attribute,
}

impl Frame {
    pub(super) fn of(reader: &Reader<'_, '_, '_>) -> Self {
        let extension = [("extension_type", "toplevel-property-extension")].into();
        Self {
            event: reader.uuid,
            created: reader.created,
            created_text: reader.created.to_string(),
            creator: reader.creator.clone(),
            marks: reader.marks.references(),
            confidence: reader.marks.confidence,
            circle: reader.options.circle,
            private: reader.private.clone(),
            extensions: [(extension::DEFINITION, extension)].into(),
        }
    }

    /// The objects of those attributes that are simple, in their places.
    pub(super) fn all(&self, attributes: &[Attribute]) -> Vec<Option<Ready>> {
        if attributes.len() < TOGETHER_MIN {
            return attributes.iter().map(|attribute| self.ready(attribute)).collect();
        }
        attributes.par_iter().with_min_len(64).map(|attribute| self.ready(attribute)).collect()
    }

    fn ready(&self, attribute: &Attribute) -> Option<Ready> {
        let own = self.simple(attribute)?;
        let uuid = uuid(&attribute.uuid)?;
        let (kind, value) = (attribute.kind.text()?, attribute.value.as_str().trim());
        let shape = shape(kind, value).filter(|shape| shape.language == "stix")?;
        let at = time(&attribute.timestamp);
        let modified = at.unwrap_or(self.created);
        let born_then = (modified < self.created).then(|| modified.to_string());
        let modified = modified.to_string();
        let from = seen(&attribute.first_seen).or(at).unwrap_or(self.created).to_string();
        let mut words = labels(attribute);
        for label in own.labels {
            if !words.contains(&label) {
                words.push(label);
            }
        }
        let pattern = shape.pattern();
        let end = value.char_indices().nth(250).map_or(value.len(), |(at, _)| at);
        let indicator = Indicator {
            object_type: "indicator",
            spec_version: "2.1",
            id: format!("indicator--{uuid}"),
            created: born_then.as_ref().unwrap_or(&self.created_text),
            modified: &modified,
            created_by_ref: self.creator.as_deref(),
            object_marking_refs: &self.marks,
            labels: &words,
            confidence: own.confidence.or(self.confidence),
            name: value.get(..end).unwrap_or(value),
            description: attribute.comment.text(),
            pattern: &pattern,
            pattern_type: "stix",
            pattern_version: "2.1",
            indicator_types: ["malicious-activity"],
            kill_chain_phases: attribute
                .category
                .text()
                .map(|category| [Phase { kill_chain_name: "misp-category", phase_name: category }]),
            valid_from: &from,
            extensions: &self.extensions,
            x_misp_attribute: attribute,
        };
        let mut raw = Vec::with_capacity(RAW_BYTES);
        serde_json::to_writer(&mut raw, &indicator).ok()?;
        let raw = extension::saying_something(String::from_utf8(raw).ok()?);
        let head = stix::read_head(&raw);
        Some(Ready { uuid, raw, head })
    }

    /// What the tags of an attribute say, if it has nothing that another object would have to be made of, and no mark
    /// of its own.
    fn simple(&self, attribute: &Attribute) -> Option<Marks> {
        let alone = attribute.galaxies.is_absent()
            && attribute.sightings.is_absent()
            && attribute.notes.is_absent()
            && attribute.opinions.is_absent()
            && attribute.relationships.is_absent()
            && attribute.to_ids.is_true()
            && !attribute.deleted.is_true()
            && !matches!(attribute.kind.text(), Some("vulnerability" | "campaign-name"))
            && attribute.tags.iter().all(|tag| !self.private.contains(tag.name.as_str()))
            && may_enter(&attribute.distribution, attribute.sharing_group.get(), self.circle);
        if !alone || uuid(&attribute.uuid).is_some_and(|own| said::link(attribute, own, self.event).is_some())
        {
            return None;
        }
        let own = Marks::of(&attribute.tags);
        let unmarked = own.tlp.is_empty() && own.pap.is_empty() && own.properties.is_empty();
        (unmarked && own.nameless == 0 && own.labels.len() <= LABELS_MAX).then_some(own)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use serde_json::{Value as Json, json};

    use crate::misp::wire::Event;
    use crate::read::{Item, Options};

    fn indicator(attribute: &Json) -> Json {
        let event = json!({
            "uuid": "5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "info": "e", "date": "2020-09-13", "timestamp": "1600000000",
            "Orgc": { "name": "o", "uuid": "5e57c739-391a-4eb3-b6be-7d15ca92d5ee" },
            "Tag": [{ "name": "tlp:green" }, { "name": "PAP:AMBER" }], "Attribute": [attribute],
        });
        let event: Event = serde_json::from_value(event).unwrap();
        let mut found = Json::Null;
        let options = Options::new(stix::Timestamp::parse("2026-01-01T00:00:00.000Z").unwrap());
        crate::misp::read::event(&event, &options, &mut |item| {
            if let Item::Object(object) = item
                && object.head.object_type() == "indicator"
            {
                found = serde_json::from_str(&object.raw).unwrap();
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// A false positive sends the attribute the long way; but for it the object is the same.
    #[test]
    fn the_short_way_and_the_long_way_make_the_same_object() {
        let check = |kind: &str, value: &str, more: Json| {
            let mut short = json!({
                "uuid": "5e57c739-391a-4eb3-b6be-7d15ca92d501", "type": kind, "value": value, "to_ids": true,
                "category": "Network activity", "timestamp": "1600000100", "comment": "c",
            });
            short.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut long = short.clone();
            long["Sighting"] = json!([{ "type": "1", "uuid": "5e57c739-391a-4eb3-b6be-7d15ca92d502", "date_sighting": "1600000200" }]);
            let (short, mut long) = (indicator(&short), indicator(&long));
            long["x_misp_attribute"].as_object_mut().unwrap().remove("Sighting");
            assert_eq!(short, long);
            assert_eq!(short["type"], "indicator", "{kind}");
        };
        check("domain", "WWW.Example.org", json!({}));
        check(
            "filename|sha256",
            &format!("x|{}", "a".repeat(64)),
            json!({ "Tag": [{ "name": "type:OSINT", "colour": "#004646" }] }),
        );
        check(
            "url",
            &format!("http://example.org/{}", "ä".repeat(300)),
            json!({ "first_seen": "2020-09-01T00:00:00.000000+00:00" }),
        );
        check(
            "ip-dst|port",
            "192.0.2.1|80",
            json!({ "Tag": [{ "name": "misp:confidence-level=\"usually-confident\"" }], "timestamp": "1500000000" }),
        );
    }
}
