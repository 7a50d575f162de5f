//! What may be typed about the record of screenings.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of `bongsu audit`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AuditArgs {
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
