//! `bongsu share`: into circles, or a list of who would get what.

use crate::answer::{Answer, Progress, Watcher, table};
use crate::cli::ShareArgs;
use crate::command::terms;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use exchange::read::{self, DETECT_BYTES, Item, Options};
use gate::{DryRun, DryRunRow, Fate, Query, Submission, Submitted, VersionMatch};
use policy::{Book, Level, Member, Reach, Request, Terms};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use stix::{ObjectId, Severity};

/// Most objects that one call shares: they are held in memory to be decided about together.
const OBJECTS_MAX: usize = 500_000;
/// Objects up to which a dry run lists each; above, it counts them by member and rule.
const LISTED_MAX: usize = 20;

/// Runs `bongsu share`.
///
/// # Errors
/// When a name is unknown, something can't be read, or a line can't be written.
pub(crate) fn run(node: &Node, args: &ShareArgs, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    if args.from.is_none() && args.files.is_empty() {
        return Err(Failure::usage("nothing is named to be shared")
            .hint("name files, or --from CIRCLE with --id ID or --all"));
    }
    let book = node.gate.book();
    let sender = node.sender(&book, args.sender.as_deref())?;
    let terms = terms::terms(node, &book, &args.terms)?;
    let mut findings = Vec::new();
    let objects = match &args.from {
        Some(from) => from_circle(node, &book, sender, from, args, &mut findings)?,
        None => from_files(node, args, &mut findings, watch)?,
    };
    if args.dry_run {
        return dry_run(node, &book, sender, &terms, args, &objects, findings);
    }
    let mut rows = Vec::new();
    for handle in &args.circles {
        let circle = node.circle(&book, handle)?;
        let ids: Vec<ObjectId> = objects.iter().map(|object| object.head.id.clone()).collect();
        let told = node.gate.submit(sender.id, circle.id, &terms, objects.clone(), node.now());
        let told = told.map_err(|error| {
            Failure::new(format!("circle {handle}: {error}"))
                .hint("the circles named before it have what was shared")
        })?;
        let (mut added, mut present) = (0, 0);
        for (id, told) in ids.iter().zip(told) {
            match told {
                Submitted::Appended { .. } => added += 1,
                Submitted::Present => present += 1,
                Submitted::Refused(refusal) => findings.push(format!("{handle}: {id}: {refusal}")),
                Submitted::Forbidden(rule) => {
                    findings.push(format!("{handle}: {id}: {rule} [{}]", rule.code()))
                }
            }
        }
        rows.push((handle.clone(), added, present));
    }
    let shown: Vec<_> = rows
        .iter()
        .map(|(circle, added, present)| json!({"circle": circle, "added": added, "present": present}))
        .collect();
    let mut text: String = rows
        .iter()
        .map(|(circle, added, present)| format!("{circle}: {added} added, {present} there already.\n"))
        .collect();
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"circles": shown, "findings": findings}), text).ending(exit))
}

fn too_many() -> Failure {
    Failure::new(format!("more than {OBJECTS_MAX} objects at once"))
        .hint("use `bongsu import`, which streams")
}

