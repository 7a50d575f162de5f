//! `bongsu region`: where members and countries fall short, who may see it, what members say of themselves.

pub(crate) mod assess;
mod gaps;
mod open;

use crate::answer::Answer;
use crate::cli::RegionCommand;
use crate::exit::Failure;
use crate::node::Node;

/// Runs `bongsu region …`.
///
/// # Errors
/// When a handle, code or number is unknown, something does not keep to its form, or a line can't be read or written.
pub(crate) fn run(node: &Node, command: RegionCommand) -> Result<Answer, Failure> {
    match command {
        RegionCommand::Gaps(args) => gaps::run(node, &args),
        RegionCommand::Open(args) => open::open(node, &args),
        RegionCommand::Close { opening, act } => open::close(node, opening, &act),
        RegionCommand::Opened { viewer } => open::opened(node, viewer.as_deref()),
        RegionCommand::Assess(args) => assess::run(node, *args),
    }
}
