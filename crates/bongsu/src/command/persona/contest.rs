//! `bongsu persona contest`, `contests` and `review`: objections, and the answers of those who said it.
//!
//! A contest is an opinion in the circle, so that it reaches the originator and all who have the persona by the ways that they have. A
//! persona that was wrong is withdrawn, and recalls follow that as they follow every withdrawal.

use super::of_node;
use crate::answer::{Answer, table};
use crate::cli::{PersonaContestArgs, PersonaContestsArgs, PersonaReviewArgs, WithdrawArgs};
use crate::command::withdraw;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use crate::terminal::visible;
use gate::Query;
use gate::{Submission, Submitted};
use policy::{Level, MemberId, Reach, Request, Terms};
use serde_json::{Value, json};
use stix::ObjectId;
use uuid::Uuid;
use watch::persona::{Builder, EXPLANATION_BYTES_MAX, Verdict, Weights, opinion};

pub(super) fn contest(node: &Node, args: &PersonaContestArgs) -> Result<Answer, Failure> {
    let told = say(node, (&args.id, &args.circle, args.sender.as_deref()), Verdict::Contested, &args.reason)?;
    let text = format!(
        "{} is contested by {told}. What it says counts nothing until the one who shared it corrects, withdraws or upholds it.\n",
        args.id
    );
    Ok(Answer::done(json!({"contest": told, "about": args.id}), text))
}

pub(super) fn review(node: &Node, args: &PersonaReviewArgs) -> Result<Answer, Failure> {
    let sender = args.sender.clone().or_else(|| Some(node.config.node.member.clone()));
    let sender = sender.filter(|handle| !handle.is_empty());
    let Some(reason) = &args.uphold else {
        let reason = args.withdraw.clone().unwrap_or_default();
        let args = WithdrawArgs { ids: vec![args.id.clone()], circle: args.circle.clone(), reason, sender };
        return withdraw::run(node, &args);
    };
    let told = say(node, (&args.id, &args.circle, sender.as_deref()), Verdict::Upheld, reason)?;
    let text =
        format!("{} is upheld by {told}. It counts again if you are the one who shared it.\n", args.id);
    Ok(Answer::done(json!({"answer": told, "about": args.id}), text))
}

pub(super) fn list(node: &Node, args: &PersonaContestsArgs) -> Result<Answer, Failure> {
    let personas = of_node(node, args.member.as_deref(), &Weights::default())?;
    let contests = personas.contests();
    let rows: Vec<Vec<String>> = contests
        .iter()
        .map(|contest| {
            let explanation = visible(contest.explanation.as_bytes());
            vec![contest.at.date(), visible(contest.who.as_bytes()), contest.about.to_string(), explanation]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "No contest is open.\n".to_owned(),
        false => table(&["SINCE", "BY", "ABOUT", "WHY"], &rows),
    };
    let shown: Vec<Value> = contests.into_iter().map(exchange::persona::contest).collect();
    Ok(Answer::done(json!({"contests": shown}), text))
}

/// Shares an opinion about an object that the member sees, and gives its id.
fn say(
    node: &Node,
    (id, circle, sender): (&str, &str, Option<&str>),
    verdict: Verdict,
    reason: &str,
) -> Result<String, Failure> {
    if reason.trim().is_empty() || reason.len() > EXPLANATION_BYTES_MAX {
        return Err(Failure::usage(format!("a reason has 1 to {EXPLANATION_BYTES_MAX} bytes"))
            .hint("say what is wrong, so that the originator can look again"));
    }
    let book = node.gate.book();
    let member = node.sender(&book, sender)?.id;
    let circle = node.circle(&book, circle)?;
    let about = ObjectId::parse(id).map_err(|error| Failure::usage(format!("`{id}`: {error}")))?;
    if !Builder::takes(about.object_type()) || about.object_type() == "opinion" {
        return Err(Failure::usage(format!("a {} can't be contested", about.object_type())).hint(
            "contest the object that a reason names: an identity, a relationship, a grouping or a report",
        ));
    }
    let request = Request {
        member,
        circle: circle.id,
        wanted: Level::Read,
        encrypted: true,
        now: node.now(),
        reach: Reach::Member,
    };
    let missing = || Failure::new(format!("there is no `{about}` in `{}` that you see", circle.handle));
    let reader = node.gate.reader(request).map_err(|_| missing())?;
    let query = Query { ids: vec![about.clone()], limit: 1, ..Query::default() };
    let page =
        reader.page(&query).map_err(|error| Failure::new(format!("the circle can't be read: {error}")))?;
    if page.items.is_empty() {
        return Err(missing().hint("`bongsu persona check` names the objects of its reasons"));
    }
    submit(node, member, circle.id, (verdict, &about, reason))
}

fn submit(
    node: &Node,
    member: MemberId,
    circle: policy::CircleId,
    (verdict, about, reason): (Verdict, &ObjectId, &str),
) -> Result<String, Failure> {
    let id = ObjectId::new("opinion", Uuid::new_v4()).map_err(|error| Failure::new(error.to_string()))?;
    let raw = opinion(&id, verdict, about, None, reason, node.now());
    let head = stix::read_head(&raw).map_err(|finding| Failure::new(finding.to_string()))?;
    let told =
        node.gate.submit(member, circle, &Terms::default(), vec![Submission { raw, head }], node.now());
    let told = told.map_err(|error| Failure::new(error.to_string()))?;
    match told.first() {
        Some(Submitted::Appended { .. } | Submitted::Present | Submitted::Waiting(_)) => Ok(id.to_string()),
        told => {
            let why = told.and_then(Submitted::complaint).unwrap_or_else(|| "nothing was taken".to_owned());
            Err(Failure { exit: Exit::Failed, ..Failure::new(format!("it was not shared: {why}")) })
        }
    }
}
