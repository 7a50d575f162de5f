//! What may be typed about the quarantine.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `bongsu quarantine …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum QuarantineCommand {
    /// List what waits for a decision, and why
    List {
        /// Only beside this circle
        circle: Option<String>,
        /// Objects to pass over
        #[arg(long, value_name = "N", default_value_t = 0)]
        skip: usize,
        /// Objects to list at most
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Print one object as it came, with everything that is wrong with it
    Show { circle: String, id: String },
    /// Share objects after all, as they are, in the name of whoever brought them
    Release {
        circle: String,
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All that waits beside the circle
        #[arg(long)]
        all: bool,
    },
    /// Do not share objects; whoever brought them can bring later versions
    Drop {
        circle: String,
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All that waits beside the circle
        #[arg(long)]
        all: bool,
    },
}
