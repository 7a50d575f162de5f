//! `bongsu recall`: whether what was withdrawn is out everywhere that it went.

use crate::answer::{Answer, table};
use crate::cli::RecallCommand;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{Recall, Whether};
use line::StorageError;
use policy::{Book, Circle, Deed, Member, Receipt, Upto};
use serde_json::{Value, json};
use stix::Timestamp;

const DAY_MICROS: i64 = 86_400_000_000;

/// Runs `bongsu recall …`.
///
/// # Errors
/// When a circle or member is unknown, or the store fails.
pub(crate) fn run(node: &Node, command: RecallCommand) -> Result<Answer, Failure> {
    match command {
        RecallCommand::List { circle, member, days, all } => {
            list(node, circle.as_deref(), member.as_deref(), days, all)
        }
        RecallCommand::Confirm { member, circle } => confirm(node, &member, circle.as_deref()),
    }
}

/// The recalls of some circles, the newest first.
fn recalls(node: &Node, circles: &[&Circle], days: u16) -> Result<Vec<Recall>, StorageError> {
    let now = node.now();
    let since = Timestamp::from_micros(now.micros().saturating_sub(i64::from(days) * DAY_MICROS));
    let patience = node.config.recall.patience();
    let mut all = Vec::new();
    for circle in circles {
        all.extend(node.gate.recalls(circle.id, (since, now), patience, now)?);
    }
    all.sort_by_key(|recall| std::cmp::Reverse(recall.at));
    Ok(all)
}

fn circles<'b>(node: &Node, book: &'b Book, named: Option<&str>) -> Result<Vec<&'b Circle>, Failure> {
    match named {
        Some(handle) => Ok(vec![node.circle(book, handle)?]),
        None => Ok(book.circles().collect()),
    }
}

fn list(
    node: &Node,
    circle: Option<&str>,
    member: Option<&str>,
    days: u16,
    all: bool,
) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let only = member.map(|handle| node.member(&book, handle)).transpose()?.map(|member| member.id);
    let mut recalls = recalls(node, &circles(node, &book, circle)?, days)
        .map_err(|error| Failure::new(format!("the recalls could not be read: {error}")))?;
    if let Some(only) = only {
        recalls.iter_mut().for_each(|recall| recall.recipients.retain(|one| one.member == only));
    }
    let is_open = |recall: &Recall| recall.count(Whether::Waiting) + recall.count(Whether::Overdue) > 0;
    recalls.retain(|recall| all || is_open(recall));
    let overdue = recalls.iter().any(|recall| recall.count(Whether::Overdue) > 0);
    let rows: Vec<Vec<String>> = recalls.iter().map(|recall| row(&book, recall)).collect();
    let text = match rows.is_empty() {
        true => format!("Nothing that was withdrawn in the last {days} days lies anywhere any more.\n"),
        false => table(&["WITHDRAWN", "CIRCLE", "OBJECT", "CONFIRMED", "STILL HAS IT", "REASON"], &rows),
    };
    let shown: Vec<Value> = recalls.iter().map(|recall| shown(&book, recall)).collect();
    let answer = Answer::done(json!({"recalls": shown, "overdue": overdue}), text);
    Ok(if overdue { Answer { exit: Exit::Findings, ..answer } } else { answer })
}

fn handle(book: &Book, member: policy::MemberId) -> String {
    book.member(member).map_or_else(|| member.to_string(), |member| member.handle.clone())
}

fn row(book: &Book, recall: &Recall) -> Vec<String> {
    let open = recall.recipients.iter().filter(|one| !one.outstanding.is_empty());
    let has: Vec<String> = open
        .map(|one| {
            let whats: Vec<&str> = one.outstanding.iter().map(|artefact| artefact.what.as_str()).collect();
            let overdue = if one.whether == Whether::Overdue { ", overdue" } else { "" };
            format!("{} ({}{overdue})", handle(book, one.member), whats.join(" "))
        })
        .collect();
    let at = recall.at.to_string();
    let confirmed = recall.count(Whether::Confirmed);
    vec![
        format!("{}Z", at.get(..16).unwrap_or(&at)),
        book.circle(recall.circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
        recall.id.to_string(),
        format!("{confirmed} of {}", recall.recipients.len() - recall.count(Whether::NeverHad)),
        if has.is_empty() { "nobody".to_owned() } else { has.join("; ") },
        recall.reason.clone(),
    ]
}

fn shown(book: &Book, recall: &Recall) -> Value {
    let recipients: Vec<Value> = recall
        .recipients
        .iter()
        .map(|one| {
            let outstanding: Vec<Value> = one
                .outstanding
                .iter()
                .map(|artefact| {
                    json!({"what": artefact.what, "fetched": artefact.at.to_string(), "due": artefact.due.to_string()})
                })
                .collect();
            json!({"member": handle(book, one.member), "state": one.whether.name(), "outstanding": outstanding})
        })
        .collect();
    json!({
        "circle": book.circle(recall.circle).map(|circle| circle.handle.as_str()), "id": recall.id.to_string(),
        "number": recall.seq.0, "withdrawn": recall.at.to_string(), "reason": recall.reason, "members": recipients,
    })
}

fn confirm(node: &Node, member: &str, circle: Option<&str>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member: &Member = node.active(&book, member)?;
    let only = circle.map(|handle| node.circle(&book, handle)).transpose()?.map(|circle| circle.id);
    let now = node.now();
    let mut upto: Vec<Upto> = node.gate.heads(member.id, now);
    upto.retain(|upto| only.is_none_or(|only| only == upto.circle));
    if upto.is_empty() {
        return Err(Failure::new(format!("`{}` is not in that circle, or in none", member.handle))
            .hint("`bongsu member show` lists its circles"));
    }
    let count = upto.len();
    // One kind each, so that a word about one circle does not stand for another's.
    for one in upto {
        let receipt = Receipt::new(member.id, gate::cleared(one.circle), member.level, Deed::Cleared, now);
        let receipt = receipt.upto(vec![one]);
        node.gate.receive(receipt)?;
    }
    let text = format!(
        "Noted: `{}` has confirmed what was withdrawn so far, in {count} circle{}.\n",
        member.handle,
        if count == 1 { "" } else { "s" }
    );
    Ok(Answer::done(json!({"member": member.handle, "circles": count}), text))
}
