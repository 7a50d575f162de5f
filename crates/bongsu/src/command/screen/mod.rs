//! `bongsu screen`: whether values are known to a node. Needs no node of its own.
//!
//! Exit codes are those of `grep`: 0 if something is known, 1 if nothing is, 2 if something could not be asked.

mod asked;
mod private;
mod remote;
mod show;

use crate::cli::ScreenArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

/// Screens.
///
/// # Errors
/// When the node gives no answer, or one that does not hold; the code is that of `grep`'s faults.
pub(crate) fn run(args: &ScreenArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    private::run(args, terminal).map_err(|failure| Failure { exit: Exit::Usage, ..failure })
}
