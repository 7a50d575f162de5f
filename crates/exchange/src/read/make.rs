//! STIX objects made from what came in another format.
//!
//! Ids depend on the content alone: UUIDv5 in [`MADE_NAMESPACE`] over the format and what names the thing there, one a
//! line; observables have the ids that STIX gives them. What STIX has no property for goes whole into an extension,
//! whose definition is handed on with it.

use serde_json::{Map, Value, json};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::{Options, Sink};

/// The namespace of objects made from other formats: UUIDv5 of `format LF type LF name …`.
pub const MADE_NAMESPACE: Uuid = Uuid::from_u128(0x9c5e_7b0a_41d3_4c8e_8f26_60d1_b7a4_25ce);

/// The id of a thing that `names` name in a format.
pub(super) fn id(object_type: &str, format: &str, names: &[&str]) -> String {
    let mut name = format!("{format}\n{object_type}");
    for part in names {
        // Written with its length, so that no two lists of names give one text.
        name.push_str(&format!("\n{}:{part}", part.len()));
    }
    format!("{object_type}--{}", Uuid::new_v5(&MADE_NAMESPACE, name.as_bytes()))
}

/// Dates of an object, and whether they are the data's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dates {
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) own: bool,
}

impl Dates {
    /// Of what is the same in every file: 2026-01-01T00:00:00Z.
    const CONSTANT: Self = {
        let day = Timestamp::from_micros(1_767_225_600_000_000);
        Self { created: day, modified: day, own: false }
    };

    /// The date that the caller knows.
    pub(super) const fn of_file(options: &Options) -> Self {
        Self { created: options.as_of, modified: options.as_of, own: false }
    }

    /// The data's dates; the later one is the version's.
    pub(super) fn own(created: Timestamp, modified: Timestamp) -> Self {
        Self { created: created.min(modified), modified: created.max(modified), own: true }
    }
}

/// Makes the objects of one file.
pub(super) struct Maker<'m, 's, 'o> {
    pub(super) sink: &'m mut Sink<'s>,
    pub(super) options: &'o Options,
    /// The format's name in ids.
    pub(super) format: &'static str,
    pub(super) dates: Dates,
    pub(super) tlp: Option<Tlp>,
    /// Who says it.
    pub(super) by: Option<String>,
}

