//! Files about aid, read for the commands.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use jiff::civil::Date;
use region::aid::cyber::Certainty;
use region::aid::iati::{Item, Report};
use region::aid::measured::Measured;
use region::aid::project::{Project, Projects, is_cyber};
use region::aid::{Need, TableError, Wrong, iati, measured, need};
use serde_json::{Value, json};

use crate::answer::{Counted, Progress};
use crate::cli::AidArgs;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};

/// How many activities are read between two words on how far it is.
const EVERY: u64 = 512;
/// How deep folders are looked through.
const DEPTH_MAX: usize = 8;

/// All that a command looks at.
pub(super) struct Aid {
    pub(super) projects: Projects,
    pub(super) needs: Vec<Need>,
    pub(super) measured: Vec<Measured>,
    pub(super) day: Date,
    /// Each file with what it was, or why it could not be read.
    pub(super) files: Vec<(PathBuf, Result<Report, String>)>,
    /// What was wrong in tables, with the file.
    pub(super) wrong: Vec<(PathBuf, Wrong)>,
}

impl Aid {
    /// Whether something could not be read, or not all of it.
    pub(super) fn is_incomplete(&self) -> bool {
        self.files.iter().any(|(_, told)| told.as_ref().map_or(true, |report| report.broken.is_some()))
            || !self.wrong.is_empty()
    }

    /// What the files were, for programs.
    pub(super) fn told(&self) -> Value {
        let file = |(path, told): &(PathBuf, Result<Report, String>)| match told {
            Ok(report) => json!({"file": path.display().to_string(), "report": report}),
            Err(why) => json!({"file": path.display().to_string(), "refused": why}),
        };
        let wrong = |(path, wrong): &(PathBuf, Wrong)| json!({"file": path.display().to_string(), "line": wrong.line, "why": wrong.why});
        json!({
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "wrong": self.wrong.iter().map(wrong).collect::<Vec<_>>(),
            "activities": self.projects.seen, "repeated": self.projects.repeated, "left_out": self.projects.left_out,
        })
    }

    /// The same for people.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        for (path, told) in &self.files {
            let path = visible(path.display().to_string().as_bytes());
            match told {
                Ok(Report { broken: Some(why), .. }) => {
                    out.push_str(&format!(
                        "{path}: read up to where it breaks: {}\n",
                        visible(why.as_bytes())
                    ));
                }
                Ok(report) if report.faulty > 0 => {
                    let first = report.faults.first().map_or("", |fault| fault.why.as_str());
                    out.push_str(&format!(
                        "{path}: {} faults, such as: {}\n",
                        report.faulty,
                        visible(first.as_bytes())
                    ));
                }
                Ok(_) => {}
                Err(why) => out.push_str(&format!("{path}: not read: {}\n", visible(why.as_bytes()))),
            }
        }
        for (path, wrong) in &self.wrong {
            out.push_str(&format!("{}:{}: {}\n", path.display(), wrong.line, visible(wrong.why.as_bytes())));
        }
        out
    }
}

/// Reads all that was named. Projects are kept if `keep` says so.
pub(super) fn all(
    args: &AidArgs,
    terminal: &mut Terminal,
    keep: impl Fn(&Project) -> bool,
) -> Result<Aid, Failure> {
    let at_least = if args.sure { Certainty::Sure } else { Certainty::Possible };
    let mut aid = Aid {
        projects: Projects::default(),
        needs: Vec::new(),
        measured: Vec::new(),
        day: day(args.day.as_deref())?.unwrap_or_else(today),
        files: Vec::new(),
        wrong: Vec::new(),
    };
    let paths = found(&args.files)?;
    let keep = |project: &Project| keep(project) && (project.cyber.is_none() || is_cyber(project, at_least));
    for path in paths {
        let told = one(&path, &mut aid.projects, &keep, terminal);
        aid.files.push((path, told));
    }
    if let Some(path) = &args.needs {
        aid.needs = table(path, &mut aid.wrong, need::read)?;
    }
    if let Some(path) = &args.measured {
        aid.measured = table(path, &mut aid.wrong, measured::read)?;
    }
    Ok(aid)
}

/// The day, in UTC.
fn today() -> Date {
    Timestamp::now().to_string().get(..10).and_then(|day| day.parse().ok()).unwrap_or(Date::ZERO)
}

/// A day that was typed.
pub(super) fn day(text: Option<&str>) -> Result<Option<Date>, Failure> {
    let read =
        |text: &str| text.parse().map_err(|_| Failure::usage(format!("`{text}` is no day: 2026-01-31")));
    text.map(read).transpose()
}

/// A table; what is wrong in its rows is kept.
pub(super) fn table<T>(
    path: &Path,
    wrong: &mut Vec<(PathBuf, Wrong)>,
    read: impl FnOnce(BufReader<File>) -> Result<(T, Vec<Wrong>), TableError>,
) -> Result<T, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let (told, more) = read(BufReader::new(file)).map_err(|error| failed(&error))?;
    wrong.extend(more.into_iter().map(|one| (path.to_owned(), one)));
    Ok(told)
}

/// The files that were named, and those of the folders that were, which look like XML.
pub(super) fn found(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for path in named {
        look(path, 0, &mut paths)?;
    }
    Ok(paths)
}

fn look(path: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        paths.push(path.to_owned());
        return Ok(());
    }
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let mut inside: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        inside.push(entry.map_err(failed)?.path());
    }
    inside.sort();
    for path in inside {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_dir() {
            if depth < DEPTH_MAX {
                look(&path, depth + 1, paths)?;
            }
        } else if name.ends_with(".xml") || name.ends_with(".xml.gz") {
            paths.push(path);
        }
    }
    Ok(())
}

/// A file that is read, unpacked where it is packed.
pub(super) struct Opened {
    source: Box<dyn Read>,
    what: String,
    read: Arc<AtomicU64>,
    total: u64,
}

impl Opened {
    /// Opens it.
    pub(super) fn new(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let total = file.metadata().map_or(0, |about| about.len());
        let read = Arc::new(AtomicU64::new(0));
        let mut file = BufReader::with_capacity(1 << 18, Counted::new(file, Arc::clone(&read)));
        let is_packed = file.fill_buf().map_err(|error| error.to_string())?.starts_with(&[0x1f, 0x8b]);
        let source: Box<dyn Read> =
            if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let what = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { source, what, read, total })
    }

    /// Its source, and what tells how far it is read, now and then.
    pub(super) fn told(self, terminal: &mut Terminal) -> (Box<dyn Read>, impl FnMut() + '_) {
        let Self { source, what, read, total } = self;
        let mut seen = 0;
        let tell = move || {
            seen += 1;
            if seen % EVERY == 0 {
                let progress = Progress { what: what.clone(), done: read.load(Ordering::Relaxed), total };
                let _goes_on = terminal.progress(&progress);
            }
        };
        (source, tell)
    }
}

fn one(
    path: &Path,
    projects: &mut Projects,
    keep: &dyn Fn(&Project) -> bool,
    terminal: &mut Terminal,
) -> Result<Report, String> {
    let (source, mut tell) = Opened::new(path)?.told(terminal);
    let told = iati::read(source, &mut |item| {
        if let Item::Activity(activity) = item {
            projects.take(&activity, keep);
        }
        tell();
    });
    told.map_err(|error| error.to_string())
}
