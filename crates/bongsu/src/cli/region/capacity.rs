//! What may be typed about what is missing where.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Options of `bongsu region gaps`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct GapsArgs {
    /// Only this country, by ISO 3166-1
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// Only this member
    #[arg(long, value_name = "MEMBER")]
    pub member: Option<String>,
    /// As this member may see it
    #[arg(long = "as", value_name = "MEMBER")]
    pub viewer: Option<String>,
    /// Write the cells and their reasons as a table
    #[arg(long, value_name = "FILE", conflicts_with = "svg")]
    pub csv: Option<PathBuf>,
    /// Draw the matrix
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the needs that follow, for `bongsu region projects` and `plan`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "svg"])]
    pub needs: Option<PathBuf>,
    /// Language, en or ko [default: en]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// What is asked for as a document.
    #[arg(skip)]
    pub form: GapsForm,
}

/// How gaps are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GapsForm {
    /// On the terminal.
    #[default]
    Told,
    /// As a table in a file.
    Csv,
    /// As a picture in a file.
    Svg,
    /// As a table of needs in a file.
    Needs,
}

impl GapsArgs {
    /// The file that is to be written; the command is told its form alone.
    pub(crate) fn out(&mut self) -> Option<PathBuf> {
        let asked = [
            (GapsForm::Csv, self.csv.take()),
            (GapsForm::Svg, self.svg.take()),
            (GapsForm::Needs, self.needs.take()),
        ];
        let (form, out) = asked.into_iter().find_map(|(form, out)| Some((form, out?)))?;
        self.form = form;
        Some(out)
    }
}

/// A kind of what is known of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum KindArg {
    /// The level in use, beside the one that is offered
    Level,
    /// How far its systems are behind
    Lag,
    /// How its contacts answered drills and calls
    Reach,
    /// How long takedowns take
    Takedown,
    /// Its own assessment
    Sim3,
    /// What attacks pass through its country and networks
    PassThrough,
}

impl From<KindArg> for region::capacity::opening::Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Level => Self::Level,
            KindArg::Lag => Self::Lag,
            KindArg::Reach => Self::Reach,
            KindArg::Takedown => Self::Takedown,
            KindArg::Sim3 => Self::Sim3,
            KindArg::PassThrough => Self::PassThrough,
        }
    }
}

/// Options of `bongsu region open`.
#[derive(Debug, Args, Serialize, Deserialize)]
#[command(group(clap::ArgGroup::new("target").required(true).args(["to", "circle"])))]
pub(crate) struct OpenArgs {
    /// Whose weakness it is
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// The member that may see it
    #[arg(long, value_name = "MEMBER")]
    pub to: Option<String>,
    /// The circle whose members may see it
    #[arg(long, value_name = "CIRCLE")]
    pub circle: Option<String>,
    /// What they may see, repeatable [default: all]
    #[arg(long, value_enum)]
    pub what: Vec<KindArg>,
    /// Until when [default: until it is taken back]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The administrative act behind it, such as the number of a memorandum
    #[arg(long, value_name = "TEXT")]
    pub act: String,
}

/// Options of `bongsu region assess`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AssessArgs {
    /// Whose word it is
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// A file with a line for each parameter, such as `O-1 3`; `-` for standard input [default: each question is asked]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The day as of which it is so [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
    /// Language of the questions, en or ko [default: en]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// The levels, once they are read or asked for.
    #[arg(skip)]
    pub levels: BTreeMap<String, u8>,
}