fn from_files(
    node: &Node,
    args: &ShareArgs,
    findings: &mut Vec<String>,
    watch: &mut Watcher<'_>,
) -> Result<Vec<Submission>, Failure> {
    let mut objects = Vec::new();
    for (at, path) in args.files.iter().enumerate() {
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| failed(&error).hint("is the path right?"))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let format = read::detect(&name, bytes.get(..bytes.len().min(DETECT_BYTES)).unwrap_or_default());
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        let options = Options { source: Some(stem), ..Options::new(node.now()) };
        let read = read::read(bytes.as_slice(), format, &options, &mut |item| {
            match item {
                Item::Object(object) => objects.push(Submission { raw: object.raw, head: object.head }),
                Item::Finding(finding) if finding.severity == Severity::Error => {
                    findings.push(format!("{name}: {finding}"));
                }
                Item::Finding(_) | Item::Withdrawal(_) => {}
            }
            if objects.len() <= OBJECTS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        read.map_err(|error| failed(&error))?;
        if objects.len() > OBJECTS_MAX {
            return Err(too_many());
        }
        let progress = Progress { what: name, done: at as u64 + 1, total: args.files.len() as u64 };
        if watch(progress).is_break() {
            return Err(Failure::new("interrupted; nothing was shared"));
        }
    }
    Ok(objects)
}

/// What the member may pass on of what is in a circle.
fn from_circle(
    node: &Node,
    book: &Book,
    sender: &Member,
    from: &str,
    args: &ShareArgs,
    findings: &mut Vec<String>,
) -> Result<Vec<Submission>, Failure> {
    let ids = args
        .ids
        .iter()
        .map(|id| ObjectId::parse(id).map_err(|error| Failure::usage(format!("--id `{id}`: {error}"))))
        .collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() && !args.all {
        return Err(Failure::usage("nothing is named to be shared").hint("name --id ID, or --all"));
    }
    let circle = node.circle(book, from)?.id;
    let (wanted, now) = (sender.level.max(Level::Read), node.now());
    let request = Request { member: sender.id, circle, wanted, encrypted: true, now, reach: Reach::Others };
    let reader = node.gate.reader(request).map_err(|_| {
        Failure::new(format!("{} is not in circle {from}", sender.handle))
            .hint("share as a member of that circle")
    })?;
    let mut query =
        Query { ids: ids.clone(), versions: vec![VersionMatch::Last], limit: 1_000, ..Query::default() };
    let mut objects = Vec::new();
    loop {
        let page = reader.page(&query).map_err(|error| Failure::new(error.to_string()))?;
        for object in page.items {
            let raw = object.into_inner().raw;
            if let Ok(head) = stix::read_head(&raw) {
                objects.push(Submission { raw, head });
            }
        }
        match page.next {
            _ if objects.len() > OBJECTS_MAX => return Err(too_many()),
            Some(next) => query.after = next,
            None => break,
        }
    }
    for id in ids.iter().filter(|id| !objects.iter().any(|object| object.head.id == **id)) {
        findings.push(format!("{id}: not in circle {from}, or {} may not pass it on", sender.handle));
    }
    Ok(objects)
}

fn dry_run(
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
    let rows: Vec<_> = told
        .rows
        .iter()
        .map(|row| {
            json!({
                "circle": circle_name(book, row), "member": member_name(book, row), "form": row.form.name(),
                "object": row.object.to_string(), "decision": decision(row.fate), "rule": row.rule.code(),
                "why": row.rule.sentence(),
            })
        })
        .collect();
    let mut text = if objects.len() <= LISTED_MAX { listed(book, &told) } else { counted(book, &told) };
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    text.push_str("Nothing was sent.\n");
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"dry_run": true, "rows": rows, "findings": findings}), text).ending(exit))
}

fn member_name<'b>(book: &'b Book, row: &DryRunRow) -> &'b str {
    book.member(row.member).map_or("", |member| member.handle.as_str())
}

fn circle_name<'b>(book: &'b Book, row: &DryRunRow) -> &'b str {
    book.circle(row.circle).map_or("", |circle| circle.handle.as_str())
}

const fn decision(fate: Fate) -> &'static str {
    match fate {
        Fate::Release => "release",
        Fate::Redact => "redact",
        Fate::Hold => "hold",
    }
}

fn listed(book: &Book, told: &DryRun) -> String {
    let rows: Vec<Vec<String>> = told
        .rows
        .iter()
        .map(|row| {
            vec![
                circle_name(book, row).to_owned(),
                member_name(book, row).to_owned(),
                row.form.name().to_owned(),
                decision(row.fate).to_owned(),
                row.rule.code().to_owned(),
                row.object.to_string(),
            ]
        })
        .collect();
    table(&["CIRCLE", "MEMBER", "FORM", "DECISION", "RULE", "OBJECT"], &rows)
}

fn counted(book: &Book, told: &DryRun) -> String {
    let mut counts = BTreeMap::new();
    for row in &told.rows {
        let key = (circle_name(book, row), member_name(book, row), row.form, decision(row.fate), row.rule);
        *counts.entry(key).or_insert(0_u64) += 1;
    }
    let rows: Vec<Vec<String>> = counts
        .into_iter()
        .map(|((circle, member, form, decision, rule), count)| {
            vec![
                circle.to_owned(),
                member.to_owned(),
                form.name().to_owned(),
                decision.to_owned(),
                rule.code().to_owned(),
                count.to_string(),
                rule.sentence().to_owned(),
            ]
        })
        .collect();
    table(&["CIRCLE", "MEMBER", "FORM", "DECISION", "RULE", "OBJECTS", "WHY"], &rows)
}
