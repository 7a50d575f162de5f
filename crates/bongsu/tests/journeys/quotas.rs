//! How much a member may bring; and what is said where more comes than can be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::misp_client::PYTHON;
use crate::node::{Node, Serving, in_a_file, indicator, wait};

fn node() -> Node {
    let node = Node::with_members();
    for circle in ["region", "peers"] {
        node.json(&["circle", "add", circle, "--member", "exchange", "--member", "detect"]);
    }
    node
}

fn objects(numbers: std::ops::Range<u128>) -> String {
    let objects: Vec<String> =
        numbers.map(|number| indicator(number, &format!("n{number}.k3.top")).to_string()).collect();
    objects.join(",")
}

#[test]
fn a_member_brings_so_much_in_a_day_and_no_more() {
    let node = node();
    node.json(&["member", "quota", "exchange", "--objects-a-day", "10"]);
    let serving = node.serve();
    let post = |serving: &Serving, circle: &str, numbers| {
        node.post(serving, "exchange", circle, &objects(numbers)).send().unwrap()
    };
    assert_eq!(post(&serving, "region", 0..6).status(), 202);
    // Over all circles; and nothing of what is too much is taken.
    let over = post(&serving, "peers", 10..15);
    assert_eq!(over.status(), 429);
    let after: u64 = over.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_401).contains(&after), "{after}");
    let said: Value = over.json().unwrap();
    let what = said["description"].as_str().unwrap();
    assert!(
        what.contains("10 objects a day") && what.contains("6 came") && what.contains("5 more"),
        "{what}"
    );
    let page: Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/peers/manifest/")).unwrap();
    assert_eq!(page.get("objects"), None, "{page}");
    // Sending again what is there brings nothing, and is taken; so is what fits.
    assert_eq!(post(&serving, "region", 0..6).status(), 202);
    assert_eq!(post(&serving, "region", 0..10).status(), 202);
    assert_eq!(post(&serving, "region", 10..11).status(), 429);
    let used = node.json(&["member", "quota", "exchange"]);
    assert_eq!((&used[0]["objects_today"], &used[0]["objects_a_day"]), (&10.into(), &10.into()), "{used}");
    // It follows from the line: a start forgets nothing.
    serving.stop();
    let serving = node.serve();
    assert_eq!(post(&serving, "region", 10..11).status(), 429);
    node.json(&["member", "quota", "exchange", "--usual"]);
    assert_eq!(post(&serving, "region", 10..11).status(), 202);
    let bytes = node.json(&["member", "quota", "exchange"])[0]["bytes"].as_u64().unwrap();
    assert!(bytes > 11 * 300, "{bytes}");
    node.json(&["member", "quota", "exchange", "--bytes", &(bytes + 100).to_string()]);
    let over = post(&serving, "region", 11..12);
    assert_eq!(over.status(), 429);
    assert!(over.text().unwrap().contains("bytes"));
    let imported = node.file("list.txt", "another-k3.top\n");
    let told = node.json(&["import", &imported, "--circle", "region", "--as", "detect"]);
    assert!(!told.to_string().contains("quota"), "another member has none: {told}");
}

#[test]
fn the_configuration_has_a_quota_for_all() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let serving = node.serve_with(&[("BONGSU__QUOTA__OBJECTS_A_DAY", "3")]);
    let post =
        |numbers| node.post(&serving, "exchange", "region", &objects(numbers)).send().unwrap().status();
    assert_eq!(post(0..4), 429);
    assert_eq!(post(0..3), 202);
    // MISP's clients are told so too.
    let event = json!({"Event": {"info": "x", "date": "2026-01-01", "distribution": "1", "analysis": "0",
                                 "threat_level_id": "1", "Attribute": [{"type": "domain", "value": "a-k3.top"}]}});
    let request = serving.client.post(format!("{}/events/add", serving.url)).json(&event);
    let answer =
        request.header("authorization", &node.tokens["exchange"]).header("accept", "application/json");
    let answer = answer.send().unwrap();
    assert_eq!(answer.status(), 429, "{answer:?}");
    assert!(answer.headers().contains_key("retry-after"));
    node.json(&["member", "quota", "exchange", "--objects-a-day", "0"]);
    assert_eq!(post(3..9), 202, "its own is no limit");
}

