//! What may be typed about other nodes, and agreements with them.

use super::CircleProfile;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu peer …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PeerCommand {
    /// Add another node, or change what is known of it
    Add(PeerAddArgs),
    /// List other nodes: where each circle stands, the last success, the last error
    List,
    /// Show one
    Show { name: String },
    /// Exchange all circles with it from their beginning, as after one of the two was put back from a backup
    Again { name: String },
    /// Exchange nothing with it any more
    Remove { name: String },
}

/// Options of `bongsu peer add`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PeerAddArgs {
    /// Short name
    pub name: String,
    /// Where it is reached, such as `https://node.example`; without it, it brings what it has itself
    #[arg(long)]
    pub url: Option<String>,
    /// File with the key that it signs with: a JSON web key, as under /.well-known/jwks.json, or 32 bytes in base64
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// File with the certificate that it shows, PEM
    #[arg(long, value_name = "FILE")]
    pub certificate: PathBuf,
    /// File with the authorities that are trusted for its certificate, PEM [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Bring it what is new, because it can't reach this node
    #[arg(long, requires = "url")]
    pub push: bool,
}

/// `bongsu agreement …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum AgreementCommand {
    /// Print a member of this node as a party, for whoever drafts the agreement
    Party {
        /// The member
        member: String,
        /// The name of the key that it signs with, if it has several
        #[arg(long)]
        key: Option<String>,
    },
    /// Print a draft; of a circle with an agreement, its next version
    Draft {
        /// The circle's short name
        circle: String,
        /// Files with the parties
        #[arg(long = "party", value_name = "FILE", required = true)]
        parties: Vec<PathBuf>,
        #[command(flatten)]
        profile: Box<CircleProfile>,
    },
    /// Sign the agreement in a file as one of its members; needs no node
    Sign {
        file: PathBuf,
        /// File with the member's secret key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Gather the signatures of several copies in the first file; needs no node
    Join {
        file: PathBuf,
        #[arg(required = true)]
        others: Vec<PathBuf>,
    },
    /// Note a draft here, with the signatures in the file: peers that it names then bring each other theirs
    Propose { file: PathBuf },
    /// Let an agreement count that all its members have signed
    Add {
        #[arg(required_unless_present = "proposed")]
        file: Option<PathBuf>,
        /// The draft about this circle that was noted here, once it has all signatures
        #[arg(long, value_name = "CIRCLE", conflicts_with = "file")]
        proposed: Option<String>,
    },
    /// Print the agreement of a circle, with its signatures
    Show {
        circle: String,
        /// The draft that was noted here
        #[arg(long)]
        proposed: bool,
    },
}
