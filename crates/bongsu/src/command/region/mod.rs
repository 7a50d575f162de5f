//! `bongsu region`: aid projects and plans. Needs no node.

mod plan;
mod projects;
mod read;

use crate::answer::Answer;
use crate::cli::RegionCommand;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Runs one of the commands.
///
/// # Errors
/// When a file can't be read or written, or what was typed makes no sense.
pub(crate) fn run(command: &RegionCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match command {
        RegionCommand::Projects(args) => projects::run(args, terminal),
        RegionCommand::Plan(args) => plan::run(args, terminal),
    }
}
