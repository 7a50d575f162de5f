//! What stands around a MISP event's attributes: tags, marks, galaxy clusters.
//!
//! `tlp:*` tags become references to the TLP 2.0 definitions, `PAP:*` a marking definition of its own, other tags labels.
//! A distribution narrower than the circle becomes TLP:RED, so that importing never widens (rule X-9).

use serde_json::{Map, Value as Json, json};
use stix::marking::Pap;
use stix::{ObjectId, Tlp};
use uuid::Uuid;

use crate::misp::wire::{Cluster, Group, Tag, Text};

/// The namespace of what MISP has no UUID for.
pub(super) const MISP_NAMESPACE: Uuid = Uuid::from_u128(0x8e5a_3b70_1f4d_4c62_8d0b_61c7_92aa_4e15);
/// The date of what MISP dates not at all. It must not change from one event to the next.
pub(super) const NO_DATE: &str = "1970-01-01T00:00:00.000Z";

/// Marks and labels of an event or an attribute.
#[derive(Debug, Default, Clone)]
pub(super) struct Marks {
    pub(super) tlp: Vec<Tlp>,
    pub(super) pap: Vec<Pap>,
    pub(super) labels: Vec<String>,
    /// Marks that could not be read and were taken as TLP:RED.
    pub(super) unread: Vec<String>,
}

impl Marks {
    pub(super) fn of(tags: &[Tag]) -> Self {
        let mut marks = Self::default();
        for name in tags.iter().filter_map(|tag| tag.name.text()) {
            let lower = name.to_ascii_lowercase();
            if lower.starts_with("tlp:") {
                match lower.parse() {
                    Ok(tlp) => marks.tlp.push(tlp),
                    Err(_) => {
                        marks.tlp.push(Tlp::Red);
                        marks.unread.push(name.to_owned());
                    }
                }
            } else if let Ok(pap) = lower.parse() {
                marks.pap.push(pap);
            } else {
                marks.labels.push(name.to_owned());
            }
        }
        marks
    }

    /// These and those of what stands around; of several TLP marks the strictest is kept.
    pub(super) fn within(&self, outer: &Self) -> Self {
        let mut marks = outer.clone();
        marks.tlp.extend(&self.tlp);
        marks.pap.extend(&self.pap);
        marks.labels.clone_from(&self.labels);
        marks
    }

    /// The references for `object_marking_refs`.
    pub(super) fn references(&self) -> Vec<String> {
        let tlp = self.tlp.iter().max().map(|tlp| tlp.definition_id().to_string());
        let pap = self.pap.iter().max().map(|pap| pap_id(*pap));
        tlp.into_iter().chain(pap).collect()
    }
}

fn pap_word(pap: Pap) -> &'static str {
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

/// What a galaxy cluster is in STIX: its id, and the object unless ATT&CK itself publishes one with this id.
pub(super) struct Actor {
    pub(super) id: ObjectId,
    pub(super) object: Option<Json>,
}

/// The STIX side of a galaxy cluster; `None` for galaxies that stay labels.
pub(super) fn actor(galaxy: &str, cluster: &Cluster) -> Option<Actor> {
    let galaxy = cluster.kind.text().unwrap_or(galaxy);
    let object_type = match galaxy {
        "threat-actor" | "mitre-intrusion-set" | "microsoft-activity-group" | "360net-threat-actor" => {
            "intrusion-set"
        }
        "mitre-malware" | "malpedia" | "ransomware" | "rat" | "banker" | "stealer" | "botnet"
        | "backdoor" | "android" => "malware",
        "mitre-tool" | "tool" => "tool",
        "mitre-attack-pattern" => "attack-pattern",
        "mitre-course-of-action" => "course-of-action",
        _ => return None,
    };
    let id = ObjectId::new(object_type, Uuid::try_parse(cluster.uuid.text()?).ok()?).ok()?;
    if galaxy.starts_with("mitre-") {
        // ATT&CK uses these very ids; its own object is the better one and must not be kept out by ours.
        return Some(Actor { id, object: None });
    }
    let version = cluster.version.text().and_then(|version| version.parse::<i64>().ok()).unwrap_or(0);
    let modified = stix::Timestamp::from_micros(version.clamp(0, 100_000_000_000) * 1_000_000);
    let mut object = Map::new();
    let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
    put("type", object_type.into());
    put("spec_version", "2.1".into());
    put("id", id.to_string().into());
    put("created", NO_DATE.into());
    put("modified", modified.to_string().into());
    put("name", cluster.value.text()?.into());
    if let Some(text) = cluster.description.text() {
        put("description", text.into());
    }
    if object_type == "malware" {
        put("is_family", true.into());
    }
    put("labels", json!([format!("misp-galaxy:{galaxy}")]));
    Some(Actor { id, object: Some(Json::Object(object)) })
}
