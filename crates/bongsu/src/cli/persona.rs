//! What may be typed about personas.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const CHECK_HELP: &str = "\
Exit codes:
  0  done, and no application crosses the threshold
  1  failed
  2  the command line or the file of weights makes no sense
  3  an application crosses the threshold, or something could not be read: look at it

A score is a reason to look again, never a finding about a person. Nothing of an application is kept.";

/// `bongsu persona …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PersonaCommand {
    /// Compare applications with personas that the circles know, and say why
    #[command(after_help = CHECK_HELP)]
    Check(PersonaCheckArgs),
    /// Contest a persona, or what is said of one: it counts nothing until its source has looked again
    Contest(PersonaContestArgs),
    /// List the open contests that a member sees
    Contests(PersonaContestsArgs),
    /// Answer a contest, as the member that shared what is contested
    Review(PersonaReviewArgs),
    /// Precision and recall of the scores on applications of which it is known what they were
    Calibrate(PersonaCalibrateArgs),
}

/// From where the personas are.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonasArgs {
    /// STIX bundle with personas; then no node is needed [default: what the member's circles share]
    #[arg(long, value_name = "BUNDLE", conflicts_with = "member")]
    pub personas: Option<PathBuf>,
    /// Member whose circles are asked [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
    /// File of weights [default: those that are built in]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

/// Options of `bongsu persona check`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonaCheckArgs {
    /// Applications: JSON, JSON Resume, CSV or vCard; what applicants of all files share is a sign too
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub known: PersonasArgs,
}

/// Options of `bongsu persona contest`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonaContestArgs {
    /// The persona, or the relationship or grouping that says something of one, as a reason names it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Circle that it is in
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// Why it is wrong; members of the circle read it, so name nobody who need not be named
    #[arg(long)]
    pub reason: String,
    /// Member that contests [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
}

/// Options of `bongsu persona contests`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonaContestsArgs {
    /// Member whose circles are asked [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
}

/// Options of `bongsu persona review`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonaReviewArgs {
    /// What is contested
    #[arg(value_name = "ID")]
    pub id: String,
    /// Circle that it is in
    #[arg(long, value_name = "CIRCLE")]
    pub circle: String,
    /// It stands: why
    #[arg(long, value_name = "REASON", required_unless_present = "withdraw", conflicts_with = "withdraw")]
    pub uphold: Option<String>,
    /// It was wrong: withdraw it everywhere, and say why
    #[arg(long, value_name = "REASON")]
    pub withdraw: Option<String>,
    /// Member that shared it [default: node.member of the configuration]
    #[arg(long = "as", value_name = "MEMBER")]
    pub sender: Option<String>,
}

/// Options of `bongsu persona calibrate`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PersonaCalibrateArgs {
    /// Applications as JSON Lines, each with `label`: true for a persona's
    #[arg(value_name = "LABELLED")]
    pub file: PathBuf,
    #[command(flatten)]
    pub known: PersonasArgs,
    /// Write the curve as an SVG picture to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl PersonaCommand {
    /// Where the personas come from, for the commands that compare with some.
    pub(crate) fn known(&mut self) -> Option<&mut PersonasArgs> {
        match self {
            Self::Check(args) => Some(&mut args.known),
            Self::Calibrate(args) => Some(&mut args.known),
            Self::Contest(_) | Self::Contests(_) | Self::Review(_) => None,
        }
    }

    /// The paths that are read.
    pub(crate) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths: Vec<&mut PathBuf> = Vec::new();
        match self {
            Self::Check(args) => {
                paths.extend(&mut args.files);
                paths.extend([&mut args.known.personas, &mut args.known.weights].into_iter().flatten());
            }
            Self::Calibrate(args) => {
                paths.push(&mut args.file);
                paths.extend([&mut args.known.personas, &mut args.known.weights].into_iter().flatten());
            }
            Self::Contest(_) | Self::Contests(_) | Self::Review(_) => {}
        }
        paths
    }
}
