//! `bongsu withdraw`: objects that must not be used any more.

use crate::answer::Answer;
use crate::cli::WithdrawArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::Submitted;
use policy::MemberId;
use serde_json::json;
use stix::ObjectId;

/// Runs `bongsu withdraw`.
///
/// # Errors
/// When a name is unknown, an id malformed, or the line can't be written.
pub(crate) fn run(node: &Node, args: &WithdrawArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let circle = node.circle(&book, &args.circle)?.id;
    let member = match &args.sender {
        Some(handle) => node.active(&book, handle)?.id,
        None => MemberId::NODE,
    };
    let ids = args
        .ids
        .iter()
        .map(|id| ObjectId::parse(id).map_err(|error| Failure::usage(format!("`{id}`: {error}"))))
        .collect::<Result<Vec<_>, _>>()?;
    let told = node.gate.withdraw(member, circle, &ids, &args.reason);
    let told =
        told.map_err(|error| Failure::new(error.to_string()).hint("withdraw as a member of the circle"))?;
    let (mut withdrawn, mut findings) = (Vec::new(), Vec::new());
    for (id, told) in ids.iter().zip(told) {
        match told {
            Submitted::Appended { .. } => withdrawn.push(id.to_string()),
            Submitted::Present => findings.push(format!("{id}: was withdrawn before")),
            Submitted::Refused(_) => {
                findings.push(format!("{id}: not in the circle, or shared by another member"))
            }
            told => findings.extend(told.complaint().map(|complaint| format!("{id}: {complaint}"))),
        }
    }
    let mut text = format!("{} withdrawn from {}.\n", withdrawn.len(), args.circle);
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"withdrawn": withdrawn, "findings": findings}), text).ending(exit))
}
