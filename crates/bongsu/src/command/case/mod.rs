//! `bongsu case`: a theft of virtual assets from the first report to the freeze.
//!
//! What happened to a case is on the node's line, so that it survives as all else does; what a trace found in full lies in files that a trace
//! makes anew.

mod files;
mod open;
mod request;
mod retrace;
pub(crate) mod share;
mod show;
mod telling;
mod timeline;
mod verify;

pub(crate) use retrace::again;
pub(crate) use telling::Alerting;
pub(crate) use verify::run as verify;

use std::path::PathBuf;

use crate::answer::{Answer, Watcher};
use crate::cli::CaseCommand;
use crate::command::trace::across::{self, Asked, Deposits, Followed, REACH};
use crate::command::trace::found::method;
use crate::command::trace::to_log;
use crate::exit::Failure;
use crate::node::Node;
use trace::case::Definition;

/// Runs `bongsu case …`.
///
/// # Errors
/// When the case is unknown, what is asked for can't be, or the line or a file can't be read or written.
pub(crate) fn run(node: &Node, command: CaseCommand, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    match command {
        CaseCommand::New(args) => open::new(node, &args),
        CaseCommand::List => show::list(node),
        CaseCommand::Show(args) => show::one(node, &args),
        CaseCommand::Trace(args) => retrace::run(node, &args, watch),
        CaseCommand::Timeline(args) => timeline::run(node, &args.handle),
        CaseCommand::Change(args) => open::change(node, &args),
        CaseCommand::Note(args) => open::note(node, &args),
        CaseCommand::Request(args) => request::draft(node, &args),
        CaseCommand::Document(args) => request::document(node, &args),
        CaseCommand::Send(args) => request::send(node, &args),
        CaseCommand::Answer(args) => request::answer(node, &args),
        CaseCommand::Verify(args) => verify(&args),
        CaseCommand::Share(args) => share::run(node, &args),
        CaseCommand::Close(args) => open::close(node, &args),
        CaseCommand::Reopen(args) => open::reopen(node, &args.handle),
    }
}

/// The paths in a command, which must not depend on where one stands. Labels are checked where they are read.
pub(crate) fn paths(command: &mut CaseCommand) -> Vec<&mut PathBuf> {
    match command {
        CaseCommand::New(args) => {
            let tables = args.followed.ways.pairings.iter_mut().chain(&mut args.followed.ways.worths);
            std::iter::once(&mut args.store).chain(&mut args.also).chain(tables).collect()
        }
        CaseCommand::Change(args) => args
            .store
            .iter_mut()
            .chain(&mut args.followed.ways.pairings)
            .chain(&mut args.followed.ways.worths)
            .collect(),
        CaseCommand::Document(args) => vec![&mut args.out],
        _ => Vec::new(),
    }
}

/// Follows what a case is about and hands on what was found.
///
/// # Errors
/// When a file can't be read, a theft is not there, or `done` fails.
fn followed<T>(
    definition: &Definition,
    done: impl FnOnce(&Followed<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let asked = Asked {
        chains: &definition.chains,
        method: method(&definition.method)?,
        labels: &definition.labels,
        pairings: definition.pairings.as_ref(),
        worths: definition.worths.as_ref(),
        reach: REACH,
        deposits: Deposits::Unasked,
    };
    across::followed(&asked, &mut to_log, done)
}
