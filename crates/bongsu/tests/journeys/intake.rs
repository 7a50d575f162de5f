//! A source whose objects break STIX 2.1: what becomes of them, on every surface, and what an operator can do.

use serde_json::{Value, json};

use crate::node::{Node, Serving, TAXII, id, indicator};

/// An identity without the name that STIX 2.1 wants.
fn nameless(number: u128) -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", number),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "description": "canary-of-the-quarantine", "identity_class": "group",
    })
}

fn node() -> (Node, String) {
    let mut node = Node::new();
    node.member("careless", "exchange", "amber");
    node.member("reader", "exchange", "amber");
    let circle = node.json(&["circle", "add", "ring", "--member", "careless", "--member", "reader"]);
    let circle = circle["circle"]["id"].as_str().unwrap().to_owned();
    (node, circle)
}

fn post(node: &Node, serving: &Serving, circle: &str, objects: &[Value]) -> Value {
    let objects: Vec<String> = objects.iter().map(Value::to_string).collect();
    let answer = node.post(serving, "careless", circle, &objects.join(",")).send().unwrap();
    assert_eq!(answer.status(), 202);
    answer.json().unwrap()
}

fn status(node: &Node, serving: &Serving, id: &str) -> Value {
    let asked = node.get(serving, "careless", &format!("/api/status/{id}/")).header("accept", TAXII);
    asked.send().unwrap().json().unwrap()
}

#[test]
fn what_breaks_stix_waits_for_an_operator_and_is_seen_by_nobody() {
    let (node, circle) = node();
    node.json(&["member", "set", "careless", "--intake", "quarantine"]);
    let serving = node.serve();
    let told = post(&node, &serving, &circle, &[nameless(1), indicator(2, "a.example"), nameless(3)]);
    assert_eq!(told["status"], "pending", "{told:#}");
    assert_eq!(
        (&told["success_count"], &told["pending_count"], &told["total_count"]),
        (&json!(1), &json!(2), &json!(3))
    );
    assert!(told["pendings"][0]["message"].as_str().unwrap().contains("name"), "{told:#}");
    let objects = format!("/api/collections/{circle}/objects/");
    for member in ["careless", "reader"] {
        let surfaces = [
            objects.as_str(),
            "/objects",
            "/",
            "/circles/ring",
            "/circles/ring/quarantine",
            "/d/advisory.html",
        ];
        for path in surfaces {
            let text = node.get(&serving, member, path).send().unwrap().text().unwrap();
            assert!(
                !text.contains("canary-of-the-quarantine") && !text.contains(&id("identity", 1)),
                "{member} {path}"
            );
        }
    }
    // The operator sees it, on a page and in the terminal.
    let token = node.json(&["member", "token", "--operator"]);
    let page = serving
        .client
        .get(format!("{}/circles/ring/quarantine", serving.url))
        .basic_auth("operator", token["token"]["token"].as_str())
        .send()
        .unwrap()
        .text()
        .unwrap();
    assert!(page.contains(&id("identity", 1)) && page.contains("2 objects"), "{page}");
    let listed = node.json(&["quarantine", "list", "ring"]);
    assert_eq!((&listed["total"], &listed["quarantined"][0]["from"]), (&json!(2), &json!("careless")));
    // One is released, the other dropped; the status says so from then on.
    node.json(&["quarantine", "release", "ring", &id("identity", 1)]);
    assert_eq!(status(&node, &serving, told["id"].as_str().unwrap())["pending_count"], 1);
    // What waits is told after a restart too.
    serving.stop();
    let serving = node.serve();
    assert_eq!(status(&node, &serving, told["id"].as_str().unwrap())["pending_count"], 1);
    let asked = node.get(&serving, "reader", &format!("/api/status/{}/", told["id"].as_str().unwrap()));
    assert_eq!(asked.header("accept", TAXII).send().unwrap().status(), 404, "it is its sender's alone");
    node.json(&["quarantine", "drop", "ring", &id("identity", 3)]);
    let settled = status(&node, &serving, told["id"].as_str().unwrap());
    assert_eq!(settled["status"], "complete");
    assert_eq!((&settled["success_count"], &settled["failure_count"]), (&json!(2), &json!(1)), "{settled:#}");
    let seen = node.text(&serving, "reader", &objects);
    assert!(seen.contains(&id("identity", 1)) && !seen.contains(&id("identity", 3)));
    serving.stop();
    let verified = node.json(&["verify"]);
    assert_eq!(
        (&verified["sound"], verified["lines"].as_array().unwrap().len()),
        (&json!(true), 3),
        "{verified:#}"
    );
}

