//! `bongsu validate` on files, packed files and standard input; no node is there.

use std::io::Write as _;
use std::process::Stdio;

use crate::shell::{Shell, ended};
use serde_json::Value;

const GOOD: &str = r#"{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[{"type":"tool","spec_version":"2.1","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"Tool"}]}"#;

/// The good bundle with one error in its object and one in itself.
fn bad() -> String {
    GOOD.replace(r#""name":"Tool""#, r#""tool_types":["two"],"labels":[]"#)
        .replace("bundle--8e2e2d2b", "bundle-8e2e2d2b")
}

#[test]
fn a_good_bundle_passes_also_packed_and_strictly() {
    let shell = Shell::empty();
    let plain = shell.file("good.json", GOOD);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(GOOD.as_bytes()).unwrap();
    let packed = shell.file("good.json.gz", packed.finish().unwrap());
    let said = shell.ok(&["validate", "--strict", &plain, &packed]);
    assert_eq!(said, "2 objects: 0 errors, 0 warnings.\n");
}

#[test]
fn a_file_that_can_not_be_read_leaves_the_others() {
    let shell = Shell::empty();
    let (good, cut) = (shell.file("good.json", GOOD), shell.file("cut.json", &GOOD[..200]));
    let ended = shell.run(&["validate", &good, &cut, &good]);
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.starts_with("2 objects: "), "{}", ended.out);
    assert!(ended.out.contains("Not read to its end: ") && ended.out.contains("cut.json"), "{}", ended.out);
}

#[test]
fn bundles_one_a_line_are_all_looked_at() {
    let shell = Shell::empty();
    let file = shell.file("two.jsonl", format!("{GOOD}\n{}\n", GOOD.replace("8e2e2d2b", "9e2e2d2b")));
    assert_eq!(shell.ok(&["validate", &file]), "2 objects: 0 errors, 0 warnings.\n");
}

#[test]
fn what_is_found_is_grouped_by_rule() {
    let shell = Shell::empty();
    let file = shell.file("bad.json", bad());
    let ended = shell.run(&["validate", &file]);
    assert_eq!(ended.code, 3, "{}{}", ended.out, ended.err);
    insta::assert_snapshot!(ended.out.replace(shell.path("").to_str().unwrap(), "DIR/"));
}

#[test]
fn the_answer_as_json_keeps_its_shape() {
    let shell = Shell::empty();
    let file = shell.file("bad.json", bad());
    let ended = shell.run(&["--json", "validate", "--examples", "1", &file]);
    assert_eq!(ended.code, 3);
    let mut answer: Value = serde_json::from_str(&ended.out).unwrap();
    for rule in answer["rules"].as_array_mut().unwrap() {
        rule["examples"][0]["file"] = "FILE".into();
    }
    insta::assert_json_snapshot!(answer);
}

#[test]
fn warnings_fail_only_when_asked_to() {
    let shell = Shell::empty();
    let file =
        shell.file("warned.json", GOOD.replace(r#""name":"Tool""#, r#""name":"Tool","tool_types":["two"]"#));
    assert!(shell.ok(&["validate", &file]).contains("tool-type-vocab"));
    assert_eq!(shell.run(&["validate", "--strict", &file]).code, 3);
}

#[test]
fn standard_input_may_hold_objects_one_a_line() {
    let shell = Shell::empty();
    let mut child = shell
        .command(&["validate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"type\":\"mutex\",\"id\":\"mutex--x\",\"name\":\"a\"}\n{\"type\":\"mutex\",\"id\":\"mutex--f93fe911-e545-5239-b9b0-597840d0c871\",\"name\":\"__CLEANSWEEP__\"}\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 3, "{}", ended.err);
    assert!(ended.out.starts_with("2 objects: 1 error, 0 warnings.\n"), "{}", ended.out);
    assert!(ended.out.contains("objects[0].id"), "{}", ended.out);
}

#[test]
fn what_cannot_be_read_is_a_failure_that_names_it() {
    let shell = Shell::empty();
    let cut = shell.file("cut.json", &GOOD[..200]);
    for path in [&*cut, "/nonexistent/file.json"] {
        let (code, err) = shell.fails(&["validate", path]);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(path.rsplit('/').next().unwrap()), "{err}");
    }
    assert_eq!(shell.fails(&["validate"]).0, 2);
}
