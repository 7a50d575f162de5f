//! A watch file's values, looked up in records of what was seen before: no log is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use deliver::watch_file::WatchFile;
use serde_json::json;
use watch::Kind;
use watch::memory::{Day, HEADER_BYTES, Lookup, Runs};

use super::remember::key_in;
use super::show::said;
use crate::answer::counted;
use crate::terminal::visible;

/// Most values that are told, and days that are shown of one.
const FOUND_MAX: usize = 100_000;
const SHOWN_DAYS_MAX: usize = 10;

/// The days on which values were seen, by the values' numbers.
#[derive(Default)]
struct Found {
    days: BTreeMap<u32, BTreeSet<Day>>,
    has_more: bool,
    passed_over: usize,
}

/// Looks the values up in each record, and says which were seen when.
///
/// # Errors
/// When a record is none, the watch file was changed, or standard output can't be written.
pub(super) fn run(
    watched: &WatchFile<File>,
    records: &[std::path::PathBuf],
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let (mut found, mut is_whole) = (Found::default(), true);
    for path in records {
        for damage in look_in(watched, path, &mut found)? {
            is_whole = false;
            terminal.failure(&Failure::new(format!("{}: {damage}", path.display())));
        }
    }
    for (number, days) in &found.days {
        let known = watched.known(*number).map_err(|error| Failure::new(error.to_string()))?;
        let (value, known) = &*known;
        let line = if terminal.json() {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            json!({"value": value.text(), "kind": known.kind, "days": days, "by": known.by}).to_string()
        } else {
            let shown = visible(value.text().as_bytes());
            let what = match value.kind() {
                Kind::Domain => format!("{shown} or a name below it"),
                _ if value.text().contains('/') => format!("an address in {shown}"),
                _ => shown,
            };
            format!("{what} was seen on {}{}", dates(days), said(value, known))
        };
        terminal.write(format!("{line}\n").as_bytes())?;
    }
    let looked_up = watched.header.values.saturating_sub(found.passed_over);
    if terminal.json() {
        let summary = json!({"summary": {
            "seen": found.days.len(), "looked_up": looked_up, "passed_over": found.passed_over,
            "records": records.len(), "tlp": watched.header.made.tlp,
        }});
        terminal.write(format!("{summary}\n").as_bytes())?;
    } else {
        let passed_over = match found.passed_over {
            0 => String::new(),
            count => format!(" {} of kinds that records do not hold.", counted(count as u64, "value")),
        };
        terminal.note(&format!(
            "{} seen of {} looked up in {}.{passed_over} {}",
            counted(found.days.len() as u64, "value"),
            looked_up,
            counted(records.len() as u64, "record"),
            watched.header.made.tlp
        ));
    }
    if found.has_more {
        terminal.note(&format!("More values were seen; the first {FOUND_MAX} are told."));
    }
    Ok(match () {
        () if !is_whole => Exit::Usage,
        () if found.days.is_empty() => Exit::Failed,
        () => Exit::Done,
    })
}

/// Looks in one record; gives what is wrong with it.
fn look_in(watched: &WatchFile<File>, path: &Path, found: &mut Found) -> Result<Vec<String>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} can't be read: {error}", path.display()));
    let mut file = File::open(path).map_err(failed)?;
    let key = key_in(&file, path)?;
    let mut lookup = Lookup::default();
    let read = watched.each(|number, value| lookup.add(&key, value, number));
    read.map_err(|error| Failure::new(error.to_string()))?;
    let lookup = lookup.ready();
    found.passed_over = lookup.passed_over();
    file.seek(SeekFrom::Start(HEADER_BYTES as u64)).map_err(failed)?;
    let mut damages = Vec::new();
    for run in Runs::new(BufReader::with_capacity(1 << 20, file)) {
        match run {
            Ok(run) => lookup.look(&run, |hit| {
                let is_known = found.days.contains_key(&hit.value);
                if is_known || found.days.len() < FOUND_MAX {
                    found.days.entry(hit.value).or_default().insert(hit.day);
                } else {
                    found.has_more = true;
                }
            }),
            Err(damage) => damages.push(damage.to_string()),
        }
    }
    Ok(damages)
}

/// `2026-11-02, 2026-11-05 and 2026-11-07`; of many days the first and the last.
fn dates(days: &BTreeSet<Day>) -> String {
    let all: Vec<String> = days.iter().map(ToString::to_string).collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, .., last] if all.len() > SHOWN_DAYS_MAX => {
            format!("{} days from {first} to {last}", all.len())
        }
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}
