//! `bongsu hunt`: looks through logs for all that a watch file names. Needs no node.
//!
//! Exit codes are those of `grep`: 0 if something was found, 1 if nothing was, 2 if something could not be read.

mod following;
mod search;
mod show;
mod source;

use crate::answer::Progress;
use crate::cli::HuntArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use deliver::watch_file::{WatchFile, WatchFileError};
use gate::NoteKey;
use parking_lot::Mutex;
use search::{Outcome, follow, search};
use show::{Summary, find_json, find_text};
use source::Sources;
use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Hunts.
///
/// # Errors
/// When the watch file is none, or standard output can't be written; the code is that of `grep`'s faults.
pub(crate) fn run(args: &HuntArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    hunt(args, terminal).map_err(|failure| Failure { exit: Exit::Usage, ..failure })
}

fn opened(args: &HuntArgs) -> Result<WatchFile<File>, Failure> {
    let path = args.watch.display();
    let key = args.key.as_deref().map(str::parse::<NoteKey>).transpose();
    let key = key.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let file = File::open(&args.watch).map_err(|error| {
        Failure::new(format!("{path} can't be read: {error}")).hint(
            "fetch https://NODE/d/watch.bongsu, or have one made with `bongsu deliver --what watch.bongsu`",
        )
    })?;
    WatchFile::open(file, key.as_ref()).map_err(|error| {
        Failure::new(format!("{path}: {error}")).hint("fetch it again; use nothing of this one")
    })
}

fn hunt(args: &HuntArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let watched = opened(args)?;
    let done = Arc::new(AtomicU64::new(0));
    let total = if args.follow { 0 } else { total(&args.paths) };
    let jobs =
        args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let mut summary = Summary::new(&watched.header);
    // Lines before what comes next, by file: of those that are followed several are open at a time.
    let (mut lines, mut file) = (HashMap::<Arc<str>, u64>::new(), 0);
    let mut written = Ok(());
    let take = |outcome: Outcome| {
        if !args.follow && file != outcome.piece.file_number {
            file = outcome.piece.file_number;
            lines.clear();
        }
        let line = lines.entry(Arc::clone(&outcome.piece.file)).or_default();
        let mut text = String::new();
        for find in &outcome.finds {
            if args.most.is_some_and(|most| summary.finds >= most) {
                break;
            }
            summary.add(find);
            match terminal.json() {
                true => text.push_str(&(find_json(&outcome.piece.file, *line, find).to_string() + "\n")),
                false => text.push_str(&find_text(&outcome.piece.file, *line, find)),
            }
        }
        *line += outcome.lines;
        summary.count(&outcome);
        if !text.is_empty() {
            written = terminal.write(text.as_bytes());
        }
        let _goes_on = terminal.progress(&Progress {
            what: "hunting".to_owned(),
            done: done.load(Ordering::Relaxed),
            total,
        });
        written.is_ok() && args.most.is_none_or(|most| summary.finds < most)
    };
    let changed = |error: WatchFileError| Failure::new(format!("{}: {error}", args.watch.display()));
    let sources: Vec<Mutex<Sources>> = if args.follow {
        let stop = Arc::new(AtomicBool::new(false));
        let sources =
            Sources::followed(&args.paths, &done, &stop).into_iter().map(Mutex::new).collect::<Vec<_>>();
        follow(&watched, &sources, &stop, take).map_err(changed)?;
        sources
    } else {
        let sources = Mutex::new(Sources::new(&args.paths, Arc::clone(&done)));
        search(&watched, &sources, jobs, take).map_err(changed)?;
        vec![sources]
    };
    written?;
    let mut unread = Vec::new();
    for sources in sources {
        let sources = sources.into_inner();
        summary.files += sources.files();
        unread.extend(sources.unread);
    }
    for unread in &unread {
        terminal.failure(&Failure::new(format!("{} can't be read to its end: {}", unread.path, unread.why)));
    }
    let found = summary.finds;
    summary.end(begun.elapsed(), terminal)?;
    Ok(match () {
        // Whoever wanted so many has them, whatever came after.
        () if args.most.is_some_and(|most| found >= most) => Exit::Done,
        () if !unread.is_empty() => Exit::Usage,
        () if found == 0 => Exit::Failed,
        () => Exit::Done,
    })
}

/// The bytes of all files that are named; 0 if that is not known beforehand.
fn total(paths: &[PathBuf]) -> u64 {
    let sizes = paths.iter().map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file));
    sizes.map(|about| about.map(|about| about.len())).sum::<Option<u64>>().unwrap_or(0)
}
