//! `bongsu hunt`: looks through logs for all that a watch file names, and records what they mention. Needs no node.
//!
//! Exit codes are those of `grep`: 0 if something was found, 1 if nothing was, 2 if something could not be read.

mod following;
mod looked_up;
mod packets;
mod remember;
mod report;
mod search;
mod show;
mod source;

use super::cluster::hand_over;
use super::interrupted;
use crate::answer::Progress;
use crate::cli::HuntArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use deliver::watch_file::{WatchFile, WatchFileError};
use gate::NoteKey;
use parking_lot::Mutex;
use remember::Remembering;
use report::Tally;
use search::{Outcome, Quest, follow, search};
use show::{Summary, find_json, find_text};
use source::{FOLLOWED_MAX, Sources};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use watch::hunt::Blanking;

/// Hunts.
///
/// # Errors
/// When the watch file is none, or standard output can't be written; the code is that of `grep`'s faults.
pub(crate) fn run(args: &HuntArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if let Some(scheduler) = &args.cluster {
        return hand_over("hunt", scheduler, &over(args, terminal.json()));
    }
    hunt(args, terminal).map_err(|failure| Failure { exit: Exit::Usage, ..failure })
}

/// What `bongsu-cluster` is asked.
fn over(args: &HuntArgs, json: bool) -> Vec<OsString> {
    let mut asked: Vec<OsString> = Vec::from_iter(json.then(|| "--json".into()));
    asked.extend(args.most.map(|most| format!("--most={most}").into()));
    asked.extend(args.key.as_ref().map(|key| format!("--key={key}").into()));
    asked.push("--".into());
    asked.extend(args.watch.iter().chain(&args.paths).map(|path| path.clone().into()));
    asked
}

fn opened(watch: &Path, key: Option<&str>) -> Result<WatchFile<File>, Failure> {
    let path = watch.display();
    let key = key.map(str::parse::<NoteKey>).transpose();
    let key = key.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let file = File::open(watch).map_err(|error| {
        Failure::new(format!("{path} can't be read: {error}")).hint(
            "fetch https://NODE/d/watch.bongsu, or have one made with `bongsu deliver --what watch.bongsu`",
        )
    })?;
    WatchFile::open(file, key.as_ref()).map_err(|error| {
        Failure::new(format!("{path}: {error}")).hint("fetch it again; use nothing of this one")
    })
}

fn hunt(args: &HuntArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let (begun, now) = (Instant::now(), crate::node::now());
    let watched = args.watch.as_deref().map(|path| opened(path, args.key.as_deref())).transpose()?;
    if let Some(watched) = watched.as_ref().filter(|_| !args.memory.records.is_empty()) {
        return looked_up::run(watched, &args.memory.records, terminal);
    }
    let passes_on = args.report.stix.is_some() || args.report.report;
    if watched.is_none() && (passes_on || args.memory.remember.is_none()) {
        return Err(Failure::usage("nothing says what to look for")
            .hint("name a watch file with --watch FILE, or only record what is there with --remember FILE"));
    }
    let blanking = args.report.minimise.then(|| Blanking::of(&args.report.internal)).transpose();
    let blanking = blanking.map_err(|error| Failure::usage(format!("--internal: {error}")))?;
    let jobs =
        args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let sources: Vec<Mutex<Sources>> = match args.follow {
        true => {
            let sources = Sources::followed(&args.paths, &done, &stop).ok_or_else(|| {
                Failure::usage(format!("these are more than {FOLLOWED_MAX} files"))
                    .hint("follow fewer: those that are written to, and no folder with years of logs")
            })?;
            sources.into_iter().map(Mutex::new).collect()
        }
        false => vec![Mutex::new(Sources::new(&args.paths, Arc::clone(&done)))],
    };
    let threads = if args.follow { sources.len() } else { jobs };
    let remember = args.memory.remember.as_deref();
    let remembering =
        remember.map(|path| Remembering::open(path, args.memory.keep, threads, now, terminal)).transpose()?;
    let mut showing = Showing {
        args,
        terminal,
        summary: Summary::new(watched.as_ref().map(|watched| &watched.header)),
        tally: passes_on.then(|| Tally::new(now, args.report.minimise)),
        numbers: HashMap::new(),
        lines: HashMap::new(),
        done: Arc::clone(&done),
        total: if args.follow { 0 } else { total(&args.paths) },
        written: Ok(()),
    };
    let quest =
        Quest { watched: watched.as_ref(), blanking: blanking.as_ref(), remembering: remembering.as_ref() };
    let path = args.watch.as_deref().unwrap_or(Path::new("")).display();
    let changed = |error: WatchFileError| Failure::new(format!("{path}: {error}"));
    if args.follow {
        interrupted::sets(&stop)?;
        let mut is_told = false;
        let outcome = follow(&quest, &sources, &stop, |outcome| {
            if let Some(failure) = remembering.as_ref().and_then(|record| record.look(&mut is_told)) {
                showing.terminal.failure(&failure);
            }
            outcome.is_none_or(|outcome| showing.take(&outcome))
        });
        outcome.map_err(changed)?;
    } else if let [sources] = &sources[..] {
        search(&quest, sources, jobs, |outcome| showing.take(&outcome)).map_err(changed)?;
    }
    let tally = showing.tally.take();
    let exit = showing.end(sources.into_iter().map(Mutex::into_inner).collect(), begun.elapsed())?;
    if let Some(remembering) = remembering {
        remembering.close(terminal)?;
    }
    if let (Some(watched), Some(tally)) = (&watched, &tally) {
        report::report(&args.report, &watched.header, args.key.is_some(), tally, terminal)?;
    }
    Ok(exit)
}

