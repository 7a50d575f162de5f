//! What may be typed about members and circles.

use super::{
    AccessArg, IntakeArg, LevelArg, MailArgs, MemberKeyCommand, OnwardArg, SignatureStateArg, SignaturesArg,
    SpecVersionArg, TlpArg, WebhookArgs,
};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu member …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum MemberCommand {
    /// Add a member and print its token, once
    Add {
        /// Short name: a-z, 0-9 and -, as in URLs and log-ins
        handle: String,
        #[command(flatten)]
        profile: Box<MemberProfile>,
        /// Make no token now
        #[arg(long)]
        no_token: bool,
    },
    /// List members
    List {
        /// Also those that have ended
        #[arg(long)]
        all: bool,
    },
    /// Show one member with its circles and credentials (never their secrets); `operator` shows the operator's tokens
    Show { handle: String },
    /// Change a member's profile
    Set {
        handle: String,
        #[command(flatten)]
        profile: Box<MemberProfile>,
    },
    /// End a membership: its credentials stop, nothing goes out any more
    End { handle: String },
    /// Make a token, printed once, or revoke one
    Token {
        /// Whose token
        #[arg(required_unless_present_any = ["operator", "person", "revoke"], conflicts_with_all = ["operator", "person"])]
        handle: Option<String>,
        /// A token for this person, which does no more than the person may
        #[arg(long, value_name = "USER", conflicts_with = "operator")]
        person: Option<String>,
        /// What may be done with it: read, write, screen, release, admin or audit; repeatable [default: all that its holder may]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// A token for the node's operator, who sees everything
        #[arg(long)]
        operator: bool,
        /// Days until it expires [default: never]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
        /// Revoke this token instead (the id before the dot)
        #[arg(long, value_name = "ID", conflicts_with_all = ["operator", "person", "scopes", "days"])]
        revoke: Option<String>,
    },
    /// Make a TSIG key for zone transfers, printed once
    Tsig { handle: String },
    /// Keys with which members sign what they share: add, list, rotate, revoke
    #[command(subcommand)]
    Key(MemberKeyCommand),
    /// Show what a member really did with what it got: the newest receipt of each kind
    Receipts {
        handle: String,
        /// Instead, the last N receipts as they were written down, the newest first
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        history: Option<u16>,
    },
    /// Show where members really stand: the level that they use, and how far behind they are in each circle
    Standing {
        /// One member alone
        handle: Option<String>,
    },
    /// List what a member may have in the form that it uses, and has not fetched
    Missing {
        handle: String,
        /// Objects to list for each circle
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
    /// Put a member's levels to the test: ask its resolver, grade what was seen, show what is missing
    Test { handle: String },
    /// Show how a member has its response-policy zone, or change it
    Zone(Box<ZoneArgs>),
    /// Show how much members have brought and may bring, or change how much one may
    Quota(QuotaArgs),
    /// Show where a member is told of changes over HTTP, or change it
    Webhook(WebhookArgs),
    /// Show where and when a member is told of changes by mail, or change it
    Mail(MailArgs),
}

/// `bongsu member quota …`: what is not given stays as it is.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct QuotaArgs {
    /// One member alone; all are listed unless one is named
    pub handle: Option<String>,
    /// Objects and new versions that it may bring in a day of UTC; 0 is no limit
    #[arg(long, value_name = "N", requires = "handle")]
    pub objects_a_day: Option<u64>,
    /// Bytes that are kept of all that it brings; 0 is no limit
    #[arg(long, value_name = "N", requires = "handle")]
    pub bytes: Option<u64>,
    /// Take its own quota back: that of the configuration counts again
    #[arg(long, requires = "handle", conflicts_with_all = ["objects_a_day", "bytes"])]
    pub usual: bool,
}

