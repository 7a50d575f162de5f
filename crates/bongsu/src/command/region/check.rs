//! `bongsu region check`: whether files by the IATI standard keep to its rules and code lists.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use region::aid::check::{Checked, Checker, Codelists, Finding, Ruleset, Severity};
use serde_json::{Value, json};

use crate::aid::files::Opened;
use crate::answer::{Answer, Progress, counted};
use crate::cli::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

use super::read;

/// Findings of a file that people are shown; JSON has the first thousand.
const SHOWN_MAX: usize = 50;

pub(super) fn run(args: &CheckArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let checker = checker(args)?;
    let mut files = Vec::new();
    for path in read::found(&args.files)? {
        let what = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut tell = |done, total| {
            let _goes_on = terminal.progress(&Progress { what: what.clone(), done, total });
        };
        let judged = Opened::new(&path).and_then(|opened| {
            let (source, mut seen) = opened.telling(&mut tell);
            checker.check(source, &mut seen).map_err(|error| error.to_string())
        });
        files.push((path, judged));
    }
    let is_right = files.iter().all(|(_, judged)| judged.as_ref().is_ok_and(Checked::is_right));
    let answer = json!({
        "rules": checker.rulesets.iter().map(Ruleset::len).sum::<usize>(), "codelists": checker.codelists.len(),
        "as_of": checker.now, "right": is_right, "files": files.iter().map(told).collect::<Vec<_>>(),
    });
    let mut text = String::new();
    for (path, judged) in &files {
        put(&mut text, path, judged);
    }
    let right = files.iter().filter(|(_, judged)| judged.as_ref().is_ok_and(Checked::is_right)).count();
    let rules = checker.rulesets.iter().map(Ruleset::len).sum::<usize>();
    text.push_str(&format!(
        "{right} of {} right by {} and {}; the schema was not looked at\n",
        counted(files.len() as u64, "file"),
        counted(rules as u64, "rule"),
        counted(checker.codelists.len() as u64, "code list")
    ));
    Ok(Answer::done(answer, text).ending(if is_right { Exit::Done } else { Exit::Findings }))
}

/// The rules and lists that were named.
fn checker(args: &CheckArgs) -> Result<Checker, Failure> {
    let failed =
        |path: &Path, why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", path.display()));
    let now = match read::day(args.day.as_deref())? {
        // The end of that day: what is dated by it is not to come.
        Some(day) => jiff::tz::Offset::UTC
            .to_timestamp(day.at(23, 59, 59, 0))
            .map_err(|error| Failure::usage(error.to_string()))?,
        None => Timestamp::now(),
    };
    let mut rulesets = Vec::new();
    for path in &args.ruleset {
        let file = File::open(path).map_err(|error| failed(path, &error))?;
        rulesets.push(Ruleset::read(BufReader::new(file)).map_err(|error| failed(path, &error))?);
    }
    let mut codelists = Codelists::default();
    for path in read::found(&args.codelists)? {
        let file = File::open(&path).map_err(|error| failed(&path, &error))?;
        codelists.add(file).map_err(|error| failed(&path, &error))?;
    }
    Ok(Checker { rulesets, codelists, now })
}

/// A file for programs.
fn told((path, judged): &(PathBuf, Result<Checked, String>)) -> Value {
    let file = path.display().to_string();
    match judged {
        Ok(checked) => json!({"file": file, "right": checked.is_right(), "checked": checked}),
        Err(why) => json!({"file": file, "right": false, "refused": why}),
    }
}

/// A file for people.
fn put(text: &mut String, path: &Path, judged: &Result<Checked, String>) {
    let path = visible(path.display().to_string().as_bytes());
    let checked = match judged {
        Ok(checked) => checked,
        Err(why) => return text.push_str(&format!("{path}: not read: {}\n", visible(why.as_bytes()))),
    };
    let mut what = vec![counted(checked.activities + checked.organisations, "part")];
    for (severity, rules) in &checked.counts {
        let count: u64 = rules.values().sum();
        what.push(match severity {
            Severity::Advisory => format!("{count} advisory"),
            Severity::Critical => format!("{count} critical"),
            other => counted(count, other.name()),
        });
    }
    let version = visible(checked.version.as_bytes());
    let version = if version.is_empty() { "no version".to_owned() } else { format!("version {version}") };
    let end = if checked.is_right() { ": right" } else { "" };
    text.push_str(&format!("{path}: {version}, {}{end}\n", what.join(", ")));
    for finding in checked.findings.iter().take(SHOWN_MAX) {
        text.push_str(&line(finding));
    }
    let all: u64 = checked.counts.values().flat_map(|rules| rules.values()).sum();
    let shown = checked.findings.len().min(SHOWN_MAX) as u64;
    if all > shown {
        text.push_str(&format!(
            "  … {} more: --json has the first thousand, and counts all by rule\n",
            all - shown
        ));
    }
    if let Some(why) = &checked.broken {
        text.push_str(&format!("  read up to where it breaks: {}\n", visible(why.as_bytes())));
    }
    for (rule, why) in &checked.unjudged {
        text.push_str(&format!("  not judged: {}: {why}\n", visible(rule.as_bytes())));
    }
}

fn line(finding: &Finding) -> String {
    let saw: Vec<String> = finding
        .saw
        .iter()
        .map(|saw| {
            let name = saw.path.strip_prefix(finding.path.as_str()).unwrap_or(&saw.path);
            format!("{} = `{}`", name.trim_start_matches('/'), saw.value)
        })
        .collect();
    let of = if finding.of.is_empty() { "(no identifier)" } else { &finding.of };
    let mut out = format!(
        "  {} {} {}: {}\n    {}",
        finding.severity.name(),
        finding.rule,
        of,
        finding.message.trim(),
        finding.path
    );
    if !saw.is_empty() {
        out.push_str(&format!(": {}", saw.join(", ")));
    }
    let mut lines = String::new();
    for part in out.lines() {
        lines.push_str(&visible(part.as_bytes()));
        lines.push('\n');
    }
    lines
}
