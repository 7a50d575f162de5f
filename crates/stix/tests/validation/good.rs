//! Good objects of many types, and how to change them.

use serde_json::{Value, json};

/// A rule's code, the path at which it is seen, a good object, and the change that breaks the rule there.
pub(crate) type Case = (&'static str, &'static str, Value, Value);

pub(crate) fn common(object_type: &str, rest: Value) -> Value {
    let mut object = json!({
        "type": object_type,
        "spec_version": "2.1",
        "id": format!("{object_type}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
    });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

pub(crate) fn observable(object_type: &str, uuid: &str, rest: Value) -> Value {
    let mut object = json!({"type": object_type, "id": format!("{object_type}--{uuid}")});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

pub(crate) fn tool() -> Value {
    common("tool", json!({"name": "Tool"}))
}

pub(crate) fn malware() -> Value {
    common("malware", json!({"name": "Malware", "is_family": true}))
}

pub(crate) fn indicator() -> Value {
    common(
        "indicator",
        json!({
            "name": "Indicator", "description": "It indicates", "pattern": "[url:value = 'http://a/']",
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
        }),
    )
}

pub(crate) fn relationship() -> Value {
    common(
        "relationship",
        json!({
            "relationship_type": "uses",
            "source_ref": "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "target_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        }),
    )
}

pub(crate) fn address() -> Value {
    observable("ipv4-addr", "96d215a5-eb23-527a-ae22-9507313d32ca", json!({"value": "198.49.123.10"}))
}

pub(crate) fn file() -> Value {
    observable("file", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({"name": "a"}))
}

pub(crate) fn traffic() -> Value {
    observable(
        "network-traffic",
        "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f",
        json!({
            "protocols": ["ipv4", "tcp"], "src_port": 1, "dst_port": 2,
            "src_ref": "ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca",
        }),
    )
}

pub(crate) fn statement() -> Value {
    let mut object = common(
        "marking-definition",
        json!({"definition_type": "statement", "definition": {"statement": "x"}}),
    );
    object.as_object_mut().unwrap().remove("modified");
    object
}

pub(crate) fn observed() -> Value {
    common(
        "observed-data",
        json!({
            "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z", "number_observed": 1,
            "object_refs": ["ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca"],
        }),
    )
}

pub(crate) fn analysis() -> Value {
    common("malware-analysis", json!({"product": "av", "result": "benign"}))
}

pub(crate) fn definition() -> Value {
    common(
        "extension-definition",
        json!({
            "name": "x", "description": "x", "schema": "x", "version": "1",
            "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "extension_types": ["toplevel-property-extension"], "extension_properties": ["rank"],
        }),
    )
}

pub(crate) fn location() -> Value {
    common("location", json!({"region": "asia"}))
}

pub(crate) fn translation() -> Value {
    common(
        "language-content",
        json!({
            "object_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "contents": {"ko": {"name": "x"}},
        }),
    )
}

pub(crate) const EXTENSION: &str = "extension-definition--a932fcc6-e032-476c-826f-cb970a5a1fff";

/// The object with these members added, replaced or, where the value is the text `gone`, taken away.
pub(crate) fn with(mut object: Value, change: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (key, value) in change.as_object().unwrap() {
        if value == "gone" {
            members.remove(key);
        } else {
            members.insert(key.clone(), value.clone());
        }
    }
    object
}
