//! `bongsu ca`: the node's own authority for certificates.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu ca …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum CaCommand {
    /// Make the authority, in the data folder
    Init {
        /// Its name, as it stands in certificates [default: the node's name and `authority`]
        #[arg(long)]
        name: Option<String>,
        /// Years for which it is good
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=30))]
        years: u32,
    },
    /// Sign a certificate: a member's, which lets it in at once, another node's, or this node's server's
    Issue(Box<CaIssueArgs>),
    /// List what was signed, what was taken back, and what ends soon; ends with 3 if something does
    List,
    /// Take a certificate back: it lets nobody in any more
    Revoke {
        /// Its serial, as `bongsu ca list` shows it
        serial: String,
        /// Why
        #[arg(long, value_enum, default_value_t = ReasonArg::Unspecified)]
        reason: ReasonArg,
    },
    /// Write the list of what was taken back (CRL) anew, and print it
    Crl,
}

/// Options of `bongsu ca issue`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaIssueArgs {
    /// The member that logs in with it
    #[arg(long, value_name = "MEMBER", required_unless_present_any = ["peer", "server"])]
    pub member: Option<String>,
    /// Another node, by its name, which shows it as a client and as a server; with --member, it logs in as that one
    #[arg(long, value_name = "NAME", conflicts_with = "server")]
    pub peer: Option<String>,
    /// This node's server, under --name
    #[arg(long, conflicts_with = "member", requires = "name")]
    pub server: bool,
    /// DNS name or IP address under which a server is reached, repeatable
    #[arg(long = "name", value_name = "NAME")]
    pub name: Vec<String>,
    /// Request with the key that is to be signed, PEM: the key itself then never leaves its owner
    #[arg(long, value_name = "FILE", required_unless_present = "key_out")]
    pub csr: Option<PathBuf>,
    /// File for a key that is made here, which must not exist
    #[arg(long, value_name = "FILE", conflicts_with = "csr")]
    pub key_out: Option<PathBuf>,
    /// File for the certificate, PEM, which must not exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Days for which it is good
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
}

/// Why a certificate is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum ReasonArg {
    /// It is not said
    Unspecified,
    /// Somebody else may have the key
    KeyCompromise,
    /// There is a newer one
    Superseded,
    /// What it was for has ended
    Ended,
}

impl CaCommand {
    /// The files that it names.
    pub(crate) fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Issue(args) => {
                let args = &mut **args;
                let more = args.csr.iter_mut().chain(args.key_out.iter_mut());
                more.chain(std::iter::once(&mut args.out)).collect()
            }
            _ => Vec::new(),
        }
    }
}
