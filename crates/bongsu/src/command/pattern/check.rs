//! `bongsu pattern check`: where a pattern is wrong, shown with a caret.

use super::{lines, plain};
use crate::answer::Answer;
use crate::cli::PatternCheckArgs;
use crate::exit::{Exit, Failure};
use serde_json::{Value, json};
use std::path::Path;
use stix::pattern::matching::CompileError;
use stix::pattern::{Matcher, PatternError, parse};

/// Characters shown on each side of the place that is wrong.
const SHOWN: usize = 60;

/// Checks each pattern.
///
/// # Errors
/// When standard input can't be read.
pub(super) fn run(args: &PatternCheckArgs) -> Result<Answer, Failure> {
    let mut patterns = Vec::new();
    for (at, text) in args.patterns.iter().enumerate() {
        if text == "-" {
            let read = lines(Path::new("-"))?;
            patterns.extend(read.into_iter().map(|(line, text)| (format!("line {line}"), text)));
        } else {
            patterns.push((format!("pattern {}", at + 1), text.clone()));
        }
    }
    let mut wrong = 0;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (name, pattern) in &patterns {
        let checked = checked(pattern);
        if let Some(complaint) = complaint(name, pattern, &checked) {
            wrong += 1;
            text.push_str(&complaint);
        }
        rows.push(row(name, pattern, &checked));
    }
    text.push_str(&match wrong {
        0 => format!("all well formed: {}\n", patterns.len()),
        _ => format!("wrong: {wrong} of {}\n", patterns.len()),
    });
    let answer = Answer::done(json!({ "patterns": rows, "wrong": wrong }), text);
    Ok(if wrong == 0 { answer } else { answer.ending(Exit::Findings) })
}

/// The pattern as it prints, or why it can't be read or asked.
fn checked(pattern: &str) -> Result<String, CompileError> {
    let tree = parse(pattern)?;
    Matcher::new(&tree)?;
    Ok(tree.to_string())
}

fn complaint(name: &str, pattern: &str, checked: &Result<String, CompileError>) -> Option<String> {
    match checked {
        Ok(_) => None,
        Err(CompileError::Grammar(error)) => {
            let (line, column) = place(pattern, error);
            let (shown, caret) = pointed(pattern, error.offset);
            Some(format!(
                "{name}, line {line}, column {column}: found {}, expected {}\n  {shown}\n  {caret}^\n",
                plain(&error.found),
                error.expected
            ))
        }
        Err(error) => {
            let (shown, _) = pointed(pattern, 0);
            Some(format!("{name}: {}\n  {shown}\n", plain(&error.to_string())))
        }
    }
}

fn row(name: &str, pattern: &str, checked: &Result<String, CompileError>) -> Value {
    match checked {
        Ok(printed) => json!({ "name": name, "pattern": pattern, "valid": true, "printed": printed }),
        Err(CompileError::Grammar(error)) => {
            let (line, column) = place(pattern, error);
            json!({
                "name": name, "pattern": pattern, "valid": false,
                "error": {
                    "offset": error.offset, "line": line, "column": column,
                    "found": error.found, "expected": error.expected, "message": error.to_string(),
                },
            })
        }
        Err(error) => json!({
            "name": name, "pattern": pattern, "valid": false, "error": { "message": error.to_string() },
        }),
    }
}

/// Line and column of an error, in characters from 1.
fn place(pattern: &str, error: &PatternError) -> (usize, usize) {
    let before = before(pattern, error.offset);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
    (line, column)
}

fn before(pattern: &str, offset: usize) -> &str {
    pattern.get(..offset).unwrap_or(pattern)
}

/// The line with the error, cut to what fits, and the space before the caret.
fn pointed(pattern: &str, offset: usize) -> (String, String) {
    let before = before(pattern, offset);
    let after = pattern.get(before.len()..).unwrap_or_default();
    let left: Vec<char> = plain(before.rsplit('\n').next().unwrap_or_default()).chars().collect();
    let right: Vec<char> = plain(after.split('\n').next().unwrap_or_default()).chars().collect();
    let cut_left = left.len().saturating_sub(SHOWN);
    let start = if cut_left > 0 { "…" } else { "" };
    let end = if right.len() > SHOWN { "…" } else { "" };
    let left: String = left.iter().skip(cut_left).collect();
    let right: String = right.iter().take(SHOWN).collect();
    let caret = " ".repeat(start.chars().count() + left.chars().count());
    (format!("{start}{left}{right}{end}"), caret)
}
