//! What may be typed about drills and calls in earnest.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::FunctionArg;

/// `bongsu drill …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum DrillCommand {
    /// Ask the contacts of a circle whether they can be reached; who does not answer in time, their deputies are asked
    Start {
        #[command(flatten)]
        called: CalledArgs,
        /// The question
        #[arg(long, default_value = "Can you be reached here? Please answer with your name.")]
        question: String,
    },
    /// List drills and calls in earnest
    List,
    /// Show who was asked, what became of it, who answered when
    Show(CallNumberArgs),
    /// Show who could be reached lately, by drills and by calls in earnest
    Reach {
        /// Days that are looked back
        #[arg(long, value_name = "N", default_value_t = 91, value_parser = clap::value_parser!(u16).range(1..))]
        days: u16,
        /// As far as this member may know
        #[arg(long = "as", value_name = "MEMBER")]
        viewer: Option<String>,
    },
    /// End a drill: nobody else is asked, its links answer no more
    Close(CallCloseArgs),
}

/// `bongsu call …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum CallCommand {
    /// Call the contacts of a circle in an emergency; who does not answer in time, their deputies are called
    Start {
        #[command(flatten)]
        called: CalledArgs,
        /// What has happened and whom to call back, in one line; it goes by mail, so nothing that others may not read
        #[arg(long)]
        text: String,
    },
    /// List drills and calls in earnest
    List,
    /// Show who was called, what became of it, who answered when
    Show(CallNumberArgs),
    /// End a call: nobody else is called, its links answer no more
    Close(CallCloseArgs),
}

/// Who is asked, and how much time there is.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CalledArgs {
    /// The circle whose contacts are asked: those that are opened to it
    #[arg(value_name = "CIRCLE")]
    pub circle: String,
    /// Ask contacts of this member alone [default: all of the circle]
    #[arg(long = "member", value_name = "MEMBER")]
    pub members: Vec<String>,
    /// Ask contacts for this alone [default: all functions]
    #[arg(long = "function", value_enum)]
    pub functions: Vec<FunctionArg>,
    /// The agreed time to answer, in minutes; then the deputy is asked
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub term_minutes: u32,
    /// For how many hours a link takes an answer
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=168))]
    pub valid_hours: u32,
    /// The member that asks [default: the node]
    #[arg(long = "as", value_name = "MEMBER")]
    pub caller: Option<String>,
}

/// A call by its number.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CallNumberArgs {
    /// Its number, as `bongsu drill list` shows it
    #[arg(value_name = "NUMBER")]
    pub number: u64,
}

/// Options of `bongsu drill close` and `bongsu call close`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CallCloseArgs {
    #[command(flatten)]
    pub call: CallNumberArgs,
    /// Why
    pub reason: String,
}
