//! Who looked at what: what people read and asked of restricted things, kept apart from the lines.
//!
//! One line of JSON for each look of a person or an operator, in a file for each month (`2026-11.jsonl`), of which whole months are
//! removed when they are old. Machines that read for members are not noted here: their receipts say how far they got. A line is
//! written before the answer goes out, and synced by whoever calls [`Looks::sync`]; one that can't be written is logged and does not
//! keep the answer. What must never stand in it: credentials, forms other than what was searched for, contents of answers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use stix::Timestamp;

/// Characters of a path, and of what was asked.
const TEXT_CHARS_MAX: usize = 1_000;
/// Bytes of a line that is read back.
const LINE_BYTES_MAX: usize = 32 * 1024;
/// Bytes of a month's file; what comes beyond is not kept, and logged.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Looks that are given at once.
pub const LOOKS_MAX: usize = 10_000;

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When, as a STIX timestamp.
    pub at: String,
    /// The person's user name; `None` for an operator without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// For whom it acts: a member's handle, or `operator`.
    pub acts_for: String,
    /// The member whose view was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_as: Option<String>,
    /// What was asked for, with what it was filtered by.
    pub path: String,
    /// What was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

/// Which looks are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'w> {
    /// What was looked at holds this, in the path or in what was asked.
    pub of: Option<&'w str>,
    /// By this person, or for this member.
    pub by: Option<&'w str>,
    /// For this member alone, by handle.
    pub acts_for: Option<&'w str>,
    /// Newer looks to pass over.
    pub skip: usize,
}

/// The looks of a node.
pub struct Looks {
    folder: PathBuf,
    open: Mutex<Option<(String, File)>>,
}

/// The first characters of a text from outside.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

fn month(at: &str) -> Option<&str> {
    at.get(..7)
}

impl Looks {
    /// Those kept in a folder, which is made with the first.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::default() }
    }

    /// Keeps a look.
    pub fn note(&self, look: &Look) {
        if let Err(error) = self.append(look) {
            tracing::error!(folder = %self.folder.display(), %error, "who looked at something could not be noted");
        }
    }

    fn append(&self, look: &Look) -> io::Result<()> {
        let month = month(&look.at).ok_or(io::ErrorKind::InvalidInput)?;
        let mut line = serde_json::to_vec(look)?;
        line.push(b'\n');
        let mut open = self.open.lock();
        let file = match &mut *open {
            Some((of, file)) if of == month => file,
            other => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
                let path = self.folder.join(format!("{month}.jsonl"));
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
                &mut other.insert((month.to_owned(), file)).1
            }
        };
        if file.metadata()?.len() >= FILE_BYTES_MAX {
            return Err(io::Error::other("the month's file is full"));
        }
        file.write_all(&line)
    }

    /// Brings what was noted onto the disk.
    ///
    /// # Errors
    /// When the system can't.
    pub fn sync(&self) -> io::Result<()> {
        match &*self.open.lock() {
            Some((_, file)) => file.sync_data(),
            None => Ok(()),
        }
    }

    /// The files, the newest month first.
    fn months(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut months: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        months.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        months.sort_unstable_by(|a, b| b.cmp(a));
        Ok(months)
    }

    /// Removes months that ended before an instant; gives how many.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn forget_before(&self, before: Timestamp) -> io::Result<usize> {
        let before = before.to_string();
        let kept_from = month(&before).unwrap_or_default();
        let mut removed = 0;
        for path in self.months()? {
            let of = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            if of.as_str() < kept_from {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The latest looks that are wanted, the newest first, at most `limit`, and whether there are more. A line that was cut off is
    /// left out. Reads months from the newest until it has enough.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn read(&self, wanted: &Wanted<'_>, limit: usize) -> io::Result<(Vec<Look>, bool)> {
        let needed = wanted.skip + limit.min(LOOKS_MAX) + 1;
        let mut found = Vec::new();
        for path in self.months()? {
            let mut of_month = std::collections::VecDeque::new();
            let mut reader = BufReader::new(File::open(&path)?);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line)? > 0 {
                let look = Some(&line).filter(|line| line.len() <= LINE_BYTES_MAX);
                let look = look.and_then(|line| serde_json::from_slice::<Look>(line).ok());
                if let Some(look) = look.filter(|look| wanted.fits(look)) {
                    if of_month.len() == needed {
                        of_month.pop_front();
                    }
                    of_month.push_back(look);
                }
                line.clear();
            }
            found.extend(of_month.into_iter().rev());
            if found.len() >= needed {
                break;
            }
        }
        let is_more = found.len() >= needed;
        Ok((found.into_iter().skip(wanted.skip).take(limit.min(LOOKS_MAX)).collect(), is_more))
    }
}

impl Wanted<'_> {
    fn fits(&self, look: &Look) -> bool {
        let asked = look.asked.as_deref().unwrap_or_default();
        self.of.is_none_or(|of| look.path.contains(of) || asked.contains(of))
            && self.by.is_none_or(|by| look.person.as_deref() == Some(by) || look.acts_for == by)
            && self.acts_for.is_none_or(|member| look.acts_for == member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: &str, person: &str, path: &str) -> Look {
        Look {
            at: at.to_owned(),
            person: Some(person.to_owned()),
            acts_for: "alpha".to_owned(),
            seen_as: None,
            path: path.to_owned(),
            asked: None,
            status: 200,
        }
    }

    #[test]
    fn looks_are_told_newest_first_and_months_are_forgotten_whole() {
        let folder = tempfile::tempdir().unwrap();
        let looks = Looks::new(folder.path().join("accesses"));
        assert_eq!(looks.read(&Wanted::default(), 10).unwrap(), (Vec::new(), false));
        let all = [
            look("2026-09-30T23:59:59.000Z", "anna", "/objects/region/a"),
            look("2026-10-01T00:00:00.000Z", "ben", "/objects/region/b"),
            look("2026-10-02T00:00:00.000Z", "anna", "/objects/region/b"),
        ];
        all.iter().for_each(|look| looks.note(look));
        looks.sync().unwrap();
        let paths = |wanted: Wanted<'_>, limit| {
            let (found, more) = looks.read(&wanted, limit).unwrap();
            (found.into_iter().map(|look| look.at[..10].to_owned()).collect::<Vec<_>>(), more)
        };
        let days = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
        assert_eq!(paths(Wanted::default(), 2), (days(&["2026-10-02", "2026-10-01"]), true));
        assert_eq!(paths(Wanted { skip: 2, ..Wanted::default() }, 2), (days(&["2026-09-30"]), false));
        let by = Wanted { by: Some("anna"), ..Wanted::default() };
        assert_eq!(paths(by, 9), (days(&["2026-10-02", "2026-09-30"]), false));
        let of = Wanted { of: Some("region/b"), by: Some("ben"), ..Wanted::default() };
        assert_eq!(paths(of, 9), (days(&["2026-10-01"]), false));
        let other = Wanted { acts_for: Some("beta"), ..Wanted::default() };
        assert_eq!(paths(other, 9), (Vec::new(), false));
        assert_eq!(looks.forget_before(Timestamp::parse("2026-10-15T00:00:00Z").unwrap()).unwrap(), 1);
        assert_eq!(paths(Wanted::default(), 9), (days(&["2026-10-02", "2026-10-01"]), false));
    }
}
