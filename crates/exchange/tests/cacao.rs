//! CACAO playbooks: those of the standard and of an orchestrator are told right from wrong, and come out as they went in.

use std::path::Path;

use base64::Engine as _;
use bongsu_exchange::read::{Batch, Format, Options, detect, read_all};
use serde_json::{Value, json};
use stix::{Severity, Timestamp, Tlp};

const EXTENSION: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";

fn text(path: &str) -> String {
    let path =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/detect/cacao")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn import(text: &str) -> Batch {
    assert_eq!(detect("a.json", text.as_bytes()), Format::Cacao);
    read_all(text.as_bytes(), Format::Cacao, &Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap()))
        .unwrap()
}

fn errors(batch: &Batch) -> Vec<String> {
    let errors = batch.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {}", finding.code, finding.path)).collect()
}

fn action(batch: &Batch) -> Value {
    let action = batch.objects.iter().find(|object| object.head.object_type() == "course-of-action").unwrap();
    serde_json::from_str(&action.raw).unwrap()
}

#[test]
fn playbooks_of_the_standard_and_of_an_orchestrator_are_kept_whole() {
    let valid = [
        "examples/Examples/CACAO-2.0/basic-example-1.json",
        "examples/Examples/CACAO-2.0/spec-3.1-example.json",
        "examples/Examples/CACAO-2.0/locky-bart-mbc-examples.json",
        "soarca/playbook.json",
        "soarca/http-playbook.json",
        "soarca/ssh-playbook.json",
        "soarca/powershell-playbook.json",
        "soarca/invalid_email_playbook.json",
    ];
    for path in valid {
        let source = text(path);
        let batch = import(&source);
        assert_eq!(errors(&batch), Vec::<String>::new(), "{path}");
        let action = action(&batch);
        let kept = action["extensions"][EXTENSION]["playbook_base64"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(kept).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), source.trim(), "{path}");
        let playbook: Value = serde_json::from_str(&source).unwrap();
        let uuid = playbook["id"].as_str().unwrap().split("--").nth(1).unwrap();
        assert_eq!(action["id"], format!("course-of-action--{uuid}"));
        for name in ["name", "created_by", "created", "modified"] {
            let made = if name == "created_by" { "created_by_ref" } else { name };
            let same = |value: &Value| Timestamp::parse(value.as_str().unwrap()).ok();
            assert!(
                action[made] == playbook[name] || same(&action[made]) == same(&playbook[name]),
                "{path}: {name}"
            );
        }
        assert_eq!(import(&source).objects.len(), batch.objects.len());
    }
}

#[test]
fn playbooks_that_break_the_standard_are_refused_with_the_place() {
    let check = |path: &str, expected: &str| {
        let batch = import(&text(path));
        assert!(batch.objects.is_empty(), "{path}");
        assert!(
            errors(&batch).iter().any(|error| error.starts_with(expected)),
            "{path}: {:?}",
            errors(&batch)
        );
    };
    check("soarca/invalid_playbook.json", "cacao-id agent_definitions.http-api--");
    check("soarca/missing_step_playbook.json", "cacao-reference workflow.action--2190f685");
    check("soarca/infinite_playbook.json", "cacao-endless workflow");
    // An extract that shows layouts only: its actions have neither commands nor an agent (4.5).
    let layout = "examples/Extensions/layout/examples/playbook--aa1898b6-5251-49b4-aeb7-fd5e912583ff.json";
    check(layout, "cacao-step workflow.action--4005472a");
    // The id says another type than the agent (10.10: the exact value of the type).
    check("soarca/manual-playbook.json", "cacao-id agent_definitions.soarca-manual-capability--");
    check("soarca/fin-playbook.json", "cacao-id agent_definitions.soarca-fin");
}

