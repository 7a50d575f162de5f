//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Hunts over archives, flows from sightings, and sums of transfers, in one process or on a cluster
#[derive(Debug, Parser)]
#[command(name = "bongsu-cluster", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look through archives for all that a watch file names
    Hunt(HuntArgs),
    /// Say what attacks pass through, from archives of sightings
    Flows(FlowsArgs),
    /// Sum transfers up, or take out those that a theft can have reached
    #[command(subcommand)]
    Transfers(TransfersCommand),
    /// Run a cluster's scheduler
    Scheduler(SchedulerArgs),
    /// Run one of a cluster's executors
    Executor(ExecutorArgs),
    /// Time a hunt and flows with 1, 2 and 4 executors on this machine
    Bench(BenchArgs),
}

/// Where work is done.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct WhereArgs {
    /// Do the work on the cluster of this scheduler, as df://HOST:PORT; without it, in this process
    #[arg(long, value_name = "URL", env = "BONGSU_CLUSTER")]
    pub(crate) scheduler: Option<String>,
    /// Into how many parts the archive is cut, which are worked on side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) parts: Option<u16>,
}

impl WhereArgs {
    /// Into how many parts.
    pub(crate) fn parts(&self) -> usize {
        self.parts
            .map_or_else(|| 4 * std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// Arguments of a hunt.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct HuntArgs {
    /// The watch file: a path or an address that the executors can read too
    pub(crate) watch: String,
    /// Archives: files or folders of Parquet, CSV or JSON lines, as paths or addresses that the executors can read too
    #[arg(required = true)]
    pub(crate) archives: Vec<String>,
    /// The node's key, as `bongsu pack key` shows it there; without it the watch file's own is believed
    #[arg(long, value_name = "KEY", env = "BONGSU_WATCH_KEY")]
    pub(crate) key: Option<String>,
    /// The column that holds the lines; without it a row is looked through as a JSON object, unless it has one column alone
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Answer with a JSON object on a line for each find
    #[arg(long)]
    pub(crate) json: bool,
    /// Stop after so many finds
    #[arg(long, value_name = "N")]
    pub(crate) most: Option<u64>,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// What flows are looked at by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByArg {
    Country,
    Network,
}

/// Arguments of flows.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct FlowsArgs {
    /// Archives of sightings with the columns time and hops, and source, victim and count if there are such
    #[arg(required = true)]
    pub(crate) archives: Vec<String>,
    /// Tables of addresses (CSV or MaxMind's form), the first that knows is believed; executors must be able to read them
    #[arg(long, value_name = "FILE")]
    pub(crate) geo: Vec<String>,
    /// Countries or networks
    #[arg(long, value_enum, default_value = "country")]
    pub(crate) by: ByArg,
    /// How many places are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,
    /// The days of a period
    #[arg(long, value_name = "DAYS", default_value_t = 28)]
    pub(crate) period: u32,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// What to do with transfers.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TransfersCommand {
    /// Exact sums by address, day and asset: what was given and got
    Sums(SumsArgs),
    /// Take out, into one file, the transfers that a trace from a theft on reads
    Reached(ReachedArgs),
}

/// Archives of transfers, and how they are read.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct LedgerArgs {
    /// Archives of transfers
    #[arg(required = true)]
    pub(crate) archives: Vec<String>,
    /// A mapping that is known by name, or a file with one
    #[arg(long, value_name = "NAME|FILE", default_value = "bongsu")]
    pub(crate) mapping: String,
    /// Leave rows out that can't be read
    #[arg(long)]
    pub(crate) skip: bool,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// By what sums are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Key {
    Address,
    Day,
    Asset,
}

/// Arguments of sums.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct SumsArgs {
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    /// By what sums are told apart; assets are never added to one another
    #[arg(long, value_enum, value_delimiter = ',', default_value = "address,asset")]
    pub(crate) by: Vec<Key>,
    /// Answer with a JSON object on a line for each sum
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of what a theft reached.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ReachedArgs {
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    /// Where it begins: addresses that got what was stolen
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub(crate) from: Vec<String>,
    /// Addresses at which it stops, such as services: a file with one on each line
    #[arg(long, value_name = "FILE")]
    pub(crate) stops: Option<PathBuf>,
    /// From when on, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// The most hops; 0 for as many as there are
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) hops: u32,
    /// Addresses with more payments than this are stops too
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) degree: u64,
    /// The CSV file that is written, which `bongsu trace load … --mapping bongsu` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Arguments of a scheduler.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct SchedulerArgs {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    pub(crate) bind: SocketAddr,
    /// After how many seconds of silence an executor counts as lost
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) silence: u64,
    /// Allow an address that others can reach: a cluster asks nobody who they are
    #[arg(long)]
    pub(crate) unprotected: bool,
}

/// Arguments of an executor.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ExecutorArgs {
    /// The scheduler, as df://HOST:PORT
    #[arg(long, value_name = "URL", default_value = "df://127.0.0.1:50050")]
    pub(crate) scheduler: String,
    /// Where it listens, and under which address the others reach it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,
    /// The port at which results are fetched
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    pub(crate) port: u16,
    /// The port at which tasks come
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    pub(crate) control_port: u16,
    /// How many tasks it works on at a time; one for each core if not said
    #[arg(long, value_name = "N")]
    pub(crate) cores: Option<usize>,
    /// Where results lie until they are fetched
    #[arg(long, value_name = "FOLDER")]
    pub(crate) work: Option<PathBuf>,
    /// The bytes that sums and sorts may take before they go to the disk
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<u64>,
    /// How often it says that it is there
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) beat: u64,
    /// Allow an address that others can reach: a cluster asks nobody who they are
    #[arg(long)]
    pub(crate) unprotected: bool,
}

/// Arguments of the bench.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct BenchArgs {
    /// The watch file
    #[arg(long, value_name = "FILE")]
    pub(crate) watch: String,
    /// Archives that are hunted
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) archives: Vec<String>,
    /// Archives of sightings
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) sightings: Vec<String>,
}
