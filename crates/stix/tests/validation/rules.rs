//! Each rule by an example: the smallest change to a good object that breaks it.

use std::collections::BTreeSet;

use bongsu_stix as stix;
use serde_json::{Value, json};
use stix::validate::{Bundle, CODES};

use crate::findings;

fn common(object_type: &str, rest: Value) -> Value {
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

fn observable(object_type: &str, uuid: &str, rest: Value) -> Value {
    let mut object = json!({"type": object_type, "id": format!("{object_type}--{uuid}")});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn tool() -> Value {
    common("tool", json!({"name": "Tool"}))
}

fn malware() -> Value {
    common("malware", json!({"name": "Malware", "is_family": true}))
}

fn indicator() -> Value {
    common(
        "indicator",
        json!({
            "name": "Indicator", "description": "It indicates", "pattern": "[url:value = 'http://a/']",
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
        }),
    )
}

fn relationship() -> Value {
    common(
        "relationship",
        json!({
            "relationship_type": "uses",
            "source_ref": "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "target_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        }),
    )
}

fn address() -> Value {
    observable("ipv4-addr", "96d215a5-eb23-527a-ae22-9507313d32ca", json!({"value": "198.49.123.10"}))
}

fn file() -> Value {
    observable("file", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({"name": "a"}))
}

fn traffic() -> Value {
    observable(
        "network-traffic",
        "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f",
        json!({
            "protocols": ["ipv4", "tcp"], "src_port": 1, "dst_port": 2,
            "src_ref": "ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca",
        }),
    )
}

fn statement() -> Value {
    let mut object = common(
        "marking-definition",
        json!({"definition_type": "statement", "definition": {"statement": "x"}}),
    );
    object.as_object_mut().unwrap().remove("modified");
    object
}

fn observed() -> Value {
    common(
        "observed-data",
        json!({
            "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z", "number_observed": 1,
            "object_refs": ["ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca"],
        }),
    )
}

fn analysis() -> Value {
    common("malware-analysis", json!({"product": "av", "result": "benign"}))
}

fn definition() -> Value {
    common(
        "extension-definition",
        json!({
            "name": "x", "description": "x", "schema": "x", "version": "1",
            "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "extension_types": ["toplevel-property-extension"], "extension_properties": ["rank"],
        }),
    )
}

fn location() -> Value {
    common("location", json!({"region": "asia"}))
}

fn translation() -> Value {
    common(
        "language-content",
        json!({
            "object_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "contents": {"ko": {"name": "x"}},
        }),
    )
}

const EXTENSION: &str = "extension-definition--a932fcc6-e032-476c-826f-cb970a5a1fff";

/// The object with these members added, replaced or, where the value is the text `gone`, taken away.
fn with(mut object: Value, change: Value) -> Value {
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

#[test]
fn good_objects_break_no_rule() {
    for object in [
        tool(),
        malware(),
        indicator(),
        relationship(),
        address(),
        statement(),
        observed(),
        analysis(),
        definition(),
        location(),
        translation(),
    ] {
        assert_eq!(findings(&object.to_string()), [], "{object}");
    }
    // These have a random id, which an observable should not have.
    for object in [file(), traffic()] {
        let codes: Vec<_> = findings(&object.to_string()).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["uuid-version"], "{object}");
    }
}

/// `code`, `path`, the good object, and the change that breaks the rule.
fn cases() -> Vec<(&'static str, &'static str, Value, Value)> {
    let extension = |content: Value| json!({"extensions": {EXTENSION: content}});
    let external = |reference: Value| json!({"external_references": [reference]});
    let granular = |marking: Value| json!({"granular_markings": [marking]});
    let green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    vec![
        ("value-type", "name", tool(), json!({"name": 7})),
        ("value-type", "aliases", tool(), json!({"aliases": "x"})),
        ("value-type", "labels[1]", tool(), json!({"labels": ["a", {}]})),
        ("value-null", "description", tool(), json!({"description": null})),
        ("value-null", "x_a[0]", tool(), json!({"x_a": [null]})),
        (
            "binary-malformed",
            "payload_bin",
            observable("artifact", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"payload_bin": "failing test"}),
        ),
        ("binary-malformed", "x_a_bin", tool(), json!({"x_a_bin": "?"})),
        ("dictionary-key", "x_a.b c", tool(), json!({"x_a": {"b c": 1}})),
        ("dictionary-empty", "x_a", tool(), json!({"x_a": {}})),
        ("dictionary-empty", "extensions", tool(), json!({"extensions": {}})),
        (
            "enum-unknown",
            "opinion",
            common("opinion", json!({"object_refs": ["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]})),
            json!({"opinion": "maybe"}),
        ),
        (
            "external-reference-incomplete",
            "external_references[0]",
            tool(),
            external(json!({"source_name": "x"})),
        ),
        (
            "external-reference-url",
            "external_references[0].url",
            tool(),
            external(json!({"source_name": "x", "url": "foo"})),
        ),
        (
            "external-reference-hash-name",
            "external_references[0].hashes.x_own",
            tool(),
            external(json!({"source_name": "x", "url": "http://a/", "hashes": {"x_own": "1"}})),
        ),
        ("hash-name", "hashes.M5", file(), json!({"hashes": {"M5": "x"}})),
        ("hash-value", "hashes.MD5", file(), json!({"hashes": {"MD5": "x"}})),
        ("hex-malformed", "magic_number_hex", file(), json!({"magic_number_hex": "FF"})),
        ("identifier-malformed", "id", tool(), json!({"id": "tool--8e2e2d2b-17d4-4cbf-138f-98ee46b3cd3f"})),
        ("identifier-malformed", "src_ref", traffic(), json!({"src_ref": "0"})),
        (
            "id-not-random",
            "id",
            observable("process", "96d215a5-eb23-527a-ae22-9507313d32ca", json!({"pid": 1})),
            json!({}),
        ),
        (
            "id-not-random",
            "id",
            observable("user-account", "96d215a5-eb23-527a-ae22-9507313d32ca", json!({"display_name": "x"})),
            json!({}),
        ),
        ("id-versioned-observable", "id", address(), json!({"created": "2026-01-01T00:00:00.000Z"})),
        ("integer-malformed", "number_observed", observed(), json!({"number_observed": 1.5})),
        (
            "integer-malformed",
            "number",
            observable("autonomous-system", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"number": 9_007_199_254_740_992_i64}),
        ),
        ("number-out-of-range", "confidence", tool(), json!({"confidence": 101})),
        ("number-out-of-range", "latitude", location(), json!({"latitude": 90.5, "longitude": 0})),
        ("number-out-of-range", "number_observed", observed(), json!({"number_observed": 0})),
        ("list-empty", "aliases", tool(), json!({"aliases": []})),
        ("list-empty", "x_a", tool(), json!({"x_a": []})),
        (
            "container-reference",
            "objects.0.src_ref",
            observed(),
            json!({"object_refs": "gone", "objects": {"0": {"type": "network-traffic", "src_ref": "1", "protocols": ["tcp"]}}}),
        ),
        ("timestamp-malformed", "valid_from", indicator(), json!({"valid_from": "2026-02-30T00:00:00Z"})),
        (
            "timestamp-malformed",
            "valid_from",
            indicator(),
            json!({"valid_from": "2026-02-03T00:00:00+00:00"}),
        ),
        ("timestamp-precision", "created", tool(), json!({"created": "2026-01-01T00:00:00.00Z"})),
        (
            "timestamp-precision",
            "extensions.windows-pebinary-ext.time_date_stamp",
            file(),
            json!({"extensions": {"windows-pebinary-ext": {"pe_type": "exe", "time_date_stamp": "2026-01-01T00:00:00.0Z"}}}),
        ),
        ("timestamp-order", "valid_until", indicator(), json!({"valid_until": "2026-01-01T00:00:00.000Z"})),
        (
            "timestamp-order",
            "last_seen",
            malware(),
            json!({"first_seen": "2026-01-01T00:00:00.1Z", "last_seen": "2026-01-01T00:00:00Z"}),
        ),
        ("timestamp-order", "last_observed", observed(), json!({"last_observed": "2025-01-01T00:00:00Z"})),
        (
            "timestamp-order",
            "stop_time",
            relationship(),
            json!({"start_time": "2026-01-01T00:00:00Z", "stop_time": "2026-01-01T00:00:00Z"}),
        ),
        (
            "timestamp-order",
            "end",
            traffic(),
            json!({"start": "2026-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"}),
        ),
        ("property-name", "9ome", tool(), json!({"9ome": 1})),
        ("property-name", "x-a", tool(), json!({"x-a": 1})),
        ("property-name", "ab", tool(), json!({"ab": 1})),
        ("property-missing", "name", tool(), json!({"name": "gone"})),
        ("property-missing", "spec_version", analysis(), json!({"spec_version": "gone"})),
        ("property-missing", "created_by_ref", definition(), json!({"created_by_ref": "gone"})),
        ("property-missing", "definition", statement(), json!({"definition": "gone"})),
        ("property-missing", "definition", statement(), json!({"definition": {"words": "x"}})),
        ("property-group", "", location(), json!({"region": "gone", "city": "Seoul"})),
        ("property-group", "", analysis(), json!({"result": "gone"})),
        ("property-group", "", file(), json!({"name": "gone"})),
        (
            "property-group",
            "",
            observable("windows-registry-key", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({}),
        ),
        ("property-group", "extensions.ntfs-ext", file(), json!({"extensions": {"ntfs-ext": {}}})),
        (
            "property-conflict",
            "object_refs",
            observed(),
            json!({"objects": {"0": {"type": "mutex", "name": "a"}}}),
        ),
        ("property-conflict", "end", traffic(), json!({"is_active": true, "end": "2026-01-01T00:00:00Z"})),
        (
            "property-conflict",
            "body_multipart",
            observable(
                "email-message",
                "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f",
                json!({"is_multipart": false}),
            ),
            json!({"body_multipart": [{"body": "x"}]}),
        ),
        ("property-needs", "latitude", location(), json!({"latitude": 1})),
        (
            "property-needs",
            "name_enc",
            file(),
            json!({"name": "gone", "name_enc": "utf-8", "hashes": {"MD5": "0123456789abcdef0123456789abcdef"}}),
        ),
        ("property-needs", "is_family", malware(), json!({"name": "gone"})),
        ("property-reserved", "severity", tool(), json!({"severity": "high"})),
        ("property-forbidden", "defanged", tool(), json!({"defanged": false})),
        ("spec-version", "spec_version", analysis(), json!({"spec_version": "2.0"})),
        ("language-tag", "lang", tool(), json!({"lang": "foo"})),
        ("character-set", "name_enc", file(), json!({"name_enc": "bla.bla"})),
        (
            "extension-type",
            &*Box::leak(format!("extensions.{EXTENSION}").into_boxed_str()),
            tool(),
            extension(json!({"rank": 5})),
        ),
        (
            "extension-type",
            &*Box::leak(format!("extensions.{EXTENSION}.extension_type").into_boxed_str()),
            tool(),
            extension(json!({"extension_type": "other"})),
        ),
        ("extension-key", "extensions.x-foobar", file(), json!({"extensions": {"x-foobar": {"foo": 1}}})),
        (
            "extension-place",
            "extensions.pdf-ext",
            traffic(),
            json!({"extensions": {"pdf-ext": {"version": "1"}}}),
        ),
        (
            "capec-id",
            "external_references[0].external_id",
            common("attack-pattern", json!({"name": "x"})),
            external(json!({"source_name": "capec", "external_id": "CAPEC-abc"})),
        ),
        (
            "cve-id",
            "external_references[0].source_name",
            common("vulnerability", json!({"name": "x"})),
            external(json!({"source_name": "CVE", "external_id": "CVE-2026-0001"})),
        ),
        ("pattern-malformed", "pattern", indicator(), json!({"pattern": "[file:hashes.\"SHA-256\" = 'a']"})),
        ("pattern-malformed", "pattern", indicator(), json!({"pattern": "[ab:name = 'x']"})),
        (
            "reference-type",
            "target_ref",
            relationship(),
            json!({"target_ref": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
        ),
        (
            "reference-type",
            "object_refs",
            observed(),
            json!({"object_refs": ["sighting--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
        ),
        (
            "reference-type",
            "object_refs[0]",
            observed(),
            json!({"object_refs": ["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
        ),
        (
            "reference-type",
            "sighting_of_ref",
            common("sighting", json!({})),
            json!({"sighting_of_ref": "relationship--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
        ),
        (
            "reference-type",
            "sample_refs[0]",
            malware(),
            json!({"sample_refs": ["url--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
        ),
        ("relationship-name", "relationship_type", relationship(), json!({"relationship_type": "Uses"})),
        ("address-malformed", "value", address(), json!({"value": "198.49.123.10/33"})),
        (
            "address-malformed",
            "value",
            observable("mac-addr", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"value": "00:00:AB:cd:ef:01"}),
        ),
        (
            "domain-malformed",
            "value",
            observable("domain-name", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"value": "evil[.]com"}),
        ),
        (
            "email-malformed",
            "value",
            observable("email-addr", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"value": "J <j@a.b>"}),
        ),
        (
            "url-malformed",
            "value",
            observable("url", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"value": "foo"}),
        ),
        (
            "cpe-malformed",
            "cpe",
            observable("software", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({"name": "x"})),
            json!({"cpe": "cpe:/a:b"}),
        ),
        (
            "registry-hive",
            "key",
            observable("windows-registry-key", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"key": "hklm\\a"}),
        ),
        (
            "language-content",
            "contents.español",
            translation(),
            json!({"contents": {"español": {"name": "x"}}}),
        ),
        ("language-content", "contents.ko.a", translation(), json!({"contents": {"ko": {"a": "x"}}})),
        (
            "marking-tlp",
            "definition",
            statement(),
            json!({"definition_type": "tlp", "definition": {"tlp": "green"}}),
        ),
        (
            "marking-tlp",
            "extensions.extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d",
            statement(),
            json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "white"}}}),
        ),
        (
            "marking-circular",
            "object_marking_refs[0]",
            statement(),
            json!({"object_marking_refs": ["marking-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
        ),
        ("granular-marking", "granular_markings[0]", tool(), granular(json!({"selectors": ["name"]}))),
        (
            "granular-marking",
            "granular_markings[0]",
            tool(),
            granular(json!({"selectors": ["name"], "lang": "en", "marking_ref": green})),
        ),
        (
            "selector-malformed",
            "granular_markings[0].selectors[0]",
            tool(),
            granular(json!({"selectors": ["[0]"], "lang": "en"})),
        ),
        (
            "selector-absent",
            "granular_markings[0].selectors[1]",
            tool(),
            granular(json!({"selectors": ["name", "labels.[0]"], "lang": "en"})),
        ),
        (
            "extension-properties",
            "extension_properties",
            definition(),
            json!({"extension_types": ["new-sdo"]}),
        ),
        (
            "extension-properties",
            "extension_properties[0]",
            definition(),
            json!({"extension_properties": ["a b"]}),
        ),
        (
            "bundle-malformed",
            "objects",
            json!({"type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
            json!({"objects": {}}),
        ),
        (
            "bundle-malformed",
            "id",
            json!({"type": "bundle", "id": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
            json!({}),
        ),
        ("stix-2.0", "", tool(), json!({"spec_version": "gone"})),
        ("uuid-version", "id", tool(), json!({"id": "tool--96d215a5-eb23-527a-ae22-9507313d32ca"})),
        ("uuid-version", "id", address(), json!({"id": "ipv4-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"})),
        ("id-not-derived", "id", address(), json!({"value": "198.49.123.11"})),
        ("id-not-derived", "id", file(), json!({"id": "file--96d215a5-eb23-527a-ae22-9507313d32ca"})),
        ("open-vocab-format", "tool_types[0]", tool(), json!({"tool_types": ["Big Tool"]})),
        (
            "kill-chain-name",
            "kill_chain_phases[0].phase_name",
            tool(),
            json!({"kill_chain_phases": [{"kill_chain_name": "a-b", "phase_name": "Some thing"}]}),
        ),
        (
            "container-key",
            "objects.a",
            observed(),
            json!({"object_refs": "gone", "objects": {"a": {"type": "mutex", "name": "a"}}}),
        ),
        ("dictionary-key-case", "x_a.FOO", tool(), json!({"x_a": {"FOO": 1}})),
        ("product-name", "product", analysis(), json!({"product": "AV"})),
        (
            "process-priority",
            "extensions.windows-process-ext.priority",
            observable("process", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"extensions": {"windows-process-ext": {"priority": "high"}}}),
        ),
        ("marking-definition-type", "definition_type", statement(), json!({"definition_type": "other"})),
        ("relationship-type", "relationship_type", relationship(), json!({"relationship_type": "indicates"})),
        (
            "relationship-type",
            "relationship_type",
            relationship(),
            json!({"relationship_type": "duplicate-of"}),
        ),
        (
            "attack-motivation-vocab",
            "secondary_motivations[0]",
            common("threat-actor", json!({"name": "x"})),
            json!({"secondary_motivations": ["fun"]}),
        ),
        (
            "attack-resource-level-vocab",
            "resource_level",
            common("threat-actor", json!({"name": "x"})),
            json!({"resource_level": "two"}),
        ),
        (
            "identity-class-vocab",
            "identity_class",
            common("identity", json!({"name": "x"})),
            json!({"identity_class": "two"}),
        ),
        ("indicator-type-vocab", "indicator_types[0]", indicator(), json!({"indicator_types": ["two"]})),
        (
            "industry-sector-vocab",
            "sectors[0]",
            common("identity", json!({"name": "x"})),
            json!({"sectors": ["two"]}),
        ),
        ("malware-type-vocab", "malware_types[0]", malware(), json!({"malware_types": ["two"]})),
        (
            "report-type-vocab",
            "report_types[0]",
            common(
                "report",
                json!({"name": "x", "published": "2026-01-01T00:00:00Z", "object_refs": ["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]}),
            ),
            json!({"report_types": ["two"]}),
        ),
        (
            "threat-actor-type-vocab",
            "threat_actor_types[0]",
            common("threat-actor", json!({"name": "x"})),
            json!({"threat_actor_types": ["two"]}),
        ),
        (
            "threat-actor-role-vocab",
            "roles[0]",
            common("threat-actor", json!({"name": "x"})),
            json!({"roles": ["two"]}),
        ),
        (
            "threat-actor-sophistication-vocab",
            "sophistication",
            common("threat-actor", json!({"name": "x"})),
            json!({"sophistication": "two"}),
        ),
        ("tool-type-vocab", "tool_types[0]", tool(), json!({"tool_types": ["two"]})),
        ("region-vocab", "region", location(), json!({"region": "two"})),
        (
            "grouping-context-vocab",
            "context",
            common("grouping", json!({"object_refs": ["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"]})),
            json!({"context": "two"}),
        ),
        (
            "implementation-language-vocab",
            "implementation_languages[0]",
            malware(),
            json!({"implementation_languages": ["two"]}),
        ),
        (
            "infrastructure-type-vocab",
            "infrastructure_types[0]",
            common("infrastructure", json!({"name": "x"})),
            json!({"infrastructure_types": ["two"]}),
        ),
        ("malware-capability-vocab", "capabilities[0]", malware(), json!({"capabilities": ["two"]})),
        (
            "processor-architecture-vocab",
            "architecture_execution_envs[0]",
            malware(),
            json!({"architecture_execution_envs": ["two"]}),
        ),
        ("malware-result-vocab", "result", analysis(), json!({"result": "two"})),
        ("hash-algorithm-vocab", "hashes.other", file(), json!({"hashes": {"other": "x"}})),
        (
            "pe-binary-type-vocab",
            "extensions.windows-pebinary-ext.pe_type",
            file(),
            json!({"extensions": {"windows-pebinary-ext": {"pe_type": "elf", "imphash": "x"}}}),
        ),
        (
            "account-type-vocab",
            "account_type",
            observable("user-account", "2d4b2a0c-17d4-4cbf-938f-98ee46b3cd3f", json!({})),
            json!({"account_type": "two"}),
        ),
        ("pattern-type-vocab", "pattern_type", indicator(), json!({"pattern_type": "two"})),
        ("mime-type", "mime_type", file(), json!({"mime_type": "bla/blabla"})),
        ("protocol-name", "protocols[0]", traffic(), json!({"protocols": ["no such protocol"]})),
        ("ipfix-element", "ipfix.Foo", traffic(), json!({"ipfix": {"Foo": 1}})),
        (
            "http-header",
            "extensions.http-request-ext.request_header.x-foobar",
            traffic(),
            json!({"protocols": ["tcp", "http"], "extensions": {"http-request-ext": {"request_method": "get", "request_value": "/", "request_header": {"x-foobar": ["1"]}}}}),
        ),
        (
            "socket-option",
            "extensions.socket-ext.options.foo",
            traffic(),
            json!({"extensions": {"socket-ext": {"address_family": "AF_INET", "options": {"foo": 1}}}}),
        ),
        (
            "pdf-info-key",
            "extensions.pdf-ext.document_info_dict.foo",
            file(),
            json!({"extensions": {"pdf-ext": {"document_info_dict": {"foo": "x"}}}}),
        ),
        ("country-code", "country", location(), json!({"country": "USA"})),
        ("network-traffic-ports", "dst_port", traffic(), json!({"dst_port": "gone"})),
        (
            "network-traffic-protocol",
            "protocols",
            traffic(),
            json!({"extensions": {"icmp-ext": {"icmp_type_hex": "08", "icmp_code_hex": "00"}}}),
        ),
        (
            "external-reference-hash",
            "external_references[0]",
            tool(),
            external(json!({"source_name": "x", "url": "http://a/"})),
        ),
        ("indicator-name", "description", indicator(), json!({"description": "gone"})),
        (
            "deprecated-objects",
            "objects",
            observed(),
            json!({"object_refs": "gone", "objects": {"0": {"type": "mutex", "name": "a"}}}),
        ),
        ("extension-description", "description", definition(), json!({"description": "gone"})),
        (
            "extension-no-properties",
            "extension_properties",
            definition(),
            json!({"extension_properties": "gone"}),
        ),
        ("custom-without-extension", "x_a", tool(), json!({"x_a": 1})),
        ("custom-without-extension", "type", common("x-own", json!({})), json!({"some_field": 1})),
        (
            "custom-without-extension",
            "extensions.x-own-ext",
            file(),
            json!({"extensions": {"x-own-ext": {"some_field": 1}}}),
        ),
        ("custom-name", "rank", tool(), json!({"rank": 1})),
        ("custom-name", "type", common("own-type", json!({})), json!({})),
        ("property-not-applicable", "labels", address(), json!({"labels": ["x"]})),
        (
            "creator-type",
            "created_by_ref",
            tool(),
            json!({"created_by_ref": "tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
        ),
    ]
}

#[test]
fn each_rule_is_seen_to_be_broken_where_it_is() {
    for (code, path, good, change) in cases() {
        let raw = with(good, change).to_string();
        let found = findings(&raw);
        let finding = found.iter().find(|finding| finding.code == code && finding.path == path);
        let Some(finding) = finding else { panic!("{code} at `{path}`: {found:#?}\n{raw}") };
        assert!(finding.message.contains("STIX 2.1, "), "{finding}");
        let rule = CODES.iter().find(|rule| rule.name == code).unwrap();
        assert_eq!(rule.severity, finding.severity);
    }
}

/// Rules that `read_head` refuses first, so that `validate` alone shows them, and those between objects.
#[test]
fn every_code_has_its_example() {
    let mut shown: BTreeSet<&str> = cases().iter().map(|(code, ..)| *code).collect();
    let alone = |raw: Value| {
        let mut found = Vec::new();
        stix::validate(&raw.to_string(), &mut |finding| found.push(finding.code));
        found
    };
    assert!(
        alone(with(tool(), json!({"id": "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"})))
            .contains(&"id-type-differs")
    );
    assert!(alone(common("ab", json!({}))).contains(&"type-name"));
    shown.extend(["id-type-differs", "type-name"]);
    let later = with(tool(), json!({"modified": "2026-01-02T00:00:00.000Z"}));
    let between = [
        ("version-twice", vec![tool(), tool()]),
        (
            "version-created",
            vec![tool(), with(later.clone(), json!({"created": "2025-01-01T00:00:00.000Z"}))],
        ),
        (
            "version-creator",
            vec![
                tool(),
                with(
                    later.clone(),
                    json!({"created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
                ),
            ],
        ),
        ("version-after-revocation", vec![later.clone(), with(tool(), json!({"revoked": true}))]),
        ("uuid-reused", {
            let made = json!({"created_by_ref": "identity--11111111-17d4-4cbf-938f-98ee46b3cd3f"});
            vec![with(tool(), made.clone()), with(malware(), made)]
        }),
    ];
    for (code, objects) in between {
        let mut bundle = Bundle::new();
        let mut found = Vec::new();
        for object in &objects {
            let raw = object.to_string();
            let head = stix::read_head(&raw).unwrap();
            bundle.object(&raw, &head, &mut |finding| found.push(finding.code));
        }
        assert!(found.contains(&code), "{code}: {found:?}");
        shown.insert(code);
    }
    let mut bundle = Bundle::new();
    for object in [tool(), later] {
        let raw = object.to_string();
        bundle.object(&raw, &stix::read_head(&raw).unwrap(), &mut |finding| panic!("{finding}"));
    }
    let missing: Vec<_> = CODES.iter().map(|code| code.name).filter(|code| !shown.contains(code)).collect();
    assert_eq!(missing, [""; 0], "no example of these rules");
}

#[test]
fn what_is_right_though_it_looks_odd_is_taken() {
    let pass = |object: Value| {
        let found: Vec<_> = crate::errors(&object.to_string());
        assert_eq!(found, [], "{object}");
    };
    // 3.2: a defanged value does not have the form of its kind.
    pass(with(address(), json!({"defanged": true, "value": "198[.]49.123.10"})));
    // RFC 3339 has leap seconds; STIX has any number of digits.
    pass(with(indicator(), json!({"valid_from": "2016-12-31T23:59:60Z"})));
    pass(with(indicator(), json!({"valid_from": "2016-12-31T23:59:59.0123456789012Z"})));
    // 7.2.3: `lang` without `marking_ref`, selectors into lists and dictionaries.
    pass(with(
        tool(),
        json!({"labels": ["a", "b"], "granular_markings": [{"lang": "de", "selectors": ["labels.[1]", "labels", "name"]}]}),
    ));
    // 7.3: a new observable has no `created`; a new domain object has.
    let new_observable = json!({"extensions": {EXTENSION: {"extension_type": "new-sco"}}, "value": "x"});
    pass(observable("my-observable", "2d4b2a0c-17d4-5cbf-938f-98ee46b3cd3f", new_observable));
    // 2.10: a whole number may be written with a fraction of zero.
    pass(with(tool(), json!({"confidence": 50.0})));
    // 10.7, 2.14: hashes of other algorithms.
    pass(with(file(), json!({"hashes": {"x_foo_hash": "aaaabbbb", "SHA3-256": "0".repeat(64)}})));
    // TLP 2.0.
    let mut clear = json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "clear"}}});
    clear["id"] = json!("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487");
    clear["definition_type"] = json!("gone");
    clear["definition"] = json!("gone");
    pass(with(statement(), clear));
}

#[test]
fn stix_20_is_told_once_and_held_to_what_both_share() {
    let old = json!({
        "type": "indicator", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2017-01-01T00:00:00.000Z", "modified": "2017-01-01T00:00:00.000Z", "labels": ["malicious-activity"],
        "pattern": "[file:name = 'a']", "valid_from": "2017-01-01T00:00:00Z", "x_own": 1,
    });
    let codes =
        |object: &Value| findings(&object.to_string()).iter().map(|found| found.code).collect::<Vec<_>>();
    assert_eq!(codes(&old), ["stix-2.0"]);
    assert_eq!(codes(&with(old.clone(), json!({"pattern": "[file"}))), ["stix-2.0", "pattern-malformed"]);
    assert_eq!(codes(&with(old, json!({"valid_from": "gone"}))), ["stix-2.0", "property-missing"]);
}

/// A value of a megabyte was shown whole at first, and so were bytes that a terminal obeys.
#[test]
fn messages_are_short_and_safe_to_print() {
    let hostile = format!("\u{1b}[2J\u{202e}\n{}", "x".repeat(1 << 20));
    let object =
        with(tool(), json!({"lang": hostile, "x_a": {hostile.clone(): []}, "labels": [{hostile: 1}]}));
    let pattern = with(indicator(), json!({"pattern": "[a:b\u{1b}[2J = \u{7} 'x']"}));
    let twice = "{\"type\":\"bundle\",\"\\u001b\":1,\"\\u001b\":2}";
    let raws = [object.to_string(), pattern.to_string(), twice.to_owned()];
    for finding in raws.iter().flat_map(|raw| {
        let mut found = findings(raw);
        stix::validate::validate_bundle(raw, &mut |finding| found.push(finding));
        found
    }) {
        let text = finding.to_string();
        assert!(text.len() < 1_000 && !text.contains(['\u{1b}', '\n', '\u{202e}']), "{text:?}");
    }
}
