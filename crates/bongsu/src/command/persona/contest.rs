//! `bongsu persona contest`, `contests` and `review`: objections, and the answers of those who said it.
//!
//! A contest is an opinion in the circle, so that it reaches the originator and all who have the persona by the ways that they have. A
//! persona that was wrong is withdrawn, and recalls follow that as they follow every withdrawal.

use super::of_node;
use crate::answer::{Answer, table};
use crate::cli::{PersonaContestArgs, PersonaContestsArgs, PersonaReviewArgs, WithdrawArgs};
use crate::command::withdraw;
use crate::exit::Failure;
use crate::node::Node;
use crate::terminal::visible;
use exchange::persona::{ContestError, Saying};
use serde_json::{Value, json};
use stix::ObjectId;
use uuid::Uuid;
use watch::persona::{Verdict, Weights};

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
    let book = node.gate.book();
    let member = node.sender(&book, sender)?.id;
    let circle = node.circle(&book, circle)?;
    let about = ObjectId::parse(id).map_err(|error| Failure::usage(format!("`{id}`: {error}")))?;
    let saying = Saying {
        by: member.into(),
        circle: circle.id,
        encrypted: true,
        verdict,
        about: &about,
        reason,
        id: Uuid::new_v4(),
        now: node.now(),
    };
    let refused = |error: ContestError| match error {
        ContestError::Reason => {
            Failure::usage(error.to_string()).hint("say what is wrong, so that the originator can look again")
        }
        ContestError::Type(_) => Failure::usage(error.to_string()).hint(
            "contest the object that a reason names: an identity, a relationship, a grouping or a report",
        ),
        ContestError::Missing => {
            Failure::new(format!("there is no `{about}` in `{}` that you see", circle.handle))
                .hint("`bongsu persona check` names the objects of its reasons")
        }
        error => Failure::new(error.to_string()),
    };
    exchange::persona::say(&node.gate, &saying).map(|taken| taken.id.to_string()).map_err(refused)
}
