//! What may be typed about recalls and about what members are missing.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `bongsu recall …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum RecallCommand {
    /// List what was withdrawn, and who still has it; ends with 3 if something is overdue
    List {
        /// Only in this circle
        #[arg(long, value_name = "CIRCLE")]
        circle: Option<String>,
        /// Only where this member still has something
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
        /// Withdrawn in the last days
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3_650))]
        days: u16,
        /// Also those that everybody has confirmed
        #[arg(long)]
        all: bool,
    },
    /// A member has said, by telephone say, that all that was withdrawn so far is out of use
    Confirm {
        member: String,
        /// Only in this circle
        #[arg(long, value_name = "CIRCLE")]
        circle: Option<String>,
    },
}
