//! Benchmarks: a release build of the node as its own process, clients over loopback, figures as they come.
//!
//! Nothing is mocked: members and circles are made by the command line, objects go in by TAXII with a credential, and the
//! store lies on the disk that holds the build. The clients run on the same cores as the node. Beside each rate stands what
//! the same bytes take without a node: written and synced to a file, or served by the same HTTP library from memory.

mod bare;
mod child;
mod client;
mod demo;
mod hunt;
mod ingest;
mod misp;
mod node;
mod objects;
mod page;
mod pattern;
mod private;
mod protect;
mod resolver;
mod screening;
mod table;
mod timing;
mod trace;
mod trace_growth;
mod validate;
mod zone;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use node::Node;
use table::Table;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Durable TAXII ingest from one client, 1,000 objects an envelope; then paging, memory and cold start with all that
    Ingest,
    /// Durable TAXII ingest from 16 clients, one object an envelope
    Singles,
    /// From the start of the demo to its first answer
    Demo,
    /// STIX validation of the objects of a bundle, in memory and on one core
    Validate,
    /// STIX patterns: read, and matched against observations
    Pattern,
    /// A MISP feed of 100,000 attributes: read from a folder, converted, durable
    Misp,
    /// From the POST of an indicator to its refusal by BIND, Unbound, PowerDNS Recursor and Knot Resolver
    Protect,
    /// A zone of many names: whole and as a difference, its memory, and 200 servers told of a change
    Zone,
    /// A million domains looked for in 303 MB of a DNS log, beside grep
    Hunt,
    /// 10 million values in memory, and screening over HTTP beside the same server's bare answer
    Screening,
    /// Private screening: evaluations in process and over HTTP, and what a filter takes
    Private,
    /// Whether the time of an answer tells what is forbidden from what is not there
    Timing,
    /// Transfers loaded and stolen ones followed, beside DuckDB and igraph; and how time and memory grow
    Trace,
}

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure [default: all]
    what: Vec<What>,
    /// Objects that `ingest` brings in
    #[arg(long, default_value_t = 1_000_000)]
    objects: u64,
    /// Names of the zone that `zone` makes
    #[arg(long, default_value_t = 1_000_000)]
    names: u64,
    /// Bundle that `validate` reads, also packed with gzip [default: ATT&CK beside the project, else indicators made up]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Where the store lies [default: a temporary folder beside the build]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Measure this program instead of building one, for example an older build
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Also what takes long: 100 million transfers, for which 13 GB of the disk are needed
    #[arg(long)]
    full: bool,
    /// Write the table and the plot of growth to docs
    #[arg(long)]
    docs: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// Builds and measures.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.objects < 10_000 {
        bail!("--objects is at least 10000: fewer say nothing");
    }
    let wanted = |what| args.what.is_empty() || args.what.contains(&what);
    let mut table = Table::new(args.json);
    if wanted(What::Validate) {
        validate::run(args.bundle.as_deref(), &mut table)?;
    }
    if wanted(What::Pattern) {
        pattern::run(&mut table)?;
    }
    if wanted(What::Trace) {
        trace::run(args, &mut table)?;
    }
    let with_node = [
        What::Ingest,
        What::Singles,
        What::Demo,
        What::Misp,
        What::Protect,
        What::Zone,
        What::Hunt,
        What::Screening,
        What::Private,
        What::Timing,
    ];
    if with_node.into_iter().any(&wanted) {
        with_a_node(args, wanted, &mut table)?;
    }
    table.finish();
    Ok(())
}

/// What needs the program.
fn with_a_node(args: &Args, wanted: impl Fn(What) -> bool, table: &mut Table) -> Result<()> {
    let program = match &args.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => node::build()?,
    };
    let dir = match &args.dir {
        Some(dir) => tempfile::Builder::new().prefix("bench-").tempdir_in(dir),
        None => tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(program.parent().context("a program lies in a folder")?),
    }
    .context("no folder for the store")?;
    if wanted(What::Ingest) {
        let node = Node::new(&program, &dir.path().join("ingest"))?;
        ingest::envelopes(&node, args.objects, table)?;
        page::run(&node, args.objects, table)?;
    }
    if wanted(What::Singles) {
        ingest::singles(&Node::new(&program, &dir.path().join("singles"))?, table)?;
    }
    if wanted(What::Demo) {
        demo::run(&program, table)?;
    }
    if wanted(What::Misp) {
        misp::run(&dir.path().join("misp"), table)?;
    }
    let folder = |name: &str| -> Result<PathBuf> {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder)?;
        Ok(folder)
    };
    if wanted(What::Protect) {
        protect::run(&program, &folder("protect")?, table)?;
    }
    if wanted(What::Zone) {
        zone::run(&program, &folder("zone")?, args.names, table)?;
    }
    if wanted(What::Screening) {
        screening::run(&Node::new(&program, &dir.path().join("screening"))?, table)?;
    }
    if wanted(What::Hunt) {
        hunt::run(&program, &folder("hunt")?, table)?;
    }
    if wanted(What::Private) {
        private::run(&program, &folder("private")?, table)?;
    }
    if wanted(What::Timing) {
        timing::run(&Node::new(&program, &dir.path().join("timing"))?, table)?;
    }
    Ok(())
}
