//! Plain lists: one value a line, comments after `#`, `;` or `//`.
//!
//! Takes defanged values, hosts files (`0.0.0.0 bad.example`), ad-block lines (`||bad.example^`), and lines with a
//! value first and something else after it. A line without a value is a finding with its number.

use std::collections::HashSet;

use stix::Finding;
use watch::{Value, guess};

use super::indicator::{self, Said};
use super::unread::unread;
use super::{Options, Sink};

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Addresses that a hosts file points to.
const NOWHERE: [&str; 4] = ["0.0.0.0", "127.0.0.1", "::", "::1"];

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) {
    let mut seen = HashSet::new();
    for (at, line) in text.lines().enumerate() {
        if sink.stopped {
            return;
        }
        let path = format!("line {}", at + 1);
        let line = without_comment(line);
        if line.is_empty() {
            continue;
        }
        let Some(value) = (line.len() <= LINE_BYTES_MAX).then(|| value(line)).flatten() else {
            let what = unread(line, "is no domain, address, URL, hash, mailbox or wallet");
            let message = format!("{what}; the line was skipped");
            sink.finding(Finding::error("value-unread", path, message));
            continue;
        };
        if !seen.insert(indicator::id(options.source.as_deref(), &value)) {
            let message = format!("{value} stands in the list already");
            sink.finding(Finding::warning("value-repeated", path, message));
            continue;
        }
        if !indicator::hand_on(&value, &Said::default(), options, &path, sink) {
            let message = format!("{value} is of the kind {}, of which no indicator is made", value.kind());
            sink.finding(Finding::error("value-kind", path, message));
        }
    }
}

/// The line without its comment. `//` counts at the start and after a blank only: URLs have it inside.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return "";
    }
    let marks = [" #", "\t#", " ;", "\t;", " //", "\t//"];
    let end = marks.iter().filter_map(|mark| line.find(mark)).min().unwrap_or(line.len());
    line[..end].trim()
}

fn value(line: &str) -> Option<Value> {
    let line = line.strip_prefix("||").map_or(line, |rest| rest.split(['^', '$']).next().unwrap_or(rest));
    if let Some(value) = guess(line) {
        return Some(value);
    }
    let mut words = line.split([' ', '\t', ',', '|']).filter(|word| !word.is_empty());
    let first = words.next()?;
    if NOWHERE.contains(&first) {
        return guess(words.next()?);
    }
    guess(first)
}