/// One thing at a time is broken in a sound playbook.
#[test]
fn each_rule_is_told() {
    let sound: Value =
        serde_json::from_str(&text("examples/Examples/CACAO-2.0/spec-3.1-example.json")).unwrap();
    let check = |pointer: &str, value: Value, expected: &str| {
        let mut broken = sound.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent =
            broken.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")).as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), value);
        }
        let batch = import(&broken.to_string());
        assert!(batch.objects.is_empty(), "{pointer}");
        assert!(errors(&batch).iter().any(|error| error == expected), "{pointer}: {:?}", errors(&batch));
    };
    let action = "action--7f40f9d7-de39-4027-ab97-15035beff2ff";
    let step = format!("/workflow/{action}");
    check("/type", json!("book"), "cacao-form type");
    check("/spec_version", json!("1.1"), "cacao-form spec_version");
    check("/id", json!("playbook--1"), "cacao-id id");
    check("/created_by", json!("group--61a6c41e-6efc-4516-a242-dfbc5c89d562"), "cacao-id created_by");
    check("/name", Value::Null, "cacao-form name");
    check("/created", json!("2023-02-19"), "cacao-time created");
    check("/modified", json!("2022-02-19T08:00:24.918Z"), "cacao-time modified");
    check("/valid_until", json!("2022-02-19T08:00:24.918Z"), "cacao-time valid_until");
    check("/severity", json!(101), "cacao-form severity");
    check("/labels", json!([]), "cacao-form labels");
    check("/derived_from", json!(["x"]), "cacao-id derived_from[0]");
    check("/workflow", Value::Null, "cacao-form workflow");
    check(
        "/workflow_start",
        json!("start--00000000-0000-4000-8000-000000000000"),
        "cacao-reference workflow_start",
    );
    check(
        "/markings",
        json!(["marking-statement--00000000-0000-4000-8000-000000000000"]),
        "cacao-reference markings[0]",
    );
    check("/playbook_variables/x", json!({"type": "string"}), "cacao-variable playbook_variables.x");
    check(&format!("{step}/type"), json!("leap"), &format!("cacao-step workflow.{action}.type"));
    check(&format!("{step}/agent"), Value::Null, &format!("cacao-step workflow.{action}.agent"));
    check(&format!("{step}/agent"), json!("group--1"), &format!("cacao-reference workflow.{action}.agent"));
    check(&format!("{step}/commands"), json!([]), &format!("cacao-command workflow.{action}.commands"));
    check(
        &format!("{step}/commands"),
        json!([{"type": "bash"}]),
        &format!("cacao-command workflow.{action}.commands[0]"),
    );
    check(
        &format!("{step}/on_success"),
        json!(action),
        &format!("cacao-step workflow.{action}.on_completion"),
    );
}

#[test]
fn markings_become_marks() {
    let batch = import(&text("examples/Examples/CACAO-2.0/spec-3.1-example.json"));
    let object = batch.objects.iter().find(|object| object.head.object_type() == "course-of-action").unwrap();
    assert!(object.head.markings.contains(&Tlp::Green.definition_id()));
    let statement =
        batch.objects.iter().find(|object| object.head.object_type() == "marking-definition").unwrap();
    assert!(object.head.markings.contains(&statement.head.id));
    assert!(statement.raw.contains("Copyright 2023 ACME"));
}

/// Its level counts, and what says none may restrict like nothing else: it was taken for unmarked.
#[test]
fn an_iep_marking_restricts_as_far_as_it_says() {
    let check = |level: Option<&str>, expected: Tlp| {
        let mut playbook: Value =
            serde_json::from_str(&text("examples/Examples/CACAO-2.0/spec-3.1-example.json")).unwrap();
        let id = "marking-iep--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
        let marking = json!({
            "type": "marking-iep", "id": id, "created": "2022-10-01T00:00:00.000Z", "name": "x",
            "created_by": "identity--5abe695c-7bd5-4c31-8824-2528696cdbf1", "tlp": level,
        });
        playbook["markings"] = json!([id]);
        playbook["data_marking_definitions"] = json!({id: marking});
        let batch = import(&playbook.to_string());
        let object =
            batch.objects.iter().find(|object| object.head.object_type() == "course-of-action").unwrap();
        assert_eq!(object.head.markings, [expected.definition_id()], "{level:?}");
    };
    check(Some("AMBER"), Tlp::Amber);
    check(None, Tlp::Red);
}
