//! `bongsu validate`: files against every rule of STIX 2.1, without a node.
//!
//! A bundle that fits in memory is checked whole, its own properties too; all else, and larger ones, as a stream of
//! objects. What is found is grouped by rule, since one producer's fault is in each of its objects.

use crate::answer::Answer;
use crate::cli::ValidateArgs;
use crate::exit::{Exit, Failure};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;
use stix::bundle::{self, Item, Limits};
use stix::validate::{Bundle, CODES, validate_bundle};
use stix::{Finding, Severity};

/// Inputs up to this size are held in memory, so that a bundle can be seen whole.
const HELD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What was found in all files.
#[derive(Default)]
struct Report {
    objects: u64,
    errors: u64,
    warnings: u64,
    rules: BTreeMap<(Reverse<Severity>, &'static str), Rule>,
    /// Files that could not be read to their end, and why.
    unread: Vec<String>,
}

/// What was found of one rule.
#[derive(Default)]
struct Rule {
    count: u64,
    /// Of the first ones: file, path, message.
    examples: Vec<(String, String, String)>,
}

impl Report {
    fn note(&mut self, file: &str, finding: Finding, examples: usize) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        let rule = self.rules.entry((Reverse(finding.severity), finding.code)).or_default();
        rule.count += 1;
        if rule.examples.len() < examples {
            rule.examples.push((file.to_owned(), finding.path, finding.message));
        }
    }
}

/// Runs `bongsu validate`.
///
/// # Errors
/// When the only file can't be opened or read to its end; the message names it. Of several, the others are still told.
pub(crate) fn run(args: &ValidateArgs) -> Result<Answer, Failure> {
    let mut report = Report::default();
    for path in &args.files {
        match file(path, args.examples, &mut report) {
            Err(failure) if args.files.len() == 1 => return Err(failure),
            // What is wrong with one file leaves the others alone.
            Err(failure) => report.unread.push(failure.message),
            Ok(()) => {}
        }
    }
    let broken = report.errors > 0 || args.strict && report.warnings > 0 || !report.unread.is_empty();
    let exit = match () {
        () if !report.unread.is_empty() => Exit::Failed,
        () if broken => Exit::Findings,
        () => Exit::Done,
    };
    Ok(Answer::done(machine(&report, broken), people(&report)).ending(exit))
}

fn file(path: &Path, examples: usize, report: &mut Report) -> Result<(), Failure> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| Failure::new(format!("{name}: {error}"));
    let source: Box<dyn Read> = match &*name {
        "-" => Box::new(std::io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(failed)?),
    };
    let mut source = exchange::read::unpacked(source).map_err(failed)?;
    let mut held = Vec::new();
    source.by_ref().take(HELD_BYTES_MAX).read_to_end(&mut held).map_err(failed)?;
    let whole = (held.len() as u64) < HELD_BYTES_MAX;
    if let Some(raw) = std::str::from_utf8(&held).ok().filter(|raw| whole && is_bundle(raw)) {
        report.objects += validate_bundle(raw, &mut |finding| report.note(&name, finding, examples));
        return Ok(());
    }
    stream(&name, Cursor::new(held).chain(source), examples, report)
}

/// Whether the text is one bundle. JSON Lines may hold several, each of which begins like one.
fn is_bundle(raw: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(raw).into_iter::<&RawValue>();
    let alone = match values.next() {
        Some(Ok(_)) => raw[values.byte_offset()..].trim_ascii_start().is_empty(),
        _ => true,
    };
    alone && stix::head::property(raw, "type").as_deref() == Some("bundle")
}

fn stream(name: &str, source: impl Read, examples: usize, report: &mut Report) -> Result<(), Failure> {
    let mut bundle = Bundle::new();
    let read = bundle::read(source, &Limits::default(), |item| {
        report.objects += 1;
        match item {
            Item::Object { index, raw } => {
                let place = format!("objects[{index}]");
                bundle.text(raw, &mut |finding| report.note(name, finding.within(&place), examples));
            }
            Item::Bad { finding, .. } => report.note(name, finding, examples),
        }
        ControlFlow::Continue(())
    });
    read.map(|_| ()).map_err(|error| {
        Failure::new(format!("{name}: {error}"))
            .hint("it is no STIX: a bundle, an envelope, a list of objects or JSON Lines")
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The rules that were broken: errors first, what is found most often before the rest.
fn in_order(report: &Report) -> Vec<(Severity, &'static str, &Rule)> {
    let mut rules: Vec<_> =
        report.rules.iter().map(|((severity, code), rule)| (severity.0, *code, rule)).collect();
    rules.sort_by_key(|(severity, code, rule)| (Reverse(*severity), Reverse(rule.count), *code));
    rules
}

fn machine(report: &Report, broken: bool) -> Value {
    let rules: Vec<Value> = in_order(report)
        .into_iter()
        .map(|(severity, code, rule)| {
            let says = CODES.iter().find(|known| known.name == code);
            let examples: Vec<Value> = rule
                .examples
                .iter()
                .map(|(file, path, message)| json!({"file": file, "path": path, "message": message}))
                .collect();
            json!({
                "code": code, "severity": word(severity), "count": rule.count, "examples": examples,
                "section": says.map(|code| code.section), "says": says.map(|code| code.says),
            })
        })
        .collect();
    json!({
        "valid": !broken, "objects": report.objects, "errors": report.errors, "warnings": report.warnings,
        "rules": rules, "unread": report.unread,
    })
}

/// `1 object`, `2 objects`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn people(report: &Report) -> String {
    let Report { objects, errors, warnings, .. } = report;
    let mut text = format!(
        "{}: {}, {}.\n",
        counted(*objects, "object"),
        counted(*errors, "error"),
        counted(*warnings, "warning")
    );
    for (severity, code, rule) in in_order(report) {
        let says =
            CODES.iter().find(|known| known.name == code).map_or("It can't be read.", |code| code.says);
        text.push_str(&format!("\n{} {code}: {}. {says}\n", word(severity), counted(rule.count, "time")));
        for (file, path, message) in &rule.examples {
            let place = if path.is_empty() { String::new() } else { format!(" {path}:") };
            text.push_str(&format!("  {file}:{place} {message}\n"));
        }
        let more = rule.count - rule.examples.len() as u64;
        if more > 0 {
            text.push_str(&format!("  … and {more} more\n"));
        }
    }
    for message in &report.unread {
        text.push_str(&format!("\nNot read to its end: {message}\n"));
    }
    text
}
