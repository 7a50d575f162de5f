//! What was withdrawn is out of every form at once, and it is known who still has it.

use std::time::Duration;

use serde_json::json;

use crate::node::{Node, bundle, indicator, wait};

#[test]
fn a_withdrawal_is_followed_until_everybody_has_confirmed_it() {
    let node = Node::with_members();
    let members = ["exchange", "list", "read", "detect"].map(|member| ["--member", member]).concat();
    node.json(&[&["circle", "add", "region"][..], &members].concat());
    node.json(&["member", "set", "list", "--contact", "desk, +00 555 0100"]);
    let file = node.file("b.json", bundle(&[indicator(1, "right-k3.top"), indicator(2, "wrong-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let serving = node.serve_with(&[("BONGSU__RECALL__SYSTEMS_HOURS", "0"), ("BONGSU__LOG__FORMAT", "json")]);
    node.text(&serving, "list", "/d/list/domain.txt");
    node.text(&serving, "read", "/d/advisory.html");
    let missing = || node.json(&["member", "missing", "list"])["missing"].as_u64().unwrap();
    assert_eq!(missing(), 0);

    let wrong = indicator(2, "x")["id"].as_str().unwrap().to_owned();
    node.json(&["withdraw", &wrong, "--circle", "region", "--as", "exchange", "--reason", "a bakery"]);
    let recall = |more: &[&str]| node.json(&[&["recall", "list"][..], more].concat());
    let state = |member: &str| {
        let recalls = recall(&["--all"]);
        let members = recalls["recalls"][0]["members"].as_array().unwrap().clone();
        members.into_iter().find(|one| one["member"] == member).map(|one| one["state"].clone())
    };
    assert_eq!(state("exchange"), None, "the one who withdrew it");
    assert_eq!(state("list"), Some(json!("overdue")), "systems have no time at all here");
    assert_eq!(state("read"), Some(json!("waiting")));
    assert_eq!(state("detect"), Some(json!("never-had")));
    let listed = recall(&[]);
    assert_eq!((&listed["overdue"], &listed["recalls"][0]["reason"]), (&json!(true), &json!("a bakery")));
    let page = node.as_operator(&serving, "/recalls");
    assert!(
        page.contains("list/domain.txt") && page.contains("desk, +00 555 0100") && page.contains("a bakery")
    );
    let told = || {
        let receipts = node.json(&["member", "receipts", "list"])["receipts"].as_array().unwrap().clone();
        receipts.into_iter().find(|receipt| receipt["did"] == "escalated")
    };
    assert!(wait(Duration::from_secs(90), told).is_some(), "brought before its contact");

    // Its system comes again; a reader says so by telephone.
    assert!(!node.text(&serving, "list", "/d/list/domain.txt").contains("wrong-k3"));
    assert_eq!(state("list"), Some(json!("confirmed")));
    node.json(&["recall", "confirm", "read"]);
    assert_eq!(state("read"), Some(json!("confirmed")));
    let listed = recall(&[]);
    assert_eq!((&listed["overdue"], &listed["recalls"]), (&json!(false), &json!([])));

    // What was shared since is missing until it is fetched.
    let file = node.file("c.json", bundle(&[indicator(3, "new-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let told = node.json(&["member", "missing", "list"]);
    assert_eq!(
        (&told["missing"], &told["circles"][0]["objects"][0]["number"]),
        (&json!(1), &json!(4)),
        "{told}"
    );
    let page = node.text(&serving, "list", "/members/list/missing");
    assert!(page.contains("new-k3.top") && page.contains("1 missing"), "{page}");
    node.text(&serving, "list", "/d/list/domain.txt");
    assert_eq!(missing(), 0);
    assert!(node.text(&serving, "list", "/members/list/missing").contains("It has everything."));
    let refused = node.get(&serving, "list", "/recalls").send().unwrap();
    assert_eq!(refused.status(), 404, "operators alone see who has what");
    let other = node.get(&serving, "list", "/members/read/missing").send().unwrap();
    assert_eq!(other.status(), 404);
}
