//! What may be typed about hunting.

use clap::Args;
use std::path::PathBuf;

/// Options of `bongsu hunt`.
#[derive(Debug, Args)]
pub(crate) struct HuntArgs {
    /// Logs: files (packed with gzip or zstd too), folders with all below them, `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Watch file: what to look for, as `/d/watch.bongsu` hands it out
    #[arg(long, value_name = "FILE", env = "BONGSU_WATCH")]
    pub watch: PathBuf,
    /// The key of the node that made it, as `bongsu pack key` shows it there; without it, the file's own is believed
    #[arg(long, env = "BONGSU_WATCH_KEY")]
    pub key: Option<String>,
    /// Go on with what is written to the logs from then on, over rotations too
    #[arg(long, short = 'F')]
    pub follow: bool,
    /// Stop after so many finds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub most: Option<u64>,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}
