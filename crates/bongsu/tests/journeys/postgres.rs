//! A node whose lines are in a database of PostgreSQL: moved there, served, killed, backed up, moved back.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::node::{Node, in_a_file, indicator};
use crate::server::{Server, dialect};

/// Runs what must fail, and gives what it said.
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn records(node: &Node) -> u64 {
    let said = node.json(&["verify"]);
    assert_eq!(said["sound"], true, "{said}");
    said["records"].as_u64().unwrap()
}

fn has(path: &Path, text: &str) -> bool {
    std::fs::read_to_string(path).unwrap().contains(text)
}

#[test]
fn a_node_lives_in_a_database_and_comes_back_from_it() {
    let server = Server::shared();
    let mut node = in_a_file(Node::new);
    node.member("cert", "exchange", "amber");
    node.member("isp", "list", "amber");
    node.json(&["circle", "add", "peers", "--member", "cert", "--member", "isp"]);
    let list = node.file("list.txt", "evil-login-k3.top\n");
    node.json(&["import", &list, "--circle", "peers", "--as", "cert"]);
    let before = records(&node);

    // What is configured and empty is not served in the place of what is in the file.
    let (config, plain) =
        (node.data().join("bongsu.toml"), std::fs::read_to_string(node.data().join("bongsu.toml")).unwrap());
    let address = server.address(&server.database());
    std::fs::write(&config, plain.replace("[database]", &format!("[database]\nurl = \"{address}\"")))
        .unwrap();
    assert!(has(&config, &address));
    let said = refused(node.command(&["member", "list"]));
    assert!(said.contains("bongsu migrate database"), "{said}");
    let moved = node.json(&["migrate", "database"]);
    assert_eq!(moved["records"], before);
    assert_eq!(records(&node), before);

    let serving = node.serve();
    let posted: Value = node
        .post(&serving, "cert", "peers", &indicator(1, "second-k3.top").to_string())
        .send()
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(posted["success_count"], 1, "{posted}");
    // A second process beside the first is told so, and nothing is moved under a node that serves.
    assert!(refused(node.command(&["migrate", "file"])).contains("in use"));
    serving.kill();
    let serving = node.serve();
    let csv = node.text(&serving, "isp", "/d/list/all.csv");
    assert!(csv.contains("evil-login-k3.top") && csv.contains("second-k3.top"), "{csv}");
    let copy = node.dir.path().join("copy.sqlite");
    node.json(&["backup", copy.to_str().unwrap()]);
    serving.stop();
    let after = records(&node);
    assert!(after > before);
    let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
    let rows: i64 = client.query_one("SELECT count(*) FROM record", &[]).unwrap().get(0);
    assert_eq!(u64::try_from(rows), Ok(after), "they are in the database, all of them");

    // The file is there still, as it was; what comes back needs an empty place.
    assert!(refused(node.command(&["migrate", "file"])).contains("already"));
    std::fs::remove_file(node.data().join("bongsu.sqlite")).unwrap();
    assert_eq!(node.json(&["migrate", "file"])["records"], after);
    std::fs::write(&config, plain).unwrap();
    assert_eq!(records(&node), after);
    // The backup is a file of lines as any.
    std::fs::copy(&copy, node.data().join("bongsu.sqlite")).unwrap();
    assert!(records(&node) > before);
}

#[test]
fn a_node_begins_in_the_database_that_is_configured_and_not_in_that_of_others() {
    let server = Server::shared();
    let address = server.address(&server.database());
    let [node, other] = [(), ()].map(|()| Node::of(tempfile::tempdir().unwrap(), HashMap::new()));
    let in_database = |node: &Node, args: &[&str]| {
        let mut command = node.command(args);
        command.env("BONGSU__DATABASE__URL", &address).env("BONGSU__DATABASE__DIALECT", dialect());
        command
    };
    let init = ["init", "--name", "tower.test"];
    assert!(in_database(&node, &init).output().unwrap().status.success());
    assert!(!node.data().join("bongsu.sqlite").exists());
    assert!(in_database(&node, &["member", "list"]).output().unwrap().status.success());
    let said = refused(in_database(&other, &init));
    assert!(said.contains("bongsu init --beside"), "{said}");
}
