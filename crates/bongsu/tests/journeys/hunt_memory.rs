//! What was seen before: recorded while logs are read, and looked up when an indicator becomes known.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::node::{Node, bundle, indicator, shared};

fn hunt(node: &Node, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(node.dir.path()).arg("hunt").args(args).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A node, and the watch file of a member for these domains and a network.
fn node(domains: &[&str]) -> (Node, String) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let mut objects: Vec<Value> =
        (1..).zip(domains).map(|(number, domain)| indicator(number, domain)).collect();
    let mut network = indicator(500, "network");
    network["pattern"] = json!("[ipv4-addr:value = '45.83.64.0/23']");
    objects.push(network);
    let file = node.file("bundle.json", bundle(&objects));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let watch = node.dir.path().join("watch.bongsu").display().to_string();
    node.json(&["deliver", "--to", "detect", "--what", "watch.bongsu", "--out", &watch]);
    (node, watch)
}

fn seen(node: &Node, watch: &str, record: &str) -> Vec<(String, Value)> {
    let output = hunt(node, &["--json", "--watch", watch, "--in", record]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut seen: Vec<(String, Value)> = lines
        .filter(|line| line["summary"].is_null())
        .map(|line| (line["value"].as_str().unwrap().to_owned(), line["days"].clone()))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    seen
}

#[test]
fn what_nobody_knew_then_is_found_in_the_record_without_the_logs() {
    let (node, watch) = node(&["evil-k3.top", "wrccdc.org", "never-seen-k3.top", "old-k3.top"]);
    let record = node.dir.path().join("seen").display().to_string();
    let logs = shared("logs/zeek/zeek-default").display().to_string();
    let read = hunt(&node, &["--remember", &record, "--keep", "5000", &logs]);
    assert_eq!(read.status.code(), Some(0), "{}", errors(&read));
    let first = node
        .file("a.log", "2026-11-02T10:00:00Z www.evil-k3.top 45.83.65.7\n2009-11-02T10:00:00Z old-k3.top\n");
    let second = node.file("b.log", "2026-11-05T10:00:00Z Evil-K3.top\n");
    // A hunt records as well.
    let found = hunt(&node, &["--watch", &watch, "--remember", &record, "--keep", "5000", &first]);
    assert_eq!(found.status.code(), Some(0), "{}", errors(&found));
    assert_eq!(hunt(&node, &["--remember", &record, "--keep", "5000", &second]).status.code(), Some(0));
    assert_eq!(std::fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&record).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"evil-k3"), "names do not stand in it");

    let expected = [
        ("45.83.64.0/23", json!(["2026-11-02"])),
        ("evil-k3.top", json!(["2026-11-02", "2026-11-05"])),
        ("wrccdc.org", json!(["2018-03-24"])),
    ];
    let expected: Vec<(String, Value)> = expected.map(|(value, days)| (value.to_owned(), days)).into();
    assert_eq!(seen(&node, &watch, &record), expected);
    let told = hunt(&node, &["--watch", &watch, "--in", &record]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        text.contains("evil-k3.top or a name below it was seen on 2026-11-02 and 2026-11-05 — region"),
        "{text}"
    );
    assert!(text.contains("an address in 45.83.64.0/23 was seen on 2026-11-02"), "{text}");

    // Days that are too old go.
    assert_eq!(hunt(&node, &["--remember", &record, "--keep", "400", &second]).status.code(), Some(0));
    let left: Vec<String> = seen(&node, &watch, &record).into_iter().map(|(value, _)| value).collect();
    assert_eq!(left, ["45.83.64.0/23", "evil-k3.top"]);
    assert!(std::fs::metadata(&record).unwrap().len() < bytes.len() as u64);

    let nothing = node.dir.path().join("empty").display().to_string();
    assert_eq!(hunt(&node, &["--remember", &nothing, &node.file("c.log", "x\n")]).status.code(), Some(0));
    assert_eq!(
        hunt(&node, &["--watch", &watch, "--in", &nothing]).status.code(),
        Some(1),
        "nothing was seen"
    );
}

#[test]
fn a_record_that_is_damaged_gives_what_is_whole_of_it_and_loses_nothing() {
    let (node, watch) = node(&["evil-k3.top", "worse-k3.top"]);
    let record = node.dir.path().join("seen").display().to_string();
    let log = |name: &str, line: &str| node.file(name, format!("{line}\n"));
    let first = log("a.log", "2026-11-02T10:00:00Z evil-k3.top");
    let second = log("b.log", "2026-11-03T10:00:00Z worse-k3.top");
    for log in [&first, &second] {
        assert_eq!(hunt(&node, &["--remember", &record, log]).status.code(), Some(0));
    }
    let whole = std::fs::read(&record).unwrap();
    for length in [whole.len() - 1, whole.len() - 20] {
        std::fs::write(&record, &whole[..length]).unwrap();
        let told = hunt(&node, &["--json", "--watch", &watch, "--in", &record]);
        assert_eq!(told.status.code(), Some(2));
        assert!(errors(&told).contains("not whole from byte"), "{}", errors(&told));
        assert!(String::from_utf8_lossy(&told.stdout).contains("evil-k3.top"));
        // The next hunt goes on from what is whole.
        let again = hunt(&node, &["--remember", &record, &second]);
        assert_eq!(again.status.code(), Some(0), "{}", errors(&again));
        assert!(errors(&again).contains("seen.damaged"), "{}", errors(&again));
        assert_eq!(std::fs::read(format!("{record}.damaged")).unwrap().len(), length);
        let values: Vec<String> = seen(&node, &watch, &record).into_iter().map(|(value, _)| value).collect();
        assert_eq!(values, ["evil-k3.top", "worse-k3.top"]);
    }
    let mut changed = whole.clone();
    changed[70] ^= 1;
    std::fs::write(&record, &changed).unwrap();
    let told = hunt(&node, &["--watch", &watch, "--in", &record]);
    assert_eq!(told.status.code(), Some(2));
    assert!(errors(&told).contains("was changed"), "{}", errors(&told));

    for other in ["", "something else", "bongsu-seen 2\n0123456789abcdef"] {
        let file = node.file("other", other);
        let told = hunt(&node, &["--watch", &watch, "--in", &file]);
        assert_eq!(told.status.code(), Some(2));
        assert!(errors(&told).contains("no record"), "{}", errors(&told));
        if !other.is_empty() {
            assert_eq!(hunt(&node, &["--remember", &file, &first]).status.code(), Some(2));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), other, "what is no record is left alone");
        }
    }
    assert_eq!(hunt(&node, &[&first]).status.code(), Some(2), "nothing says what to look for");
    let held = std::fs::File::open(&record).unwrap();
    held.lock().unwrap();
    let told = hunt(&node, &["--remember", &record, &first]);
    assert!(errors(&told).contains("another hunt writes"), "{}", errors(&told));
}