/// `bongsu member zone …`: what is not given stays as it is.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ZoneArgs {
    pub handle: String,
    /// What its resolver answers: nxdomain, nodata or garden:HOST [default: nxdomain]
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Let through and log only, for so many days from now; 0 ends the trial
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=3_650))]
    pub trial_days: Option<u16>,
    /// Whether also names are refused whose name servers are listed domains [default: false]
    #[arg(long, value_name = "BOOL")]
    pub name_servers: Option<bool>,
    /// Server that is told at once when the zone changes, ADDRESS or ADDRESS:PORT; repeatable, replaces those before
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_notify")]
    pub notify: Vec<String>,
    /// Tell nobody
    #[arg(long)]
    pub no_notify: bool,
    /// Address or network that may fetch the zone without a key; repeatable, replaces those before
    #[arg(long, value_name = "NETWORK", conflicts_with = "no_from")]
    pub from: Vec<String>,
    /// Nobody may fetch without a key
    #[arg(long)]
    pub no_from: bool,
}

/// What is known about a member; what is not given stays as it is, or takes its default.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
pub(crate) struct MemberProfile {
    /// Full name
    #[arg(long)]
    pub name: Option<String>,
    /// How it can use intelligence [default: read]
    #[arg(long)]
    pub level: Option<LevelArg>,
    /// Strictest TLP that it may see [default: amber]
    #[arg(long, value_name = "TLP")]
    pub clearance: Option<TlpArg>,
    /// Country, ISO 3166-1 alpha-2
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// Language of its advisories, BCP 47 [default: en]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Sector, repeatable
    #[arg(long = "sector", value_name = "SECTOR")]
    pub sectors: Vec<String>,
    /// Domain, address or network of its own, never to be blocked; repeatable
    #[arg(long = "asset", value_name = "ASSET")]
    pub assets: Vec<String>,
    /// Leave out of lists and zones what is less sure than this, 0 to 100 [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub confidence_min: Option<u8>,
    /// What becomes of objects it brings that break STIX 2.1 [default: accept]
    #[arg(long, value_enum)]
    pub intake: Option<IntakeArg>,
    /// How to reach it
    #[arg(long)]
    pub contact: Option<String>,
    /// Its resolver, ADDRESS or ADDRESS:PORT, which the node may ask about test names; `none` takes it back
    #[arg(long, value_name = "ADDRESS")]
    pub resolver: Option<String>,
}

