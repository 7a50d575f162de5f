//! Versions of a document and its revision history: CSAF 2.0, tests 6.1.14, 6.1.16 to 6.1.22 and 6.1.30.
//!
//! A document counts its versions in whole numbers or by Semantic Versioning 2.0.0, and says so nowhere; a text
//! without a dot is a number.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use super::check::{Faults, items, text};

/// A version, of either way of counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    numbers: Vec<u64>,
    before: Vec<String>,
    build: bool,
}

impl Version {
    /// Reads a version; `None` if it has neither form. Source: CSAF 2.0, 3.1.11 (Version Type).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let fine = !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'));
            if fine { text.parse::<u64>().ok() } else { None }
        };
        if let Some(whole) = number(text) {
            return Some(Self { numbers: vec![whole], before: Vec::new(), build: false });
        }
        let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        let (core, before) = rest.split_once('-').map_or((rest, None), |(core, before)| (core, Some(before)));
        let numbers: Vec<u64> = core.split('.').map(number).collect::<Option<_>>()?;
        let words = |text: &str| {
            text.split('.')
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        };
        if numbers.len() != 3 || !before.is_none_or(words) || !build.is_none_or(words) {
            return None;
        }
        let before = before.map_or_else(Vec::new, |before| before.split('.').map(str::to_owned).collect());
        Some(Self { numbers, before, build: build.is_some() })
    }

    fn is_whole(&self) -> bool {
        self.numbers.len() == 1
    }

    fn major(&self) -> u64 {
        self.numbers.first().copied().unwrap_or_default()
    }

    pub(super) fn has_build(&self) -> bool {
        self.build
    }

    /// The order of Semantic Versioning, section 11. Build metadata does not count.
    fn order(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => words(&self.before, &other.before),
            }
        })
    }
}

fn words(one: &[String], other: &[String]) -> Ordering {
    for (a, b) in one.iter().zip(other) {
        let order = match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

/// An item of the history: its place, date in microseconds, and number.
struct Revision {
    at: usize,
    date: i64,
    number: Version,
    said: String,
}

pub(super) fn check(document: &Value, faults: &mut Faults) {
    let tracking = &document["document"]["tracking"];
    let status = text(&tracking["status"]);
    let path = |at: usize| format!("document.tracking.revision_history[{at}].number");
    let mut history = Vec::new();
    for (at, item) in items(&tracking["revision_history"]).iter().enumerate() {
        let said = text(&item["number"]);
        let date = crate::read::time::lenient(text(&item["date"])).map_or(i64::MIN, |date| date.micros());
        match Version::parse(said) {
            Some(number) => history.push(Revision { at, date, number, said: said.to_owned() }),
            None => faults.form(path(at), format!("`{said}` is no version")),
        }
    }
    let version = Version::parse(text(&tracking["version"]));
    let Some(version) = version else {
        faults.form("document.tracking.version", format!("`{}` is no version", text(&tracking["version"])));
        return;
    };
    for pair in history.iter().map(|item| &item.number).chain([&version]).collect::<Vec<_>>().windows(2) {
        if pair[0].is_whole() != pair[1].is_whole() {
            let message = "whole numbers and semantic versions stand side by side; use one way of counting";
            faults.mandatory("csaf-6.1.30", "document.tracking", message);
            break;
        }
    }
    let mut numbers = HashSet::new();
    for item in &history {
        let is_zero = item.number.major() == 0;
        if matches!(status, "final" | "interim") && is_zero {
            faults.mandatory(
                "csaf-6.1.18",
                path(item.at),
                format!("a document that is {status} has a revision {}", item.said),
            );
        }
        if !item.number.before.is_empty() {
            faults.mandatory(
                "csaf-6.1.19",
                path(item.at),
                format!("{} is a pre-release, which has no place in a history", item.said),
            );
        }
        if !numbers.insert(item.said.as_str()) {
            faults.mandatory(
                "csaf-6.1.22",
                path(item.at),
                format!("the number {} stands there twice", item.said),
            );
        }
    }
    // Of the same instant, the lower number is the earlier one.
    history.sort_by(|one, other| one.date.cmp(&other.date).then_with(|| one.number.order(&other.number)));
    order(&history, faults);
    latest(&version, status, &history, faults);
}

/// By date, numbers grow and leave none out.
fn order(history: &[Revision], faults: &mut Faults) {
    let path = |at: usize| format!("document.tracking.revision_history[{at}].number");
    for pair in history.windows(2) {
        let (earlier, later) = (&pair[0], &pair[1]);
        if earlier.number.order(&later.number).is_gt() {
            let message = format!("{} is dated after {}, but is the lower number", later.said, earlier.said);
            faults.mandatory("csaf-6.1.14", path(later.at), message);
        }
        if later.number.major() > earlier.number.major().saturating_add(1) {
            let message = format!("between {} and {} a version is missing", earlier.said, later.said);
            faults.mandatory("csaf-6.1.21", path(later.at), message);
        }
    }
    if let Some(first) = history.first().filter(|first| first.number.major() > 1) {
        faults.mandatory(
            "csaf-6.1.21",
            path(first.at),
            format!("the history begins with {}, not with 0 or 1", first.said),
        );
    }
}

fn latest(version: &Version, status: &str, history: &[Revision], faults: &mut Faults) {
    let path = "document.tracking.version";
    if let Some(last) = history.last() {
        let same = if status == "draft" {
            version.numbers == last.number.numbers
        } else {
            version.numbers == last.number.numbers && version.before == last.number.before
        };
        if !same {
            faults.mandatory("csaf-6.1.16", path, format!("the newest revision is {}, not this", last.said));
        }
    }
    let unfinished = version.major() == 0 || !version.before.is_empty();
    if unfinished && status != "draft" {
        faults.mandatory(
            "csaf-6.1.17",
            path,
            format!("versions before 1 and pre-releases are drafts, not {status}"),
        );
    }
    if !version.before.is_empty() && matches!(status, "final" | "interim") {
        faults.mandatory(
            "csaf-6.1.20",
            path,
            format!("a document that is {status} has a pre-release as its version"),
        );
    }
}
