//! What waits for members, was given up and was taken, whatever the channel.

use crate::answer::{Answer, table};
use crate::cli::DeadArgs;
use crate::exit::Failure;
use crate::node::Node;
use deliver::push::outbox::{Message, Waiting};
use deliver::push::{Channel, Post, PostError};
use policy::Member;
use serde_json::{Value, json};
use std::sync::Arc;
use stix::Timestamp;

/// The columns of [`row`].
pub(crate) const HEADER: [&str; 5] = ["WAITING", "TRIED", "TAKEN", "GIVEN UP", "LAST ERROR"];

fn failed(error: &PostError) -> Failure {
    Failure::new(error.to_string()).hint("the files lie in the folder `push` of the data folder")
}

/// What waits for all members that have a subscription, or for one.
///
/// # Errors
/// When the member is unknown, or what waits can't be read.
pub(crate) fn waiting<C: Channel>(
    node: &Node,
    post: &Post<C>,
    handle: Option<&str>,
) -> Result<Vec<(Member, Waiting)>, Failure> {
    let book = node.gate.book();
    let mut members: Vec<&Member> = match handle {
        Some(handle) => vec![node.member(&book, handle)?],
        None => book.members().filter(|member| !member.ended).collect(),
    };
    members.sort_by(|a, b| a.handle.cmp(&b.handle));
    let mut all = Vec::new();
    for member in members {
        let waiting = post.waiting(member.id).map_err(|error| failed(&error))?;
        all.extend(waiting.map(|waiting| (member.clone(), waiting)));
    }
    Ok(all)
}

fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

fn message(message: &Message) -> Value {
    json!({
        "id": message.id, "made": time(message.made_us), "attempts": message.attempts, "next": time(message.next_us),
        "error": message.error,
    })
}

/// What waits for a member, as JSON.
pub(crate) fn json(handle: &str, waiting: &Waiting) -> Value {
    let done = waiting.done.iter().map(|done| {
        json!({"id": done.id, "made": time(done.made_us), "taken": time(done.taken_us), "attempts": done.attempts})
    });
    json!({
        "member": handle, "made": waiting.made,
        "queued": waiting.queue.iter().map(message).collect::<Vec<_>>(),
        "dead": waiting.dead.iter().map(message).collect::<Vec<_>>(),
        "taken": done.collect::<Vec<_>>(),
    })
}

/// What waits for a member, as a row of a table.
pub(crate) fn row(waiting: &Waiting) -> Vec<String> {
    let first = waiting.queue.front();
    let error = first.or(waiting.dead.back()).and_then(|message| message.error.clone());
    let taken = waiting.done.back().map(|done| time(done.taken_us));
    let taken = taken.and_then(|at| at.get(..19).map(|at| format!("{at}Z")));
    vec![
        waiting.queue.len().to_string(),
        first.map_or(0, |message| message.attempts).to_string(),
        taken.unwrap_or_else(|| "never".to_owned()),
        waiting.dead.len().to_string(),
        error.unwrap_or_else(|| "-".to_owned()),
    ]
}

/// What was given up, after it was put back if that is asked for.
///
/// # Errors
/// When the member is unknown, or what waits can't be read or written.
pub(crate) fn dead<C: Channel>(node: &Node, post: &Arc<Post<C>>, args: &DeadArgs) -> Result<Answer, Failure> {
    let (mut rows, mut all, mut retried) = (Vec::new(), Vec::new(), 0);
    for (member, waiting) in waiting(node, post, args.member.as_deref())? {
        if args.retry {
            retried += post.revive(member.id).map_err(|error| failed(&error))?;
        }
        for dead in &waiting.dead {
            let error = dead.error.clone().unwrap_or_default();
            rows.push(vec![member.handle.clone(), time(dead.made_us), dead.attempts.to_string(), error]);
            let mut json = message(dead);
            json["member"] = json!(member.handle);
            all.push(json);
        }
    }
    let text = match (rows.is_empty(), args.retry) {
        (true, _) => "Nothing was given up.\n".to_owned(),
        (false, true) => format!("{retried} are tried again.\n"),
        (false, false) => table(&["MEMBER", "MADE", "TRIED", "LAST ERROR"], &rows),
    };
    Ok(Answer::done(json!({"dead": all, "retried": retried}), text))
}