/// `bongsu circle …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum CircleCommand {
    /// Add a circle
    Add {
        /// Short name: a-z, 0-9 and -
        handle: String,
        #[command(flatten)]
        profile: Box<CircleProfile>,
        /// Member that joins at once, repeatable
        #[arg(long = "member", value_name = "MEMBER")]
        members: Vec<String>,
    },
    /// List circles
    List,
    /// Show one circle with its members and its line's checkpoint
    Show { handle: String },
    /// Members join a circle
    Join {
        handle: String,
        #[arg(required = true, value_name = "MEMBER")]
        members: Vec<String>,
        /// What they may do in it; joining again changes it [default: as it is, or both]
        #[arg(long, value_enum)]
        access: Option<AccessArg>,
    },
    /// Members leave a circle
    Leave {
        handle: String,
        #[arg(required = true, value_name = "MEMBER")]
        members: Vec<String>,
    },
    /// Change a circle
    Set {
        handle: String,
        #[command(flatten)]
        profile: Box<CircleProfile>,
    },
    /// Show circles' alert levels, or say what one is
    Fires(FiresArgs),
    /// Count a circle's objects by their signatures; list those in one state
    Signatures {
        handle: String,
        /// List those in this state
        #[arg(long, value_enum)]
        state: Option<SignatureStateArg>,
        /// Objects to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// End a circle now: its line stays, nothing goes out any more
    End { handle: String },
    /// List objects that say the same under different ids; none of them is dropped for it
    Equivalents {
        handle: String,
        /// Groups to pass over
        #[arg(long, value_name = "N", default_value_t = 0)]
        skip: usize,
        /// Groups to show; all of them are counted
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
}

/// `bongsu circle fires …`
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct FiresArgs {
    /// Circle [default: all]
    pub handle: Option<String>,
    /// Say how many fires it has, 1 calm to 5 attack under way; what comes later can still light more
    #[arg(long, value_name = "N", requires = "handle", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub set: Option<u8>,
    /// Why, for all its members to read
    #[arg(long, value_name = "TEXT", requires = "set")]
    pub reason: Option<String>,
    /// How long that holds
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
    /// Take back what was said: the rule alone decides
    #[arg(long, requires = "handle", conflicts_with = "set")]
    pub clear: bool,
}

/// What a circle agrees on; what is not given stays as it is, or takes its default.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
pub(crate) struct CircleProfile {
    /// Title
    #[arg(long)]
    pub title: Option<String>,
    /// What it is for
    #[arg(long)]
    pub purpose: Option<String>,
    /// Strictest TLP that may be shared in it; unmarked objects count as marked with it [default: amber]
    #[arg(long, value_name = "TLP")]
    pub ceiling: Option<TlpArg>,
    /// What members may do with what they get [default: within-circle]
    #[arg(long)]
    pub onward: Option<OnwardArg>,
    /// In force from this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub starts: Option<String>,
    /// In force until this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub ends: Option<String>,
    /// Whether members are hidden from each other
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub hide_members: Option<bool>,
    /// Whether objects must be signed with a key that the node knows as the sender's [default: optional]
    #[arg(long, value_enum)]
    pub signatures: Option<SignaturesArg>,
    /// What members share waits for a second of their people, so many days, or `off` [default: off; 14 days without a number]
    #[arg(long, value_name = "DAYS|off", num_args = 0..=1, require_equals = true, default_missing_value = "14", value_parser = four_eyes)]
    pub four_eyes: Option<FourEyesArg>,
    /// From how many members on something may be said of all of them together, 3 to 100 [default: 5]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(3..=100))]
    pub aggregate_from: Option<u8>,
    /// STIX version that is taken in it, 2.0 or 2.1, repeatable [default: both]
    #[arg(long = "spec-version", value_name = "VERSION")]
    pub spec_versions: Vec<SpecVersionArg>,
    /// Why personal data may be processed in it, in words
    #[arg(long, value_name = "TEXT")]
    pub legal_basis: Option<String>,
    /// The same as a reference, such as "GDPR 6(1)(e)"
    #[arg(long, value_name = "TEXT")]
    pub basis_reference: Option<String>,
    /// A kind of personal data that it carries, and of whom; repeatable
    #[arg(long = "data-kind", value_name = "TEXT")]
    pub data_kinds: Vec<String>,
    /// Who answers for the processing, and how it is reached
    #[arg(long, value_name = "TEXT")]
    pub controller: Option<String>,
    /// Days from the arrival of their last version after which objects are withdrawn and erased, or `never` [default: never]
    #[arg(long, value_name = "DAYS")]
    pub keep: Option<String>,
    /// The same for one STIX type, such as identity=180 or indicator=never; repeatable, `TYPE=` goes by --keep again
    #[arg(long = "keep-type", value_name = "TYPE=DAYS")]
    pub keep_types: Vec<String>,
}

/// What is typed behind `--four-eyes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FourEyesArg {
    /// One person suffices.
    Off,
    /// What waits lapses after so many days.
    Days(u16),
}

fn four_eyes(typed: &str) -> Result<FourEyesArg, String> {
    match (typed, typed.parse()) {
        ("off", _) => Ok(FourEyesArg::Off),
        (_, Ok(days @ 1..=365)) => Ok(FourEyesArg::Days(days)),
        _ => Err("it is `off`, or 1 to 365 days".to_owned()),
    }
}

/// `bongsu credential …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum CredentialCommand {
    /// Let a member in by a client certificate that http.tls_client_ca has signed
    Add {
        /// Whose certificate
        handle: String,
        /// The certificate, PEM; its first certificate counts
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
        /// Days until it is not taken any more [default: never; the certificate's own end holds in any case]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// Revoke a credential of any kind by its id, as `bongsu member show` lists it
    Revoke { id: String },
}
