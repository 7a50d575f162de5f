//! `bongsu share --dry-run`: who would get what, in which form, by which rule, and who would not and why.
//!
//! Two things decide: whether the object may go to the member (`gate`), and, for what a device acts on, whether the guard
//! lets its values pass (`deliver`). Both are asked as they will be when it is really shared.

use crate::answer::{Answer, table};
use crate::cli::ShareArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use deliver::HeldValue;
use gate::{DryRunRow, Fate, Submission};
use policy::{Book, Level, Member, Terms};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use stix::ObjectId;

/// Objects up to which each is listed; above, they are counted by member and rule.
const LISTED_MAX: usize = 20;

/// One member and one object, with what the guard says.
struct Row<'b> {
    circle: &'b str,
    member: &'b str,
    form: Level,
    object: ObjectId,
    decision: &'static str,
    rule: &'static str,
    why: String,
    /// Values of the object that the guard would keep out.
    guarded: Vec<HeldValue>,
}

/// Runs it.
///
/// # Errors
/// When the sender is not in a circle, or the guard's lists can't be read.
pub(super) fn run(
    node: &Node,
    book: &Book,
    sender: &Member,
    terms: &Terms,
    args: &ShareArgs,
    objects: &[Submission],
    findings: Vec<String>,
) -> Result<Answer, Failure> {
    let circles = args
        .circles
        .iter()
        .map(|handle| Ok(node.circle(book, handle)?.id))
        .collect::<Result<Vec<_>, Failure>>()?;
    let told = node.gate.dry_run(&circles, sender.id, terms, objects, node.now()).map_err(|_| {
        Failure::new(format!("{} is not in all of these circles", sender.handle))
            .hint("name circles that the sender is in")
    })?;
    let by_id: HashMap<&ObjectId, &Submission> =
        objects.iter().map(|object| (&object.head.id, object)).collect();
    let deliver = node.deliver()?;
    let mut trials = HashMap::new();
    let mut rows = Vec::with_capacity(told.rows.len());
    for row in &told.rows {
        let guarded = match by_id.get(&row.object) {
            Some(object) if row.fate != Fate::Hold && row.form != Level::Exchange => {
                let trial = trials.entry(row.member).or_insert_with(|| deliver.trial(book, row.member));
                trial.of(&object.raw, &object.head)
            }
            _ => deliver::Tried::default(),
        };
        rows.push(decided(book, row, guarded));
    }
    let shown: Vec<Value> = rows.iter().map(as_json).collect();
    let mut text = if objects.len() <= LISTED_MAX { listed(&rows) } else { counted(&rows) };
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    text.push_str("Nothing was sent.\n");
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"dry_run": true, "rows": shown, "findings": findings}), text).ending(exit))
}

fn decided<'b>(book: &'b Book, row: &DryRunRow, tried: deliver::Tried) -> Row<'b> {
    let mut decided = Row {
        circle: book.circle(row.circle).map_or("", |circle| circle.handle.as_str()),
        member: book.member(row.member).map_or("", |member| member.handle.as_str()),
        form: row.form,
        object: row.object.clone(),
        decision: match row.fate {
            Fate::Release => "release",
            Fate::Redact => "redact",
            Fate::Hold => "hold",
        },
        rule: row.rule.code(),
        why: row.rule.sentence().to_owned(),
        guarded: tried.held,
    };
    // An indicator of which no value passes is as good as held.
    if tried.admitted == 0
        && let Some(first) = decided.guarded.first()
    {
        (decided.decision, decided.rule, decided.why) = ("hold", first.hold.rule, first.hold.message.clone());
    }
    decided
}

fn as_json(row: &Row<'_>) -> Value {
    let guarded = row
        .guarded
        .iter()
        .map(|held| json!({"value": held.value.text(), "rule": held.hold.rule, "why": held.hold.message}));
    json!({
        "circle": row.circle, "member": row.member, "form": row.form.name(), "object": row.object.to_string(),
        "decision": row.decision, "rule": row.rule, "why": row.why, "guard": guarded.collect::<Vec<_>>(),
    })
}

fn listed(rows: &[Row<'_>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let words = [row.circle, row.member, row.form.name(), row.decision, row.rule];
            let mut cells: Vec<String> = words.map(str::to_owned).to_vec();
            cells.push(row.object.to_string());
            cells
        })
        .collect();
    table(&["CIRCLE", "MEMBER", "FORM", "DECISION", "RULE", "OBJECT"], &rows)
}

fn counted(rows: &[Row<'_>]) -> String {
    let mut counts = BTreeMap::new();
    for row in rows {
        let key = (row.circle, row.member, row.form, row.decision, row.rule);
        let (count, _) = counts.entry(key).or_insert((0_u64, row.why.as_str()));
        *count += 1;
    }
    let rows: Vec<Vec<String>> = counts
        .into_iter()
        .map(|((circle, member, form, decision, rule), (count, why))| {
            let count = count.to_string();
            [circle, member, form.name(), decision, rule, &count, why].map(str::to_owned).to_vec()
        })
        .collect();
    table(&["CIRCLE", "MEMBER", "FORM", "DECISION", "RULE", "OBJECTS", "WHY"], &rows)
}
