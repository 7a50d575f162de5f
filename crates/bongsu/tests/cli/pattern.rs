//! Patterns on the command line, without a node.

use crate::shell::{Shell, bare, ended};
use std::io::Write as _;
use std::process::Stdio;

const OBSERVED: &str = r#"{"type":"bundle","id":"bundle--c2a23389-17c9-4247-8aa2-d2ffde3de334","objects":[
{"type":"observed-data","spec_version":"2.1","id":"observed-data--647947aa-4cc3-43a3-a42f-2c670986d777","number_observed":1,"first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:01Z","object_refs":["domain-name--abb3d416-f520-5cee-a95f-26dd017e6c1f"]},
{"type":"domain-name","spec_version":"2.1","id":"domain-name--abb3d416-f520-5cee-a95f-26dd017e6c1f","value":"example.foo.com"},
{"type":"observed-data","spec_version":"2.1","id":"observed-data--747947aa-4cc3-43a3-a42f-2c670986d777","number_observed":2,"first_observed":"2026-01-01T00:01:00Z","last_observed":"2026-01-01T00:01:00Z","object_refs":["ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca"]},
{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--96d215a5-eb23-527a-ae22-9507313d32ca","value":"198.49.123.10"}]}"#;

#[test]
fn a_wrong_pattern_is_shown_with_a_caret() {
    let shell = Shell::empty();
    let run = shell.run(&["pattern", "check", "[domain-name:value = evil.example]", "[file:size = 1]"]);
    assert_eq!(run.code, 3, "{}", run.err);
    insta::assert_snapshot!(run.out, @r#"
    pattern 1, line 1, column 22: found `evil`, expected a constant
      [domain-name:value = evil.example]
                           ^
    wrong: 1 of 2
    "#);
    let run = shell.run(&["pattern", "check", r"[file:name MATCHES '(?<=a)b']"]);
    assert_eq!(run.code, 3, "{}", run.err);
    insta::assert_snapshot!(run.out, @r#"
    pattern 1: the regular expression '(?<=a)b' can't be used: look-around, including look-ahead and look-behind, is not supported
      [file:name MATCHES '(?<=a)b']
    wrong: 1 of 1
    "#);
}

#[test]
fn patterns_are_checked_as_they_come_in() {
    let shell = Shell::empty();
    let mut command = bare(&shell.path(""));
    command.args(["--json", "pattern", "check", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"# ours\n[a:b = 1]\n\n[a:b = ]\n").unwrap();
    let run = ended(child.wait_with_output().unwrap());
    let answer: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &answer["wrong"]), (3, &serde_json::json!(1)));
    assert_eq!(answer["patterns"][1]["name"], "line 4");
    assert_eq!(answer["patterns"][1]["error"]["column"], 8);
    assert_eq!(answer["patterns"][0]["printed"], "[a:b = 1]");
}

#[test]
fn a_match_names_the_observations_and_ends_as_grep_does() {
    let shell = Shell::empty();
    let observed = shell.file("observed.json", OBSERVED);
    let both =
        "[domain-name:value = 'example.foo.com'] FOLLOWEDBY [ipv4-addr:value ISSUBSET '198.49.0.0/16']";
    let run = shell.run(&["pattern", "match", "--pattern", both, "--pattern", "[file:size = 1]", &observed]);
    assert_eq!(run.code, 0, "{}", run.err);
    insta::assert_snapshot!(run.out, @r#"
    PATTERN                                                                                        SATISFIED BY
    [domain-name:value = 'example.foo.com'] FOLLOWEDBY [ipv4-addr:value ISSUBSET '198.49.0.0/16']  observed-data--647947aa-4cc3-43a3-a42f-2c670986d777, observed-data--747947aa-4cc3-43a3-a42f-2c670986d777
    1 of 2 patterns match 2 observations
    "#);
    let none =
        shell.run(&["pattern", "match", "--pattern", &format!("({both}) WITHIN 5 SECONDS"), &observed]);
    assert_eq!((none.code, none.out.as_str()), (1, "0 of 1 patterns match 2 observations\n"));
    let (code, err) = shell.fails(&["pattern", "match", "--pattern", "[file:size = ", &observed]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(err, @r#"
    error: --pattern: at byte 13: found the end of the pattern, expected a constant
    hint: `bongsu pattern check PATTERN` shows the place
    "#);
    assert_eq!(shell.run(&["pattern", "match", &observed]).code, 2);
    assert_eq!(shell.run(&["pattern", "match", "--pattern", "[a:b = 1]", "/nonexistent"]).code, 2);
}

#[test]
fn indicators_and_lists_are_asked_and_what_can_not_be_is_said() {
    let shell = Shell::empty();
    let observed = shell.file("observed.json", OBSERVED);
    let indicator = |digit: char, pattern: &str, more: &str| {
        format!(
            r#"{{"type":"indicator","id":"indicator--{digit}e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","pattern_type":"stix","pattern":"{pattern}"{more}}}"#
        )
    };
    let indicators = shell.file(
        "indicators.json",
        format!(
            "[{},{},{}]",
            indicator('1', "[ipv4-addr:value = '198.49.123.10'] REPEATS 2 TIMES", ""),
            indicator('2', "[ipv4-addr:value = '198.49.123.10']", r#","revoked":true"#),
            indicator('3', "[ipv4-addr:value LIKE ", "")
        ),
    );
    let list = shell.file("list.txt", "# names\n[domain-name:value LIKE '%.foo.com']\n");
    let run = shell.run(&["pattern", "match", "--indicators", &indicators, "--patterns", &list, &observed]);
    assert_eq!(run.code, 3, "{}", run.err);
    let out = run.out.replace(shell.path("").to_str().unwrap(), "DIR/");
    insta::assert_snapshot!(out, @r#"
    PATTERN                                          SATISFIED BY
    [domain-name:value LIKE '%.foo.com']             observed-data--647947aa-4cc3-43a3-a42f-2c670986d777
    indicator--1e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f  observed-data--747947aa-4cc3-43a3-a42f-2c670986d777
    2 of 2 patterns match 2 observations
    finding: DIR/indicators.json: indicator--3e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f: at byte 22: found the end of the pattern, expected a constant of a kind that this operator compares
    "#);
}
