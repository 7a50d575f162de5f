//! `bongsu import`: files in any of the formats, into a circle.

use crate::answer::{Answer, Watcher};
use crate::cli::{FormatArg, ImportArgs};
use crate::command::source::Source;
use crate::command::terms;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use exchange::read::{self, Format, Item, Options};
use gate::{Submission, SubmitError, Submitted};
use line::LineId;
use policy::{CircleId, MemberId, Terms};
use serde_json::json;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use stix::{ObjectId, Severity};

/// Objects that are submitted at once.
const BATCH: usize = 1_000;
/// Findings that are kept for the report.
const FINDINGS_MAX: usize = 10_000;

/// Where objects go.
pub(crate) struct Target {
    pub member: MemberId,
    pub circle: CircleId,
    pub terms: Terms,
}

/// What became of the files.
#[derive(Default)]
pub(crate) struct Report {
    pub added: u64,
    pub present: u64,
    pub refused: u64,
    pub withdrawn: u64,
    pub warnings: u64,
    pub findings: Vec<String>,
}

impl Report {
    /// Counts an object that was not taken, with the reason.
    pub(crate) fn refuse(&mut self, finding: String) {
        self.refused += 1;
        self.note(finding);
    }

    /// Counts something that is odd and was taken all the same.
    pub(crate) fn warn(&mut self, finding: String) {
        self.warnings += 1;
        self.note(finding);
    }

    fn note(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Runs `bongsu import`.
///
/// # Errors
/// When a file can't be read to its end, a name is unknown or the line can't be written. What was taken before is kept.
pub(crate) fn run(node: &Node, args: &ImportArgs, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let target = Target {
        member: node.sender(&book, args.sender.as_deref())?.id,
        circle: node.circle(&book, &args.circle)?.id,
        terms: terms::terms(node, &book, &args.terms)?,
    };
    may_share(node, &target, &args.circle)?;
    let started = Instant::now();
    let mut report = Report::default();
    for path in &args.files {
        file(node, &target, path, args.format, &mut report, watch)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let shown = report.findings.iter().take(args.findings);
    let mut text = format!(
        "{} added, {} there already, {} refused, {} withdrawn, {} warnings in {seconds:.1} s.\n",
        report.added, report.present, report.refused, report.withdrawn, report.warnings
    );
    shown.for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let more = report.findings.len().saturating_sub(args.findings);
    if more > 0 {
        text.push_str(&format!("  … and {more} more: --findings {} shows them\n", report.findings.len()));
    }
    let json = json!({
        "circle": args.circle, "added": report.added, "present": report.present, "refused": report.refused,
        "withdrawn": report.withdrawn, "warnings": report.warnings, "findings": report.findings, "seconds": seconds,
    });
    let exit = if report.refused > 0 { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json, text).ending(exit))
}

/// Whether the member may share in the circle at all, so that nothing is read for nothing.
///
/// # Errors
/// When it is not in the circle, or the circle is not in force.
pub(crate) fn may_share(node: &Node, target: &Target, handle: &str) -> Result<(), Failure> {
    node.gate.may_share(target.member, target.circle, node.now()).map(|_| ()).map_err(|error| match error {
        SubmitError::NotFound(_) => Failure::new(format!("the member is not in circle {handle}")).hint(
            format!("let it join with `bongsu circle join {handle} MEMBER`, or name another with --as"),
        ),
        error => {
            Failure::new(format!("circle {handle}: {error}")).hint(format!("`bongsu circle show {handle}`"))
        }
    })
}

/// Takes one file in.
///
/// # Errors
/// As [`run`].
pub(crate) fn file(
    node: &Node,
    target: &Target,
    path: &Path,
    format: FormatArg,
    report: &mut Report,
    watch: &mut Watcher<'_>,
) -> Result<(), Failure> {
    let source = Source::open(node, path, format, Some(target.circle))?;
    let (name, format, options) = (source.name.clone(), source.format, source.options.clone());
    stream(node, target, &name, source.watched(watch), format, &options, report)
}

/// Takes everything in that `source` holds.
///
/// # Errors
/// As [`run`].
pub(crate) fn stream(
    node: &Node,
    target: &Target,
    name: &str,
    source: impl Read,
    format: Format,
    options: &Options,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut failure = None;
    let read = read::read(source, format, options, &mut |item| {
        let outcome = match item {
            Item::Object(object) if !object.dated && knows(node, target.circle, &object.head.id) => {
                report.present += 1;
                Ok(())
            }
            Item::Object(object) => {
                batch.push(Submission { raw: object.raw, head: object.head });
                if batch.len() < BATCH { Ok(()) } else { submit(node, target, name, &mut batch, report) }
            }
            Item::Withdrawal(withdrawal) => submit(node, target, name, &mut batch, report)
                .and_then(|()| withdraw(node, target, &withdrawal.id, &withdrawal.reason, report)),
            Item::Finding(finding) => {
                match finding.severity {
                    Severity::Error => report.refuse(format!("{name}: {finding}")),
                    Severity::Warning => report.warn(format!("{name}: {finding}")),
                }
                Ok(())
            }
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    submit(node, target, name, &mut batch, report)?;
    read.map(|_| ()).map_err(|error| {
        let failure = Failure::new(format!("{name}: {error}"));
        match report.added + report.present {
            0 => failure,
            kept => failure.hint(format!(
                "{kept} objects before that are in the circle; importing the file again adds none of them twice"
            )),
        }
    })
}

/// Whether the circle has the object already.
pub(crate) fn knows(node: &Node, circle: CircleId, id: &ObjectId) -> bool {
    let line = LineId::new(circle.uuid());
    let known = node
        .gate
        .store()
        .look(line, |catalogue| catalogue.object(id).and_then(|object| catalogue.latest(object)));
    known.is_ok_and(|known| known.is_some())
}

/// Shares what waits in `batch`, and counts what became of it.
///
/// # Errors
/// As [`run`].
pub(crate) fn submit(
    node: &Node,
    target: &Target,
    name: &str,
    batch: &mut Vec<Submission>,
    report: &mut Report,
) -> Result<(), Failure> {
    if batch.is_empty() {
        return Ok(());
    }
    let objects = std::mem::take(batch);
    let ids: Vec<ObjectId> = objects.iter().map(|object| object.head.id.clone()).collect();
    let told = node.gate.submit(target.member, target.circle, &target.terms, objects, node.now());
    let told = told.map_err(|error| {
        Failure::new(format!("{name}: {error}"))
            .hint("is the member in the circle, and is the circle in force?")
    })?;
    for (id, told) in ids.iter().zip(told) {
        match told {
            Submitted::Appended { .. } => report.added += 1,
            Submitted::Present => report.present += 1,
            Submitted::Refused(refusal) => report.refuse(format!("{name}: {id}: {refusal}")),
            Submitted::Forbidden(rule) => report.refuse(format!("{name}: {id}: {rule} [{}]", rule.code())),
        }
    }
    Ok(())
}

fn withdraw(
    node: &Node,
    target: &Target,
    id: &ObjectId,
    reason: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let told = node.gate.withdraw(target.member, target.circle, std::slice::from_ref(id), reason);
    match told.map_err(|error| Failure::new(error.to_string()))?.first() {
        Some(Submitted::Appended { .. }) => report.withdrawn += 1,
        Some(Submitted::Refused(refusal)) => report.note(format!("{id}: not withdrawn: {refusal}")),
        _ => {}
    }
    Ok(())
}
