//! `bongsu persona calibrate`: precision and recall on labelled applications, as a table and as a picture.

use super::{Known, bytes};
use crate::answer::{Answer, table};
use crate::cli::PersonaCalibrateArgs;
use crate::exit::{Exit, Failure};
use crate::node;
use serde::Deserialize;
use serde_json::json;
use std::path::Path;
use watch::persona::{FILE_BYTES_MAX, Labelled, Row, calibrate, check, curve, read};

#[derive(Deserialize)]
struct Label {
    label: bool,
}

pub(super) fn run(args: &PersonaCalibrateArgs, known: &Known) -> Result<Answer, Failure> {
    let name = args.file.display();
    let bytes = bytes(&args.file, FILE_BYTES_MAX)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Failure::new(format!("{name} has more than {FILE_BYTES_MAX} bytes")).hint("split it"));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("{name} is no text in UTF-8")))?;
    let (mut labelled, mut findings) = (Vec::new(), known.findings.clone());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{name}, line {}", at + 1);
        let label = serde_json::from_str::<Label>(line);
        let told = label.map_err(|error| format!("{place}: no `label`, true or false: {error}"));
        let told = told.and_then(|label| match read(line.as_bytes()) {
            Ok(told) => Ok((label.label, told)),
            Err(error) => Err(format!("{place}: {error}")),
        });
        match told {
            Err(finding) => findings.push(finding),
            Ok((is_persona, told)) => {
                findings.extend(told.findings.iter().map(|finding| format!("{place}: {finding}")));
                labelled.extend(told.applications.iter().map(|application| Labelled {
                    score: check(application, &known.personas, &known.weights, node::now()).score,
                    is_persona,
                }));
            }
        }
    }
    if labelled.is_empty() {
        return Err(Failure::new(format!("{name} has no labelled application"))
            .hint("one a line: {\"label\": true, \"names\": [\"…\"]}"));
    }
    let calibration = calibrate(&labelled);
    let share =
        |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0));
    let row = |row: &Row| {
        let counts = [row.found, row.wrong, row.missed, row.passed].map(|count| count.to_string());
        let mut cells = vec![row.threshold.to_string(), share(row.precision()), share(row.recall())];
        cells.extend(counts);
        cells
    };
    let rows: Vec<Vec<String>> = calibration.rows.iter().map(row).collect();
    let mut shown = table(&["POINTS", "PRECISION", "RECALL", "FOUND", "WRONG", "MISSED", "PASSED"], &rows);
    findings.iter().for_each(|finding| {
        shown.push_str(&format!("finding: {}\n", crate::terminal::visible(finding.as_bytes())))
    });
    let rows: Vec<_> = calibration
        .rows
        .iter()
        .map(|row| {
            json!({
                "points": row.threshold, "precision": row.precision(), "recall": row.recall(), "found": row.found,
                "wrong": row.wrong, "missed": row.missed, "passed": row.passed,
            })
        })
        .collect();
    let json = json!({
        "rows": rows, "applications": labelled.len(), "personas": known.personas.len(), "findings": findings,
        "svg": args.out.as_ref().map(|_| curve(&calibration, &known.weights)),
    });
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json, shown).ending(exit))
}

/// Writes the picture that an answer carries, where the command was typed.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn picture(mut answer: Answer, out: &Path) -> Result<Answer, Failure> {
    let Some(svg) = answer.json.get_mut("svg").map(serde_json::Value::take) else { return Ok(answer) };
    std::fs::write(out, svg.as_str().unwrap_or_default())
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", out.display())))?;
    answer.json["svg"] = json!(out.display().to_string());
    Ok(answer)
}
