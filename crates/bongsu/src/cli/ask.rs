//! What may be typed about asks for a wider release.

use super::TlpArg;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// `bongsu ask …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum AskCommand {
    /// Ask the one who shared an object to let it go wider: into another circle, with a milder mark, without its source
    Release(AskReleaseArgs),
    /// List asks, the latest first
    List {
        /// Only those that this member has asked or is asked, as it sees them [default: all, as an operator sees them]
        #[arg(long = "as", value_name = "MEMBER")]
        member: Option<String>,
        /// Only those that wait for an answer
        #[arg(long)]
        open: bool,
    },
    /// Show one ask: who asked, who answered, what was done
    Show {
        /// Ask
        ask: String,
        /// As this member sees it [default: as an operator does]
        #[arg(long = "as", value_name = "MEMBER")]
        member: Option<String>,
    },
    /// Answer an ask; what is allowed is done at once
    Answer(AskAnswerArgs),
}

/// Options of `bongsu ask release`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AskReleaseArgs {
    /// Object
    #[arg(value_name = "ID")]
    pub object: String,
    /// Circle in which the member sees it
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// Circle that it is to go to as well
    #[arg(long, value_name = "CIRCLE")]
    pub to: Option<String>,
    /// Mark that it is to have
    #[arg(long, value_name = "TLP")]
    pub tlp: Option<TlpArg>,
    /// As a copy that does not say who shared it
    #[arg(long)]
    pub without_source: bool,
    /// What for
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Member that asks [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum AskAnswerArg {
    /// As it is asked
    Yes,
    /// Only what is named
    Less,
    /// Nothing
    No,
}

/// Options of `bongsu ask answer`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AskAnswerArgs {
    /// Ask
    pub ask: String,
    /// Answer
    pub answer: AskAnswerArg,
    /// With less: into the circle that is asked for
    #[arg(long)]
    pub circle: bool,
    /// With less: the mark that it is to have
    #[arg(long, value_name = "TLP")]
    pub tlp: Option<TlpArg>,
    /// With less: as a copy that does not say who shared it
    #[arg(long)]
    pub without_source: bool,
    /// What is said with it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub say: String,
    /// Member that answers; it must have shared the object [default: an operator for it]
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
}
