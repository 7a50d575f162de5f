//! A playbook is shared, read as steps, carried out on pages and at the command line, and its result goes back without names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use stix::Tlp;

use crate::asks::fill;
use crate::node::{Node, bundle, id};

const EXTENSION: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";

fn playbook() -> Value {
    let kept = json!({
        "type": "playbook", "name": "Wallet drained", "description": "What to do in the first hour.", "workflow_start": "start--1",
        "workflow": {
            "start--1": {"type": "start", "on_completion": "action--2"},
            "action--2": {"type": "action", "name": "Call <the> desk", "commands": [{"type": "manual", "command": "Call the exchange."}],
                "on_completion": "if-condition--3"},
            "if-condition--3": {"type": "if-condition", "name": "Still there?", "condition": "balance above 0",
                "on_true": "action--4", "on_false": "end--5"},
            "action--4": {"type": "action", "name": "Freeze", "commands": [{"type": "http-api", "command": "POST /freeze"}],
                "on_completion": "end--5"},
            "end--5": {"type": "end"},
        },
    });
    json!({
        "type": "course-of-action", "spec_version": "2.1", "id": id("course-of-action", 1), "created": "2026-09-01T00:00:00.000Z",
        "modified": "2026-09-01T00:00:00.000Z", "name": "Wallet drained", "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        "extensions": {EXTENSION: {"extension_type": "property-extension", "playbook_base64": STANDARD.encode(kept.to_string())}},
    })
}

#[test]
fn a_playbook_is_carried_out_and_its_result_goes_back_without_names() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let file = node.file("playbook.json", bundle(&[playbook()]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let object = id("course-of-action", 1);

    // At the command line: the steps with their branches.
    let listed = node.json(&["playbook", "list", "--as", "detect"]);
    assert_eq!(listed["playbooks"][0]["name"], "Wallet drained", "{listed}");
    assert_eq!(node.json(&["playbook", "list", "--as", "list"])["playbooks"], json!([]), "not in its circle");
    let shown = node.json(&["playbook", "show", &object, "--circle", "region", "--as", "detect"]);
    let ways = json!([{"when": "if so", "step": 3}, {"when": "if not", "step": null}]);
    assert_eq!(
        (&shown["steps"][1]["ways"], &shown["steps"][2]["needs_tool"]),
        (&ways, &json!(true)),
        "{shown}"
    );
    let absent =
        node.command(&["playbook", "start", &object, "--circle", "region", "--as", "list"]).output().unwrap();
    assert!(!absent.status.success());

    // On pages: a checklist without scripts, for the member alone.
    let serving = node.serve();
    let page = node.text(&serving, "detect", &format!("/playbooks/region/{object}"));
    assert!(
        page.contains("Call &#60;the&#62; desk")
            && page.contains("if not: the end")
            && page.contains("needs a tool"),
        "{page}"
    );
    let link = format!("href=\"/playbooks/region/{object}\"");
    assert!(node.text(&serving, "detect", &format!("/objects/region/{object}")).contains(&link));
    assert!(node.text(&serving, "detect", "/playbooks").contains("Wallet drained"));
    let absent = node.get(&serving, "list", &format!("/playbooks/region/{object}")).send().unwrap();
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    let user = Some(("detect", node.tokens["detect"].as_str()));
    let url = format!("{}/playbooks/region/{object}", serving.url);
    assert_eq!(fill(&url, user, Some("https://evil.example"), "by=Kim").status(), StatusCode::FORBIDDEN);
    let started = fill(&url, user, Some(&serving.url), "by=Kim");
    assert_eq!(started.status(), StatusCode::SEE_OTHER);
    let path = started.headers()["location"].to_str().unwrap().to_owned();
    let (run, url) = (path.trim_start_matches("/runs/").to_owned(), format!("{}{path}", serving.url));
    let say = |body: &str| fill(&url, user, Some(&serving.url), body).status();
    assert_eq!(say("step=1&what=begun&by=Kim"), StatusCode::SEE_OTHER);
    assert_eq!(say("step=1&what=done&by=Kim&note=they+picked+up"), StatusCode::SEE_OTHER);
    assert_eq!(say("step=9&what=done"), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(say("what=share"), StatusCode::UNPROCESSABLE_ENTITY, "it goes on");
    let other = Some(("exchange", node.tokens["exchange"].as_str()));
    assert_eq!(fill(&url, other, Some(&serving.url), "what=finish").status(), StatusCode::NOT_FOUND);
    assert_eq!(node.get(&serving, "exchange", &path).send().unwrap().status(), StatusCode::NOT_FOUND);
    let page = node.text(&serving, "detect", &path);
    assert!(page.contains("they picked up") && page.contains("Call the exchange."), "{page}");

    // And on at the command line: failed, skipped, finished.
    node.json(&["playbook", "step", &run, "3", "failed", "--by", "Lee"]);
    node.json(&["playbook", "step", &run, "2", "skipped"]);
    let finished = node.json(&["playbook", "finish", &run, "--by", "Lee"]);
    assert!(finished["finished"].is_string() && finished["took_s"].is_u64(), "{finished}");
    let notes = || {
        let text = node.text(&serving, "exchange", "/api/collections/region/objects/?match%5Btype%5D=note");
        serde_json::from_str::<Value>(&text).unwrap()["objects"].as_array().cloned().unwrap_or_default()
    };
    assert!(notes().is_empty(), "it is shared only when asked to");
    assert_eq!(say("what=share"), StatusCode::SEE_OTHER);
    node.json(&["playbook", "share", &run]);
    let notes = notes();
    assert_eq!((notes.len(), &notes[0]["object_refs"]), (1, &json!([object])), "{notes:?}");
    assert_eq!(notes[0]["object_marking_refs"], json!([Tlp::Green.definition_id().to_string()]));
    let text = notes[0].to_string();
    assert!(text.contains("1 were done, 1 failed, 1 were skipped"), "{text}");
    assert!(!text.contains("Kim") && !text.contains("Lee") && !text.contains("picked"), "{text}");

    // It stands in the line.
    serving.stop();
    let kept = node.json(&["playbook", "show", &run]);
    assert_eq!((&kept["member"], &kept["shared"]), (&json!("detect"), &notes[0]["id"]), "{kept}");
    let events: Vec<&str> =
        kept["events"].as_array().unwrap().iter().filter_map(|event| event["what"].as_str()).collect();
    assert_eq!(events, ["started", "begun", "done", "failed", "skipped", "finished", "shared"]);
    assert_eq!(
        (&kept["events"][2]["by"], &kept["events"][2]["note"]),
        (&json!("Kim"), &json!("they picked up"))
    );
}
