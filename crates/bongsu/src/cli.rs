//! The command line as data: what may be typed, with its help.
//!
//! These structs say what was typed and nothing more; the commands turn it into what it means. They can be
//! serialised, because a command may run inside the node that has the data folder open (see
//! [`crate::admin`]).

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

mod ask;
mod audit;
mod ca;
mod case;
mod confidence;
mod contact;
mod drill;
mod federation;
mod guard;
#[cfg(test)]
mod handbook;
mod hunt;
mod member;
mod pack;
mod pattern;
mod person;
mod persona;
mod playbook;
mod privacy;
mod push;
mod quarantine;
mod recall;
mod region;
mod release;
mod screen;
mod search;
mod share;
mod sign;
mod trace;
mod validate;

pub(crate) use ask::{AskAnswerArg, AskAnswerArgs, AskCommand, AskReleaseArgs};
pub(crate) use audit::{
    AuditArgs, AuditCommand, AuditCompareArgs, AuditLineArgs, AuditProofArgs, ScreeningsArgs,
};
pub(crate) use ca::{CaCommand, CaIssueArgs, ReasonArg};
pub(crate) use case::{
    AnsweredArg, CaseAnswerArgs, CaseChangeArgs, CaseCommand, CaseDocumentArgs, CaseNewArgs, CaseNoteArgs,
    CaseRequestArgs, CaseSendArgs, CaseShareArgs, CaseShowArgs, CaseTraceArgs, CaseVerifyArgs, FollowedArgs,
    RequestArgs,
};
pub(crate) use confidence::{
    ConsultationAddArgs, ConsultationArgs, ConsultationChangeArgs, ConsultationCommand, MeasureAddArgs,
    MeasureArgs, MeasureChangeArgs, MeasureCommand, NormReportArgs, NormsCommand,
};
pub(crate) use contact::{ContactAddArgs, ContactChangeArgs, ContactCommand, FunctionArg, ParticularsArgs};
pub(crate) use drill::{CallCloseArgs, CallCommand, CalledArgs, DrillCommand};
pub(crate) use federation::{AgreementCommand, PeerAddArgs, PeerCommand};
pub(crate) use guard::GuardCommand;
pub(crate) use hunt::{HuntArgs, ReportArgs};
pub(crate) use member::{
    CircleCommand, CircleProfile, CredentialCommand, FiresArgs, FourEyesArg, MemberCommand, MemberProfile,
    QuotaArgs, ZoneArgs,
};
pub(crate) use pack::{PackAcceptArgs, PackCommand, PackMakeArgs, PackReceiptArgs};
pub(crate) use pattern::{PatternCheckArgs, PatternCommand, PatternMatchArgs};
pub(crate) use person::{PersonAddArgs, PersonCommand};
pub(crate) use persona::{
    PersonaCalibrateArgs, PersonaCheckArgs, PersonaCommand, PersonaContestArgs, PersonaContestsArgs,
    PersonaReviewArgs, PersonasArgs,
};
pub(crate) use playbook::{PlaybookCommand, PlaybookStartArgs, PlaybookStepArgs, SaidArgs, StepArg};
pub(crate) use privacy::{
    AccessesArgs, CorrectArgs, EraseArgs, PrivacyCommand, RegisterForm, RequestCommand, RequestedArg,
};
pub(crate) use push::{AdvisoryArg, DeadArgs, DigestArg, MailArgs, MailCommand, WebhookArgs, WebhookCommand};
pub(crate) use quarantine::QuarantineCommand;
pub(crate) use recall::RecallCommand;
pub(crate) use region::{
    AidArgs, AssessArgs, CheckArgs, FlowsArgs, GapsArgs, GapsForm, GroundArgs, NoticeStateArg,
    NoticesCommand, OpenArgs, OutputArgs, PlanArgs, ProjectsArgs, RegionCommand, WhereArgs,
};
pub(crate) use release::{ReleaseApproveArgs, ReleaseCommand, ReleaseRefuseArgs};
pub(crate) use screen::{NodeAsked, PrivateArgs, ScreenArgs};
pub(crate) use search::SearchArgs;
pub(crate) use share::{
    DeliverArgs, FormatArg, ImportArgs, ListFormArg, ShareArgs, SourceCommand, TermsArgs, WithdrawArgs,
};
pub(crate) use sign::{MemberKeyCommand, PublicKeyArgs, SignArgs, SignatureStateArg, SignaturesArg};
pub(crate) use trace::{
    ChangeArg, MethodArg, OutArgs, StolenArgs, TraceBitcoinArgs, TraceCommand, TraceElectrumArgs,
    TraceExposureArgs, TraceFollowArgs, TraceInfoArgs, TraceLiveArgs, TraceLoadArgs, TraceTransfersArgs,
    WaysArgs,
};
pub(crate) use validate::ValidateArgs;

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed; the message says what was and was not changed
  2  the command line or the configuration makes no sense
  3  done, but something was refused or found: look at the findings
  4  another bongsu has the data folder open and can't be asked

