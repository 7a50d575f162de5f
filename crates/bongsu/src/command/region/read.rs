//! Files about aid, read for the commands.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use region::aid::cyber::Certainty;
use region::aid::iati::Report;
use region::aid::measured::Measured;
use region::aid::project::{Project, Projects, is_cyber};
use region::aid::{Need, TableError, Wrong, measured, need};
use serde_json::{Value, json};

use crate::aid::files;
use crate::answer::Progress;
use crate::cli::AidArgs;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};

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
        let what = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let told = files::read(&path, &mut aid.projects, &keep, &mut |done, total| {
            let _goes_on = terminal.progress(&Progress { what: what.clone(), done, total });
        });
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
        files::found(path, &mut paths)
            .map_err(|(path, error)| Failure::usage(format!("{}: {error}", path.display())))?;
    }
    Ok(paths)
}
