//! Everything that a node makes itself, read by the OASIS libraries in their strictest mode.

use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, bundle, id, indicator, shared};

/// What stix2 and stix2-validator say of all that a member gets in a circle.
fn oracle(node: &Node, member: &str, circle: &str) -> Value {
    let serving = node.serve();
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/stix_oracle.py");
    let url = format!("{}/api/collections/{circle}/", serving.url);
    let token = node.tokens.get(member).unwrap();
    let output = Command::new(python).arg(script).args([&url, member, token]).output();
    let output = output.unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn circle() -> (Node, String) {
    let mut node = Node::new();
    node.member("brings", "exchange", "amber");
    node.member("gets", "exchange", "amber");
    let circle = node.json(&["circle", "add", "ring", "--member", "brings", "--member", "gets"]);
    let circle = circle["circle"]["id"].as_str().unwrap().to_owned();
    (node, circle)
}

fn import(node: &Node, path: &str, more: &[&str]) -> Value {
    node.json(&[&["import", path, "--circle", "ring", "--as", "brings"], more].concat())
}

#[test]
fn what_is_made_of_lists_and_misp_events_passes_in_strict_mode() {
    let (node, circle) = circle();
    let mut added = 0;
    let mut take = |path: &str, more: &[&str]| {
        let path = shared(path);
        added += import(&node, path.to_str().unwrap(), more)["added"].as_u64().unwrap();
    };
    take("geo/c2/ipblocklist.csv", &["--format", "csv"]);
    take("geo/c2/maltrail/apt_lazarus.txt", &["--format", "plain"]);
    for folder in ["misp/events/pymisp/mispevent_testfiles", "misp/events/stalkerware"] {
        for file in std::fs::read_dir(shared(folder)).unwrap().map(|file| file.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains("\"Event\"") {
                take(file.strip_prefix(shared("")).unwrap().to_str().unwrap(), &["--format", "misp"]);
            }
        }
    }
    let told = oracle(&node, "gets", &circle);
    assert_eq!(told["refused"], json!([]), "{told:#}");
    assert!(told["objects"].as_u64().unwrap() > 1_000 && added > 1_000, "{} of {added}", told["objects"]);
}

/// A copy that the node makes: without what is marked more strictly, without references, with a pseudonym.
#[test]
fn redacted_copies_pass_in_strict_mode() {
    let (node, circle) = circle();
    let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
    let mut marked = indicator(1, "a.example");
    marked["description"] = json!("only for some");
    marked["granular_markings"] = json!([{"marking_ref": red, "selectors": ["description"]}]);
    let source = json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", 2), "name": "Source",
        "identity_class": "organization",
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    let mut made = indicator(3, "b.example");
    made["created_by_ref"] = json!(id("identity", 2));
    let file = node.file("marked.json", bundle(&[marked]));
    import(&node, &file, &[]);
    let file = node.file("named.json", bundle(&[source, made]));
    import(&node, &file, &["--pseudonymise"]);
    let told = oracle(&node, "gets", &circle);
    assert_eq!(told["refused"], json!([]), "{told:#}");
    assert!(told["objects"].as_u64().unwrap() >= 2, "{told:#}");
}
