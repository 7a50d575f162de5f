//! `bongsu trace load`: CSV and Parquet into a store.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::answer::{Answer, Counted, Progress, counted};
use crate::cli::TraceLoadArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};
use serde_json::json;
use trace::read::{self, BlockTimes, CsvError, Mapping, OnMalformed, Options, Report, csv};
use trace::store::{Appended, StoreError, Writer};

use super::{file, file_at, refused};

/// How often it is shown how far the work is.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

pub(super) fn run(args: &TraceLoadArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let mapping = mapping(&args.mapping)?;
    let block_times = args.blocks.as_deref().map(|path| {
        let failed = |error: CsvError| Failure::usage(format!("{}: {error}", path.display()));
        BlockTimes::read(file(path)?, "number", "timestamp").map_err(failed)
    });
    let options = Options {
        malformed: if args.skip { OnMalformed::Skip } else { OnMalformed::Stop },
        workers: None,
        block_times: block_times.transpose()?.map(Arc::new),
    };
    let mut writer = writer(&args.store, args.chain.as_deref().or(mapping.chain()))?;
    let (mut all, mut reports) = (Appended::default(), Vec::new());
    for path in &args.files {
        let (report, appended) = load(&mut writer, path, &mapping, &options, terminal)?;
        all.added += appended.added;
        all.duplicates += appended.duplicates;
        reports.push((path, report));
    }
    let skipped: u64 = reports.iter().map(|(_, report)| report.skipped).sum();
    let mut text = format!(
        "{} added, {} there already, {skipped} that can't be read.\n",
        counted(all.added, "transfer"),
        all.duplicates
    );
    for (path, report) in &reports {
        for row in &report.malformed {
            text.push_str(&format!("  {}: {}\n", path.display(), visible(row.to_string().as_bytes())));
        }
        if report.skipped > report.malformed.len() as u64 {
            text.push_str(&format!("  {}: and more\n", path.display()));
        }
    }
    let rows: Vec<_> = reports
        .iter()
        .map(|(path, report)| {
            let malformed: Vec<String> = report.malformed.iter().map(ToString::to_string).collect();
            json!({"file": path.display().to_string(), "rows": report.rows, "left_out_by_mapping": report.passed_over,
                   "skipped": report.skipped, "malformed": malformed})
        })
        .collect();
    let json = json!({"added": all.added, "duplicates": all.duplicates, "files": rows});
    let exit = if skipped > 0 { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json, text).ending(exit))
}

/// A mapping by its name, or from a file.
fn mapping(named: &str) -> Result<Mapping, Failure> {
    let text = match Mapping::ready(named) {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(named).map_err(|error| {
            let known: Vec<&str> = Mapping::ready_names().collect();
            Failure::usage(format!("{named} is no mapping that is known, and no file: {error}"))
                .hint(format!("known are {}; docs/tracing.md says how one is written", known.join(", ")))
        })?,
    };
    Mapping::parse(&text).map_err(|error| Failure::usage(format!("the mapping {named}: {error}")))
}

/// The store, or a new one.
fn writer(folder: &Path, chain: Option<&str>) -> Result<Writer, Failure> {
    match Writer::open(folder) {
        Ok(writer) => Ok(writer),
        Err(StoreError::Absent { .. }) => {
            let chain = chain.ok_or_else(|| {
                Failure::usage("the mapping does not say whose transfers these are")
                    .hint("name the chain, as in --chain ethereum")
            })?;
            Writer::create(folder, chain).map_err(|error| refused(&error))
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Where a file comes from.
enum Input {
    Piped(Box<dyn Read + Send>),
    File(File),
}

/// Loads one file, and shows how far that is.
fn load(
    writer: &mut Writer,
    path: &Path,
    mapping: &Mapping,
    options: &Options,
    terminal: &mut Terminal,
) -> Result<(Report, Appended), Failure> {
    let failed = |error: CsvError| match error {
        CsvError::Malformed(_) => Failure::new(format!("{}: {error}", path.display()))
            .hint("mend the row, or say --skip to leave out what can't be read"),
        error => Failure::new(format!("{}: {error}", path.display())),
    };
    let total = std::fs::metadata(path).map_or(0, |about| about.len());
    let done = Arc::new(AtomicU64::new(0));
    // What is piped in can't be Parquet, which is read from its end.
    let input = if path == Path::new("-") { Input::Piped(file(path)?) } else { Input::File(file_at(path)?) };
    let count = Arc::clone(&done);
    let what = format!("loading {}", path.display());
    std::thread::scope(|scope| {
        let work = scope.spawn(|| -> Result<(Report, Appended), Failure> {
            let (append, report) = match input {
                Input::Piped(input) => csv(writer.append(), Counted::new(input, count), mapping, options),
                Input::File(input) => {
                    read::file(writer.append(), Counted::new(input, count), mapping, options)
                }
            }
            .map_err(failed)?;
            let appended = append.finish().map_err(|error| refused(&error))?;
            Ok((report, appended))
        });
        while !work.is_finished() {
            let done = done.load(Ordering::Relaxed);
            let _goes_on = terminal.progress(&Progress { what: what.clone(), done, total });
            std::thread::park_timeout(SHOWN_EVERY);
        }
        work.join()
            .unwrap_or_else(|_| Err(Failure::new("the thread that loads has failed; nothing was loaded")))
    })
}
