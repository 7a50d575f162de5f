//! What may be typed about signatures and the keys that make them.

use clap::{Args, Subcommand, ValueEnum};
use policy::SignatureState;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of `bongsu sign`.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// A STIX object, bundle or envelope; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "new_key")]
    pub file: Option<PathBuf>,
    /// Secret key to sign with, as --new-key makes it [default: the node's own, from the data folder]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Sign also what is signed already: the earlier signature goes
    #[arg(long)]
    pub again: bool,
    /// Sign nothing: say of each object whether it is signed, with which key, and whether that fits
    #[arg(long, conflicts_with_all = ["key", "out", "again", "new_key"])]
    pub check: bool,
    /// With --check: whose keys are known, as a node publishes them under /.well-known/jwks.json
    #[arg(long, value_name = "FILE", requires = "check")]
    pub keys: Option<PathBuf>,
    /// Make a new secret key in this file, which must not exist, and print its public key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "key", "out", "again"])]
    pub new_key: Option<PathBuf>,
}

/// Which key is meant.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PublicKeyArgs {
    /// The public key: a JSON web key, or its 32 bytes in base64
    #[arg(value_name = "FILE", required_unless_present = "node")]
    pub file: Option<PathBuf>,
    /// The node's own key, for the organisation that runs the node
    #[arg(long, conflicts_with = "file")]
    pub node: bool,
}

/// `bongsu member key …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum MemberKeyCommand {
    /// Know a key as a member's: what it has signed counts as said by the member
    Add {
        handle: String,
        #[command(flatten)]
        key: PublicKeyArgs,
        /// From when it holds, RFC 3339 [default: now]
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when it holds, RFC 3339 [default: until it is revoked]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List keys
    List {
        /// One member's alone
        handle: Option<String>,
    },
    /// Know a new key as a member's, and let its other keys end
    Rotate {
        handle: String,
        #[command(flatten)]
        key: PublicKeyArgs,
        /// Days for which the other keys still hold
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3_650))]
        overlap_days: u16,
    },
    /// Take a key back, for good: what arrived before stays signed by it
    Revoke {
        /// The key's name, as `bongsu member key list` shows it
        id: String,
        /// Why, for all who know the key
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Since when it may have been in other hands, RFC 3339: what arrived since then is not proven by it [default: now]
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
}

/// Whether a circle takes what is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum SignaturesArg {
    /// It takes it, and says so
    Optional,
    /// It takes what its sender has signed, and nothing else
    Required,
}

impl From<SignaturesArg> for policy::Signatures {
    fn from(signatures: SignaturesArg) -> Self {
        match signatures {
            SignaturesArg::Optional => Self::Optional,
            SignaturesArg::Required => Self::Required,
        }
    }
}

/// What a signature comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum SignatureStateArg {
    /// Signed with a member's key that held
    Signed,
    NotSigned,
    /// Signed with a key that was revoked before it arrived
    KeyRevoked,
    /// Signed with a key that had ended
    KeyExpired,
    /// Signed with a key that holds only from later on
    KeyNotYet,
    /// Signed with a key that is nobody's here
    KeyUnknown,
    /// Changed, or no signature at all
    Broken,
}

impl From<SignatureStateArg> for SignatureState {
    fn from(state: SignatureStateArg) -> Self {
        match state {
            SignatureStateArg::Signed => Self::Signed,
            SignatureStateArg::NotSigned => Self::NotSigned,
            SignatureStateArg::KeyRevoked => Self::KeyRevoked,
            SignatureStateArg::KeyExpired => Self::KeyExpired,
            SignatureStateArg::KeyNotYet => Self::KeyNotYet,
            SignatureStateArg::KeyUnknown => Self::KeyUnknown,
            SignatureStateArg::Broken => Self::Broken,
        }
    }
}
