//! MISP's core format as it is met: numbers as text or text as numbers, lists that may be absent.
//!
//! Source: MISP core format (draft-dulaunoy-misp-core-format), and what MISP and PyMISP write.

use serde::{Deserialize, Deserializer};

/// A scalar of whatever JSON type, as text; empty when null or absent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Loose(pub(super) String);

impl Loose {
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.0.as_str(), "true" | "1" | "True")
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(truth) => truth.to_string(),
            _ => String::new(),
        }))
    }
}

/// A list that may be absent, null, or a single element; what can't be read of it is counted.
#[derive(Debug, Clone)]
pub(super) struct Many<T> {
    pub(super) all: Vec<T>,
    pub(super) unread: usize,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self { all: Vec::new(), unread: 0 }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Array(values) => values,
            serde_json::Value::Null => Vec::new(),
            one => vec![one],
        };
        let mut many = Self::default();
        for value in values {
            match serde_json::from_value(value) {
                Ok(read) => many.all.push(read),
                Err(_) => many.unread += 1,
            }
        }
        Ok(many)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) uuid: Loose,
    pub(super) info: Loose,
    pub(super) date: Loose,
    pub(super) timestamp: Loose,
    pub(super) publish_timestamp: Loose,
    pub(super) published: Loose,
    pub(super) distribution: Loose,
    #[serde(rename = "SharingGroup")]
    pub(super) sharing_group: Option<Org>,
    #[serde(rename = "Orgc")]
    pub(super) creator: Option<Org>,
    #[serde(rename = "Org")]
    pub(super) owner: Option<Org>,
    #[serde(rename = "Tag")]
    pub(super) tags: Many<Tag>,
    #[serde(rename = "Galaxy")]
    pub(super) galaxies: Many<Galaxy>,
    #[serde(rename = "Attribute")]
    pub(super) attributes: Many<Attribute>,
    #[serde(rename = "Object")]
    pub(super) objects: Many<Object>,
    #[serde(rename = "ShadowAttribute")]
    pub(super) proposals: Many<Attribute>,
    #[serde(rename = "EventReport")]
    pub(super) reports: Many<Report>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Org {
    pub(super) uuid: Loose,
    pub(super) name: Loose,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Tag {
    pub(super) name: Loose,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Galaxy {
    #[serde(rename = "type")]
    pub(super) kind: Loose,
    #[serde(rename = "GalaxyCluster")]
    pub(super) clusters: Many<Cluster>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    pub(super) uuid: Loose,
    pub(super) value: Loose,
    pub(super) description: Loose,
    pub(super) version: Loose,
    #[serde(rename = "type")]
    pub(super) kind: Loose,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    pub(super) uuid: Loose,
    #[serde(rename = "type")]
    pub(super) kind: Loose,
    pub(super) category: Loose,
    pub(super) value: Loose,
    pub(super) comment: Loose,
    pub(super) to_ids: Loose,
    pub(super) timestamp: Loose,
    pub(super) deleted: Loose,
    pub(super) distribution: Loose,
    pub(super) first_seen: Loose,
    pub(super) last_seen: Loose,
    pub(super) object_relation: Loose,
    pub(super) data: Loose,
    #[serde(rename = "SharingGroup")]
    pub(super) sharing_group: Option<Org>,
    #[serde(rename = "Tag")]
    pub(super) tags: Many<Tag>,
    #[serde(rename = "Galaxy")]
    pub(super) galaxies: Many<Galaxy>,
    #[serde(rename = "ShadowAttribute")]
    pub(super) proposals: Many<serde_json::Value>,
    #[serde(rename = "Sighting")]
    pub(super) sightings: Many<Sighting>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Sighting {
    pub(super) uuid: Loose,
    #[serde(rename = "type")]
    pub(super) kind: Loose,
    pub(super) date_sighting: Loose,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) uuid: Loose,
    pub(super) name: Loose,
    pub(super) comment: Loose,
    pub(super) timestamp: Loose,
    pub(super) deleted: Loose,
    pub(super) distribution: Loose,
    #[serde(rename = "SharingGroup")]
    pub(super) sharing_group: Option<Org>,
    #[serde(rename = "Attribute")]
    pub(super) attributes: Many<Attribute>,
    #[serde(rename = "ObjectReference")]
    pub(super) references: Many<ObjectReference>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct ObjectReference {
    pub(super) uuid: Loose,
    pub(super) referenced_uuid: Loose,
    pub(super) relationship_type: Loose,
    pub(super) deleted: Loose,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    pub(super) uuid: Loose,
    pub(super) name: Loose,
    pub(super) content: Loose,
    pub(super) timestamp: Loose,
    pub(super) deleted: Loose,
}
