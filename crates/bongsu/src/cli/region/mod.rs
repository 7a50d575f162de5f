//! What may be typed about a region.

mod aid;
mod capacity;
mod transit;

pub(crate) use aid::{AidArgs, CheckArgs, PlanArgs, ProjectsArgs};
pub(crate) use capacity::{AssessArgs, GapsArgs, GapsForm, OpenArgs};
pub(crate) use transit::{FlowsArgs, GroundArgs, NoticeStateArg, NoticesCommand, OutputArgs, WhereArgs};

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu region …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum RegionCommand {
    /// Show what attacks pass through: of each country or network the share, the place in between, how long things stay; needs no node
    /// if files are named
    Flows(Box<FlowsArgs>),
    /// Show where help removes most, beside the ranking by volume; needs no node if files are named
    Where(Box<WhereArgs>),
    /// Notices to members in whose networks something stands that attacks use
    #[command(subcommand)]
    Notices(NoticesCommand),
    /// Show what threats call for against what is there, by country and member, with reasons; ends with 3 if something of a table
    /// of a public model is left out
    Gaps(Box<GapsArgs>),
    /// Enter that a member lets others see where it is weak
    Open(Box<OpenArgs>),
    /// Enter that a member takes that back
    Close {
        /// The opening's number: `bongsu region opened`
        #[arg(value_name = "NUMBER")]
        opening: u64,
        /// The administrative act behind it
        #[arg(long, value_name = "TEXT")]
        act: String,
    },
    /// List what is opened to whom
    Opened {
        /// As this member may know it
        #[arg(long = "as", value_name = "MEMBER")]
        viewer: Option<String>,
    },
    /// Enter what a member says of itself by SIM3 v1: from a file, or question by question
    Assess(Box<AssessArgs>),
    /// Aid projects in files by the IATI standard: which are about cyber security and why, need by project, what moved beside them;
    /// needs no node
    Projects(Box<ProjectsArgs>),
    /// Say whether files by the IATI standard keep to its rules and code lists; ends with 3 if they do not; needs no node
    Check(Box<CheckArgs>),
    /// Draft a plan from what no project serves; needs no node
    Plan(Box<PlanArgs>),
}

impl RegionCommand {
    /// Whether it is about files that are named, and no node.
    pub(crate) fn needs_no_node(&self) -> bool {
        match self {
            Self::Flows(args) => !args.ground.files.is_empty(),
            Self::Where(args) => !args.ground.files.is_empty(),
            Self::Projects(_) | Self::Check(_) | Self::Plan(_) => true,
            _ => false,
        }
    }

    /// The paths in it that a node is told.
    pub(crate) fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Flows(args) => args.ground.geo.iter_mut().chain(args.out.all()).collect(),
            Self::Where(args) => args.ground.geo.iter_mut().chain(args.out.all()).collect(),
            _ => Vec::new(),
        }
    }

    /// Where the answer is written, for whoever asked; who answers need not know more than that it is.
    pub(crate) fn take_output(&mut self) -> Option<OutputArgs> {
        let out = match self {
            Self::Flows(args) => &mut args.out,
            Self::Where(args) => &mut args.out,
            _ => return None,
        };
        (out.csv.is_some() || out.svg.is_some()).then(|| out.clone())
    }
}
