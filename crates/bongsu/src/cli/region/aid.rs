//! What may be typed about aid projects and plans.

use super::super::TlpArg;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which projects are read, and what they are set beside.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AidArgs {
    /// Files by the IATI standard, or folders of them, also packed with gzip
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Needs: a CSV file with country, capability and perhaps reasons and weight
    #[arg(long, value_name = "FILE")]
    pub needs: Option<PathBuf>,
    /// What was measured: a CSV file with country, figure, at and value
    #[arg(long, value_name = "FILE")]
    pub measured: Option<PathBuf>,
    /// Leave out what may be about cyber security and is not sure to be
    #[arg(long)]
    pub sure: bool,
    /// The day as of which it is looked [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
}

/// Options of `bongsu region projects`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ProjectsArgs {
    #[command(flatten)]
    pub aid: AidArgs,
    /// Only those about cyber security
    #[arg(long)]
    pub cyber: bool,
    /// Only those for this country (ISO 3166-1)
    #[arg(long, value_name = "XX")]
    pub country: Option<String>,
    /// Only those of donors with this in their name
    #[arg(long, value_name = "TEXT")]
    pub donor: Option<String>,
    /// Rates of exchange: a CSV file with date, currency and rate (units for one of --base); without it, no two currencies are added
    #[arg(long, value_name = "FILE")]
    pub rates: Option<PathBuf>,
    /// The currency into which rates convert
    #[arg(long, value_name = "XXX", default_value = "USD", requires = "rates")]
    pub base: String,
    /// Write the projects as CSV into this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the projects of --country over time, above what was measured, as a picture into this file
    #[arg(long, value_name = "FILE", requires = "country")]
    pub svg: Option<PathBuf>,
}

/// Options of `bongsu region check`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CheckArgs {
    /// Files by the IATI standard, or folders of them, also packed with gzip
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Rules: a rule set of the standard, in JSON; may be said again
    #[arg(long, value_name = "FILE")]
    pub ruleset: Vec<PathBuf>,
    /// Code lists of the standard, in XML: files, or folders of them; may be said again
    #[arg(long, value_name = "PATH")]
    pub codelists: Vec<PathBuf>,
    /// The day as of which it is judged [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
}

/// Options of `bongsu region plan`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub aid: AidArgs,
    /// The identifier of who drafts it, as the IATI standard has it, such as KR-GOV-010
    #[arg(long, value_name = "ID")]
    pub by: String,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// Its type's code (OrganisationType); 10 is a government
    #[arg(long, value_name = "CODE", default_value = "10")]
    pub kind: String,
    /// The first day of what is planned [default: the first of next January]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub begins: Option<String>,
    /// For how many months
    #[arg(long, value_name = "N", default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub months: u32,
    /// At most so many parts
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub most: usize,
    /// Where help removes most: a CSV file with country and share (0 to 1 of all attacks seen)
    #[arg(long, value_name = "FILE")]
    pub helped: Option<PathBuf>,
    /// Write the plan as activities of IATI 2.03 into this file
    #[arg(long, value_name = "FILE")]
    pub iati: Option<PathBuf>,
    /// Write the plan as a text with headings (Markdown) into this file
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Write the plan as a document to print into this file
    #[arg(long, value_name = "FILE")]
    pub pdf: Option<PathBuf>,
    /// How the document to print is marked
    #[arg(long, value_enum, default_value_t = TlpArg::Amber)]
    pub tlp: TlpArg,
    /// Language of the texts, en or ko; IATI is in English [default: en]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
}
