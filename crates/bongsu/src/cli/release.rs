//! `bongsu release`: what waits for a second person of a member's.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu release …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum ReleaseCommand {
    /// List what waits, and what was decided, the newest first
    List {
        /// Only of this member
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
        /// Also what does not wait any more
        #[arg(long)]
        all: bool,
    },
    /// Show what a release has in it, and what would go to whom
    Show {
        /// Its id
        id: String,
    },
    /// Let it out, as the person whose token is in a file; it must be another than the one who brought it
    Approve(ReleaseApproveArgs),
    /// Keep it: nothing of it goes out
    Refuse(ReleaseRefuseArgs),
}

/// Options of `bongsu release approve`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ReleaseApproveArgs {
    /// Its id, repeatable
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// File with the token of a person of the member's that may release (`bongsu member token --person USER --scope release`)
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
}

/// Options of `bongsu release refuse`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ReleaseRefuseArgs {
    /// Its id
    pub id: String,
    /// What is said with it
    #[arg(long, default_value = "")]
    pub say: String,
    /// File with the token of a person of the member's; without it, the node's operator refuses
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

impl ReleaseCommand {
    /// The files that it names.
    pub(crate) fn paths(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Approve(args) => Some(&mut args.token_file),
            Self::Refuse(args) => args.token_file.as_mut(),
            Self::List { .. } | Self::Show { .. } => None,
        }
    }
}
