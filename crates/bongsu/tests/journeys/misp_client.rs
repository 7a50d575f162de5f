//! PyMISP works against a node as against a MISP.

use std::process::Command;

use crate::node::{Node, Serving};

pub(crate) const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");

/// Runs one of the scripts beside this file, which must not fail; what it wrote.
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    let path = format!("{}/tests/journeys/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(PYTHON).arg(path).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{PYTHON}: {error}; run scripts/setup"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

/// A circle of two that exchange, and a third member that is not in it.
pub(crate) fn region() -> (Node, Serving) {
    let mut node = Node::with_members();
    node.member("source", "exchange", "red");
    node.member("outsider", "exchange", "red");
    node.json(&[
        "circle",
        "add",
        "region",
        "--ceiling",
        "amber",
        "--member",
        "source",
        "--member",
        "exchange",
    ]);
    let serving = node.serve();
    (node, serving)
}

fn works_under(base: &str) {
    let (node, serving) = region();
    let (owner, other) = (&node.tokens["source"], &node.tokens["exchange"]);
    let told = python("misp_client.py", &[&format!("{}{base}", serving.url), owner, other]);
    let steps: Vec<&str> = told.lines().collect();
    let expected = [
        "constructor",
        "add",
        "view",
        "edit",
        "parts",
        "publish",
        "search events",
        "search attributes",
        "sightings",
        "tags",
        "proposals",
        "another's",
        "parties",
        "clusters",
        "delete",
    ];
    assert_eq!(steps, expected);
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}

#[test]
fn pymisp_adds_edits_searches_sees_tags_and_deletes() {
    works_under("/");
}

#[test]
fn the_same_under_misp() {
    works_under("/misp/");
}
