//! What may be typed about patterns.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const MATCH_HELP: &str = "\
Exit codes, as grep has them where it can:
  0  something matches
  1  nothing matches
  2  the command line makes no sense, or a pattern that was typed is none
  3  there is an answer, but something was left out: a pattern that can't be used, observed data that is wrong";

/// `bongsu pattern …`
#[derive(Debug, Subcommand)]
pub(crate) enum PatternCommand {
    /// Say of each pattern whether it is well formed, and where it is not
    Check(PatternCheckArgs),
    /// Say which patterns observed data satisfies, and by which observations
    #[command(after_help = MATCH_HELP)]
    Match(PatternMatchArgs),
}

/// Options of `bongsu pattern check`.
#[derive(Debug, Args)]
pub(crate) struct PatternCheckArgs {
    /// Patterns; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "PATTERN")]
    pub patterns: Vec<String>,
}

/// Options of `bongsu pattern match`.
#[derive(Debug, Args)]
pub(crate) struct PatternMatchArgs {
    /// A pattern
    #[arg(long = "pattern", value_name = "PATTERN")]
    pub typed: Vec<String>,
    /// File with a pattern a line; empty lines and lines that begin with # are left out
    #[arg(long = "patterns", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// File with STIX indicators whose patterns are asked; revoked ones are left out
    #[arg(long = "indicators", value_name = "FILE")]
    pub indicators: Vec<PathBuf>,
    /// Files with observed data: bundles, lists of objects, or an object a line; `-` is standard input
    #[arg(required = true, value_name = "OBSERVED")]
    pub observed: Vec<PathBuf>,
}
