//! What may be typed about checking STIX.

use clap::Args;
use std::path::PathBuf;

/// Options of `bongsu validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Bundles, envelopes, lists of objects or JSON Lines, also packed with gzip; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Count warnings (what the specification says with SHOULD) as errors
    #[arg(long)]
    pub strict: bool,
    /// Examples to print of each rule that is broken; all of them are counted
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub examples: usize,
}
