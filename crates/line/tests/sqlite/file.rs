//! What holds of the file of SQLite alone.

use std::path::Path;
use std::sync::Arc;

use bongsu_line::erasing::hex;
use bongsu_line::{OpenError, Seq};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::erasing::{CANARY, CIRCLE, SENDER, add, id, identity, open, withdraw};
use crate::home::Home;

#[test]
fn a_closed_store_is_one_file_that_its_owner_alone_reads() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let store = open(&home);
    add(&store, CIRCLE, &identity(1, 1, "a"));
    store.records(CIRCLE, Seq(0), 10).unwrap();
    drop(store);
    let left = |name: &str| std::fs::metadata(home.folder().join(name)).map_or(0, |meta| meta.len());
    assert_eq!(left("bongsu.sqlite-wal"), 0, "a copy of the file alone is the whole store");
    assert!(left("bongsu.sqlite") > 0);
    let mode = std::fs::metadata(home.folder().join("bongsu.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn verification_finds_a_changed_byte() {
    let home = Home::new();
    let store = open(&home);
    for number in 0..300 {
        add(&store, CIRCLE, &identity(number, 1, "a"));
    }
    drop(store);
    assert!(home.verify().is_sound());
    let sqlite = rusqlite::Connection::open(home.folder().join("bongsu.sqlite")).unwrap();
    let changed = identity(100, 1, "a").replace("created", "cReated");
    sqlite.execute("UPDATE record SET body = ? WHERE seq = 101", [changed.as_bytes()]).unwrap();
    drop(sqlite);
    let report = home.verify();
    assert!(!report.is_sound());
    assert!(home.open(Arc::new(|| 0)).is_err());
}

#[test]
fn a_node_that_was_killed_between_erasing_and_cleaning_cleans_when_it_opens() {
    let (home, killed) = (Home::new(), Home::new());
    let store = open(&home);
    let at = add(&store, CIRCLE, &identity(1, 1, CANARY));
    withdraw(&store, CIRCLE, &id("identity", 1));
    store.erase(SENDER, &json!({}), &[(CIRCLE, at)]).unwrap();
    for entry in std::fs::read_dir(home.folder()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, killed.folder().join(path.file_name().unwrap())).unwrap();
    }
    assert!(killed.holds(CANARY), "the log still has it");
    let reopened = open(&killed);
    assert!(!killed.holds(CANARY));
    assert!(reopened.look(CIRCLE, |catalogue| catalogue.entry(at).unwrap().erased()).unwrap());
}

fn one_erased() -> Home {
    let home = Home::new();
    let store = open(&home);
    let at = add(&store, CIRCLE, &identity(1, 1, "a"));
    add(&store, CIRCLE, &identity(2, 1, "b"));
    withdraw(&store, CIRCLE, &id("identity", 1));
    store.erase(SENDER, &json!({}), &[(CIRCLE, at)]).unwrap();
    home
}

fn change(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join("bongsu.sqlite")).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

#[test]
fn who_changes_what_stands_for_erased_bytes_or_feigns_an_erasure_is_found() {
    let b = identity(2, 1, "b");
    let feigned = format!(
        "UPDATE record SET body = CAST('{}' AS BLOB), erased = x'{}' WHERE body = CAST('{b}' AS BLOB)",
        b.replace("\"b\"", "\"c\""),
        hex(&Sha256::digest(&b)),
    );
    let other = id("identity", 9).to_string();
    let stub = format!(
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '{}', '{other}') AS BLOB) WHERE erased IS NOT NULL",
        id("identity", 1)
    );
    let hash = "UPDATE record SET erased = zeroblob(32) WHERE erased IS NOT NULL";
    let back = format!(
        "UPDATE record SET body = CAST('{}' AS BLOB), erased = NULL WHERE erased IS NOT NULL",
        identity(1, 1, "a")
    );
    for (sql, says) in [
        (feigned.as_str(), "does not know of it"),
        (stub.as_str(), "was changed"),
        (hash, "root"),
        (back.as_str(), "its bytes are back"),
    ] {
        let home = one_erased();
        assert!(home.verify().is_sound());
        change(home.folder(), sql);
        let report = home.verify();
        let faults: Vec<String> = report.lines.into_iter().flat_map(|line| line.faults).collect();
        assert!(faults.iter().any(|fault| fault.contains(says)), "{sql}: {faults:?}");
        let opened = home.open(Arc::new(|| 0)).map(drop);
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{sql}");
    }
}

#[test]
fn a_store_from_before_there_was_erasure_is_read_and_brought_up() {
    let home = Home::new();
    let store = open(&home);
    let at = add(&store, CIRCLE, &identity(1, 1, CANARY));
    let root = store.root(CIRCLE).unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(home.folder().join("bongsu.sqlite")).unwrap();
    connection
        .execute_batch("ALTER TABLE record DROP COLUMN erased; DROP TABLE remains; PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    assert!(home.verify().is_sound(), "also as it is");
    let store = open(&home);
    assert_eq!(store.root(CIRCLE).unwrap(), root);
    withdraw(&store, CIRCLE, &id("identity", 1));
    store.erase(SENDER, &json!({}), &[(CIRCLE, at)]).unwrap();
    store.scrub().unwrap();
    assert!(!home.holds(CANARY));
}
