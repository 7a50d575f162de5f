//! Zones as files, so that a node that was started anew hands out differences and not whole zones.
//!
//! A file is a zone at one serial and the steps since, line by line: `+kind value`, `-kind value`, and `serial N` behind what
//! makes up that serial. What stands behind the last such line was cut off and does not count. A file that is lost, damaged
//! or behind costs secondaries a whole transfer and nothing else: a node that starts gives every zone a new serial, and tells
//! the difference to what the file holds, for those that have just that.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;
use watch::{Value, normalise};

use super::Rules;
use super::history::{Step, Zone, ZoneKey};
use crate::gather::Difference;

/// The first line of a file.
const HEAD: &str = "bongsu zone 1";
/// Longest line that is read.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// What a file holds.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) serial: u32,
    pub(super) rules: Rules,
    pub(super) values: BTreeSet<Value>,
    pub(super) steps: VecDeque<Arc<Step>>,
}

/// The folder of zones, if there is one.
#[derive(Debug, Default)]
pub(super) struct Lasting {
    pub(super) folder: Option<PathBuf>,
}

impl Lasting {
    fn path(&self, (member, encrypted): ZoneKey) -> Option<PathBuf> {
        let way = if encrypted { "encrypted" } else { "plain" };
        Some(self.folder.as_ref()?.join(format!("{member}.{way}.zone")))
    }

    /// What is kept of a zone.
    pub(super) fn load(&self, key: ZoneKey) -> Option<Stored> {
        let path = self.path(key)?;
        let file = File::open(&path).ok()?;
        let stored = read(file);
        stored
            .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "a kept zone can't be read: it is made anew"))
            .ok()
    }

    /// Keeps a zone as it stands, in place of what is kept.
    pub(super) fn keep(&self, key: ZoneKey, zone: &Zone) {
        let Some(path) = self.path(key) else { return };
        if let Err(error) = write(&path, zone) {
            self.failed(&path, &error);
        }
    }

    /// Keeps a step behind what is kept.
    pub(super) fn append(&self, key: ZoneKey, step: &Step) {
        let Some(path) = self.path(key) else { return };
        let mut text = String::new();
        changes(&mut text, '-', step.difference.gone.iter());
        changes(&mut text, '+', step.difference.new.iter());
        // Writing to a string does not fail.
        let _ = writeln!(text, "serial {}", step.to);
        let appended =
            OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = appended {
            self.failed(&path, &error);
        }
    }

    fn failed(&self, path: &Path, error: &io::Error) {
        tracing::warn!(path = %path.display(), %error, "a zone could not be kept: after a restart, servers take it as a whole");
        // What is there may end in the middle of a step, and the next one would stand behind it.
        let _gone_already = fs::remove_file(path);
    }
}

fn changes<'v>(text: &mut String, sign: char, values: impl Iterator<Item = &'v Value>) {
    for value in values {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{sign}{} {}", value.kind(), value.text());
    }
}

fn write(path: &Path, zone: &Zone) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    let mut text = format!("{HEAD}\nrules {} {}\n", zone.rules.name_servers, zone.rules.target);
    changes(&mut text, '+', zone.gathered.refusable());
    let _ = writeln!(text, "serial {}", zone.serial);
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn read(file: File) -> io::Result<Stored> {
    let bad = |line: usize| io::Error::new(io::ErrorKind::InvalidData, format!("line {line} makes no sense"));
    let mut lines = BufReader::new(file).lines();
    let mut next = || lines.next().transpose();
    if next()?.as_deref() != Some(HEAD) {
        return Err(bad(1));
    }
    let rules = next()?.and_then(|line| {
        let (name_servers, target) = line.strip_prefix("rules ")?.split_once(' ')?;
        Some(Rules { target: target.to_owned(), name_servers: name_servers.parse().ok()? })
    });
    let mut stored = Stored {
        serial: 0,
        rules: rules.ok_or_else(|| bad(2))?,
        values: BTreeSet::new(),
        steps: VecDeque::new(),
    };
    let (mut serial, mut number) = (None, 2);
    let mut difference = Difference::default();
    while let Some(line) = next()? {
        number += 1;
        let made = take(&line, &mut difference).ok_or_else(|| bad(number))?;
        let Some(to) = made else { continue };
        let difference = std::mem::take(&mut difference);
        for value in &difference.gone {
            stored.values.remove(value);
        }
        stored.values.extend(difference.new.iter().cloned());
        if let Some(from) = serial.replace(to) {
            stored.steps.push_back(Arc::new(Step { from, to, difference }));
        }
    }
    stored.serial = serial.ok_or_else(|| bad(number + 1))?;
    Ok(stored)
}

/// Takes a line into a difference; gives the serial that it closes, if it does. `None` for a line that makes no sense.
fn take(line: &str, difference: &mut Difference) -> Option<Option<u32>> {
    if let Some(serial) = line.strip_prefix("serial ") {
        return serial.parse().ok().map(Some);
    }
    let (kind, text) = line.get(1..).filter(|_| line.len() <= LINE_BYTES_MAX)?.split_once(' ')?;
    let value = normalise(kind.parse().ok()?, text).ok()?;
    match line.as_bytes().first()? {
        b'+' => difference.new.push(value),
        b'-' => difference.gone.push(value),
        _ => return None,
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> io::Result<Stored> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        read(file)
    }

    #[test]
    fn what_was_cut_off_does_not_count_and_what_makes_no_sense_is_no_zone() {
        let whole = "bongsu zone 1\nrules false .\n+domain a.top\n+ipv4 45.10.20.30\nserial 7\n-domain a.top\n+domain b.top\nserial 9\n";
        let stored = of(whole).unwrap();
        let texts =
            |stored: &Stored| stored.values.iter().map(|value| value.text().to_owned()).collect::<Vec<_>>();
        assert_eq!((stored.serial, texts(&stored)), (9, vec!["b.top".to_owned(), "45.10.20.30".to_owned()]));
        assert_eq!((stored.steps.len(), stored.steps[0].from, stored.steps[0].to), (1, 7, 9));
        let torn = of(&format!("{whole}+domain c.top\n-domain b.t")).unwrap();
        assert_eq!((torn.serial, texts(&torn).len()), (9, 2));
        for text in [
            "",
            "bongsu zone 2\n",
            "bongsu zone 1\nrules maybe .\nserial 1\n",
            "bongsu zone 1\nrules true .\n+domain a.top\n",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(of(&format!("{whole}\0\0\0\0\n")).is_err());
    }
}