Start with `bongsu demo`, or `bongsu init` for a node of your own.";

/// A beacon-fire node: shares threat intelligence in the form that each partner can use.
#[derive(Debug, Parser)]
#[command(name = "bongsu", version, after_help = AFTER_HELP, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that stand before or after any command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Folder with everything that the node keeps [default: bongsu-data]
    #[arg(long, global = true, value_name = "DIR", env = "BONGSU_DATA")]
    pub data: Option<PathBuf>,
    /// Configuration file [default: bongsu.toml in the data folder]
    #[arg(long, global = true, value_name = "FILE", env = "BONGSU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print the answer as one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but errors and what was asked for
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log more (-v: what the node does, -vv: also how)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// The data folder: the one that was named, or the usual one.
    pub(crate) fn folder(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("bongsu-data"))
    }
}

/// Everything that bongsu can be told to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a data folder: key, secret, configuration file
    Init(InitArgs),
    /// Run the node: web pages, TAXII, lists, rules, DNS
    Serve,
    /// Several nodes beside one database: what they share
    #[command(subcommand, name = "node")]
    Beside(BesideCommand),
    /// Try everything: a node with real intelligence on loopback, gone when it ends (kept with --data)
    Demo,
    /// Recompute everything from the lines and say whether it holds
    Verify,
    /// Move the lines from the file into the database that is configured, or back; the node must not serve
    Migrate {
        /// Where they go
        #[arg(value_enum)]
        to: MigrateTo,
    },
    /// Make the lines anew from copies that `bongsu backup` made, also as they stood at an earlier time; the node must have no lines yet
    Restore(RestoreArgs),
    /// Check STIX against every rule of its specification; needs no node
    Validate(ValidateArgs),
    /// Sign STIX so that everyone can prove who says so, check signatures, make keys; needs no node
    Sign(SignArgs),
    /// Hunt: look through logs for all that a watch file names; needs no node
    Hunt(HuntArgs),
    /// Devices whose limits are known, for `bongsu deliver --device`; needs no node
    Devices,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a page of the manual for each command; packages are made with it
    #[command(hide = true)]
    Man {
        /// Folder for the pages; made if it is not there
        dir: PathBuf,
    },
    /// STIX patterns: check how they are written, match them against observed data; needs no node
    #[command(subcommand)]
    Pattern(PatternCommand),
    /// Stolen virtual assets: load transfers, follow what was stolen; needs no node
    #[command(subcommand)]
    Trace(TraceCommand),
    #[command(flatten)]
    Node(NodeCommand),
}

