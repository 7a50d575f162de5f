//! Benchmarks: a release build of the node as its own process, clients over loopback, figures as they come.
//!
//! Nothing is mocked: members and circles are made by the command line, objects go in by TAXII with a credential, and the
//! store lies on the disk that holds the build. The clients run on the same cores as the node. Beside each rate stands what
//! the same bytes take without a node: written and synced to a file, or served by the same HTTP library from memory.

mod bare;
mod child;
mod client;
pub(crate) mod costs;
mod demo;
mod growth;
mod hunt;
mod ingest;
mod kept;
mod library;
mod limit;
mod machine;
mod misp;
mod node;
mod objects;
mod page;
mod pages;
mod pattern;
mod plot;
mod postgres;
mod private;
mod protect;
mod readme;
mod resolver;
mod screening;
mod small;
mod soak;
pub(crate) mod table;
mod timing;
pub(crate) mod told;
mod trace;
mod trace_growth;
mod validate;
mod zone;

use std::os::unix::fs::PermissionsExt as _;
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
    /// The pages that a member opens among --objects objects: the first time after a start, and again
    Pages,
    /// The crates by themselves: signatures, proofs, IATI, sightings, search while objects come in
    Library,
    /// Whether the time of an answer tells what is forbidden from what is not there
    Timing,
    /// How a node grows from 10,000 to --objects objects, on SQLite and on PostgreSQL
    Growth,
    /// Constant load for --minutes: whether memory and open files stay as they are
    Soak,
    /// 100,000 indicators in --memory MiB on one core, and what happens at the limit
    Small,
    /// What single things cost in processor time, disk and memory, for `cargo xtask scale`; with --docs it is kept
    Costs,
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
    /// Minutes that `soak` takes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=1_440))]
    minutes: u64,
    /// MiB of memory that `small` gives the node
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(32..=65_536))]
    memory: u64,
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
    /// Keep what is measured: docs/benchmarks.json and .md, README's table, plots of growth, and the costs
    #[arg(long)]
    docs: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// The benchmark's name, as it is written at the command line.
fn name(what: What) -> String {
    what.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Builds and measures.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.objects < 10_000 {
        bail!("--objects is at least 10000: fewer say nothing");
    }
    let wanted = |what: What| args.what.is_empty() || args.what.contains(&what);
    let mut table = Table::new(args.json);
    let done = all(args, &wanted, &mut table);
    let rows = table.finish();
    if args.docs {
        let root =
            cargo_metadata::MetadataCommand::new().no_deps().exec()?.workspace_root.into_std_path_buf();
        let mut kept = kept::Kept::read(&root)?;
        kept.take(machine::Machine::this(&root), &machine::today()?, rows);
        // Kept also where a later one failed: what was measured was measured.
        kept.write(&root)?;
        let told = told::write(&root, &kept);
        return done.and(told);
    }
    done
}

fn all(args: &Args, wanted: &impl Fn(What) -> bool, table: &mut Table) -> Result<()> {
    if wanted(What::Validate) {
        table.about(&name(What::Validate));
        validate::run(args.bundle.as_deref(), table)?;
    }
    if wanted(What::Pattern) {
        table.about(&name(What::Pattern));
        pattern::run(table)?;
    }
    if wanted(What::Library) {
        table.about(&name(What::Library));
        library::run(args.dir.as_deref(), table)?;
    }
    if wanted(What::Trace) {
        table.about(&name(What::Trace));
        trace::run(args, table)?;
    }
    let without_node = [What::Validate, What::Pattern, What::Library, What::Trace];
    if What::value_variants().iter().any(|what| !without_node.contains(what) && wanted(*what)) {
        with_a_node(args, wanted, table)?;
    }
    Ok(())
}

/// What needs the program.
fn with_a_node(args: &Args, wanted: &impl Fn(What) -> bool, table: &mut Table) -> Result<()> {
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
    // PostgreSQL runs as a user of its own, who must get to its folder in this one; what is here is made up.
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))?;
    let folder = |name: &str| -> Result<PathBuf> {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder)?;
        Ok(folder)
    };
    let begins = |what: What, table: &mut Table| {
        table.about(&name(what));
        wanted(what)
    };
    if begins(What::Ingest, table) {
        let node = Node::new(&program, &dir.path().join("ingest"))?;
        ingest::envelopes(&node, args.objects, table)?;
        page::run(&node, args.objects, table)?;
    }
    if begins(What::Costs, table) {
        costs::run(&program, &folder("costs")?, args.objects, args.docs, table)?;
    }
    if begins(What::Growth, table) {
        growth::run(&program, &folder("growth")?, args.objects, args.docs, table)?;
    }
    if begins(What::Soak, table) {
        soak::run(&Node::new(&program, &dir.path().join("soak"))?, args.minutes, table)?;
    }
    if begins(What::Small, table) {
        small::run(&program, &folder("small")?, args.memory, table)?;
    }
    if begins(What::Singles, table) {
        ingest::singles(&Node::new(&program, &dir.path().join("singles"))?, table)?;
    }
    if begins(What::Demo, table) {
        demo::run(&program, table)?;
    }
    if begins(What::Misp, table) {
        misp::run(&dir.path().join("misp"), table)?;
    }
    if begins(What::Protect, table) {
        protect::run(&program, &folder("protect")?, table)?;
    }
    if begins(What::Zone, table) {
        zone::run(&program, &folder("zone")?, args.names, table)?;
    }
    if begins(What::Screening, table) {
        screening::run(&Node::new(&program, &dir.path().join("screening"))?, table)?;
    }
    if begins(What::Hunt, table) {
        hunt::run(&program, &folder("hunt")?, table)?;
    }
    if begins(What::Private, table) {
        private::run(&program, &folder("private")?, table)?;
    }
    if begins(What::Pages, table) {
        pages::run(&Node::new(&program, &dir.path().join("pages"))?, args.objects, table)?;
    }
    if begins(What::Timing, table) {
        timing::run(&Node::new(&program, &dir.path().join("timing"))?, table)?;
    }
    Ok(())
}
