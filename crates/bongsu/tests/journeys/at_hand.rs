//! A page does not wait until all values of a large circle are judged: it says so, and counts them once that is done aside.

use std::time::Duration;

use serde_json::Value;

use crate::node::{Node, bundle, indicator, wait};

#[test]
fn a_page_says_that_values_are_put_together_and_then_counts_them() {
    const MANY: u128 = 10_500;
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    let all: Vec<Value> =
        (1..=MANY).map(|number| indicator(number, &format!("x{number}.hand-k3.top"))).collect();
    let file = node.file("b.json", bundle(&all));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let serving = node.serve();
    let page = |path: &str| node.text(&serving, "list", path);
    let first = page("/members/list");
    assert!(first.contains("data-again") && first.contains("Advisory"), "{first}");
    let count = format!("<td class=\"num got\">{MANY}</td>");
    let counted = || Some(page("/members/list")).filter(|page| page.contains(&count));
    let counted = wait(Duration::from_secs(120), counted).unwrap();
    assert!(!counted.contains("data-again"), "{counted}");
    assert!(page("/").contains(&format!("{MANY} values to look for or refuse")));
    assert!(page("/ladder").contains(&count));
}