/// The commands that work on a node's data: here, or inside the node that serves it.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum NodeCommand {
    /// Take intelligence into a circle: STIX, MISP, CSAF, CACAO, OpenIOC, OFAC, tables, lists, reports; also packed with gzip
    Import(Box<ImportArgs>),
    /// Members: who takes part, at which level, with which credentials
    #[command(subcommand)]
    Member(MemberCommand),
    /// People who act for members or for the node: roles, log-in, and who did what
    #[command(subcommand)]
    Person(PersonCommand),
    /// Credentials: client certificates, and revoking any credential
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// The node's own authority: certificates for members, other nodes and this node's server, and which were taken back
    #[command(subcommand)]
    Ca(CaCommand),
    /// Circles: agreements between members, each with a line of its own
    #[command(subcommand)]
    Circle(CircleCommand),
    /// Sources: servers that the node pulls from
    #[command(subcommand)]
    Source(SourceCommand),
    /// Share a file, or what is in one circle, into circles; or only list who would get what
    Share(ShareArgs),
    /// Withdraw objects from a circle: from then on they go out in no form
    Withdraw(WithdrawArgs),
    /// Asks: a member asks the one who shared an object to let it go wider; what is answered is done at once
    #[command(subcommand)]
    Ask(AskCommand),
    /// Releases: what waits until a second person of a member's lets it out, in circles that ask for four eyes
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Screen: is a value known to be bad, who says so, what is to be done; or, privately, ask a node that is not to
    /// learn the values; ends with 3 unless nothing is known of any
    Screen(Box<ScreenArgs>),
    /// Search: objects of all circles by words and filters, the newest first
    Search(Box<SearchArgs>),
    /// Audits: the record of screenings of this node, and the lines of nodes that you are a member of; ends with 3 if something
    /// does not hold
    Audit(AuditArgs),
    /// Recalls: whether what was withdrawn is out everywhere that it went
    #[command(subcommand)]
    Recall(RecallCommand),
    /// Personas: applicants who may be infiltrating IT workers, with reasons; contests of what is said
    #[command(subcommand)]
    Persona(PersonaCommand),
    /// Cases of stolen virtual assets: where they are now, alerts, requests to freeze, what circles get
    #[command(subcommand)]
    Case(CaseCommand),
    /// Playbooks: their steps, carried out as checklists, results
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Contacts: whom to reach at members, for what, when and how; as far as circles may see them
    #[command(subcommand)]
    Contact(ContactCommand),
    /// Drills: can contacts be reached, how fast do they answer, who stands in
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Call the contacts of a circle in an emergency, over the same path as drills
    #[command(subcommand)]
    Call(CallCommand),
    /// The 11 norms of responsible state behaviour: what members say of how they keep them, with evidence
    #[command(subcommand)]
    Norms(NormsCommand),
    /// Measures to build confidence, and commitments: who promised what by when, and how far it is
    #[command(subcommand)]
    Measure(MeasureCommand),
    /// Consultations between members, and their calendar
    #[command(subcommand)]
    Consultation(ConsultationCommand),
    /// The region: what attacks pass through, where help removes most, what is missing where, aid projects and plans
    #[command(subcommand)]
    Region(RegionCommand),
    /// What was kept apart because it breaks STIX 2.1: look at it, release it, drop it
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// The guard: what is kept out of lists, zones and rules, and by which lists and models
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Webhooks: what waits for members' own systems, what was given up
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Mails: what waits, what the mail server took or refused
    #[command(subcommand)]
    Mail(MailCommand),
    /// Make what a member gets, exactly as it gets it
    Deliver(DeliverArgs),
    /// Offline packs: all that a member gets as one signed archive, and the receipt that comes back
    #[command(subcommand)]
    Pack(PackCommand),
    /// Personal data: what is held of whom and why, erasure, requests, who looked at what
    #[command(subcommand)]
    Privacy(PrivacyCommand),
    /// Other nodes with which circles are exchanged, and how it stands with each
    #[command(subcommand)]
    Peer(PeerCommand),
    /// Agreements of circles that lie on several nodes: draft, sign, let count
    #[command(subcommand)]
    Agreement(AgreementCommand),
    /// Copy the store to a file while it runs, whole or what came since; `bongsu restore` makes it anew
    Backup(BackupArgs),
    /// Write the store's file anew without its free space
    Compact,
}

/// Options of `bongsu init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The node's name, as partners see it in checkpoints and signatures
    #[arg(long, default_value = "bongsu.local")]
    pub name: String,
    /// Make another node beside the same database, from what `bongsu node share` wrote to this file
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub beside: Option<PathBuf>,
}

/// What `bongsu node` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BesideCommand {
    /// Write what another node beside the same database needs: secrets, the authority for certificates, the configuration
    Share {
        /// File to write, which must not exist
        to: PathBuf,
    },
}

