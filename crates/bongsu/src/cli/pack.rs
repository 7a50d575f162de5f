//! What may be typed about offline packs.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu pack …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PackCommand {
    /// Make a signed archive with all that a member gets
    Make(PackMakeArgs),
    /// List the packs that were made, and what came back for them
    List,
    /// Show the node's public key, with which packs are checked
    Key,
    /// Check a pack: who signed it, and that it is whole; needs no node
    Verify {
        /// Pack
        file: PathBuf,
        /// The node's key, as `bongsu pack key` shows it there
        #[arg(long)]
        key: String,
    },
    /// Check a pack and unpack it; needs no node
    Open {
        /// Pack
        file: PathBuf,
        /// Folder to make; nothing may be there yet
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// The node's key, as `bongsu pack key` shows it there
        #[arg(long)]
        key: String,
    },
    /// Make the receipt that is carried back: what of a pack was applied, what was seen; needs no node
    Receipt(PackReceiptArgs),
    /// Take what came back for a pack: a receipt, or the code that was read over the telephone
    Accept(PackAcceptArgs),
}

/// Options of `bongsu pack make`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PackMakeArgs {
    /// Member
    pub member: String,
    /// File to write
    #[arg(long, value_name = "FILE", required = true)]
    pub out: Option<PathBuf>,
    /// Days for which receipts are taken
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
}

/// Options of `bongsu pack receipt`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PackReceiptArgs {
    /// Pack
    pub file: PathBuf,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// File of the pack that was applied, such as list/domain.txt; repeatable [default: all]
    #[arg(long, value_name = "NAME")]
    pub applied: Vec<String>,
    /// Value that was seen there; repeatable
    #[arg(long, value_name = "VALUE")]
    pub seen: Vec<String>,
    /// Receipt to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `bongsu pack accept`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PackAcceptArgs {
    /// Receipt
    #[arg(required_unless_present = "code")]
    pub receipt: Option<PathBuf>,
    /// The code of twelve signs that says that all was applied
    #[arg(long, requires = "member", conflicts_with = "receipt")]
    pub code: Option<String>,
    /// Member whose code it is
    #[arg(long, value_name = "MEMBER", requires = "code")]
    pub member: Option<String>,
}
