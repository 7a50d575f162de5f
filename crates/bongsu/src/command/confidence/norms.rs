//! `bongsu norms`: what members say of how they keep the 11 norms.

use crate::answer::{Answer, table};
use crate::cli::{NormReportArgs, NormsCommand};
use crate::command::contact::{QUARTER_DAYS, looking};
use crate::exit::Failure;
use crate::node::Node;
use region::Event;
use region::norms::{Norm, Report, Reported};
use serde_json::{Value, json};

use super::{circles, line, wrong};

/// Runs `bongsu norms …`.
///
/// # Errors
/// When a handle or letter is unknown, something does not keep to its form, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: NormsCommand) -> Result<Answer, Failure> {
    match command {
        NormsCommand::List(args) => list(node, args.viewer.as_deref()),
        NormsCommand::Show { member, viewer } => show(node, &member, viewer.as_deref()),
        NormsCommand::Report(args) => report(node, &args),
    }
}

fn report(node: &Node, args: &NormReportArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let norm = Norm::of(&args.norm).ok_or_else(|| {
        Failure::usage(format!("`{}` names no norm", args.norm))
            .hint("a letter from a to k: `bongsu norms list`")
    })?;
    let member = node.active(&book, &args.member)?.id;
    let report = Report {
        member,
        norm,
        stage: args.stage.into(),
        text: line("a report", &args.text)?,
        evidence: args.evidence.clone(),
        day: args.day.clone().unwrap_or_else(|| node.now().date()),
        circles: circles(node, &book, &args.circles, &[member])?,
    };
    report.check().map_err(wrong)?;
    let text = format!("Norm {} of {}: {}.\n", norm.letter(), args.member, report.stage.words());
    let event = Event::NormReported(report);
    node.region.happens(|_| Ok((vec![event], ())))?;
    Ok(Answer::done(json!({"member": args.member, "norm": norm.letter()}), text))
}

fn list(node: &Node, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let reports = register.reports_for(&looking(node, &book, viewer, QUARTER_DAYS)?);
    let handle = |id| book.member(id).map(|member| member.handle.clone()).unwrap_or_default();
    let (mut rows, mut norms) = (Vec::new(), Vec::new());
    for norm in Norm::ALL {
        let of = reports.iter().map(|opened| *opened.get()).filter(|reported| reported.report.norm == norm);
        let told: Vec<(String, &Reported)> =
            of.map(|reported| (handle(reported.report.member), reported)).collect();
        let words =
            |(handle, reported): &(String, &Reported)| format!("{handle}: {}", reported.report.stage.words());
        let said = told.iter().map(words).collect::<Vec<_>>().join(", ");
        rows.push(vec![norm.letter().to_owned(), norm.title().to_owned(), said]);
        let reports: Vec<Value> = told.iter().map(|(handle, reported)| shown(handle, reported)).collect();
        norms.push(json!({"norm": norm.letter(), "title": norm.title(), "reports": reports}));
    }
    let text =
        format!("{}\nSource: UN A/70/174, paragraph 13\n", table(&["NORM", "ABOUT", "MEMBERS SAY"], &rows));
    Ok(Answer::done(json!({"norms": norms}), text))
}

fn shown(member: &str, reported: &Reported) -> Value {
    let report = &reported.report;
    json!({
        "member": member, "norm": report.norm.letter(), "stage": report.stage.words(), "text": report.text,
        "evidence": report.evidence, "day": report.day, "entered": reported.at.to_string(),
    })
}

fn show(node: &Node, handle: &str, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let member = node.member(&book, handle)?.id;
    let looking = looking(node, &book, viewer, QUARTER_DAYS)?;
    let all = register.reports_of(&looking, member);
    let row = |reported: &Reported| {
        let report = &reported.report;
        vec![
            report.norm.letter().to_owned(),
            report.day.clone(),
            report.stage.words().to_owned(),
            report.text.clone(),
            report.evidence.join(" "),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(|opened| row(opened.get())).collect();
    let text = match rows.is_empty() {
        true => format!(
            "No reports. Next: bongsu norms report {handle} NORM --stage STAGE --text TEXT --circle CIRCLE\n"
        ),
        false => table(&["NORM", "DAY", "STAGE", "WHAT", "EVIDENCE"], &rows),
    };
    let reports: Vec<Value> = all.iter().map(|opened| shown(handle, opened.get())).collect();
    Ok(Answer::done(json!({"member": handle, "reports": reports}), text))
}