/// Options of `bongsu backup`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct BackupArgs {
    /// File to write, which must not exist; with --series, a folder
    pub to: PathBuf,
    /// Copy only what came since this copy was made
    #[arg(long, value_name = "EARLIER", conflicts_with = "series")]
    pub since: Option<PathBuf>,
    /// Keep a whole copy and what came since in a folder: each call adds a file, the first the whole
    #[arg(long)]
    pub series: bool,
    /// With --series: begin anew with a whole copy
    #[arg(long, requires = "series")]
    pub full: bool,
}

/// Options of `bongsu restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Copies: a whole one, and those of what came since, in their order; or the folder of a series
    #[arg(required = true)]
    pub from: Vec<PathBuf>,
    /// As everything stood at this time: RFC 3339, or a date [default: as in the last copy]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// A level of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MigrateTo {
    /// The database of database.url
    Database,
    /// The file in the data folder
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum LevelArg {
    /// People read an advisory
    Read,
    /// A resolver or firewall imports lists
    List,
    /// A DNS server or firewall subscribes
    Block,
    /// A SOC hunts and detects
    Detect,
    /// A threat-intelligence team exchanges
    Exchange,
}

/// A TLP 2.0 label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum TlpArg {
    Clear,
    Green,
    Amber,
    #[value(name = "amber+strict", alias = "amber-strict")]
    AmberStrict,
    Red,
}

/// What a receiver may do with what it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum OnwardArg {
    /// Keep it
    Forbidden,
    /// Pass it on inside the circle
    WithinCircle,
    /// Pass it on as its marking allows
    Allowed,
}

/// What becomes of objects that break a MUST of STIX 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum IntakeArg {
    /// They are shared, and what is wrong is told
    Accept,
    /// They are kept for operators alone until one decides
    Quarantine,
    /// They are not taken
    Refuse,
}

impl From<IntakeArg> for policy::Intake {
    fn from(intake: IntakeArg) -> Self {
        match intake {
            IntakeArg::Accept => Self::Accept,
            IntakeArg::Quarantine => Self::Quarantine,
            IntakeArg::Refuse => Self::Refuse,
        }
    }
}

/// What a member may do in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum AccessArg {
    /// Get what is shared, and share nothing
    Read,
    /// Share, and get nothing
    Write,
    /// Get and share
    Both,
    /// Stay in it, and neither get nor share
    None,
}

/// A STIX version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum SpecVersionArg {
    #[value(name = "2.0")]
    V20,
    #[value(name = "2.1")]
    V21,
}

impl From<AccessArg> for policy::Access {
    fn from(access: AccessArg) -> Self {
        match access {
            AccessArg::Read => Self::Read,
            AccessArg::Write => Self::Write,
            AccessArg::Both => Self::Both,
            AccessArg::None => Self::None,
        }
    }
}

impl From<SpecVersionArg> for stix::SpecVersion {
    fn from(version: SpecVersionArg) -> Self {
        match version {
            SpecVersionArg::V20 => Self::V20,
            SpecVersionArg::V21 => Self::V21,
        }
    }
}

impl From<LevelArg> for policy::Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Read => Self::Read,
            LevelArg::List => Self::List,
            LevelArg::Block => Self::Block,
            LevelArg::Detect => Self::Detect,
            LevelArg::Exchange => Self::Exchange,
        }
    }
}

impl From<TlpArg> for stix::Tlp {
    fn from(tlp: TlpArg) -> Self {
        match tlp {
            TlpArg::Clear => Self::Clear,
            TlpArg::Green => Self::Green,
            TlpArg::Amber => Self::Amber,
            TlpArg::AmberStrict => Self::AmberStrict,
            TlpArg::Red => Self::Red,
        }
    }
}

impl From<OnwardArg> for policy::Onward {
    fn from(onward: OnwardArg) -> Self {
        match onward {
            OnwardArg::Forbidden => Self::Forbidden,
            OnwardArg::WithinCircle => Self::WithinCircle,
            OnwardArg::Allowed => Self::Allowed,
        }
    }
}
