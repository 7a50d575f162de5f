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

#[test]
fn what_a_client_of_misp_has_fetched_is_known_by_number() {
    let (node, serving) = region();
    let run = |member: &str, more: &[&str]| {
        python("misp_lag.py", &[&[serving.url.as_str(), &node.tokens[member]], more].concat())
    };
    let lag = || {
        let told = node.json(&["member", "missing", "exchange"]);
        let receipts = node.json(&["member", "receipts", "exchange"])["receipts"].as_array().unwrap().clone();
        let upto = receipts.iter().any(|receipt| receipt["what"] == "misp region");
        (told["missing"].as_u64().unwrap(), upto)
    };
    for title in ["one", "two"] {
        run("source", &["add", title]);
    }
    let (all, _) = lag();
    assert!(all >= 4, "a report and an indicator each");
    assert_eq!(run("exchange", &["filtered"]).lines().count(), 1);
    assert_eq!(lag(), (all, false), "a question with a filter says nothing");
    assert_eq!(run("exchange", &["pages"]).lines().count(), 2);
    assert_eq!(lag(), (0, true));
    let at = run("source", &["add", "three"]);
    assert!(lag().0 >= 2);
    assert!(run("exchange", &["since", at.trim()]).lines().count() >= 1);
    assert_eq!(lag(), (0, true), "what changed since goes on from there");
    serving.stop();
    let kept = node.json(&["member", "receipts", "exchange"]).to_string();
    assert!(kept.contains("misp region"), "a node that stops writes all receipts that wait: {kept}");
}
