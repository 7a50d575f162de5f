//! What may be typed about taking in, sharing, withdrawing and delivering.

use super::{IntakeArg, LevelArg, OnwardArg, TlpArg};
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of `bongsu import`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ImportArgs {
    /// Files, in any of the formats
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Circle that it is shared in
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// Member that shares it [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
    /// What the files hold
    #[arg(long, value_enum, default_value_t = FormatArg::Auto)]
    pub format: FormatArg,
    /// What becomes of objects that break STIX 2.1, if that is stricter than the member's own [default: accept]
    #[arg(long, value_enum)]
    pub intake: Option<IntakeArg>,
    /// Mapping file (TOML) that names the fields of a table or of JSON Lines; see docs/formats.md
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    pub map: Option<PathBuf>,
    /// File that belongs to the list: OFAC's aliases, addresses and comments; repeatable
    #[arg(long, value_name = "FILE")]
    pub beside: Vec<PathBuf>,
    /// Older file of the same list: take in what changed, withdraw what is gone
    #[arg(long, value_name = "FILE")]
    pub replaces: Option<PathBuf>,
    /// Name of the list, which its indicators' ids depend on [default: the file's name up to the first dot; with --replaces,
    /// the one that the older file was imported under]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Sign what is not signed yet with the node's own key, which must be known as the member's
    #[arg(long)]
    pub sign: bool,
    /// Reports: share every value that the guard lets through; without this or --accept, they are only shown
    #[arg(long, conflicts_with = "accept")]
    pub yes: bool,
    /// Reports: share the values with `+` in this list, which --review wrote
    #[arg(long, value_name = "FILE")]
    pub accept: Option<PathBuf>,
    /// Reports: write the values as a list to be changed and given to --accept; nothing is shared
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "accept"])]
    pub review: Option<PathBuf>,
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Findings to print; all of them are counted
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub findings: usize,
}

/// Terms under which something is shared; they can only be stricter than the circle's.
#[derive(Debug, Default, Args, Serialize, Deserialize)]
pub(crate) struct TermsArgs {
    /// Count every object as marked at least with this TLP
    #[arg(long, value_name = "TLP")]
    pub tlp: Option<TlpArg>,
    /// Nobody gets it before this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub embargo_until: Option<String>,
    /// Nobody gets it from this instant on, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// Only these members get it; needed for TLP:RED; repeatable
    #[arg(long = "recipient", value_name = "MEMBER")]
    pub recipients: Vec<String>,
    /// What receivers may do with it
    #[arg(long)]
    pub onward: Option<OnwardArg>,
    /// Hide who shared it
    #[arg(long)]
    pub pseudonymise: bool,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum FormatArg {
    /// Look at the content
    Auto,
    /// A STIX bundle, an envelope, an object, or JSON Lines of those
    Stix,
    /// A MISP event
    Misp,
    /// A table with a header
    Csv,
    /// One value a line, defanged or not
    Plain,
    /// A CSAF 2.0 security advisory
    Csaf,
    /// A CACAO 2.0 playbook
    Cacao,
    /// An OpenIOC 1.0 or 1.1 document
    Openioc,
    /// OFAC's SDN list: SDN.CSV or SDN.XML
    Ofac,
    /// A list in FollowTheMoney's JSON form, an entity a line: `entities.ftm.json` of OpenSanctions
    Opensanctions,
    /// A text, an HTML page or a PDF written for people: its values are shown, and shared once confirmed
    Report,
}

/// `bongsu source …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum SourceCommand {
    /// List the configured sources and how their last pulls went
    List,
    /// Ask sources what they offer and whether this node may read it; takes nothing in
    Check {
        /// Source [default: all]
        name: Option<String>,
    },
    /// Pull now what is new at sources
    Pull {
        /// Source [default: all]
        name: Option<String>,
        /// Begin at the source's beginning; what is here already is not added twice
        #[arg(long)]
        from_start: bool,
        /// Findings to print; all of them are counted
        #[arg(long, value_name = "N", default_value_t = 20)]
        findings: usize,
    },
    /// Send to a TAXII source's collection what a member of its circle gets, as far as it was not sent yet
    Send {
        /// Source of kind `taxii`
        name: String,
        /// Member whose server it is: its level, clearance and the marks decide what goes
        #[arg(long = "as", value_name = "MEMBER")]
        member: String,
        /// Send all again; what the server has already stays as it is
        #[arg(long)]
        from_start: bool,
        /// Reasons of refusals to print; all of them are counted
        #[arg(long, value_name = "N", default_value_t = 20)]
        findings: usize,
    },
}

