//! How finds are shown: for people two lines each, for programs a JSON object on a line.

use crate::answer::counted;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};
use deliver::watch_file::{Header, Known};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::search::{Find, Outcome};

/// What a hunt came to.
pub(super) struct Summary {
    /// The watch file's mark, if there is one.
    tlp: Option<String>,
    values: usize,
    pub(super) finds: u64,
    different: HashSet<String>,
    pub(super) files: usize,
    lines: u64,
    bytes: u64,
    /// The file of the last piece, and whether that has a line without an end.
    rest: (usize, bool),
}

impl Summary {
    pub(super) fn new(header: Option<&Header>) -> Self {
        let tlp = header.map(|header| header.made.tlp.clone());
        let values = header.map_or(0, |header| header.values);
        Self {
            tlp,
            values,
            finds: 0,
            different: HashSet::new(),
            files: 0,
            lines: 0,
            bytes: 0,
            rest: (0, false),
        }
    }

    pub(super) fn add(&mut self, find: &Find) {
        self.finds += 1;
        self.different.insert(find.known.1.value.clone());
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        let Some(end) = outcome.end else { return };
        if outcome.piece.file_number != self.rest.0 {
            self.lines += u64::from(self.rest.1);
        }
        self.rest = (outcome.piece.file_number, end.has_rest);
        self.lines += end.lines;
        self.bytes += end.bytes;
    }

    /// Says what it came to; `to_stdout` if that is free for it.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub(super) fn end(
        mut self,
        took: Duration,
        to_stdout: bool,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        self.lines += u64::from(self.rest.1);
        if terminal.json() && !to_stdout {
            return Ok(());
        }
        if terminal.json() {
            let summary = json!({"summary": {
                "finds": self.finds, "different": self.different.len(), "files": self.files, "lines": self.lines, "bytes": self.bytes,
                "watched": self.values, "tlp": self.tlp, "seconds": took.as_secs_f64(),
            }});
            return terminal.write(format!("{summary}\n").as_bytes());
        }
        let read = format!(
            "{} of {}, {:.1} MB in {:.2} s.",
            counted(self.lines, "line"),
            counted(self.files as u64, "file"),
            self.bytes as f64 / 1e6,
            took.as_secs_f64(),
        );
        terminal.note(&match &self.tlp {
            Some(tlp) => format!(
                "{} of {}; {} looked for in {read} {tlp}",
                counted(self.finds, "find"),
                counted(self.different.len() as u64, "value"),
                counted(self.values as u64, "value"),
            ),
            None => read,
        });
        Ok(())
    }
}

/// A find for people.
pub(super) fn find_text(file: &str, before: u64, find: &Find) -> String {
    let (value, known) = &*find.known;
    let mut text =
        format!("{}:{}: {}", visible(file.as_bytes()), before + find.line, visible(find.found.as_bytes()));
    if find.found != value.text() {
        // Writing to a string does not fail.
        let _ = write!(text, " ({} {})", find.how.as_str(), visible(value.text().as_bytes()));
    }
    text.push_str(&said(value, known));
    let _ = write!(text, "\n    {}\n", visible(&find.text));
    text
}

/// Who says what of a value.
pub(super) fn said(value: &watch::Value, known: &Known) -> String {
    let Some(said) = known.by.first() else { return String::new() };
    let name = said
        .name
        .as_deref()
        .filter(|name| *name != value.text())
        .map(|name| format!(" {},", visible(name.as_bytes())))
        .unwrap_or_default();
    let confidence = said.confidence.map(|sure| format!(", confidence {sure}")).unwrap_or_default();
    let more = if known.by.len() > 1 { format!(" and {} more", known.by.len() - 1) } else { String::new() };
    let [circle, tlp, indicator] =
        [&said.circle, &said.tlp, &said.indicator].map(|said| visible(said.as_bytes()));
    format!(" —{name} {circle}, {tlp}{confidence}, {indicator}{more}")
}

/// A find for programs.
pub(super) fn find_json(file: &str, before: u64, find: &Find) -> Value {
    let (value, known) = &*find.known;
    json!({
        "file": file, "line": before + find.line, "found": find.found, "how": find.how.as_str(), "value": value.text(),
        "kind": known.kind, "by": known.by, "text": String::from_utf8_lossy(&find.text),
        "at": find.at.map(|at| at.to_string()),
    })
}