#[test]
fn a_strict_intake_refuses_and_a_mild_one_tells() {
    let (node, circle) = node();
    let serving = node.serve();
    let told = post(&node, &serving, &circle, &[nameless(1)]);
    assert_eq!((&told["status"], &told["success_count"]), (&json!("complete"), &json!(1)));
    assert!(told["successes"][0]["message"].as_str().unwrap().contains("breaks STIX 2.1"), "{told:#}");
    node.json(&["member", "set", "careless", "--intake", "refuse"]);
    let told = post(&node, &serving, &circle, &[nameless(4), indicator(5, "b.example")]);
    assert_eq!((&told["success_count"], &told["failure_count"]), (&json!(1), &json!(1)), "{told:#}");
    let file = node.file("bad.json", crate::node::bundle(&[nameless(6), indicator(7, "c.example")]));
    let report =
        node.json(&["import", "--circle", "ring", "--as", "reader", "--intake", "quarantine", &file]);
    assert_eq!((&report["added"], &report["quarantined"]), (&json!(1), &json!(1)), "{report:#}");
    let shown = node.json(&["quarantine", "show", "ring", &id("identity", 6)]);
    assert_eq!(shown["quarantined"][0]["object"]["description"], "canary-of-the-quarantine");
    assert_eq!(node.json(&["quarantine", "drop", "ring", "--all"])["settled"].as_array().unwrap().len(), 1);
}

#[test]
fn what_says_the_same_under_another_id_is_told_and_kept() {
    let (node, _) = node();
    let import = |number, domain| {
        let file = node.file("one.json", crate::node::bundle(&[indicator(number, domain)]));
        node.json(&["import", "--circle", "ring", "--as", "careless", &file])
    };
    let empty = node.json(&["circle", "equivalents", "ring"]);
    assert_eq!((&empty["total"], &empty["groups"]), (&json!(0), &json!([])));
    assert_eq!(import(1, "a.example")["warnings"], 0);
    assert_eq!(import(2, "b.example")["warnings"], 0);
    let told = import(3, "a.example");
    assert_eq!((&told["added"], &told["warnings"]), (&json!(1), &json!(1)), "{told:#}");
    let said = told["findings"][0].as_str().unwrap();
    assert!(said.contains(&id("indicator", 3)) && said.contains(&id("indicator", 1)), "{said}");
    let listed = node.json(&["circle", "equivalents", "ring"]);
    assert_eq!(listed["groups"], json!([[id("indicator", 1), id("indicator", 3)]]));
    assert_eq!(node.json(&["circle", "equivalents", "ring", "--skip", "1"])["groups"], json!([]));
}

#[test]
fn an_import_says_what_its_counts_do_not() {
    let (node, _) = node();
    let import = |name: &str, text: &str, more: &[&str]| {
        let file = node.file(name, text);
        node.json(&[&["import", "--circle", "ring", "--as", "careless", &file][..], more].concat())
    };
    let told = |answer: &Value| answer["findings"].as_array().unwrap().last().unwrap().to_string();
    assert!(told(&import("empty.txt", "", &[])).contains("nothing in it can be shared"));
    assert!(told(&import("other.json", "{\"foo\":1}", &[])).contains("--map"));
    // A list has no dates of its own: what is there already is not shared again, under whatever terms.
    assert_eq!(import("list.txt", "evil-a1.top\n", &[])["added"], 1);
    let again = import("list.txt", "evil-a1.top\n", &["--tlp", "red", "--recipient", "reader"]);
    assert!(again["present"] == 1 && told(&again).contains("keep the terms"), "{again:#}");
    assert_eq!(import("list.txt", "evil-a1.top\n", &[])["warnings"], 0);
}

#[test]
fn a_newer_list_replaces_an_older_one_though_its_file_looks_older() {
    let (node, _) = node();
    let older = node.file("older.csv", "value,description\nevil-a1.top,first\nevil-b2.top,same\n");
    let newer = node.file("newer.csv", "value,description\nevil-a1.top,second\nevil-c3.top,new\n");
    let copied = std::fs::File::options().write(true).open(&newer).unwrap();
    copied.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(86_400)).unwrap();
    let args = ["import", "--circle", "ring", "--as", "careless"];
    assert_eq!(node.json(&[&args[..], &[&older]].concat())["added"], 2);
    let told = node.json(&[&args[..], &[&newer, "--replaces", &older]].concat());
    assert_eq!((&told["refused"], &told["withdrawn"]), (&json!(0), &json!(1)), "{told:#}");
    // The next one stands under the first one's name, which has to be said.
    let newest = node.file("newest.csv", "value,description\nevil-a1.top,third\nevil-c3.top,new\n");
    let unnamed = node.command(&[&args[..], &[&newest, "--replaces", &newer]].concat()).output().unwrap();
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("--source"), "{unnamed:?}");
    let told = node.json(&[&args[..], &[&newest, "--replaces", &newer, "--source", "older"]].concat());
    assert_eq!(
        (&told["added"], &told["refused"], &told["withdrawn"]),
        (&json!(1), &json!(0), &json!(0)),
        "{told:#}"
    );
    let serving = node.serve();
    let page = node.text(&serving, "reader", "/api/collections/ring/objects/");
    assert!(page.contains("evil-c3.top") && page.contains("third"), "{page}");
    assert!(!page.contains("evil-b2.top") && !page.contains("second"), "{page}");
}
