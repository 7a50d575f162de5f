//! `bongsu quarantine`: what was kept apart, and what an operator decides of it.

use std::collections::HashSet;

use crate::answer::{Answer, table};
use crate::cli::QuarantineCommand;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{Quarantined, Verdict};
use line::Seq;
use policy::{Book, Circle, CircleId, MemberId};
use serde_json::{Value, json};
use stix::{Finding, ObjectId};

/// Objects that are decided in one go with `--all`.
const AT_ONCE: usize = 1_000;

/// Runs `bongsu quarantine …`.
///
/// # Errors
/// When a name is unknown, an id malformed, or the store fails.
pub(crate) fn run(node: &Node, command: QuarantineCommand) -> Result<Answer, Failure> {
    let book = node.gate.book();
    match command {
        QuarantineCommand::List { circle, skip, limit } => {
            let mut circles: Vec<&Circle> = match &circle {
                Some(handle) => vec![node.circle(&book, handle)?],
                None => book.circles().collect(),
            };
            circles.sort_by(|a, b| a.handle.cmp(&b.handle));
            list(node, &book, &circles, skip, limit)
        }
        QuarantineCommand::Show { circle, id } => show(node, &book, node.circle(&book, &circle)?, &id),
        QuarantineCommand::Release { circle, ids, all } => {
            decide(node, node.circle(&book, &circle)?, &ids, all, Verdict::Release)
        }
        QuarantineCommand::Drop { circle, ids, all } => {
            decide(node, node.circle(&book, &circle)?, &ids, all, Verdict::Drop)
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("the quarantine can't be read: {error}"))
}

fn parsed(id: &str) -> Result<ObjectId, Failure> {
    ObjectId::parse(id).map_err(|error| Failure::usage(format!("`{id}`: {error}")))
}

fn name(book: &Book, member: MemberId) -> String {
    book.member(member).map_or_else(|| "operator".to_owned(), |member| member.handle.clone())
}

fn view(book: &Book, circle: &str, waiting: &Quarantined) -> Value {
    let finding = |finding: &Finding| {
        json!({"code": finding.code, "path": finding.path, "message": finding.message,
               "severity": format!("{:?}", finding.severity).to_lowercase()})
    };
    json!({
        "circle": circle, "id": waiting.id.to_string(), "from": name(book, waiting.sender),
        "came": waiting.added.timestamp().to_string(),
        "findings": waiting.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn list(
    node: &Node,
    book: &Book,
    circles: &[&Circle],
    mut skip: usize,
    limit: usize,
) -> Result<Answer, Failure> {
    let (mut views, mut rows, mut total) = (Vec::new(), Vec::new(), 0);
    for circle in circles {
        let count = node.gate.quarantine_count(circle.id).map_err(|error| failed(&error))?;
        let waiting = node.gate.quarantined(circle.id, skip, limit - rows.len());
        for waiting in waiting.map_err(|error| failed(&error))? {
            let why = waiting.findings.first().map(Finding::to_string).unwrap_or_default();
            rows.push(vec![circle.handle.clone(), waiting.id.to_string(), name(book, waiting.sender), why]);
            views.push(view(book, &circle.handle, &waiting));
        }
        total += count;
        skip = skip.saturating_sub(count);
    }
    let mut text = match rows.is_empty() {
        true => "Nothing waits here.\n".to_owned(),
        false => table(&["CIRCLE", "ID", "FROM", "FIRST OF WHAT IS WRONG"], &rows),
    };
    if total > rows.len() {
        text.push_str(&format!("{} of {total}; --skip and --limit show the others\n", rows.len()));
    }
    Ok(Answer::done(json!({"total": total, "quarantined": views}), text))
}

fn show(node: &Node, book: &Book, circle: &Circle, id: &str) -> Result<Answer, Failure> {
    let waiting = node.gate.quarantined_as(circle.id, &parsed(id)?).map_err(|error| failed(&error))?;
    if waiting.is_empty() {
        return Err(absent(&circle.handle, id));
    }
    let mut text = String::new();
    let mut views = Vec::new();
    for waiting in &waiting {
        text.push_str(&format!(
            "{}, brought by {} at {}\n",
            waiting.id,
            name(book, waiting.sender),
            waiting.added.timestamp()
        ));
        waiting.findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
        text.push_str(&waiting.raw);
        text.push('\n');
        let mut view = view(book, &circle.handle, waiting);
        view["object"] = serde_json::from_str(&waiting.raw).unwrap_or_default();
        views.push(view);
    }
    Ok(Answer::done(json!({"quarantined": views}), text))
}

fn absent(circle: &str, id: &str) -> Failure {
    Failure::new(format!("{id} does not wait beside {circle}"))
        .hint(format!("`bongsu quarantine list {circle}` says what does"))
}

fn decide(
    node: &Node,
    circle: &Circle,
    ids: &[String],
    all: bool,
    verdict: Verdict,
) -> Result<Answer, Failure> {
    let (mut settled, mut findings) = (Vec::new(), Vec::new());
    let (mut after, mut met) = (Seq(0), HashSet::new());
    loop {
        let ids = if all { waiting(node, circle.id, &mut after)? } else { ids.to_vec() };
        // All that waits under an id is decided when it is met first.
        for id in ids.iter().filter(|id| met.insert((*id).clone())) {
            let told = node.gate.settle(circle.id, &parsed(id)?, verdict, node.now()).map_err(|error| {
                Failure::new(format!("{id}: {error}"))
                    .hint(format!("{} before it are decided; the others wait as they did", settled.len()))
            })?;
            let complaints: Vec<String> = told.iter().filter_map(gate::Submitted::complaint).collect();
            match (told.is_empty(), complaints.is_empty()) {
                (true, _) if all => {}
                (true, _) => findings.push(format!("{id}: does not wait here")),
                (false, true) => settled.push(id.clone()),
                (false, false) => {
                    complaints.iter().for_each(|complaint| findings.push(format!("{id}: {complaint}")));
                }
            }
        }
        if !all || ids.is_empty() {
            break;
        }
    }
    let done = if verdict == Verdict::Release { "released into" } else { "dropped beside" };
    let mut text = format!("{} {done} {}.\n", settled.len(), circle.handle);
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"settled": settled, "findings": findings}), text).ending(exit))
}

/// The next ids of what waits, those after `after`, which moves on.
fn waiting(node: &Node, circle: CircleId, after: &mut Seq) -> Result<Vec<String>, Failure> {
    let waiting = node.gate.quarantined_ids(circle, *after, AT_ONCE).map_err(|error| failed(&error))?;
    *after = waiting.last().map_or(*after, |(seq, _)| *seq);
    Ok(waiting.into_iter().map(|(_, id)| id.to_string()).collect())
}
