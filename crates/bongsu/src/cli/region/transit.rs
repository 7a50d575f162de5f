//! What may be typed about what attacks pass through, and about notices.

use clap::{Args, Subcommand, ValueEnum};
use region::transit::By;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// From what it is told.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub(crate) struct GroundArgs {
    /// Sightings: tables (.csv) or lines of JSON (.jsonl), or =FORM for lists and logs of others: list, feodo, cowrie, sshd, apache, with
    /// the role of its addresses and the victims' country behind it, as in ssh.log=sshd@KR or exits.txt=list/vpn-exit; packed with
    /// gzip too [default: what the node has observed]
    #[arg(value_name = "FILE[=FORM[/ROLE][@COUNTRY]]")]
    pub files: Vec<String>,
    /// Table of where addresses are: MaxMind's form (.mmdb), or ranges as CSV; several are asked one after the other
    #[arg(long, value_name = "FILE")]
    pub geo: Vec<PathBuf>,
    /// Only what was seen from this time on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only what was seen before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Look at countries, or at networks
    #[arg(long, value_enum, default_value_t = SpotArg::Country)]
    pub by: SpotArg,
    /// As far as this member may know, with what it was sent over its circles
    #[arg(long = "as", value_name = "MEMBER", conflicts_with = "files")]
    pub viewer: Option<String>,
    /// With what that member was sent over this circle alone
    #[arg(long, value_name = "CIRCLE", requires = "viewer")]
    pub circle: Option<String>,
}

/// What is written beside what is printed.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub(crate) struct OutputArgs {
    /// Write the whole table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the picture
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

impl OutputArgs {
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.csv.iter_mut().chain(&mut self.svg)
    }
}

/// Options of `bongsu region flows`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct FlowsArgs {
    #[command(flatten)]
    pub ground: GroundArgs,
    /// Show so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// Which map is drawn
    #[arg(long, value_enum, default_value_t = ViewArg::World)]
    pub map: ViewArg,
    /// Sum archives up (Parquet, CSV, JSON lines) on the cluster of this scheduler, df://HOST:PORT; takes `bongsu-cluster`
    #[arg(long, value_name = "URL", requires = "files", conflicts_with_all = ["from", "to", "csv", "svg"])]
    #[serde(default)]
    pub cluster: Option<String>,
    #[command(flatten)]
    pub out: OutputArgs,
}

/// Options of `bongsu region where`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct WhereArgs {
    #[command(flatten)]
    pub ground: GroundArgs,
    /// What places would be brought to: takedown=DAYS, or blocking=PART
    #[arg(long, value_name = "LEVEL", default_value = "takedown=7")]
    pub level: String,
    /// Help at most so many places
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    /// What it may cost together
    #[arg(long, value_name = "COST")]
    pub budget: Option<u64>,
    /// What a place costs [default: 1]
    #[arg(long, value_name = "PLACE=COST", requires = "budget")]
    pub cost: Vec<String>,
    #[command(flatten)]
    pub out: OutputArgs,
}

/// Countries or networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum SpotArg {
    /// By ISO 3166-1
    Country,
    /// By the number of the autonomous system
    Network,
}

impl From<SpotArg> for By {
    fn from(arg: SpotArg) -> Self {
        match arg {
            SpotArg::Country => Self::Country,
            SpotArg::Network => Self::Network,
        }
    }
}

/// A map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum ViewArg {
    /// The world, the Pacific in the middle
    World,
    /// From the Arabian Sea to Hawaii
    IndoPacific,
}

impl From<ViewArg> for region::world::View {
    fn from(arg: ViewArg) -> Self {
        match arg {
            ViewArg::World => Self::World,
            ViewArg::IndoPacific => Self::IndoPacific,
        }
    }
}

/// `bongsu region notices …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum NoticesCommand {
    /// List notices and their states
    List,
    /// Draft notices for what was observed in members' networks and countries and has none yet
    Draft {
        /// For this member alone
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
        /// Only what was seen within so many days before the last sighting
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
        /// Draft at most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        most: usize,
    },
    /// Show a notice as it goes out: the text, and the X-ARF report
    Show {
        #[command(flatten)]
        notice: NoticeArgs,
        /// Print the X-ARF report alone
        #[arg(long)]
        xarf: bool,
    },
    /// Send a notice to the member's contact by mail
    Send {
        #[command(flatten)]
        notice: NoticeArgs,
        /// To this address [default: the member's technical contact, or the one of its profile]
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        /// It went in another way, to this person or desk
        #[arg(long, value_name = "WHOM", conflicts_with = "to")]
        by_hand: Option<String>,
    },
    /// Note what became of a notice
    State {
        #[command(flatten)]
        notice: NoticeArgs,
        /// What
        #[arg(value_enum)]
        state: NoticeStateArg,
        /// When [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Something about it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

/// A notice by its number.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct NoticeArgs {
    /// Its number, as `bongsu region notices list` shows it
    #[arg(value_name = "NUMBER")]
    pub number: u64,
}

/// What may become of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum NoticeStateArg {
    /// Somebody said that it has come
    Acknowledged,
    /// What it is about is gone
    TakenDown,
    /// Nothing will be done
    Refused,
    /// What was gone is there again
    CameBack,
}
