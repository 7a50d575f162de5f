//! What may be typed about transfers and where stolen ones went.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use trace::case::{Chain, Stolen};
use trace::chain::bitcoin::Magic;

/// `bongsu trace …`
#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// Load transfers from CSV or Parquet files into a store, which is made if it is not there
    Load(TraceLoadArgs),
    /// Read a chain from a node over Ethereum's JSON-RPC into a store, block by block as they come, reorganisations too
    Live(TraceLiveArgs),
    /// Fetch what was stolen of Bitcoin from an Electrum server, from output to output, each transaction with its proof
    Electrum(TraceElectrumArgs),
    /// Say what a store holds
    Info(TraceInfoArgs),
    /// Follow what was stolen: where it is now, which services it entered, and by which transfers
    Follow(TraceFollowArgs),
    /// Follow stolen coins through Bitcoin's blocks, output by output, from the files of a node
    Bitcoin(TraceBitcoinArgs),
    /// Say from whom an address got what it got, and to whom went what it gave: directly, and through others
    Exposure(TraceExposureArgs),
    /// Show the transfers of an address
    Transfers(TraceTransfersArgs),
}

/// Options of `bongsu trace load`.
#[derive(Debug, Args)]
pub(crate) struct TraceLoadArgs {
    /// The store's folder
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// CSV files, packed with gzip or zstd too; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the columns are: a file, or the name of a form that is known, as `ethereum-etl-token-transfers`; a name that is
    /// not known is answered with those that are
    #[arg(long, value_name = "NAME|FILE")]
    pub mapping: String,
    /// The chain whose transfers these are [default: what the mapping says]
    #[arg(long)]
    pub chain: Option<String>,
    /// File with the times of blocks, where the mapping needs one: columns `number` and `timestamp`
    #[arg(long, value_name = "FILE")]
    pub blocks: Option<PathBuf>,
    /// Leave out rows that can't be read, and say which; without it, nothing is loaded then
    #[arg(long)]
    pub skip: bool,
}

/// Options of `bongsu trace live`.
#[derive(Debug, Args)]
pub(crate) struct TraceLiveArgs {
    /// The store's folder, which is made if it is not there
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// The node's address for JSON-RPC over HTTP; from the environment if it holds a key
    #[arg(long, value_name = "URL", env = "BONGSU_TRACE_NODE", hide_env_values = true)]
    pub node: String,
    /// A host that may be at an address that is not public, and be asked without TLS: a node of your own
    #[arg(long, value_name = "HOST")]
    pub allow: Vec<String>,
    /// The first block [default: behind the last one that was read; of a new store, the newest that has its confirmations]
    #[arg(long, value_name = "BLOCK")]
    pub from: Option<u64>,
    /// The last block
    #[arg(long, value_name = "BLOCK")]
    pub until: Option<u64>,
    /// Read blocks that have so many behind them: with 0, each as it comes, and what a reorganisation takes back is taken back
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub confirmations: u64,
    /// End when everything that is there is read; without it, wait for more
    #[arg(long)]
    pub once: bool,
    /// Ask for new blocks so often, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub every: u64,
    /// Read what contracts pay within transactions too: from a node that has `trace_block`
    #[arg(long)]
    pub traces: bool,
}

/// Options of `bongsu trace electrum`.
#[derive(Debug, Args)]
pub(crate) struct TraceElectrumArgs {
    /// The folder for what is fetched, which is made if it is not there; `trace bitcoin`, `trace follow` and cases take it as blocks
    #[arg(value_name = "FOLDER")]
    pub store: PathBuf,
    /// The server: ssl://HOST:PORT, or tcp://HOST:PORT for one of your own
    #[arg(long, value_name = "URL", env = "BONGSU_TRACE_ELECTRUM")]
    pub server: String,
    /// A host that may be at an address that is not public, and be asked without TLS: a server of your own
    #[arg(long, value_name = "HOST")]
    pub allow: Vec<String>,
    /// The server's certificate, in PEM, if no authority of this system signed it
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Which chain the server is to be of
    #[arg(long, value_enum, default_value_t = BitcoinNetworkArg::Main)]
    pub network: BitcoinNetworkArg,
    /// An output that was stolen, by its transaction and its place in it from 0; without a place, all outputs of the transaction;
    /// =SATOSHI behind a place says how much of it
    #[arg(long, required = true, value_name = "TXID[:VOUT[=SATOSHI]]")]
    pub theft: Vec<String>,
    /// By which rule it will be followed: no more is fetched than that rule reaches; what `poison` reaches is enough for all
    #[arg(long, value_enum, default_value_t = MethodArg::Fifo)]
    pub method: MethodArg,
    /// File of labels, as for `bongsu trace bitcoin`: nothing is fetched of what comes out of services
    #[arg(long, value_name = "FILE[=CATEGORY]")]
    pub labels: Vec<String>,
    /// Take what has so many blocks behind it: with 0, what is in any block, and what a reorganisation takes back is taken back
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub confirmations: u64,
    /// A block that you know to be the chain's, from elsewhere
    #[arg(long, value_name = "HEIGHT:HASH")]
    pub checkpoint: Vec<String>,
    /// Fetch so many transactions
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub most: usize,
    /// Look through no more than so many transactions of one address
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub history: usize,
    /// End when everything that is there is fetched; without it, wait for more
    #[arg(long)]
    pub once: bool,
    /// Ask for new blocks so often, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub every: u64,
}

