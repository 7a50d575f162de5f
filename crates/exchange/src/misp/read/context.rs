//! What stands around a MISP event's attributes: tags, marks, distribution.
//!
//! `tlp:*` tags become references to the TLP 2.0 definitions, `PAP:*` a marking definition of its own, tags that state
//! confidence a number, `stix2:*` the property that they name, other tags labels. A distribution narrower than the
//! circle becomes TLP:RED, so that importing never widens (rule X-9).

use serde_json::{Map, Value as Json, json};
use stix::Tlp;
use stix::marking::Pap;
use uuid::Uuid;

use crate::misp::tag;
use crate::misp::wire::{Group, Many, Tag, Text};

/// The namespace of what MISP has no UUID for.
pub(crate) const MISP_NAMESPACE: Uuid = Uuid::from_u128(0x8e5a_3b70_1f4d_4c62_8d0b_61c7_92aa_4e15);
/// The date of what MISP dates not at all. It must not change from one event to the next.
pub(crate) const NO_DATE: &str = "1970-01-01T00:00:00.000Z";

/// Marks and labels of an event or an attribute.
#[derive(Debug, Default, Clone)]
pub(super) struct Marks {
    pub(super) tlp: Vec<Tlp>,
    pub(super) pap: Vec<Pap>,
    pub(super) labels: Vec<String>,
    /// What tags that state confidence say, 0 to 100.
    pub(super) confidence: Option<u8>,
    /// Properties that stand in `stix2:` tags.
    pub(super) properties: Vec<(String, String)>,
    /// Marks that could not be read and were taken as TLP:RED.
    pub(super) unread: Vec<String>,
    /// How many tags have no name.
    pub(super) nameless: usize,
}

/// Takes away the tags that a MISP keeps to itself, which no sharing takes along: local ones, and those that are not exported.
/// A mark restricts whoever reads it, so it stays.
pub(super) fn keep_shared(tags: &mut Many<Tag>) {
    let is_mark = |name: &str| name.to_ascii_lowercase().starts_with("tlp:") || name.parse::<Pap>().is_ok();
    tags.all.retain(|tag| {
        let is_kept_in = tag.local.is_true() || tag.exportable.0 == Some(false);
        !is_kept_in || tag.name.text().is_some_and(is_mark)
    });
}

impl Marks {
    pub(super) fn of(tags: &Many<Tag>) -> Self {
        let mut marks = Self::default();
        for tag in tags {
            match tag.name.text() {
                Some(name) => marks.tag(name),
                None => marks.nameless += 1,
            }
        }
        marks
    }

    fn tag(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("tlp:") {
            match lower.parse() {
                Ok(tlp) => self.tlp.push(tlp),
                Err(_) => {
                    self.tlp.push(Tlp::Red);
                    self.unread.push(name.to_owned());
                }
            }
        } else if let Ok(pap) = lower.parse() {
            self.pap.push(pap);
        } else if let Some((property, value)) = tag::property(name) {
            self.properties.push((property, value.to_owned()));
        } else if !lower.starts_with("misp-galaxy:") {
            if let Some(confidence) = tag::confidence(name) {
                self.confidence = Some(self.confidence.map_or(confidence, |known| known.min(confidence)));
            }
            self.labels.push(name.to_owned());
        }
    }

    /// These and the marks of what stands around; of several TLP marks the strictest is kept.
    pub(super) fn within(mut self, outer: &Self) -> Self {
        self.tlp.extend(&outer.tlp);
        self.pap.extend(&outer.pap);
        self.confidence = self.confidence.or(outer.confidence);
        self
    }

    /// Takes in what one of several parts is marked with.
    pub(super) fn join(&mut self, part: Self) {
        self.tlp.extend(part.tlp);
        self.pap.extend(part.pap);
        // One that stands there already is left out where labels are written.
        self.labels.extend(part.labels);
        self.confidence = [self.confidence, part.confidence].into_iter().flatten().min();
        for property in part.properties {
            if !self.properties.contains(&property) {
                self.properties.push(property);
            }
        }
        self.unread.extend(part.unread);
    }

    /// The references for `object_marking_refs`.
    pub(super) fn references(&self) -> Vec<String> {
        let tlp = self.tlp.iter().max().map(|tlp| tlp.definition_id().to_string());
        let pap = self.pap.iter().max().map(|pap| pap_id(*pap));
        tlp.into_iter().chain(pap).collect()
    }

    /// Writes the marks into an object.
    pub(super) fn mark(&self, object: &mut Map<String, Json>) {
        let references = self.references();
        if !references.is_empty() {
            object.insert("object_marking_refs".into(), json!(references));
        }
    }
}

pub(crate) const fn pap_word(pap: Pap) -> &'static str {
    match pap {
        Pap::Clear => "PAP:CLEAR",
        Pap::Green => "PAP:GREEN",
        Pap::Amber => "PAP:AMBER",
        Pap::Red => "PAP:RED",
    }
}

fn pap_id(pap: Pap) -> String {
    format!("marking-definition--{}", Uuid::new_v5(&MISP_NAMESPACE, pap_word(pap).as_bytes()))
}

/// The marking definition of a PAP level; the same bytes for everybody.
pub(super) fn pap_definition(pap: Pap) -> Json {
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": pap_id(pap), "created": NO_DATE,
        "name": pap_word(pap), "definition_type": "statement", "definition": { "statement": pap_word(pap) },
    })
}

/// Whether a distribution lets something into a circle: not "your organisation only", and a sharing group only if it
/// is the circle.
pub(super) fn may_enter(distribution: &Text, group: Option<&Group>, circle: Option<Uuid>) -> bool {
    match distribution.text() {
        Some("0") => false,
        Some("4") => {
            let group = group.and_then(|group| group.uuid.text()).and_then(|uuid| Uuid::try_parse(uuid).ok());
            group.is_some() && group == circle
        }
        _ => true,
    }
}
