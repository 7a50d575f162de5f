//! What may be typed about screening.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of `bongsu screen`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ScreenArgs {
    /// Values: domains, addresses, hashes, wallets, names …, in any spelling; `-` takes one a line from standard input
    #[arg(required = true, value_name = "VALUE")]
    pub values: Vec<String>,
    /// Kind of the values, if it is not to be told from their form: domain, sha256, wallet, name, person, organization …
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Of a name: when its bearer was born or founded, as YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long, value_name = "DATE", conflicts_with = "private")]
    pub birth: Option<String>,
    /// Of a name: its bearer's country, by name or by code
    #[arg(long, value_name = "COUNTRY", conflicts_with = "private")]
    pub country: Option<String>,
    /// The member that asks the node of the data folder [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER", conflicts_with = "private")]
    pub member: Option<String>,
    #[command(flatten)]
    pub node: NodeAsked,
    #[command(flatten)]
    pub private: PrivateArgs,
}

/// A node that is asked over the network, and who asks; with `--private`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct NodeAsked {
    /// Address of the node, such as `https://tower.example.org`
    #[arg(long = "node", value_name = "URL", env = "BONGSU_NODE")]
    pub url: Option<String>,
    /// File with your token; or the token itself in the environment, as BONGSU_TOKEN
    #[arg(long, value_name = "FILE", env = "BONGSU_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// Authorities that are trusted for the node's certificate instead of the system's, PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// Options of private screening.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PrivateArgs {
    /// Ask without telling the node what is asked; docs/private-screening.md says what that protects
    #[arg(long, requires = "url")]
    pub private: bool,
    /// File in which the node's filter is kept; it is fetched again only when there is a newer one
    #[arg(long, value_name = "FILE")]
    pub filter: Option<PathBuf>,
    /// Take the filter as it is in the file, without asking whether there is a newer one
    #[arg(long, requires = "filter")]
    pub as_is: bool,
    /// The key of the node, as `bongsu pack key` shows it there; without it, the filter's own is believed
    #[arg(long, env = "BONGSU_NODE_KEY")]
    pub key: Option<String>,
    /// Then ask openly about the values that were found, which tells the node those values; on a terminal, you are asked first
    #[arg(long)]
    pub ask: bool,
}
