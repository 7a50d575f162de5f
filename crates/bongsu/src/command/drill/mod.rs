//! `bongsu drill` and `bongsu call`: questions to contacts, as an exercise or in earnest.
//!
//! A command only says that a call began and whom it asks; what goes out, and to whom next, the serving node sees to
//! ([`crate::serve`]).

mod show;
mod start;

pub(crate) use show::reached;
pub(crate) use start::wires;

use crate::answer::Answer;
use crate::cli::{CallCloseArgs, CallCommand, DrillCommand};
use crate::exit::Failure;
use crate::node::Node;
use region::drill::{self, Purpose};
use region::{Event, Register, text};
use serde_json::json;

/// Runs `bongsu drill …`.
///
/// # Errors
/// When a handle or number is unknown, nobody can be asked, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: DrillCommand) -> Result<Answer, Failure> {
    match command {
        DrillCommand::Start { called, question } => start::run(node, Purpose::Drill, &called, &question),
        DrillCommand::List => show::list(node),
        DrillCommand::Show(args) => show::one(node, args.number),
        DrillCommand::Reach { days, viewer } => show::reach(node, days, viewer.as_deref()),
        DrillCommand::Close(args) => close(node, &args),
    }
}

/// Runs `bongsu call …`.
///
/// # Errors
/// As [`run`].
pub(crate) fn call(node: &Node, command: CallCommand) -> Result<Answer, Failure> {
    match command {
        CallCommand::Start { called, text } => start::run(node, Purpose::Emergency, &called, &text),
        CallCommand::List => show::list(node),
        CallCommand::Show(args) => show::one(node, args.number),
        CallCommand::Close(args) => close(node, &args),
    }
}

fn absent(register: &Register, number: u64) -> Failure {
    let hint = match register.calls().is_empty() {
        true => "`bongsu drill start CIRCLE` begins one",
        false => "`bongsu drill list` shows all",
    };
    Failure::usage(format!("there is no call {number}")).hint(hint)
}

fn close(node: &Node, args: &CallCloseArgs) -> Result<Answer, Failure> {
    let number = args.call.number;
    let reason = text::line("a reason", &args.reason, text::TEXT_CHARS_MAX);
    let reason = reason.map_err(|error| Failure::usage(error.to_string()))?;
    node.region.happens(|register| {
        let call = register.call(number).ok_or_else(|| absent(register, number))?;
        match &call.closed {
            Some(_) => Err(Failure::new(format!("call {number} was ended already"))),
            None => Ok((vec![Event::Call { call: number, event: drill::Event::Closed { reason } }], ())),
        }
    })?;
    Ok(Answer::done(json!({"call": number, "closed": true}), format!("Call {number} has ended.\n")))
}
