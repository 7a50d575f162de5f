//! CACAO 2.0: security playbooks, validated and kept whole.
//!
//! A playbook becomes a course of action with the same UUID, and stands in it whole, byte for byte, in base64, in the
//! published extension of the course of action for playbooks. So a partner that knows playbooks gets the playbook, and one
//! that does not gets its name, description and links. Its TLP marking marks the course of action; statements become
//! marking definitions. What breaks a MUST of the specification refuses the playbook.
//!
//! Source: OASIS, CACAO Security Playbooks Version 2.0; the "Course of Action extension for Security Playbooks", 3.0.0
//! (extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c).

mod check;
mod step;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stix::{Finding, ObjectId, Severity, Timestamp, Tlp};

use super::make::{Dates, Maker};
use super::{Options, ReadError, Sink, limit};

/// Most playbooks of one file.
const PLAYBOOKS_MAX: usize = 10_000;
/// The published extension that holds a playbook.
const EXTENSION: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";
const EXTENSION_AUTHOR: &str = "identity--ae82a5e5-ec07-4863-ad88-6504b29f24e9";
const EXTENSION_DATES: [&str; 2] = ["2022-01-18T23:22:03.933Z", "2022-08-25T19:15:25.577Z"];
const EXTENSION_SCHEMA: &str = "https://raw.githubusercontent.com/fovea-research/stix2.1-coa-playbook-extension/main/\
    schema/course-of-action_playbook.json";

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let bad = |error| ReadError::Json { format: "CACAO", error };
    let body = text.trim_start();
    let playbooks: Vec<&RawValue> = if body.starts_with('[') {
        serde_json::from_str(text).map_err(bad)?
    } else {
        vec![serde_json::from_str(text).map_err(bad)?]
    };
    if playbooks.len() > PLAYBOOKS_MAX {
        return Err(ReadError::TooMany { what: "playbooks", limit: PLAYBOOKS_MAX });
    }
    let mut defined = false;
    for (at, raw) in playbooks.iter().enumerate() {
        if sink.stopped {
            break;
        }
        let place = if body.starts_with('[') { format!("[{at}]") } else { String::new() };
        if let Err(error) = limit::json(raw.get().as_bytes()) {
            sink.finding(Finding::error(
                "cacao-too-large",
                place,
                format!("{error}; nothing was made of it"),
            ));
            continue;
        }
        let playbook: Value = serde_json::from_str(raw.get()).map_err(bad)?;
        let findings = check::check(&playbook);
        let valid = findings.iter().all(|finding| finding.severity < Severity::Error);
        for finding in findings {
            sink.finding(finding.within(&place));
        }
        if !valid {
            let message = "the playbook breaks the specification; nothing was made of it";
            sink.finding(Finding::error("cacao-invalid", place, message));
            continue;
        }
        one(&playbook, raw.get(), &place, &mut defined, options, sink);
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn one(playbook: &Value, raw: &str, place: &str, defined: &mut bool, options: &Options, sink: &mut Sink<'_>) {
    let date = |name: &str| Timestamp::parse(text(&playbook[name])).ok();
    let (Some(created), Some(modified)) = (date("created"), date("modified")) else { return };
    let Ok(id) = ObjectId::parse(text(&playbook["id"])) else { return };
    let dates = Dates::own(created, modified);
    let by = ObjectId::parse(text(&playbook["created_by"])).ok().map(|id| id.to_string());
    let mut make = Maker { sink, options, format: "cacao", dates, tlp: None, by };
    if !std::mem::replace(defined, true) {
        definition(&mut make);
    }
    let marks = markings(playbook, place, &mut make);
    let types = playbook["playbook_types"].as_array().cloned().unwrap_or_default();
    let extension = json!({
        "extension_type": "property-extension",
        "type": "playbook",
        "playbook_id": playbook["id"],
        "created": playbook["created"],
        "modified": playbook["modified"],
        "playbook_creator": playbook["created_by"],
        "revoked": playbook["revoked"],
        "valid_from": playbook["valid_from"],
        "valid_until": playbook["valid_until"],
        "description": playbook["description"],
        "labels": playbook["labels"],
        "playbook_impact": playbook["impact"],
        "playbook_severity": playbook["severity"],
        "playbook_priority": playbook["priority"],
        "playbook_type": types,
        "playbook_standard": "CACAO 2.0",
        "playbook_base64": STANDARD.encode(raw),
    });
    let extension: serde_json::Map<String, Value> = match extension {
        Value::Object(members) => {
            let said =
                |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
            members.into_iter().filter(|(_, value)| said(value)).collect()
        }
        _ => return,
    };
    let references: Vec<Value> = playbook["external_references"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|reference| {
            let mut made = json!({"source_name": reference["name"]});
            for (from, to) in [("description", "description"), ("url", "url"), ("external_id", "external_id")]
            {
                // STIX takes URLs only: a disarmed one stays in the playbook.
                let fine = from != "url" || text(&reference[from]).starts_with("http");
                if reference[from].is_string() && fine {
                    made[to] = reference[from].clone();
                }
            }
            if made.as_object().is_some_and(|made| made.len() == 1) {
                made["description"] = reference["name"].clone();
            }
            made
        })
        .collect();
    let properties = json!({
        "name": playbook["name"],
        "description": playbook["description"],
        "revoked": if playbook["revoked"] == true { json!(true) } else { Value::Null },
        "labels": playbook["labels"],
        "external_references": references,
        "object_marking_refs": marks,
        "extensions": {EXTENSION: extension},
    });
    make.object(&format!("course-of-action--{}", id.uuid()), properties, place);
}

/// The published definition of the extension, by its id.
fn definition(make: &mut Maker<'_, '_, '_>) {
    let (dates, by) = (make.dates, make.by.take());
    if let [Ok(created), Ok(modified)] = EXTENSION_DATES.map(Timestamp::parse) {
        make.dates = Dates { created, modified, own: false };
    }
    make.by = Some(EXTENSION_AUTHOR.to_owned());
    let properties = json!({
        "name": "Course of Action extension for Security Playbooks",
        "schema": EXTENSION_SCHEMA,
        "version": "3.0.0",
        "extension_types": ["property-extension"],
    });
    make.object(EXTENSION, properties, "");
    (make.dates, make.by) = (dates, by);
}

/// The marks of a playbook for its course of action. An unread TLP mark counts as red.
fn markings(playbook: &Value, place: &str, make: &mut Maker<'_, '_, '_>) -> Vec<String> {
    let mut marks = Vec::new();
    let mut tlp: Option<Tlp> = None;
    for (at, id) in playbook["markings"].as_array().into_iter().flatten().enumerate() {
        let id = text(id);
        let defined = &playbook["data_marking_definitions"][id];
        let path = format!("markings[{at}]");
        let Ok(parsed) = ObjectId::parse(id) else { continue };
        match parsed.object_type() {
            "marking-tlp" => {
                // The specification gives its five TLP markings the UUIDs that STIX gives its own.
                let known = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];
                let by_id = known.into_iter().find(|tlp| tlp.definition_id().uuid() == parsed.uuid());
                let said = text(&defined["tlpv2_level"]).parse::<Tlp>().ok().or(by_id);
                if said.is_none() {
                    let message = "the TLP level can't be read; the playbook counts as TLP:RED";
                    make.sink.finding(Finding::warning("cacao-tlp", path, message).within(place));
                }
                tlp = tlp.max(Some(said.unwrap_or(Tlp::Red)));
            }
            "marking-statement" if defined["statement"].is_string() => {
                let definition = format!("marking-definition--{}", parsed.uuid());
                make.statement(&definition, text(&defined["statement"]), text(&defined["created"]), &path);
                marks.push(definition);
            }
            kind => {
                // An IEP marking (CACAO 2.0, 9.3.3) may say a level. What can't be read may restrict like nothing else.
                let said = defined["tlp"].as_str().and_then(|level| level.parse::<Tlp>().ok());
                let counts = said.map_or_else(|| "TLP:RED".to_owned(), |tlp| tlp.to_string());
                let message = format!(
                    "a {kind} has no counterpart in STIX; it stays in the playbook, which counts as {counts}"
                );
                make.sink.finding(Finding::warning("cacao-marking", path, message).within(place));
                tlp = tlp.max(Some(said.unwrap_or(Tlp::Red)));
            }
        }
    }
    let tlp = tlp.or(make.options.tlp);
    marks.extend(tlp.map(|tlp| tlp.definition_id().to_string()));
    marks
}
