//! `bongsu screen`: whether values are known to be bad: to the node of the data folder, or privately to one that is not to learn
//! the values.
//!
//! It ends with 0 only if nothing is known of any value and all could be asked for: what goes on after that is safe to.

mod asked;
mod exposed;
mod here;
mod private;
mod show;

pub(crate) use here::{read_input, run};

use crate::cli::ScreenArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;

/// Screens privately.
///
/// # Errors
/// When the node gives no answer, or one that does not hold: the code is 2.
pub(crate) fn privately(args: &ScreenArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    private::run(args, terminal).map_err(|failure| Failure { exit: Exit::Usage, ..failure })
}
