//! What may be typed about the guard.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// `bongsu guard …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum GuardCommand {
    /// List the warning lists that count, and those that are switched off
    Lists,
    /// Show how confidence fades, for each kind of value
    Models,
    /// Say rule by rule what becomes of a value: whether it goes out, how certain it still is, when it fades
    Explain {
        /// Domain, address, network, URL, hash, mail address or wallet
        value: String,
        /// Member as whose view it is looked at
        #[arg(long = "as", value_name = "MEMBER")]
        member: String,
    },
    /// List what members brought beyond the limit of one step, and what operators have said of it
    Steps,
    /// Let what a step has brought so far go out
    Confirm {
        /// The step, as `bongsu guard steps` names it
        id: String,
    },
    /// Keep what a step has brought so far back for good
    Refuse {
        /// The step, as `bongsu guard steps` names it
        id: String,
    },
}