impl Maker<'_, '_, '_> {
    /// The id of a thing that `names` name.
    pub(super) fn id(&self, object_type: &str, names: &[&str]) -> String {
        id(object_type, self.format, names)
    }

    /// Hands on a domain or relationship object with the common properties put before `properties`; null ones are left out.
    pub(super) fn object(&mut self, id: &str, properties: Value, path: &str) {
        let object_type = id.split("--").next().unwrap_or_default();
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(object_type));
        object.insert("spec_version".to_owned(), json!("2.1"));
        object.insert("id".to_owned(), json!(id));
        object.insert("created".to_owned(), json!(self.dates.created.to_string()));
        object.insert("modified".to_owned(), json!(self.dates.modified.to_string()));
        if let Some(by) = self.by.as_deref().filter(|by| *by != id) {
            object.insert("created_by_ref".to_owned(), json!(by));
        }
        if let Some(confidence) = self.options.confidence.filter(|_| object_type != "extension-definition") {
            object.insert("confidence".to_owned(), json!(confidence));
        }
        self.finish(object, properties, path);
    }

    /// Hands on an observable; its id is the one that STIX gives it.
    pub(super) fn observable(&mut self, object_type: &str, properties: Value, path: &str) -> Option<String> {
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(object_type));
        object.insert("spec_version".to_owned(), json!("2.1"));
        let mut named = properties.as_object()?.clone();
        named.insert("type".to_owned(), json!(object_type));
        named.retain(|_, value| !is_nothing(value));
        let id = stix::observable_id(&named)?.to_string();
        object.insert("id".to_owned(), json!(id));
        self.finish(object, properties, path);
        Some(id)
    }

    /// Hands on an observable whose type has no id contributing properties in the specification.
    pub(super) fn observable_as(&mut self, id: &str, properties: Value, path: &str) {
        let object_type = id.split("--").next().unwrap_or_default();
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(object_type));
        object.insert("spec_version".to_owned(), json!("2.1"));
        object.insert("id".to_owned(), json!(id));
        self.finish(object, properties, path);
    }

    /// Hands on what stands in many files and is none's own, such as who publishes them all: with one date whatever the
    /// file's, and without the file's mark. Where it is known already, the first one stays.
    pub(super) fn constant(&mut self, id: &str, properties: Value, path: &str) {
        let dates = std::mem::replace(&mut self.dates, Dates::CONSTANT);
        let tlp = self.tlp.take();
        self.object(id, properties, path);
        (self.dates, self.tlp) = (dates, tlp);
    }

    /// Hands on the definition of one of our extensions. It is nobody's secret and the same in every file.
    pub(super) fn definition(&mut self, id: &str, name: &str, description: &str, schema: &str) {
        let author = self.id("identity", &["bongsu"]);
        let by = self.by.take();
        self.constant(&author, json!({"name": "Bongsu", "identity_class": "system"}), "");
        self.by = Some(author);
        let properties = json!({
            "name": name,
            "description": description,
            "schema": schema,
            "version": "1.0.0",
            "extension_types": ["property-extension"],
        });
        self.constant(id, properties, "");
        self.by = by;
    }

    /// Hands on a marking definition that is a statement, such as a copyright.
    pub(super) fn statement(&mut self, id: &str, statement: &str, created: &str, path: &str) {
        let created = Timestamp::parse(created).unwrap_or(self.dates.created);
        let definition = json!({
            "type": "marking-definition", "spec_version": "2.1", "id": id, "created": created.to_string(),
            "definition_type": "statement", "definition": {"statement": statement},
        });
        self.sink.object(definition.to_string(), path, self.dates.own);
    }

    /// Hands on a relationship.
    pub(super) fn relate(&mut self, source: &str, kind: &str, target: &str, said: Option<&str>, path: &str) {
        let id = self.id("relationship", &[source, kind, target]);
        let properties = json!({
            "relationship_type": kind, "description": said, "source_ref": source, "target_ref": target,
        });
        self.object(&id, properties, path);
    }

    fn finish(&mut self, mut object: Map<String, Value>, properties: Value, path: &str) {
        if let Value::Object(properties) = properties {
            object.extend(properties.into_iter().filter(|(_, value)| !is_nothing(value)));
        }
        let references = object.get_mut("external_references").and_then(Value::as_array_mut);
        for reference in references.into_iter().flatten().filter_map(Value::as_object_mut) {
            reference.retain(|_, value| !is_nothing(value));
        }
        if let Some(tlp) =
            self.tlp.or(self.options.tlp).filter(|_| !object.contains_key("object_marking_refs"))
        {
            object.insert("object_marking_refs".to_owned(), json!([tlp.definition_id().to_string()]));
        }
        if !self.options.labels.is_empty() && object.contains_key("created") {
            let labels = object.entry("labels").or_insert_with(|| json!([]));
            if let Some(labels) = labels.as_array_mut() {
                labels.extend(self.options.labels.iter().map(|label| json!(label)));
            }
        }
        let raw = Value::Object(object).to_string();
        self.sink.object(raw, path, self.dates.own);
    }
}

/// The reference to a CVE record, if `id` is written as the programme writes its ids: a number of more than four digits
/// does not begin with 0. A list can name what is no CVE; a reference with it would break the object.
///
/// Source: STIX 2.1, section 4.19.1; the CVE programme's record format, `cveId`.
pub(crate) fn cve_reference(id: &str) -> Option<Value> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let long_enough = number.len() == 4 || number.len() > 4 && !number.starts_with('0');
    let fine = year.len() == 4 && digits(year) && digits(number) && long_enough;
    fine.then(|| json!({"source_name": "cve", "external_id": id}))
}

/// Whether a property says nothing: STIX has no nulls and no empty lists.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