/// Options of `bongsu trace info`.
#[derive(Debug, Args)]
pub(crate) struct TraceInfoArgs {
    /// The store's folder
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// Read every byte and compare it with its checksum
    #[arg(long)]
    pub verify: bool,
}

/// Options of `bongsu trace exposure`.
#[derive(Debug, Args)]
pub(crate) struct TraceExposureArgs {
    /// The store's folder
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// The address
    pub address: String,
    /// File of labels, as for `bongsu trace follow`
    #[arg(long, required = true, value_name = "FILE[=CATEGORY]")]
    pub labels: Vec<String>,
    /// Look so many payments far; 1 for direct exposure alone
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub hops: u32,
}

/// Options of `bongsu trace transfers`.
#[derive(Debug, Args)]
pub(crate) struct TraceTransfersArgs {
    /// The store's folder
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// The address
    pub address: String,
    /// Show so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub most: usize,
    /// Leave out so many before
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub from: usize,
}

/// What was stolen.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct StolenArgs {
    /// The address that was stolen from; where value lies in outputs, --theft says what was stolen
    #[arg(long, value_name = "ADDRESS")]
    pub victim: Option<String>,
    /// An address that it went to; all that went there from the victim was stolen
    #[arg(long, requires = "victim", value_name = "ADDRESS")]
    pub thief: Vec<String>,
    /// A transaction by which it went, or the first digits of its identifier
    #[arg(long, requires = "victim", value_name = "ID")]
    pub transaction: Vec<String>,
    /// An asset, by its name or contract; without it, all that the thefts are of
    #[arg(long, requires = "victim", value_name = "ASSET")]
    pub asset: Vec<String>,
    /// An address that swapped what was stolen for another asset: what it paid in that asset from then on was stolen too
    #[arg(long, requires = "victim", value_name = "ADDRESS=ASSET")]
    pub swapped: Vec<String>,
    /// An output of Bitcoin that was stolen, by its transaction and its place in it from 0; without a place, all outputs of the
    /// transaction; =SATOSHI behind a place says how much of it
    #[arg(long, value_name = "TXID[:VOUT[=SATOSHI]]")]
    pub theft: Vec<String>,
}

impl StolenArgs {
    /// Adds to a chain what was stolen on it; whether anything was said of that.
    pub(crate) fn put(&self, chain: &mut Chain) -> bool {
        if let Some(victim) = &self.victim {
            chain.thefts.push(Stolen {
                victim: victim.clone(),
                thieves: self.thief.clone(),
                transactions: self.transaction.clone(),
                assets: self.asset.clone(),
                swapped: self.swapped.clone(),
            });
        }
        chain.outputs.extend(self.theft.iter().cloned());
        self.victim.is_some() || !self.theft.is_empty()
    }
}

/// By what a theft is followed, and through what.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct WaysArgs {
    /// File of labels: a tag pack (.yaml) or a table (.csv), packed with gzip too; =CATEGORY says what addresses are of which
    /// the file does not say it, as in ofac.yaml=sanctioned
    #[arg(long, value_name = "FILE[=CATEGORY]")]
    pub labels: Vec<String>,
    /// Table of payments of bridges that belong together: from_chain, from_transaction, to_chain, to_transaction
    #[arg(long, value_name = "FILE")]
    pub pairings: Option<PathBuf>,
    /// Table of assets that are worth the same: chain, asset, name [default: assets with the same name that is no contract]
    #[arg(long, value_name = "FILE")]
    pub worths: Option<PathBuf>,
}

