//! How a thing is written as a STIX object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stix::Timestamp;

use super::plan::{Kind, SHARED_S, Thing, World};

/// The extension of a course of action in which a playbook is kept. Source: Course of Action extension for Security Playbooks 3.0.0.
const PLAYBOOK: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";

/// That of an identity which says what is known of a persona.
const PERSONA: &str = "extension-definition--6d0ab6a4-4c0f-4f25-9f57-2c8e1f6e0b3d";

impl World {
    /// What member `at` is sent to the node as: the object's text.
    pub(super) fn json(&self, at: usize) -> Value {
        let thing = &self.things[at];
        let of = |at: &usize| self.things[*at].id.clone();
        let time = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).to_string();
        let mut object = json!({"type": thing.kind.object_type(), "spec_version": "2.1", "id": thing.id});
        let mut set = |name: &str, value: Value| object[name] = value;
        if thing.kind != Kind::Observed {
            set("created", json!(time(SHARED_S - 86_400)));
        }
        if !matches!(thing.kind, Kind::Observed | Kind::Pap) {
            set("modified", json!(time(SHARED_S - 86_400 + thing.version)));
            if thing.revoked {
                set("revoked", json!(true));
            }
        }
        if let Some(source) = thing.source.as_ref().filter(|_| thing.kind != Kind::Observed) {
            set("created_by_ref", json!(of(source)));
        }
        if !matches!(
            thing.kind,
            Kind::Observed | Kind::Pap | Kind::Sighting | Kind::Relationship | Kind::Note
        ) {
            set("name", json!(thing.name));
        }
        match thing.kind {
            Kind::Observed => {
                set("value", json!(format!("{}.top", thing.value)));
                set("x_said", json!(thing.said));
            }
            Kind::Pap => {
                set("definition_type", json!("pap"));
                set("definition", json!({"pap": "amber"}));
            }
            Kind::Note => set("content", json!(thing.name)),
            _ => set("description", json!(thing.said)),
        }
        match thing.kind {
            Kind::Domain | Kind::Url | Kind::Address | Kind::Digest | Kind::Wallet => {
                set("pattern", json!(pattern(thing)));
                set("pattern_type", json!("stix"));
                set("valid_from", json!(time(SHARED_S - 60)));
                set("confidence", json!(90));
            }
            Kind::Identity => set("identity_class", json!("organization")),
            Kind::Persona => {
                set("identity_class", json!("individual"));
                set("labels", json!(["it-worker"]));
                set("extensions", persona(&thing.value));
            }
            Kind::Malware => set("is_family", json!(false)),
            Kind::Playbook => set("extensions", playbook(thing)),
            Kind::Report => {
                set("published", json!(time(SHARED_S - 60)));
                set("object_refs", thing.names.iter().map(of).collect());
            }
            Kind::Note => set("object_refs", thing.names.iter().map(of).collect()),
            Kind::Relationship => {
                set("relationship_type", json!("related-to"));
                set("source_ref", json!(of(&thing.names[0])));
                set("target_ref", json!(of(&thing.names[1])));
            }
            Kind::Sighting => set("sighting_of_ref", json!(of(&thing.names[0]))),
            Kind::Observed | Kind::Pap => {}
        }
        let marks: Vec<String> = thing
            .mark
            .iter()
            .map(|mark| mark.definition_id().to_string())
            .chain(thing.definition.iter().map(of))
            .collect();
        if !marks.is_empty() && thing.kind != Kind::Pap {
            set("object_marking_refs", json!(marks));
        }
        if let Some(mark) = thing.said_mark {
            let what = if thing.kind == Kind::Observed { "x_said" } else { "description" };
            set(
                "granular_markings",
                json!([{"marking_ref": mark.definition_id().to_string(), "selectors": [what]}]),
            );
        }
        if thing.malformed {
            // STIX 2.1, section 3.2: a number where a list is asked for.
            set("labels", json!(7));
        }
        object
    }
}

/// What is known of a persona, in the extension that holds it (docs/personas.md).
fn persona(value: &str) -> Value {
    json!({PERSONA: {
        "extension_type": "property-extension", "emails": [format!("{value}@{value}.top")],
        "accounts": [format!("github/{value}")],
    }})
}

/// A playbook of one step, in the extension that holds it. Source: CACAO Security Playbooks 2.0.
fn playbook(thing: &Thing) -> Value {
    let value = &thing.value;
    let playbook = json!({
        "type": "playbook", "spec_version": "cacao-2.0", "name": value, "workflow_start": "start--1",
        "workflow": {
            "start--1": {"type": "start", "on_completion": "action--2"},
            "action--2": {
                "type": "action", "name": format!("First {value}"),
                "commands": [{"type": "manual", "command": format!("Look for {value}")}], "on_completion": "end--3",
            },
            "end--3": {"type": "end"},
        },
    });
    let kept = STANDARD.encode(playbook.to_string());
    json!({PLAYBOOK: {"extension_type": "property-extension", "playbook_base64": kept}})
}

fn pattern(thing: &Thing) -> String {
    let value = &thing.value;
    match thing.kind {
        Kind::Url => format!("[url:value = 'http://{value}.top/{value}']"),
        Kind::Address => format!("[ipv4-addr:value = '{value}']"),
        Kind::Digest => format!("[file:hashes.'SHA-256' = '{value}']"),
        Kind::Wallet => format!("[cryptocurrency-wallet:address = '{value}']"),
        _ => format!("[domain-name:value = '{value}.top']"),
    }
}
