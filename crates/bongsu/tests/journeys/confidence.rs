//! What builds confidence: norms, measures and consultations, each seen by those whom it is opened to; the calendar is read by
//! the icalendar package.

use std::process::Command;

use serde_json::{Value, json};

use crate::misp_client::PYTHON;
use crate::node::{Node, Serving};

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/calendar_reader.py");
const AGENDA: &str =
    "Who calls whom; 누가 누구에게 전화하는가, 한밤중에도, and what was learnt last time \\ in Jakarta";

fn node() -> Node {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "read", "--member", "block", "--member", "list"]);
    node.json(&["circle", "add", "other", "--member", "exchange", "--member", "detect"]);
    node
}

fn meet(node: &Node, handle: &str, begins: &str, members: &[&str], more: &[&str]) -> Value {
    let ends = begins.replace("05:00", "06:30");
    let title = format!("About {handle}, in earnest");
    let add = ["consultation", "add", handle, "--title", &title, "--begins", begins, "--ends", &ends];
    let members: Vec<&str> = members.iter().flat_map(|member| ["--member", *member]).collect();
    node.json(&[&add[..], &members, more].concat())
}

/// A member's calendar as a reader understands it: what is around, and the events.
fn calendar(node: &Node, serving: &Serving, member: &str) -> (Value, Vec<Value>) {
    let file = node.file(&format!("{member}.ics"), node.text(serving, member, "/calendar.ics"));
    let output = Command::new(PYTHON).args([READER, &file]).output().unwrap();
    assert!(output.status.success(), "{}; run scripts/setup", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    (lines.next().unwrap(), lines.collect())
}

fn summaries(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["summary"].as_str().unwrap()).collect()
}

#[test]
fn a_member_subscribes_to_the_consultations_that_it_may_see() {
    let node = node();
    let more = ["--circle", "region", "--agenda", AGENDA, "--place", "Seoul"];
    assert_eq!(meet(&node, "grid", "2026-12-01T05:00:00Z", &["read", "block"], &more)["kind"], "bilateral");
    assert_eq!(
        meet(&node, "ports", "2026-12-02T05:00:00+09:00", &["exchange", "detect", "read"], &[])["kind"],
        "trilateral"
    );
    let refused = node.command(&[
        "consultation",
        "add",
        "x",
        "--title",
        "x",
        "--begins",
        "2026-12-02T05:00:00Z",
        "--ends",
        "2026-12-02T05:00:00Z",
        "--member",
        "read",
        "--member",
        "list",
    ]);
    let refused = { refused }.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let serving = node.serve();
    let (around, events) = calendar(&node, &serving, "read");
    assert_eq!(
        (&around["errors"], &around["bare"], &around["version"]),
        (&json!([]), &json!(0), &json!("2.0"))
    );
    assert!(around["longest"].as_u64().unwrap() <= 75, "{around}");
    assert_eq!(summaries(&events), ["About grid, in earnest", "About ports, in earnest"]);
    let grid = &events[0];
    assert!(grid["description"].as_str().unwrap().contains(&format!("Agenda: {AGENDA}")), "{grid}");
    assert_eq!(
        (&grid["begins"], &grid["ends"], &grid["location"], &grid["status"], &grid["errors"]),
        (
            &json!("2026-12-01T05:00:00+00:00"),
            &json!("2026-12-01T06:30:00+00:00"),
            &json!("Seoul"),
            &json!("CONFIRMED"),
            &json!([])
        )
    );
    assert_eq!(events[1]["begins"], "2026-12-01T20:00:00+00:00");
    assert_eq!(summaries(&calendar(&node, &serving, "list").1), ["About grid, in earnest"], "its circle's");
    assert_eq!(summaries(&calendar(&node, &serving, "detect").1), ["About ports, in earnest"], "its own");
    let again = node.text(&serving, "read", "/calendar.ics");
    assert_eq!(again, node.text(&serving, "read", "/calendar.ics"), "the same bytes");

    node.json(&["consultation", "change", "grid", "--begins", "2026-12-01T05:15:00Z"]);
    node.json(&["consultation", "cancel", "grid"]);
    let (_, events) = calendar(&node, &serving, "read");
    assert_eq!(
        (&events[0]["uid"], &events[0]["status"], &events[0]["sequence"]),
        (&grid["uid"], &json!("CANCELLED"), &json!(2))
    );
    // A calendar that can hold nothing but an address; and nobody without a token.
    let token = &node.tokens["list"];
    let by_address = serving.client.get(format!("{}/t/{token}/calendar.ics", serving.url)).send().unwrap();
    assert_eq!(by_address.headers()["content-type"], "text/calendar; charset=utf-8");
    assert!(by_address.text().unwrap().contains("STATUS:CANCELLED"));
    let wrong = serving.client.get(format!("{}/t/x{token}/calendar.ics", serving.url)).send().unwrap();
    assert_eq!(wrong.status().as_u16(), 401);
    serving.stop();
}

#[test]
fn norms_and_measures_are_seen_by_whom_they_are_opened_to() {
    let node = node();
    let report = |stage: &str, text: &str, circles: &[&str]| {
        let say = ["norms", "report", "read", "j", "--stage", stage, "--text", text, "--day", "2026-11-01"];
        node.json(&[&say[..], &["--evidence", "https://law.example/<42>"], circles].concat());
    };
    report("planned", "A law is drafted", &["--circle", "region"]);
    report("partly", "It is before parliament", &[]);
    let unknown =
        node.command(&["norms", "report", "read", "l", "--stage", "kept", "--text", "x"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    node.json(&[
        "measure",
        "add",
        "poc",
        "--source",
        "osce",
        "--number",
        "8",
        "--member",
        "read",
        "--member",
        "block",
        "--due",
        "2026-01-31",
        "--circle",
        "region",
    ]);
    node.json(&[
        "measure",
        "add",
        "hotline",
        "--title",
        "A line between two capitals",
        "--member",
        "exchange",
    ]);
    node.json(&["measure", "change", "poc", "--stage", "partly", "--text", "Named, not yet verified"]);
    let of_j = |viewer: &[&str]| {
        let list = node.json(&[&["norms", "list"], viewer].concat());
        assert_eq!(list["norms"].as_array().unwrap().len(), 11);
        list["norms"][9]["reports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_j(&[]), ["It is before parliament"]);
    assert_eq!(of_j(&["--as", "block"]), ["A law is drafted"], "the newest that is opened to it");
    assert!(of_j(&["--as", "exchange"]).is_empty());
    assert_eq!(node.json(&["norms", "show", "read"])["reports"].as_array().unwrap().len(), 2);
    let measures = node.json(&["measure", "list", "--as", "list"]);
    assert_eq!(
        (&measures["measures"][0]["measure"], &measures["measures"][0]["overdue"]),
        (&json!("poc"), &json!(true)),
        "{measures}"
    );
    assert_eq!(measures["measures"].as_array().unwrap().len(), 1);

    let serving = node.serve();
    let page = node.text(&serving, "list", "/confidence");
    assert!(
        page.contains("A law is drafted")
            && page.contains("Named, not yet verified")
            && page.contains("overdue"),
        "{page}"
    );
    assert!(
        !page.contains("before parliament")
            && !page.contains("two capitals")
            && page.contains("&#60;42&#62;"),
        "{page}"
    );
    let page = node.text(&serving, "exchange", "/confidence");
    assert!(
        page.contains("two capitals")
            && !page.contains("law is drafted")
            && page.contains("None that you may see"),
        "{page}"
    );
    serving.stop();
}
