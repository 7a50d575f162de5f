//! `bongsu share`: into circles, or a list of who would get what.

mod dry_run;

use crate::answer::{Answer, Watcher};
use crate::cli::{FormatArg, ShareArgs};
use crate::command::import::{Target, has_brought, may_share, may_sign};
use crate::command::source::Source;
use crate::command::terms;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use exchange::read::{self, Item};
use gate::{Query, Submission, Submitted, VersionMatch, Via};
use policy::{Book, Intake, Level, Member, Reach, Request};
use serde_json::json;
use std::ops::ControlFlow;
use stix::ObjectId;

/// Most objects that one call shares: they are held in memory to be decided about together.
const OBJECTS_MAX: usize = 500_000;

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
        let objects: Vec<Submission> = objects.into_iter().map(|object| object.submission).collect();
        for handle in args.circles.iter().filter(|_| !args.sign) {
            let circle = node.circle(&book, handle)?;
            let refused = |object: &Submission| {
                let complaint = node.gate.unproven(circle, sender.id, object, node.now())?.complaint()?;
                Some(format!("{handle}: {}: {complaint}", object.head.id))
            };
            findings.extend(objects.iter().filter_map(refused));
        }
        return dry_run::run(node, &book, sender, &terms, args, &objects, findings);
    }
    let mut rows = Vec::new();
    for handle in &args.circles {
        let circle = node.circle(&book, handle)?;
        let target = Target {
            member: sender.id,
            circle: circle.id,
            terms: terms.clone(),
            intake: Intake::Accept,
            sign: args.sign,
            via: Via::Node,
        };
        may_share(node, &target, handle)?;
        let is_new = |found: &&Found| found.dated || !has_brought(node, &target, &found.submission.head.id);
        let mut new: Vec<Submission> =
            objects.iter().filter(is_new).map(|found| found.submission.clone()).collect();
        let ids: Vec<ObjectId> = new.iter().map(|object| object.head.id.clone()).collect();
        let (mut added, mut waiting, mut present) = (0, 0, objects.len() - new.len());
        if args.sign {
            may_sign(node, sender.id)?;
            let signed = node.gate.sign_for(sender.id, circle.id, &mut new, node.now());
            signed.map_err(|error| Failure::new(format!("circle {handle}: {error}")))?;
        }
        let told = node.gate.submit(sender.id, circle.id, &terms, new, node.now());
        let told = told.map_err(|error| {
            Failure::new(format!("circle {handle}: {error}"))
                .hint("the circles named before it have what was shared")
        })?;
        for (id, told) in ids.iter().zip(told) {
            match told.complaint() {
                Some(complaint) if matches!(told, Submitted::Waiting(_)) => {
                    if waiting == 0 {
                        findings.push(format!("{handle}: {id}: {complaint}"));
                    }
                    waiting += 1;
                }
                Some(complaint) => findings.push(format!("{handle}: {id}: {complaint}")),
                None if told == Submitted::Present => present += 1,
                None => added += 1,
            }
        }
        rows.push((handle.clone(), added, present, waiting));
    }
    let shown: Vec<_> = rows
        .iter()
        .map(|(circle, added, present, waiting)| {
            json!({"circle": circle, "added": added, "present": present, "waiting": waiting})
        })
        .collect();
    let mut text: String = rows
        .iter()
        .map(|(circle, added, present, waiting)| match waiting {
            0 => format!("{circle}: {added} added, {present} there already.\n"),
            _ => format!(
                "{circle}: {added} added, {present} there already, {waiting} wait for a second person.\n"
            ),
        })
        .collect();
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"circles": shown, "findings": findings}), text).ending(exit))
}

fn too_many() -> Failure {
    Failure::new(format!("more than {OBJECTS_MAX} objects at once"))
        .hint("use `bongsu import`, which streams")
}

/// An object with the name under which it is reported, and whether its dates are its own.
struct Found {
    submission: Submission,
    dated: bool,
}

fn from_files(
    node: &Node,
    args: &ShareArgs,
    findings: &mut Vec<String>,
    watch: &mut Watcher<'_>,
) -> Result<Vec<Found>, Failure> {
    let mut objects = Vec::new();
    for path in &args.files {
        let source = Source::open(node, path, FormatArg::Auto, None)?;
        let (name, format, options) = (source.name.clone(), source.format, source.options.clone());
        let read = read::read(source.watched(watch), format, &options, &mut |item| {
            match item {
                Item::Object(object) => {
                    let submission = Submission { raw: object.raw, head: object.head };
                    objects.push(Found { submission, dated: object.dated });
                }
                Item::Finding(finding) => findings.push(format!("{name}: {finding}")),
                Item::Withdrawal(withdrawal) => {
                    let how = "a withdrawal is not shared: use `bongsu import` or `bongsu withdraw`";
                    findings.push(format!("{name}: {}: {how}", withdrawal.id));
                }
            }
            if objects.len() <= OBJECTS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if objects.len() > OBJECTS_MAX {
            return Err(too_many());
        }
        read.map_err(|error| Failure::new(format!("{name}: {error}")).hint("nothing was shared"))?;
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
) -> Result<Vec<Found>, Failure> {
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
                objects.push(Found { submission: Submission { raw, head }, dated: true });
            }
        }
        match page.next {
            _ if objects.len() > OBJECTS_MAX => return Err(too_many()),
            Some(next) => query.after = next,
            None => break,
        }
    }
    for id in ids.iter().filter(|id| !objects.iter().any(|object| object.submission.head.id == **id)) {
        findings.push(format!("{id}: not in circle {from}, or {} may not pass it on", sender.handle));
    }
    Ok(objects)
}
