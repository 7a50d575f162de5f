//! The drill: back up, lose everything, restore, look that it is the same; on both kinds of store, also as it stood before.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::node::{Node, Serving, in_a_file, indicator, now};
use crate::server::Server;

fn roots(node: &Node) -> Value {
    let said = node.json(&["verify"]);
    assert_eq!(said["sound"], true, "{said}");
    said["lines"].clone()
}

fn share(node: &Node, serving: &Serving, number: u128, name: &str) {
    let posted =
        node.post(serving, "exchange", "region", &indicator(number, name).to_string()).send().unwrap();
    assert_eq!(posted.status(), 202);
}

fn list(node: &Node) -> String {
    let serving = node.serve();
    let csv = node.text(&serving, "list", "/d/list/all.csv");
    serving.stop();
    csv
}

/// Loses all of a node but its secrets and its configuration; `database` is the new one, if it has one.
fn lose(node: &Node, database: Option<&str>) {
    let (data, kept) = (node.data(), node.dir.path().join("kept"));
    let _first_time = std::fs::remove_dir_all(&kept);
    std::fs::create_dir(&kept).unwrap();
    let names = ["node.key", "token.secret", "bongsu.toml"];
    let moved = |from: &Path, to: &Path| {
        for name in names {
            std::fs::rename(from.join(name), to.join(name)).unwrap();
        }
    };
    moved(&data, &kept);
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::create_dir(&data).unwrap();
    moved(&kept, &data);
    if let Some(address) = database {
        let path = data.join("bongsu.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let set = |line: &str| match line.strip_prefix("url = ") {
            Some(_) => format!("url = \"{address}\""),
            None => line.to_owned(),
        };
        std::fs::write(&path, text.lines().map(|line| set(line) + "\n").collect::<String>()).unwrap();
    }
}

fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The drill on one kind of store; `database` makes a new one.
fn drill(database: Option<&dyn Fn() -> String>) {
    let mut node = in_a_file(Node::new);
    if let Some(database) = database {
        let path = node.data().join("bongsu.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let url = format!("[database]\nurl = \"{}\"", database());
        std::fs::write(&path, text.replace("[database]", &url)).unwrap();
        node.json(&["migrate", "database"]);
    }
    node.member("exchange", "exchange", "amber");
    node.member("list", "list", "amber");
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    node.json(&["ca", "init"]);
    let series = node.dir.path().join("series");
    let series = series.to_str().unwrap();
    let serving = node.serve();
    share(&node, &serving, 1, "first-k3.top");
    let whole = node.json(&["backup", series, "--series"]);
    assert_eq!(whole["records"], Value::Null);
    share(&node, &serving, 2, "second-k3.top");
    // The time is cut to milliseconds: it must not lie before what was just shared, nor at what comes next.
    let moment = || std::thread::sleep(std::time::Duration::from_millis(20));
    moment();
    let before = now();
    moment();
    let since = node.json(&["backup", series, "--series"]);
    assert!(since["records"].as_u64().unwrap() >= 1, "{since}");
    assert!(since["bytes"].as_u64().unwrap() <= whole["bytes"].as_u64().unwrap(), "{since} {whole}");
    share(&node, &serving, 3, "third-k3.top");
    let withdrawn = node.withdraw(&crate::node::id("indicator", 1));
    assert!(withdrawn.to_string().contains("withdrawn"), "{withdrawn}");
    // At its end it writes what it noted meanwhile.
    serving.stop();
    node.json(&["backup", series, "--series"]);
    let all = roots(&node);
    assert!(refused(node.command(&["restore", series])).contains("already"), "not over what is there");

    // Lost, and put back.
    let new = || database.map(|database| database());
    lose(&node, new().as_deref());
    let told = node.json(&["restore", series]);
    assert_eq!((&told["left_out"], &told["erased_later"]), (&0.into(), &0.into()));
    assert!(told["files"].to_string().contains("ca/"), "{told}");
    let found = roots(&node);
    assert_eq!(found, all, "the same lines, with the same roots");
    let csv = list(&node);
    assert!(csv.contains("third-k3.top") && !csv.contains("first-k3.top"), "{csv}");

    // As it stood before: what was withdrawn later is there, what came later is not.
    lose(&node, new().as_deref());
    let told = node.json(&["restore", series, "--until", &before]);
    assert!(told["left_out"].as_u64().unwrap() >= 2, "{told}");
    let csv = list(&node);
    assert!(csv.contains("first-k3.top") && csv.contains("second-k3.top") && !csv.contains("third"), "{csv}");

    // A file that is not what was written is not restored.
    lose(&node, new().as_deref());
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(series).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "sqlite"));
    files.sort();
    assert_eq!(files.len(), 3);
    let mut bytes = std::fs::read(&files[1]).unwrap();
    let at = bytes.windows(9).position(|window| window == b"second-k3").unwrap();
    bytes[at] = b'S';
    std::fs::write(&files[1], bytes).unwrap();
    assert!(refused(node.command(&["restore", series])).contains("is damaged"));
}

#[test]
fn a_node_comes_back_from_its_copies_in_a_file() {
    drill(None);
}

#[test]
fn a_node_comes_back_from_its_copies_in_a_database() {
    let server = Server::shared();
    drill(Some(&|| server.address(&server.database())));
}

#[test]
fn copies_of_what_came_are_named_one_by_one_and_the_file_shrinks() {
    let node = in_a_file(Node::with_members);
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    let path = |name: &str| node.dir.path().join(name).to_str().unwrap().to_owned();
    let (first, second) = (path("first.sqlite"), path("second.sqlite"));
    node.json(&["backup", &first]);
    let serving = node.serve();
    (1..40).for_each(|number| share(&node, &serving, number, &format!("n{number}.k3.top")));
    serving.stop();
    node.json(&["backup", &second, "--since", &first]);
    let all = roots(&node);
    let compacted = node.json(&["compact"]);
    let bytes = |name: &str| compacted[name].as_u64().unwrap();
    assert!(bytes("bytes") > 0 && bytes("bytes") <= bytes("bytes_before"), "{compacted}");
    assert_eq!(roots(&node), all);
    lose(&node, None);
    assert!(refused(node.command(&["restore", &second])).contains("is damaged"), "not without the first");
    std::fs::remove_file(node.data().join("bongsu.sqlite")).unwrap();
    node.json(&["restore", &first, &second]);
    assert_eq!(roots(&node), all);
}
