//! Data folders of earlier versions, opened by this one; and a newer version's, which is refused.
//!
//! The folders lie packed in `tests/folders`, whose README says by which program each was written.

use crate::node::{Node, Serving, bundle, in_a_file, indicator, wait};
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where SQLite keeps `user_version`, the version of the tables: four bytes, the first one first. Source: SQLite, "Database File Format", 1.3.
const VERSION_AT: usize = 60;
/// The version of this program's tables.
const TABLES: u32 = 2;
/// What was withdrawn when the folder was written.
const WITHDRAWN: &str = "indicator--9a3c1a52-5d1d-4f3e-8a05-0d6a3c1e0005";

fn folders(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/folders")).join(name)
}

/// A node in a folder that was written earlier, with the tokens of its members.
fn earlier(archive: &str) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .args(["--extract", "--gzip", "--no-same-owner", "--same-permissions", "--file"])
        .arg(folders(archive))
        .arg("--directory")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(unpacked.success());
    let token = |member: &str| {
        let text = std::fs::read_to_string(dir.path().join(format!("{member}.json"))).unwrap();
        let added: Value = serde_json::from_str(&text).unwrap();
        (member.to_owned(), added["token"]["token"].as_str().unwrap().to_owned())
    };
    let tokens = ["cert", "isp"].map(token).into_iter().collect();
    Node::of(dir, tokens)
}

fn store(node: &Node) -> PathBuf {
    node.data().join("bongsu.sqlite")
}

/// The version of a store's tables, also where SQLite's log is not moved into the file yet.
fn tables(node: &Node) -> u32 {
    let look = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('pragma user_version').fetchone()[0])";
    let output = Command::new("python3").args(["-c", look]).arg(store(node)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// The texts of the objects in a bundle beside the folders, as they stand there.
fn texts(name: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Bundle {
        objects: Vec<Box<RawValue>>,
    }
    let text = std::fs::read_to_string(folders(name)).unwrap();
    let bundle: Bundle = serde_json::from_str(&text).unwrap();
    bundle.objects.iter().map(|object| object.get().to_owned()).collect()
}

/// All versions of all objects, as the other member gets them.
fn all(node: &Node, serving: &Serving) -> String {
    node.text(serving, "isp", "/api/collections/region/objects/?match[version]=all&limit=100")
}

#[test]
fn a_folder_of_an_earlier_version_is_opened_and_kept_byte_for_byte() {
    let node = earlier("tables-1.tar.gz");
    assert_eq!(tables(&node), 1, "the folder is of before");
    let before = node.json(&["verify"]);
    assert_eq!(before["sound"], true, "as it is: {before}");

    let serving = node.serve();
    let brought: Vec<String> = [texts("objects.json"), texts("newer.json")].concat();
    let come = all(&node, &serving);
    assert_eq!(brought.len(), 7);
    for text in &brought {
        match text.contains(WITHDRAWN) {
            true => assert!(!come.contains(WITHDRAWN), "what was withdrawn stays so: {come}"),
            false => assert!(come.contains(text.as_str()), "not byte for byte: {text}\nin {come}"),
        }
    }
    // It goes on: what is new comes behind what there was.
    let new = indicator(77, "new-in-the-new-k3.top").to_string();
    assert_eq!(node.post(&serving, "cert", "region", &new).send().unwrap().status(), 202);
    assert!(wait(Duration::from_secs(60), || all(&node, &serving).contains(&new).then_some(())).is_some());
    let come = all(&node, &serving);
    serving.stop();
    let after = node.json(&["verify"]);
    assert_eq!(after["sound"], true, "{after}");
    assert_eq!(tables(&node), TABLES, "the tables were brought up");
    let grown = after["records"].as_u64().unwrap() - before["records"].as_u64().unwrap();
    assert!(grown >= 1, "{before} {after}");

    let again = node.serve();
    assert_eq!(all(&node, &again), come, "a second start changes nothing");
    // Lines are told by what is in them: a file of the new kind goes in beside the old.
    let file = node.file("more.json", bundle(&[indicator(78, "more-in-the-new-k3.top")]));
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "isp"])["added"], 1);
    again.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}

#[test]
fn a_folder_of_a_newer_version_is_refused_and_left_as_it_is() {
    let node = in_a_file(Node::with_members);
    assert_eq!(tables(&node), TABLES, "the first version that this program does not know is the next one");
    let mut file = std::fs::read(store(&node)).unwrap();
    file[VERSION_AT..VERSION_AT + 4].copy_from_slice(&(TABLES + 1).to_be_bytes());
    std::fs::write(store(&node), &file).unwrap();
    for args in [&["serve"][..], &["member", "list"], &["member", "add", "late", "--level", "read"]] {
        let output = node.command(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(
            said.contains("the tables have version 3, this program knows 2: use a newer program"),
            "{said}"
        );
        assert!(said.contains("restoring a backup from before the upgrade"), "{said}");
    }
    assert!(std::fs::read(store(&node)).unwrap() == file, "nothing was changed");
}
