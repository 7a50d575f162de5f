//! What may be typed about audits: of the record of screenings, and of lines.

use super::NodeAsked;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of `bongsu audit`; without a command, those of `bongsu audit screenings`.
#[derive(Debug, Args, Serialize, Deserialize)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    #[command(flatten)]
    pub screenings: ScreeningsArgs,
}

/// `bongsu audit …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum AuditCommand {
    /// The record of screenings: whether it is as it was sealed, who asked what, proofs
    Screenings(ScreeningsArgs),
    /// A node that you are a member of: is all that came from it in its log, did the log only grow, did witnesses see the same;
    /// needs no node's folder
    Line(Box<AuditLineArgs>),
    /// The checkpoints of two members: has the node shown both one history; needs no node's folder
    Compare(Box<AuditCompareArgs>),
    /// The proof of one object, as a node's page hands it out: is the object in the node's log; asks nobody, and needs no node's folder
    Proof(Box<AuditProofArgs>),
    /// Show the keys with which members and other nodes check this one
    Key,
}

/// Options of `bongsu audit line`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AuditLineArgs {
    #[command(flatten)]
    pub node: NodeAsked,
    /// The node's key, as `bongsu audit key` shows it there
    #[arg(long, env = "BONGSU_NODE_KEY")]
    pub key: String,
    /// Only this circle, by handle or UUID
    #[arg(long, value_name = "CIRCLE")]
    pub circle: Option<String>,
    /// Key of a witness that you believe, as `bongsu audit key` shows it there; may be given several times
    #[arg(long, value_name = "KEY")]
    pub witness: Vec<String>,
    /// How many of these witnesses must have cosigned [default: all]
    #[arg(long, value_name = "COUNT")]
    pub need: Option<usize>,
    /// Folder in which checkpoints, the place in the reading, and evidence are kept from audit to audit
    #[arg(long, value_name = "DIR", default_value = "bongsu-audit")]
    pub state: PathBuf,
}

/// Options of `bongsu audit compare`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AuditCompareArgs {
    /// A checkpoint, such as the file `checkpoint` in the folder of a member's audits
    pub first: PathBuf,
    /// Another one of the same line
    pub second: PathBuf,
    /// The node's key, as `bongsu audit key` shows it there
    #[arg(long, env = "BONGSU_NODE_KEY")]
    pub key: String,
    /// Checkpoints of two sizes are compared by the node's own log
    #[command(flatten)]
    pub node: NodeAsked,
}

/// Options of `bongsu audit proof`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AuditProofArgs {
    /// The proof: `proof.json` from the object's page
    pub file: PathBuf,
    /// The node's key, as `bongsu audit key` shows it there
    #[arg(long, env = "BONGSU_NODE_KEY")]
    pub key: String,
    /// Key of a witness that you believe, as `bongsu audit key` shows it there; may be given several times
    #[arg(long, value_name = "KEY")]
    pub witness: Vec<String>,
    /// How many of these witnesses must have cosigned [default: all]
    #[arg(long, value_name = "COUNT")]
    pub need: Option<usize>,
}

/// Options of `bongsu audit screenings`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ScreeningsArgs {
    /// Only screenings of this value, in any spelling
    #[arg(long, value_name = "VALUE")]
    pub value: Option<String>,
    /// Only what this member asked
    #[arg(long, value_name = "MEMBER")]
    pub member: Option<String>,
    /// Only with this result
    #[arg(long, value_name = "RESULT", value_parser = ["match", "past", "clear", "unreadable"])]
    pub result: Option<String>,
    /// A proof of one record for somebody else, as JSON: that it is one of those that this node kept. Records are named by their
    /// number or as their answers name them
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["value", "member", "result"])]
    pub proof: Option<String>,
    /// Check such a proof; needs no node
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["value", "member", "result", "proof"])]
    pub check: Option<PathBuf>,
    /// The key of the node that made it, as `bongsu pack key` shows it there
    #[arg(long, requires = "check")]
    pub key: Option<String>,
}