/// Options of `bongsu trace follow`.
#[derive(Debug, Args)]
pub(crate) struct TraceFollowArgs {
    /// Where it was stolen: a folder of transfers, as `bongsu trace load` makes one, or of Bitcoin's blocks (blk*.dat), or the first
    /// of a node's files of blocks that counts, with those behind it
    #[arg(value_name = "STORE")]
    pub store: PathBuf,
    /// Another chain on which it can go on, likewise
    #[arg(long, value_name = "STORE")]
    pub also: Vec<PathBuf>,
    #[command(flatten)]
    pub stolen: StolenArgs,
    /// By which rule taint is passed on
    #[arg(long, value_enum, default_value_t = MethodArg::Fifo)]
    pub method: MethodArg,
    #[command(flatten)]
    pub ways: WaysArgs,
    /// Say which addresses are deposit addresses of labelled services: they pass on to one of them, whole and soon, all that they get;
    /// and who pays into the same one, who is one customer
    #[arg(long)]
    pub clusters: bool,
    /// Count what came to such addresses as having entered the service
    #[arg(long)]
    pub deposits: bool,
    #[command(flatten)]
    pub out: OutArgs,
    /// Show the transfers by which taint first came to this address
    #[arg(long, value_name = "ADDRESS")]
    pub path: Option<String>,
    /// Show so many holders, services and crossings
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub most: usize,
    /// Reach so many addresses
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub reach: usize,
}

/// In which forms what was found is written.
#[derive(Debug, Args)]
pub(crate) struct OutArgs {
    /// Write what was found: .json all of it, .csv each tainted payment, .graphml the graph, .svg a picture for each asset, .stix a
    /// bundle of wallets, indicators and transactions
    #[arg(long, value_name = "FILE")]
    pub out: Vec<PathBuf>,
    /// Show the picture of its way: to standard output, or with =FILE to a file, as --out does
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub svg: Option<PathBuf>,
}

/// A rule by which taint is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum MethodArg {
    /// All that comes from a tainted holding is tainted
    Poison,
    /// What leaves a holding is as tainted as the holding
    Haircut,
    /// First in, first out
    Fifo,
    /// Last in, first out
    Lifo,
    /// Of Bitcoin alone: taint goes to a transaction's highest outputs first
    Tiho,
}

/// Options of `bongsu trace bitcoin`.
#[derive(Debug, Args)]
pub(crate) struct TraceBitcoinArgs {
    /// Blocks: files of a node (blk*.dat), folders of them (with xor.dat, if there is one), or files with one block each
    #[arg(required = true, value_name = "BLOCKS")]
    pub blocks: Vec<PathBuf>,
    /// An output that was stolen, by its transaction and its place in it from 0; without a place, all outputs of the transaction;
    /// =SATOSHI behind a place says how much of it
    #[arg(long, required = true, value_name = "TXID[:VOUT[=SATOSHI]]")]
    pub theft: Vec<String>,
    /// Which chain the blocks are of
    #[arg(long, value_enum, default_value_t = BitcoinNetworkArg::Main)]
    pub network: BitcoinNetworkArg,
    /// By which rule taint is passed on
    #[arg(long, value_enum, default_value_t = MethodArg::Fifo)]
    pub method: MethodArg,
    /// File of labels: a tag pack (.yaml) or a table (.csv), packed with gzip too; =CATEGORY says what addresses are of which
    /// the file does not say it, as in ofac.yaml=sanctioned
    #[arg(long, value_name = "FILE[=CATEGORY]")]
    pub labels: Vec<String>,
    /// Say which addresses one holder has: those from which outputs were spent together, CoinJoins left out
    #[arg(long)]
    pub clusters: bool,
    /// Take outputs for change by this guess too; one wrong guess makes two strangers one
    #[arg(long, value_enum, requires = "clusters", value_name = "NAME")]
    pub change: Vec<ChangeArg>,
    #[command(flatten)]
    pub out: OutArgs,
    /// Show so many outputs, services and holders
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub most: usize,
    /// Reach so many outputs
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub reach: usize,
}

/// A chain of Bitcoin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BitcoinNetworkArg {
    /// The main chain
    Main,
    /// The third chain for tests
    Test,
    /// A chain for tests of one's own
    Regtest,
}

impl From<BitcoinNetworkArg> for Magic {
    fn from(network: BitcoinNetworkArg) -> Self {
        match network {
            BitcoinNetworkArg::Main => Self::MAIN,
            BitcoinNetworkArg::Test => Self::TEST,
            BitcoinNetworkArg::Regtest => Self::REGTEST,
        }
    }
}

/// A guess at which output is change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangeArg {
    /// It goes to an address that it was spent from
    Reused,
    /// It alone goes to an address that was never seen before
    OneTime,
    /// Of two outputs it alone is no round amount
    NotRound,
    /// It alone is less than each input
    LessThanInputs,
}
