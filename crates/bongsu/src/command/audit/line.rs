//! `bongsu audit line`: a member's side. Is what came in the log, did the log only grow, did witnesses see the same?

use crate::answer::{Answer, Progress, counted, table};
use crate::cli::AuditLineArgs;
use crate::command::remote::{Node, told};
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};
use exchange::pull::Limits;
use exchange::transparency::audit::{Asked, AuditError, LineReport, audit};
use gate::NoteKey;
use serde_json::json;

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        match &error {
            AuditError::Pull(pull) => told(pull),
            AuditError::NoCircle { .. } => {
                Self::new(error.to_string()).hint("without --circle, all that you are in are audited")
            }
            _ => Self::new(error.to_string()),
        }
    }
}

/// Audits a node.
///
/// # Errors
/// When the node can't be asked, or what is kept of audits can't be used.
pub(crate) fn run(args: &AuditLineArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let key: NoteKey = args.key.parse().map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let (witnesses, needed) = super::witnesses(&args.witness, args.need)?;
    let node = Node::with(&args.node, Limits::default())?;
    let (http, url) = node.parts();
    let asked = Asked {
        url: url.clone(),
        key,
        circle: args.circle.clone(),
        witnesses,
        needed,
        folder: args.state.clone(),
    };
    let mut watch = |circle: &str, done: u64| {
        let what = format!("objects of {circle}");
        terminal.progress(&Progress { what, done, total: 0 }).is_continue()
    };
    let reports = node.wait(audit(http, &asked, &mut watch))?;
    let is_sound = reports.iter().all(|report| report.findings_count == 0);
    let answer = Answer::done(json!({"holds": is_sound, "lines": reports}), text(&reports));
    Ok(if is_sound { answer } else { answer.ending(Exit::Findings) })
}

fn text(reports: &[LineReport]) -> String {
    if reports.is_empty() {
        return "You are in no circle of this node.\n".to_owned();
    }
    let row = |report: &LineReport| {
        vec![
            visible(report.circle.as_bytes()),
            report.before.map_or_else(|| "-".to_owned(), |before| before.to_string()),
            report.records.to_string(),
            report.objects.to_string(),
            report.later.to_string(),
            report.witnesses.len().to_string(),
            if report.findings_count == 0 { "yes".to_owned() } else { "NO".to_owned() },
        ]
    };
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    let mut text = table(&["CIRCLE", "BEFORE", "RECORDS", "OBJECTS", "LATER", "WITNESSES", "HOLDS"], &rows);
    for report in reports {
        for finding in &report.findings {
            text.push_str(&format!(
                "DOES NOT HOLD: {}: {}\n",
                visible(report.circle.as_bytes()),
                visible(finding.as_bytes())
            ));
        }
        let more = report.findings_count - report.findings.len() as u64;
        if more > 0 {
            text.push_str(&format!(
                "and {} of {}\n",
                counted(more, "more finding"),
                visible(report.circle.as_bytes())
            ));
        }
        if report.erased > 0 {
            text.push_str(&format!(
                "{} of {} erased at the node since you read it; the log still holds its commitment.\n",
                counted(report.erased, "object"),
                visible(report.circle.as_bytes())
            ));
        }
        for file in &report.evidence {
            text.push_str(&format!("Evidence, signed by the node: {}\n", file.display()));
        }
    }
    text
}