#[test]
fn what_has_no_versions_and_what_waits_is_not_counted_twice() {
    let node = node();
    node.json(&["member", "quota", "exchange", "--objects-a-day", "4"]);
    node.json(&["member", "set", "exchange", "--intake", "quarantine"]);
    let serving = node.serve();
    let post =
        |objects: &[&str]| node.post(&serving, "exchange", "region", &objects.join(",")).send().unwrap();
    let observable = |value: &str| {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_DNS, value.as_bytes());
        format!(r#"{{"type":"domain-name","spec_version":"2.1","id":"domain-name--{id}","value":"{value}"}}"#)
    };
    let (one, two) = (observable("one-k3.top"), observable("two-k3.top"));
    // It breaks a MUST, and waits for the operator.
    let mut broken = indicator(1, "three-k3.top");
    broken["valid_until"] = "2001-01-01T00:00:00Z".into();
    let broken = broken.to_string();
    assert_eq!(post(&[&one, &two, &broken]).status(), 202);
    let used = || node.json(&["member", "quota", "exchange"])[0]["objects_today"].as_u64().unwrap();
    assert_eq!(used(), 3);
    for _ in 0..3 {
        assert_eq!(post(&[&one, &two, &broken]).status(), 202, "it is there already");
    }
    assert_eq!(used(), 3);
    let other = one.replace("\"spec_version\"", "\"defanged\":false,\"spec_version\"");
    assert_eq!(post(&[&other]).status(), 202);
    assert_eq!(used(), 4);
    assert_eq!(post(&[&one]).status(), 429, "another text is another version");
}

/// Holds the store's file, so that nothing can be written to it.
const HOLD: &str = "
import sqlite3, sys, time
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
file.execute('ROLLBACK')
";

#[test]
fn what_comes_while_nothing_can_be_written_is_refused_and_costs_no_memory() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    const CLIENTS: u128 = 24;
    const POSTS: u128 = 6;
    let node = Arc::new(in_a_file(node));
    let serving = Arc::new(node.serve_with(&[("BONGSU__DATABASE__WAITING_BYTES_MAX", "200000")]));
    assert_eq!(node.post(&serving, "exchange", "region", &objects(0..1)).send().unwrap().status(), 202);
    let mut hold = Command::new(PYTHON)
        .args(["-c", HOLD])
        .arg(node.data().join("bongsu.sqlite"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(hold.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "held");
    let before = serving.resident_mib();
    let (refused, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|at| {
            let (node, serving) = (Arc::clone(&node), Arc::clone(&serving));
            let (refused, taken) = (Arc::clone(&refused), Arc::clone(&taken));
            std::thread::spawn(move || {
                for turn in 0..POSTS {
                    let first = 1_000 + (at * POSTS + turn) * 60;
                    let answer = node
                        .post(&serving, "exchange", "region", &objects(first..first + 60))
                        .send()
                        .unwrap();
                    match answer.status().as_u16() {
                        202 => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        503 => {
                            assert!(answer.headers().contains_key("retry-after"));
                            let text = answer.text().unwrap();
                            assert!(text.contains("nothing of this was kept"), "{text}");
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        other => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    let one = wait(Duration::from_secs(20), || (refused.load(Ordering::Relaxed) > 0).then_some(()));
    assert!(one.is_some(), "none was refused");
    assert!(serving.resident_mib() < before + 100);
    drop(hold.stdin.take());
    hold.wait().unwrap();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken > 0);
    // What was taken is there, and what was refused is not.
    assert_eq!(node.post(&serving, "exchange", "region", &objects(1..2)).send().unwrap().status(), 202);
    let used = node.json(&["member", "quota", "exchange"])[0]["objects_today"].as_u64().unwrap();
    assert_eq!(used, 2 + 60 * taken as u64);
}
