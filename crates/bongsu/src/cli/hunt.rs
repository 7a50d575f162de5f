//! What may be typed about hunting.

use clap::Args;
use std::path::PathBuf;

/// Options of `bongsu hunt`.
#[derive(Debug, Args)]
pub(crate) struct HuntArgs {
    /// Logs: files (packed with gzip or zstd too), folders with all below them, `-` for standard input
    #[arg(required_unless_present = "records", conflicts_with = "records", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Watch file: what to look for, as `/d/watch.bongsu` hands it out
    #[arg(long, value_name = "FILE", env = "BONGSU_WATCH")]
    pub watch: Option<PathBuf>,
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
    /// Hunt in archives (Parquet, CSV, JSON lines) on the cluster of this scheduler, df://HOST:PORT; takes `bongsu-cluster`
    #[arg(long, value_name = "URL", requires = "watch", conflicts_with_all = ["follow", "jobs", "stix", "report", "minimise", "remember", "records"])]
    pub cluster: Option<String>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// What becomes of finds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Passing finds on")]
pub(crate) struct ReportArgs {
    /// Write a STIX bundle of sightings there; `-` for standard output, instead of the finds
    #[arg(long, value_name = "FILE")]
    pub stix: Option<PathBuf>,
    /// Send the sightings to the node, each to the circle that its indicator came from, after showing them
    #[arg(long)]
    pub report: bool,
    /// The node's address [default: the one in the watch file, if that is held against --key]
    #[arg(long, value_name = "URL", requires = "report")]
    pub to: Option<String>,
    /// File with the member's token for the node; or the token itself in `BONGSU_TOKEN`
    #[arg(long, value_name = "FILE", requires = "report")]
    pub token_file: Option<PathBuf>,
    /// File with the member's client certificate and its key for the node, PEM
    #[arg(long, value_name = "FILE", requires = "report", conflicts_with = "token_file")]
    pub certificate: Option<PathBuf>,
    /// Authorities that are trusted for the node's certificate instead of the system's, PEM
    #[arg(long, value_name = "FILE", requires = "report")]
    pub ca_file: Option<PathBuf>,
    /// Send without asking
    #[arg(long, requires = "report")]
    pub yes: bool,
    /// Blank addresses that are not public, users in addresses of mail and internal names in all that is shown and written
    #[arg(long)]
    pub minimise: bool,
    /// A domain of one's own, whose names are blanked too; more than one time if there are more
    #[arg(long, value_name = "DOMAIN", requires = "minimise")]
    pub internal: Vec<String>,
}

/// What was seen before.
#[derive(Debug, Args)]
#[command(next_help_heading = "What was seen before")]
pub(crate) struct MemoryArgs {
    /// Record the names and addresses that the logs mention in this file, by day; works without a watch file
    #[arg(long, value_name = "FILE", conflicts_with = "records")]
    pub remember: Option<PathBuf>,
    /// How long the record keeps a day
    #[arg(long, value_name = "DAYS", requires = "remember", default_value_t = 400, value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: u16,
    /// Look the watch file's values up in this record instead of logs; more than one time if there are more
    #[arg(long = "in", value_name = "FILE", id = "records", requires = "watch")]
    pub records: Vec<PathBuf>,
}
