//! What may be typed about playbooks.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// `bongsu playbook …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PlaybookCommand {
    /// List the playbooks that a member has, and its runs
    List {
        /// Member [default: node.member of the configuration]
        #[arg(long = "as", value_name = "MEMBER")]
        member: Option<String>,
    },
    /// Show the steps of a playbook with their branches, or a run with its times
    Show {
        /// Course of action that holds the playbook, or a run
        id: String,
        /// Circle in which the member has the playbook; not for a run
        #[arg(long, value_name = "CIRCLE")]
        circle: Option<String>,
        /// Member [default: node.member of the configuration]
        #[arg(long = "as", value_name = "MEMBER")]
        member: Option<String>,
    },
    /// Start to carry a playbook out: a checklist of its steps
    Start(PlaybookStartArgs),
    /// Say what became of a step
    Step(PlaybookStepArgs),
    /// Finish a run
    Finish {
        /// Run
        run: String,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// Share the result of a finished run in the playbook's circle: figures, no names, no notes
    Share {
        /// Run
        run: String,
        #[command(flatten)]
        said: SaidArgs,
    },
}

/// Who does something, and what is to be remembered of it; both stay on this node.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
pub(crate) struct SaidArgs {
    /// Who does it
    #[arg(long, value_name = "NAME", default_value = "")]
    pub by: String,
    /// What is to be remembered
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// Options of `bongsu playbook start`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PlaybookStartArgs {
    /// Course of action that holds the playbook
    pub id: String,
    /// Circle in which the member has it
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// Member that carries it out [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
    #[command(flatten)]
    pub said: SaidArgs,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum StepArg {
    /// It is worked on from now on
    Begun,
    /// It was done
    Done,
    /// It was left out
    Skipped,
    /// It did not work
    Failed,
}

/// Options of `bongsu playbook step`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PlaybookStepArgs {
    /// Run
    pub run: String,
    /// Number of the step
    pub step: usize,
    /// What became of it
    pub state: StepArg,
    #[command(flatten)]
    pub said: SaidArgs,
}
