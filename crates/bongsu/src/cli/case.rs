//! What may be typed about cases of stolen assets.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::{MethodArg, StolenArgs, TlpArg, WaysArgs};

const TRACE_HELP: &str = "\
Exit codes:
  0  done, and nothing new came to a service
  1  failed
  2  the command line makes no sense
  3  something came to a service since the last time: look at it";

/// `bongsu case …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum CaseCommand {
    /// Open a case: what was stolen, on which chains, by which rule it is followed, who is told
    New(Box<CaseNewArgs>),
    /// List the cases, with what can still be stopped
    List,
    /// Show a case: where it is now, alerts, requests, how fast services acted
    Show(CaseShowArgs),
    /// Follow a case again through the transfers that are there now; says what came to services since
    #[command(after_help = TRACE_HELP)]
    Trace(CaseTraceArgs),
    /// Show what happened when: thefts, arrivals, what was asked and answered
    Timeline(CaseHandleArgs),
    /// Change what a case is about, or how it is followed; what is not named stays
    Change(Box<CaseChangeArgs>),
    /// Write something to a case
    Note(CaseNoteArgs),
    /// Draft a request to a service to freeze what came to it
    Request(CaseRequestArgs),
    /// Write a request's files: PDF, JSON, signature
    Document(CaseDocumentArgs),
    /// Send a request to a service by mail, or note that it was sent another way
    Send(CaseSendArgs),
    /// Note what a service did: acknowledged, frozen, refused, released
    Answer(CaseAnswerArgs),
    /// Check a request's files against its signature; needs no node
    Verify(CaseVerifyArgs),
    /// Share what was found with the case's circles: addresses, transactions, the case
    Share(CaseShareArgs),
    /// Close a case; it is not followed any more
    Close(CaseNoteArgs),
    /// Take a closed case up again
    Reopen(CaseHandleArgs),
}

/// A case.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseHandleArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
}

/// How a case is followed, and who is told.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct FollowedArgs {
    #[command(flatten)]
    pub ways: WaysArgs,
    /// A circle that gets what is found
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
    /// Share what is found with the circles as soon as it is found; without it, `bongsu case share` does
    #[arg(long, requires = "circles")]
    pub share_at_once: bool,
    /// A mail address that is told of alerts; mail.host must be set
    #[arg(long, value_name = "ADDRESS")]
    pub alert_to: Vec<String>,
    /// The law or order that requests to freeze stand on
    #[arg(long, value_name = "TEXT")]
    pub legal: Option<String>,
    /// Whom services can ask, with how to reach them
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
}

/// Options of `bongsu case new`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseNewArgs {
    /// A short name for the case: small letters, digits and hyphens
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// What people call it
    #[arg(long)]
    pub title: String,
    /// Where it was stolen: a folder of transfers, as `bongsu trace load` makes one, or of Bitcoin's blocks (blk*.dat), or the first
    /// of a node's files of blocks that counts, with those behind it
    #[arg(long, value_name = "STORE")]
    pub store: PathBuf,
    /// Another chain on which it can go on, likewise
    #[arg(long, value_name = "STORE")]
    pub also: Vec<PathBuf>,
    #[command(flatten)]
    pub stolen: StolenArgs,
    /// By which rule taint is passed on
    #[arg(long, value_enum, default_value_t = MethodArg::Fifo)]
    pub method: MethodArg,
    #[command(flatten)]
    pub followed: FollowedArgs,
}

/// Options of `bongsu case change`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseChangeArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// What people call it
    #[arg(long)]
    pub title: Option<String>,
    /// By which rule taint is passed on
    #[arg(long, value_enum)]
    pub method: Option<MethodArg>,
    /// A folder of transfers or of blocks: of the theft that is added, or another chain on which it can go on
    #[arg(long, value_name = "STORE")]
    pub store: Option<PathBuf>,
    #[command(flatten)]
    pub stolen: StolenArgs,
    #[command(flatten)]
    pub followed: FollowedArgs,
}

/// Options of `bongsu case show`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseShowArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// Show so many services and alerts
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub most: usize,
}

/// Options of `bongsu case trace`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseTraceArgs {
    /// The case's handle
    #[arg(value_name = "CASE", required_unless_present = "all")]
    pub handle: Option<String>,
    /// All that are not closed
    #[arg(long, conflicts_with = "handle")]
    pub all: bool,
}

/// Options of `bongsu case note` and `bongsu case close`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseNoteArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// What is to be written
    pub text: String,
}

/// A request of a case.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseRequestArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// The service, as the case's alerts call it
    pub service: String,
    /// How the request is marked
    #[arg(long, value_enum, default_value_t = TlpArg::Amber)]
    pub tlp: TlpArg,
}

/// A request's number in its case.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct RequestArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// The request's number, as `bongsu case show` has it
    #[arg(value_name = "NUMBER")]
    pub number: usize,
}

/// Options of `bongsu case document`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseDocumentArgs {
    #[command(flatten)]
    pub request: RequestArgs,
    /// Folder to write to, made if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Language of the PDF: en, ko, fr, id or vi
    #[arg(long, default_value = "en")]
    pub language: String,
}

/// Options of `bongsu case send`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseSendArgs {
    #[command(flatten)]
    pub request: RequestArgs,
    /// The service's address for mail; mail.host must be set
    #[arg(long, value_name = "ADDRESS", conflicts_with = "by_hand")]
    pub to: Option<String>,
    /// Whom it was given another way: a portal, a liaison officer
    #[arg(long, value_name = "WHOM", required_unless_present = "to")]
    pub by_hand: Option<String>,
    /// When that was, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", requires = "by_hand")]
    pub at: Option<String>,
    /// Language of mail and PDF: en, ko, fr, id or vi
    #[arg(long, default_value = "en")]
    pub language: String,
}

/// What a service did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum AnsweredArg {
    /// It says that it has the request
    Acknowledged,
    /// It holds the assets
    Frozen,
    /// It does not freeze them
    Refused,
    /// It had frozen them, and let them go
    Released,
}

/// Options of `bongsu case answer`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseAnswerArgs {
    #[command(flatten)]
    pub request: RequestArgs,
    /// What it did
    #[arg(value_enum)]
    pub state: AnsweredArg,
    /// When that was, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// What it said: a file number, an amount, a reason
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Options of `bongsu case verify`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseVerifyArgs {
    /// The signature: request-N.sig; the files that it names lie beside it
    #[arg(value_name = "FILE")]
    pub signature: PathBuf,
    /// The node's key, as `bongsu pack key` shows it there; ask for it by another way than the one by which the files came
    #[arg(long, value_name = "KEY")]
    pub key: String,
}

/// Options of `bongsu case share`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CaseShareArgs {
    /// The case's handle
    #[arg(value_name = "CASE")]
    pub handle: String,
    /// Share with this circle alone [default: the case's circles]
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
    /// How what is shared is marked [default: as the circle's ceiling]
    #[arg(long, value_enum)]
    pub tlp: Option<TlpArg>,
    /// The member that shares it [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
    /// Share so many addresses, the nearest to the theft first
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub most: usize,
}