/// Shows what is found, as it is found.
struct Showing<'a> {
    args: &'a HuntArgs,
    terminal: &'a mut Terminal,
    summary: Summary,
    /// What is passed on, if something is.
    tally: Option<Tally>,
    /// The files in which something was found by their numbers, where their names are not shown.
    numbers: HashMap<Arc<str>, usize>,
    /// By name, which file it is and how many lines of it come before what comes next: of those that are followed several are open at
    /// a time.
    lines: HashMap<Arc<str>, (usize, u64)>,
    done: Arc<AtomicU64>,
    total: u64,
    written: Result<(), Failure>,
}

impl Showing<'_> {
    fn has_enough(&self) -> bool {
        self.args.most.is_some_and(|most| self.summary.finds >= most)
    }

    /// How a file is called: where names of the inside are blanked, by a number.
    fn named(&mut self, file: &Arc<str>) -> String {
        if !self.args.report.minimise {
            return file.to_string();
        }
        let next = self.numbers.len() + 1;
        format!("log {}", self.numbers.entry(Arc::clone(file)).or_insert(next))
    }

    fn writes_bundle(&self) -> bool {
        self.args.report.stix.as_deref() == Some(Path::new("-"))
    }

    /// Shows what a piece gave, and says whether to go on.
    fn take(&mut self, outcome: &Outcome) -> bool {
        let (file, number) = (&outcome.piece.file, outcome.piece.file_number);
        let shown = if outcome.finds.is_empty() { String::new() } else { self.named(file) };
        // Another file may have come under the name.
        let before = self.lines.get(file).filter(|(of, _)| *of == number).map_or(0, |(_, lines)| *lines);
        // Packets have their number in the file.
        let line = if outcome.piece.packets.is_some() { 0 } else { before };
        let mut text = String::new();
        for find in &outcome.finds {
            if self.has_enough() {
                break;
            }
            self.summary.add(find);
            if let Some(tally) = &mut self.tally {
                tally.add(find);
            }
            match self.terminal.json() {
                // Standard output is the bundle's.
                _ if self.writes_bundle() => {}
                true => text.push_str(&(find_json(&shown, line, find).to_string() + "\n")),
                false => text.push_str(&find_text(&shown, line, find)),
            }
        }
        if let Some(end) = outcome.end {
            if !self.args.follow {
                self.lines.clear();
            }
            self.lines.insert(Arc::clone(file), (number, before + end.lines));
        }
        self.summary.count(outcome);
        if !text.is_empty() {
            self.written = self.terminal.write(text.as_bytes());
        }
        let done = self.done.load(Ordering::Relaxed);
        let _goes_on =
            self.terminal.progress(&Progress { what: "hunting".to_owned(), done, total: self.total });
        self.written.is_ok() && !self.has_enough()
    }

    /// Says what could not be read and what it came to, and how that ends.
    fn end(mut self, sources: Vec<Sources>, took: Duration) -> Result<Exit, Failure> {
        let has_enough = self.has_enough();
        let (is_hunt, writes_bundle) = (self.args.watch.is_some(), self.writes_bundle());
        self.written?;
        let mut is_whole = true;
        for sources in sources {
            self.summary.files += sources.files();
            for unread in sources.unread {
                is_whole = false;
                let why = format!("{} can't be read to its end: {}", unread.path, unread.why);
                self.terminal.failure(&Failure::new(why));
            }
        }
        let found = self.summary.finds;
        self.summary.end(took, !writes_bundle, self.terminal)?;
        Ok(match () {
            // Whoever wanted so many has them, whatever came after.
            () if has_enough => Exit::Done,
            () if !is_whole => Exit::Usage,
            () if found == 0 && is_hunt => Exit::Failed,
            () => Exit::Done,
        })
    }
}

/// The bytes of all files that are named; 0 if that is not known beforehand.
fn total(paths: &[PathBuf]) -> u64 {
    let sizes = paths.iter().map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file));
    sizes.map(|about| about.map(|about| about.len())).sum::<Option<u64>>().unwrap_or(0)
}
