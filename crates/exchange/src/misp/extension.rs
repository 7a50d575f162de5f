//! What MISP says and STIX has no property for: properties `x_misp_*`, declared as STIX 2.1 wants it.
//!
//! One extension definition declares them all, so that a strict reader takes them for what they are: added properties
//! (`toplevel-property-extension`), and two types of object of their own (`new-sdo`). Definition and author are the
//! same bytes for everybody, so that it doesn't matter who brings them first.
//!
//! Source: STIX 2.1, sections 7.3 (extension definition) and 11 (customising).

use serde_json::{Map, Value as Json, json};

use super::read::NO_DATE;

/// The extension definition under which the properties stand.
pub const DEFINITION: &str = "extension-definition--7c1f5a3e-94d2-4b0e-8a6c-3d2e91b7f604";
/// Who declares it.
const AUTHOR: &str = "identity--2f6d0b7a-51c8-4e39-9b14-c07ae83d5f12";

/// An attribute, without what became STIX beside it.
pub const ATTRIBUTE: &str = "x_misp_attribute";
/// An object with its attributes.
pub const OBJECT: &str = "x_misp_object";
/// An event, without its parts.
pub const EVENT: &str = "x_misp_event";
/// A cluster and its galaxy.
pub const CLUSTER: &str = "x_misp_cluster";

/// The event that an object of the extension's own types belongs to: strict readers take no reference to such types, so
/// no report can name them.
pub const EVENT_UUID: &str = "x_misp_event_uuid";

/// What each may be called on the wire: the residues above, and what misp-stix names on its own objects.
const PROPERTIES: [&str; 13] = [
    ATTRIBUTE,
    "x_misp_attributes",
    "x_misp_category",
    CLUSTER,
    "x_misp_comment",
    "x_misp_description",
    EVENT,
    EVENT_UUID,
    "x_misp_meta_category",
    "x_misp_name",
    OBJECT,
    "x_misp_type",
    "x_misp_value",
];

/// Declares that `object` has properties of the extension, or is of a type of it.
pub(super) fn declare(object: &mut Map<String, Json>) {
    let own_type = object.get("type").and_then(Json::as_str).is_some_and(|kind| kind.starts_with("x-misp-"));
    let kind = if own_type { "new-sdo" } else { "toplevel-property-extension" };
    if let Some(all) = object.entry("extensions").or_insert_with(|| json!({})).as_object_mut() {
        all.insert(DEFINITION.into(), json!({ "extension_type": kind }));
    }
}

/// An element's text without what says nothing: nulls, and lists and objects with nothing in them. MISP writes them, STIX has none
/// of them.
///
/// Source: STIX 2.1, sections 2.3 (dictionary), 2.12 (list) and 3.1 (null).
pub(super) fn saying_something(text: String) -> String {
    // Most elements have nothing of the kind, and need no tree.
    if !["null", "[]", "{}"].iter().any(|nothing| text.contains(nothing)) {
        return text;
    }
    serde_json::from_str(&text)
        .map(|element: Json| said(element).unwrap_or_else(|| json!({})).to_string())
        .unwrap_or(text)
}

fn said(value: Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Array(all) => {
            let all: Vec<Json> = all.into_iter().filter_map(said).collect();
            (!all.is_empty()).then_some(Json::Array(all))
        }
        Json::Object(all) => {
            let all: Map<String, Json> =
                all.into_iter().filter_map(|(name, value)| Some((name, said(value)?))).collect();
            (!all.is_empty()).then_some(Json::Object(all))
        }
        other => Some(other),
    }
}

/// Whether an object is of a type of the extension's own, which no other may refer to.
pub(super) fn is_own(id: &str) -> bool {
    id.starts_with("x-misp-")
}

/// The definition and its author.
pub(super) fn objects() -> [Json; 2] {
    let author = json!({
        "type": "identity", "spec_version": "2.1", "id": AUTHOR, "created": NO_DATE, "modified": NO_DATE,
        "name": "Bongsu", "identity_class": "system",
    });
    let definition = json!({
        "type": "extension-definition", "spec_version": "2.1", "id": DEFINITION, "created_by_ref": AUTHOR,
        "created": NO_DATE, "modified": NO_DATE, "name": "MISP fields", "version": "1.0.0",
        "description": "What MISP says of an element and STIX has no property for.",
        "schema": "Each property holds the MISP element of its name as in the MISP core format, without numbers of \
                   one instance. x-misp-attribute, x-misp-object and x-misp-galaxy-cluster are elements for which \
                   STIX has no type.",
        "extension_types": ["new-sdo", "toplevel-property-extension"],
        "extension_properties": PROPERTIES,
    });
    [author, definition]
}
