//! Transfers loaded and stolen ones followed: 10 million beside DuckDB and igraph, and how time and memory grow.
//!
//! The transfers are made by the crate's example `flows_speed`, which also loads and follows them, with the library as the program has it
//! and as its own process. Its peers are Python packages of fixed versions, in a folder of their own beside the build; they load the same
//! file and go four hops from where the same thefts went, by address and without amounts or times, which is less than a trace does. DuckDB
//! is run twice, in memory and with its table on the disk as Bongsu's store is.
//! All files were read before. A busy machine makes all slower: beside each time stands what it took of the processors.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::child::{Took, measured};
use super::table::{Figure, Table};
use super::trace_growth::{Growth, Point};

const MILLION: u64 = 1_000_000;
/// Millions of transfers that are compared with peers.
const COMPARED: u64 = 10;
/// Millions of transfers whose times and memory make the plot.
const GROWTH: [u64; 6] = [1, 2, 5, 10, 20, 50];
const GROWTH_FULL: u64 = 100;
/// Millions of transfers up to which files are plain CSV.
const PLAIN_MAX: u64 = 50;
/// How often 10 million are loaded; larger files are once.
const RUNS: usize = 3;
const PEERS: [&str; 2] = ["duckdb==2.0.1", "igraph==1.0.0"];

/// Measures, and prints as it goes.
pub(super) fn run(args: &super::Args, table: &mut Table) -> Result<()> {
    let program = build()?;
    let beside = program.parent().context("a program lies in a folder")?;
    let dir =
        tempfile::Builder::new().prefix("bench-trace-").tempdir_in(args.dir.as_deref().unwrap_or(beside))?;
    let mut growth = Growth::default();
    for millions in GROWTH.into_iter().chain(args.full.then_some(GROWTH_FULL)) {
        let case = Case::make(&program, dir.path(), millions)?;
        let point = case.measure(table)?;
        growth.points.push(point);
        if millions == COMPARED {
            case.compare(beside, &point, table)?;
        }
        case.remove()?;
    }
    if args.docs {
        growth.write(
            cargo_metadata::MetadataCommand::new()
                .no_deps()
                .exec()?
                .workspace_root
                .join("docs")
                .as_std_path(),
        )?;
    }
    Ok(())
}

/// Builds the example.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let example = ["--release", "--locked", "--package", "bongsu-trace", "--example", "flows_speed"];
    if !Command::new(&cargo).arg("build").args(example).status()?.success() {
        bail!("the release build of the example failed");
    }
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    Ok(metadata.target_directory.join("release/examples/flows_speed").into_std_path_buf())
}

/// Some transfers in a file, and then in a store.
struct Case<'a> {
    program: &'a Path,
    millions: u64,
    file: PathBuf,
    store: PathBuf,
}

impl<'a> Case<'a> {
    fn make(program: &'a Path, dir: &Path, millions: u64) -> Result<Self> {
        // The largest is packed: beside its store it would not stay in the memory of most machines, nor on their disks.
        let name = if millions > PLAIN_MAX { "transfers.csv.zst" } else { "transfers.csv" };
        let case = Self { program, millions, file: dir.join(name), store: dir.join("store") };
        case.say(&["generate".as_ref(), case.file.as_os_str(), (millions * MILLION).to_string().as_ref()])?;
        Ok(case)
    }

    fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.file)?;
        Ok(std::fs::remove_dir_all(&self.store)?)
    }

    fn say(&self, arguments: &[&std::ffi::OsStr]) -> Result<Took> {
        measured(Command::new(self.program).args(arguments))
    }

    /// Loads and follows.
    fn measure(&self, table: &mut Table) -> Result<Point> {
        let mut best: Option<Took> = None;
        for _ in 0..if self.millions > COMPARED { 1 } else { RUNS } {
            if self.store.exists() {
                std::fs::remove_dir_all(&self.store)?;
            }
            let took = self.say(&["load".as_ref(), self.file.as_os_str(), self.store.as_os_str()])?;
            best = best.filter(|best| best.time <= took.time).or(Some(took));
        }
        let load = best.context("no run")?;
        let followed = self.say(&["follow".as_ref(), self.store.as_os_str()])?;
        let lines: Vec<Value> = followed.said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let of = |case: &str, method: &str| -> Result<(f64, f64)> {
            let line = lines.iter().find(|line| line["what"] == case && line["method"] == method);
            let line = line.with_context(|| format!("{case} by {method} was not followed"))?;
            Ok((line["first_ms"].as_f64().context("no time")?, line["again_ms"].as_f64().context("no time")?))
        };
        let point = Point {
            millions: self.millions,
            load_s: load.time.as_secs_f64(),
            load_processor_s: load.processor.as_secs_f64(),
            load_mib: load.memory,
            small_ms: [of("small", "haircut")?, of("small", "fifo")?],
            everything_ms: [of("everything", "haircut")?, of("everything", "fifo")?],
            follow_mib: followed.memory,
        };
        self.print(&point, table);
        Ok(point)
    }

    fn print(&self, point: &Point, table: &mut Table) {
        let millions = self.millions;
        let (load, memory, small, everything) = match millions {
            COMPARED => ("≤ DuckDB's", "≤ 600", "≤ 20", "≤ 1,000"),
            GROWTH_FULL => ("≤ 60", "", "≤ 50", ""),
            _ => ("", "", "", ""),
        };
        let mut figure = |name: &str, value, unit, goal| {
            table.add(&Figure {
                name: &format!("trace {millions} M: {name}"),
                value,
                unit,
                goal,
                ratio: None,
            });
        };
        figure("load", point.load_s, "s", load);
        figure("load, of the processors", point.load_processor_s, "s", "");
        figure("load, its memory", point.load_mib, "MiB", memory);
        for (at, method) in ["haircut", "FIFO"].into_iter().enumerate() {
            figure(&format!("10,000 reached by {method}, first"), point.small_ms[at].0, "ms", small);
            figure(&format!("10,000 reached by {method}, again"), point.small_ms[at].1, "ms", "");
            figure(
                &format!("50 thefts, all, by {method}, first"),
                point.everything_ms[at].0,
                "ms",
                everything,
            );
            figure(&format!("50 thefts, all, by {method}, again"), point.everything_ms[at].1, "ms", "");
        }
        figure("following, its memory", point.follow_mib, "MiB", "");
    }

    /// The same with peers.
    fn compare(&self, beside: &Path, own: &Point, table: &mut Table) -> Result<()> {
        let Some(python) = python(beside) else {
            eprintln!("DuckDB and igraph can't be installed, and are not compared");
            return Ok(());
        };
        let starts = self.file.with_extension("starts");
        std::fs::write(&starts, self.say(&["thefts".as_ref(), self.store.as_os_str()])?.said)?;
        let script = self.file.with_extension("py");
        std::fs::write(&script, include_str!("trace_peers.py"))?;
        // igraph takes a minute; the others are run as often as Bongsu, and their best counts too.
        for (peer, runs) in [("duckdb", RUNS), ("duckdb-kept", RUNS), ("igraph", 1)] {
            let mut best: Option<(Took, Value)> = None;
            for _ in 0..runs {
                let took =
                    measured(Command::new(&python).arg(&script).arg(peer).arg(&self.file).arg(&starts))?;
                let said: Value = serde_json::from_str(&took.said)?;
                best = best
                    .filter(|(_, best)| best["load_s"].as_f64() <= said["load_s"].as_f64())
                    .or(Some((took, said)));
            }
            let (took, said) = best.context("no run")?;
            let seconds = |key: &str| said[key].as_f64().context("no time");
            let mut figure = |name: &str, value: f64, unit, own: f64| {
                let ratio = Some(("Bongsu's", value / own));
                table.add(&Figure { name: &format!("{peer}: {name}"), value, unit, goal: "", ratio });
            };
            figure("load", seconds("load_s")?, "s", own.load_s);
            figure("all, of the processors", took.processor.as_secs_f64(), "s", own.load_processor_s);
            figure("its memory", took.memory, "MiB", own.load_mib);
            figure("four hops without amounts", seconds("hops_s")?, "s", own.everything_ms[0].0 / 1e3);
        }
        Ok(())
    }
}

/// Python with the peers, in a folder that is made once for their versions.
fn python(beside: &Path) -> Option<PathBuf> {
    let folder = beside.join(format!("bench-peers-{}", PEERS.join("-").replace("==", "-")));
    let python = folder.join("bin/python");
    let has_all = || {
        Command::new(&python).args(["-c", "import duckdb, igraph"]).status().is_ok_and(|done| done.success())
    };
    if has_all() {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
    made.ok().filter(|done| done.success())?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    Command::new(&python).args(pip).args(PEERS).status().ok()?;
    has_all().then_some(python)
}
