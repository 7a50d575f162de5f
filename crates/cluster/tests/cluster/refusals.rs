//! What can't be done is said with its reason, and soon.

use crate::archives::{Column, parquet};
use crate::parts::{free_ports, program};
use crate::watched::watch_file;
use gate::{NodeKey, NoteKey};
use std::process::Command;

fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_scheduler_that_is_not_there_is_told_with_its_address() {
    let port = free_ports(1)[0];
    let scheduler = format!("df://127.0.0.1:{port}");
    let err = refused(program().args(["flows", "x.csv", "--scheduler", &scheduler]));
    assert!(err.contains(&format!("no scheduler answers at 127.0.0.1:{port}")), "{err}");
    let err = refused(program().args(["flows", "x.csv", "--scheduler", "http://127.0.0.1"]));
    assert!(err.contains("df://HOST:PORT"), "{err}");
}

#[test]
fn an_address_that_others_reach_is_refused_unless_asked_for() {
    for args in [&["scheduler", "--bind", "0.0.0.0:0"][..], &["executor", "--bind", "0.0.0.0"]] {
        let err = refused(program().args(args));
        assert!(err.contains("--unprotected"), "{err}");
    }
}

#[test]
fn archives_and_watch_files_that_are_none_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (watch, key) = watch_file();
    let good = file("watch.bongsu", &watch);
    let mut changed = watch.clone();
    changed[60] ^= 1;
    let changed = file("changed.bongsu", &changed);
    let archive = dir.path().join("log.parquet");
    parquet(&archive, vec![("line", Column::texts(["x"]))], 10);
    let archive = archive.display().to_string();
    let (text, no_parquet) = (file("log.txt", b"x"), file("broken.parquet", b"PAR1 is not enough PAR1"));
    let other = NoteKey::of(&NodeKey::new("tower.test", &[8; 32])).to_string();
    assert_ne!(other, key);
    for (args, part) in [
        (vec!["hunt", &good, &text], "is no archive"),
        (vec!["hunt", &good, &no_parquet], "broken.parquet can't be read"),
        (vec!["hunt", &good, "/nonexistent.parquet"], "/nonexistent.parquet"),
        (vec!["hunt", &text, &archive], "it is no watch file of Bongsu"),
        (vec!["hunt", &changed, &archive], "changed.bongsu"),
        (vec!["hunt", &good, &archive, "--key", &other], "signature"),
        (vec!["hunt", &good, &archive, "--column", "text"], "no column text; it has line"),
        (vec!["flows", &archive], "no column time; it has line"),
        (vec!["transfers", "sums", &archive], "and the file has [\"line\"]"),
        (vec!["transfers", "sums", &archive, "--mapping", "nothing"], "no mapping that is known"),
        (vec!["hunt", &good, "s3://bucket/a.parquet"], "s3"),
    ] {
        let err = refused(program().args(&args));
        assert!(err.contains(part), "{args:?}: {err}");
    }
}
