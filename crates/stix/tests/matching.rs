//! The matcher against recorded answers of the OASIS reference matcher.

use std::fs;
use std::path::{Path, PathBuf};

use bongsu_stix as stix;
use serde_json::Value;
use stix::Severity;
use stix::pattern::{Matcher, Observations, PatternSet};

fn data(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

/// The answer in the words of the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Match,
    NoMatch,
    /// The pattern, or what it says of the data, is wrong.
    Error,
}

fn outcome(pattern: &str, observed: &[Value]) -> Outcome {
    let texts: Vec<String> = observed.iter().map(Value::to_string).collect();
    let (observations, findings) = Observations::read(texts.iter().map(String::as_str));
    assert!(findings.is_empty(), "{findings:?}");
    let Ok(matcher) = Matcher::parse(pattern) else { return Outcome::Error };
    let answer = matcher.matches(&observations).unwrap();
    let set = PatternSet::new(vec![matcher]).matches(&observations);
    assert_eq!(set.hits.len(), usize::from(answer.matched.is_some()), "{pattern}");
    if answer.findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Outcome::Error;
    }
    if answer.matched.is_some() { Outcome::Match } else { Outcome::NoMatch }
}

/// Lines whose recorded observations are not those that the reference looked at. Its tests change the times of the
/// observations that they share, and what was recorded is how they were left: alice and bob in the year 2000, four
/// seconds apart. By STIX 2.1, section 9.5.1, START and STOP of 1994 and WITHIN 2 SECONDS can't hold for them.
fn recorded_too_late(pattern: &str, observed: &str) -> bool {
    let moved = observed.contains("2000-01-01T00:00:04Z") && observed.contains("1994-11-29T13:38:02Z");
    let about_times = pattern.contains("START t'1994")
        || pattern.contains("WITHIN 1 SECONDS")
        || pattern.contains("WITHIN 2 SECONDS");
    moved && about_times
}

#[test]
fn answers_are_those_of_the_reference() {
    let text = fs::read_to_string(data("stix-vectors/matching.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let (mut total, mut exceptions) = (0, 0);
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let pattern = case["pattern"].as_str().unwrap();
        let recorded = match case["match"].as_bool() {
            Some(true) => Outcome::Match,
            Some(false) => Outcome::NoMatch,
            None => Outcome::Error,
        };
        total += 1;
        let got = outcome(pattern, case["observed"].as_array().unwrap());
        if got == recorded {
            continue;
        }
        if recorded_too_late(pattern, line) {
            exceptions += 1;
        } else {
            wrong.push(format!("{total}: {pattern}\n  recorded {recorded:?}, found {got:?}"));
        }
    }
    assert!(total > 80, "{total} cases");
    assert!(wrong.is_empty(), "{} of {total} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(exceptions * 100 <= total * 3, "{exceptions} of {total} are exceptions");
}
