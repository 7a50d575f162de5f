//! What may be typed about norms, measures and consultations.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// How far a member is, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum StageArg {
    /// Nothing is done yet
    NotBegun,
    /// It is planned
    Planned,
    /// Some of it is done
    Partly,
    /// It is kept
    Kept,
}

impl From<StageArg> for region::norms::Stage {
    fn from(stage: StageArg) -> Self {
        match stage {
            StageArg::NotBegun => Self::NotBegun,
            StageArg::Planned => Self::Planned,
            StageArg::Partly => Self::Partly,
            StageArg::Kept => Self::Kept,
        }
    }
}

/// The list in which a measure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum SourceArg {
    /// The OSCE's 16 measures
    Osce,
    /// The ASEAN Regional Forum's work plan
    Arf,
    /// None: what members promised by themselves
    Own,
}

impl From<SourceArg> for region::measure::Source {
    fn from(source: SourceArg) -> Self {
        match source {
            SourceArg::Osce => Self::Osce,
            SourceArg::Arf => Self::Arf,
            SourceArg::Own => Self::Own,
        }
    }
}

/// `bongsu norms …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum NormsCommand {
    /// Show what members say of each of the 11 norms
    List(ViewedArgs),
    /// Show all reports of a member, the newest first
    Show {
        /// The member
        #[arg(value_name = "MEMBER")]
        member: String,
        /// As this member sees them
        #[arg(long = "as", value_name = "MEMBER")]
        viewer: Option<String>,
    },
    /// Enter what a member says of how it keeps a norm
    Report(Box<NormReportArgs>),
}

/// Who looks.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ViewedArgs {
    /// As this member sees them
    #[arg(long = "as", value_name = "MEMBER")]
    pub viewer: Option<String>,
}

/// Options of `bongsu norms report`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct NormReportArgs {
    /// Whose word it is
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// The norm's letter, a to k, as in UN A/70/174, paragraph 13
    #[arg(value_name = "NORM")]
    pub norm: String,
    /// How far it is
    #[arg(long, value_enum)]
    pub stage: StageArg,
    /// What the member does, in one line
    #[arg(long)]
    pub text: String,
    /// What shows it: the address of a page, the name of a law
    #[arg(long, value_name = "TEXT")]
    pub evidence: Vec<String>,
    /// The day as of which it is so [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
    /// A circle whose members may see it
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
}

/// `bongsu measure …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum MeasureCommand {
    /// Enter a measure to build confidence, or a commitment
    Add(Box<MeasureAddArgs>),
    /// List measures and commitments, with what is overdue
    List(ViewedArgs),
    /// Change one; what is not named stays
    Change(Box<MeasureChangeArgs>),
}

/// What is known of a measure.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct MeasureArgs {
    /// Who promised it
    #[arg(long = "member", value_name = "MEMBER")]
    pub members: Vec<String>,
    /// How far it is [default: planned]
    #[arg(long, value_enum)]
    pub stage: Option<StageArg>,
    /// What was done, or is to be, in one line
    #[arg(long)]
    pub text: Option<String>,
    /// What shows it
    #[arg(long, value_name = "TEXT")]
    pub evidence: Vec<String>,
    /// The day by which it is to be done
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub due: Option<String>,
    /// A circle whose members may see it
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
}

/// Options of `bongsu measure add`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct MeasureAddArgs {
    /// A short name for it: small letters, digits and hyphens
    #[arg(value_name = "MEASURE")]
    pub handle: String,
    /// The list in which it stands
    #[arg(long, value_enum, default_value_t = SourceArg::Own)]
    pub source: SourceArg,
    /// Its number there
    #[arg(long, value_name = "N")]
    pub number: Option<u16>,
    /// What it is about [default: the short name, for the OSCE's]
    #[arg(long)]
    pub title: Option<String>,
    #[command(flatten)]
    pub measure: MeasureArgs,
}

/// Options of `bongsu measure change`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct MeasureChangeArgs {
    /// Its handle
    #[arg(value_name = "MEASURE")]
    pub handle: String,
    /// What it is about
    #[arg(long)]
    pub title: Option<String>,
    #[command(flatten)]
    pub measure: MeasureArgs,
}

/// `bongsu consultation …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum ConsultationCommand {
    /// Enter when members meet
    Add(Box<ConsultationAddArgs>),
    /// List consultations
    List(ViewedArgs),
    /// Change one; what is not named stays
    Change(Box<ConsultationChangeArgs>),
    /// Call one off: calendars show that
    Cancel {
        /// Its handle
        #[arg(value_name = "CONSULTATION")]
        handle: String,
    },
    /// Print the calendar (iCalendar), as members subscribe to it at /calendar.ics
    Calendar(ViewedArgs),
}

/// What is known of a consultation.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ConsultationArgs {
    /// A member that takes part
    #[arg(long = "member", value_name = "MEMBER")]
    pub members: Vec<String>,
    /// Where
    #[arg(long, value_name = "TEXT")]
    pub place: Option<String>,
    /// What is to be talked about, in one line
    #[arg(long, value_name = "TEXT")]
    pub agenda: Option<String>,
    /// What came of it, in one line
    #[arg(long, value_name = "TEXT")]
    pub outcome: Option<String>,
    /// A circle whose members may see it, beside those who take part
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
}

/// Options of `bongsu consultation add`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ConsultationAddArgs {
    /// A short name for it: small letters, digits and hyphens
    #[arg(value_name = "CONSULTATION")]
    pub handle: String,
    /// What it is about
    #[arg(long)]
    pub title: String,
    /// When it begins, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub begins: String,
    /// When it ends, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub ends: String,
    #[command(flatten)]
    pub consultation: ConsultationArgs,
}

/// Options of `bongsu consultation change`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ConsultationChangeArgs {
    /// Its handle
    #[arg(value_name = "CONSULTATION")]
    pub handle: String,
    /// What it is about
    #[arg(long)]
    pub title: Option<String>,
    /// When it begins, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub begins: Option<String>,
    /// When it ends, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub ends: Option<String>,
    #[command(flatten)]
    pub consultation: ConsultationArgs,
}