/// Options of `bongsu share`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ShareArgs {
    /// Files to share; without them, --from and --id or --all say what
    #[arg(value_name = "FILE", conflicts_with = "from")]
    pub files: Vec<PathBuf>,
    /// Circle to share into, repeatable
    #[arg(long = "circle", value_name = "CIRCLE", required = true)]
    pub circles: Vec<String>,
    /// Circle in which the objects already are
    #[arg(long, value_name = "CIRCLE")]
    pub from: Option<String>,
    /// Object to share, repeatable
    #[arg(long = "id", value_name = "ID", requires = "from", conflicts_with = "all")]
    pub ids: Vec<String>,
    /// Share every object that the member may read in --from
    #[arg(long, requires = "from")]
    pub all: bool,
    /// Member that shares it [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Sign what is not signed yet with the node's own key, which must be known as the member's
    #[arg(long, conflicts_with = "from")]
    pub sign: bool,
    /// Send nothing: list who would get what, in which form, by which rule, and who would not and why
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `bongsu withdraw`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct WithdrawArgs {
    /// Objects
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Circle to withdraw them from
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// Why, for those who had them
    #[arg(long)]
    pub reason: String,
    /// Member that withdraws; it must have shared them [default: the operator]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
}

/// Options of `bongsu deliver`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(crate) struct DeliverArgs {
    /// Member
    #[arg(long, value_name = "MEMBER")]
    pub to: String,
    /// Form to deliver; a member gets its own level and those below
    #[arg(long, required_unless_present = "what")]
    pub level: Option<LevelArg>,
    /// Artefact by its name, as under /d/: advisory.pdf, zone.rpz, list/domain.hosts.txt, nftables.conf, zeek.intel, sigma.yml, …;
    /// with --follow repeatable
    #[arg(long, value_name = "NAME", conflicts_with_all = ["level", "kind", "form"])]
    pub what: Vec<String>,
    /// With --level list: which kind of value (domain, url, ipv4, ipv6, md5, sha1, sha256, sha512, email, wallet) or all
    #[arg(long, value_name = "KIND", default_value = "domain")]
    pub kind: String,
    /// With --level list: one value per line, or a table
    #[arg(long, value_enum, default_value_t = ListFormArg::Plain)]
    pub form: ListFormArg,
    /// With a list: what came and what went since this number, which an earlier answer of the serving node named
    #[arg(long, value_name = "NUMBER")]
    pub since: Option<String>,
    /// With a list: no more than this device holds, what matters most first (`bongsu devices` shows those that are known)
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// With a list: at most so many entries, what matters most first
    #[arg(long, value_name = "N")]
    pub entries: Option<usize>,
    /// With a list: no line of more bytes
    #[arg(long, value_name = "BYTES")]
    pub line: Option<usize>,
    /// With --device, --entries or --line: what these leave out
    #[arg(long)]
    pub left_out: bool,
    /// Language of an advisory: en, ko, fr, id or vi [default: the member's]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// File to write [default: standard output]; with several artefacts, a folder for files of their names
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write anew, in one step, at each change, until stopped; the node must be serving
    #[arg(long, requires_all = ["what", "out"], conflicts_with_all = ["since", "left_out"])]
    pub follow: bool,
    /// With --follow: command for the shell to run after each change; BONGSU_CHANGED names what has changed
    #[arg(long, value_name = "COMMAND", requires = "follow")]
    pub then: Option<String>,
    /// The tags of what is written already; set when a serving node is asked.
    #[arg(skip)]
    #[serde(default)]
    pub known: Option<Vec<String>>,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum ListFormArg {
    Plain,
    Csv,
}
