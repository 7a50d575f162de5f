//! A folder of copies: a whole one, and after it what came since, each in a file named by its time.
//!
//! A file appears under its name when it is whole and on the disk. The newest whole copy and all after it belong together; older
//! ones are kept until somebody removes them. One process at a time adds to a folder.

use crate::exit::Failure;
use crate::node::Node;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How the names of whole copies end, and those of copies of what came since.
const WHOLE: &str = "-whole.sqlite";
const SINCE: &str = "-since.sqlite";
/// The folder in a series for what is no part of the store, as it stands.
pub(super) const BESIDE: &str = "beside";
/// A file that is being written.
const PART: &str = "writing.part";
/// The file that whoever adds a copy has locked: what is being written has one name.
const LOCK: &str = "series.lock";

/// What was added to a series.
pub(super) struct Added {
    pub(super) path: PathBuf,
    /// What of it is new; `None` of a whole copy.
    pub(super) since: Option<line::Since>,
}

/// The newest whole copy in a folder and those of what came since, in their order; none, if there is no whole one.
///
/// # Errors
/// When the folder can't be read.
pub(super) fn chain(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} can't be read: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(
            name.to_str().filter(|name| name.ends_with(WHOLE) || name.ends_with(SINCE)).map(str::to_owned),
        );
    }
    // Names begin with their times.
    names.sort();
    let first = names.iter().rposition(|name| name.ends_with(WHOLE)).unwrap_or(names.len());
    Ok(names.split_off(first).into_iter().map(|name| folder.join(name)).collect())
}

/// A folder to which this process alone adds copies, as long as this is kept.
#[derive(Debug)]
pub(super) struct Adding<'a> {
    folder: &'a Path,
    _locked: File,
}

/// Makes the folder, if it is not there, and keeps others from adding to it: what they write would get the name of what is whole.
///
/// # Errors
/// When another process adds to it, or it can't be made or locked.
pub(super) fn open(folder: &Path) -> Result<Adding<'_>, Failure> {
    DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join(LOCK);
    let locked = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    let locked = locked.map_err(|error| failed(folder, &error))?;
    match locked.try_lock() {
        Ok(()) => Ok(Adding { folder, _locked: locked }),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(format!("another backup to {} is under way", folder.display()))
                .hint("nothing was changed: run it again when the other is through"))
        }
        Err(TryLockError::Error(error)) => Err(failed(folder, &error)),
    }
}

fn failed(folder: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("the backup to {} failed: {error}", folder.display()))
        .hint("is there room on the disk? with --full, a new series begins")
}

/// Adds a copy to a series.
///
/// # Errors
/// When it can't be written.
pub(super) fn add(node: &Node, adding: &Adding<'_>, full: bool) -> Result<Added, Failure> {
    let folder = adding.folder;
    let failed = |error: &dyn std::fmt::Display| failed(folder, error);
    let chain = chain(folder)?;
    let newest = chain.last();
    let last = newest.filter(|_| !full);
    let part = folder.join(PART);
    // Left by one that was ended.
    for name in [PART.to_owned(), format!("{PART}-wal"), format!("{PART}-shm"), format!("{PART}-journal")] {
        let _not_there = std::fs::remove_file(folder.join(name));
    }
    let store = node.gate.store();
    let since = match last {
        None => store.backup(&part).map(|()| None),
        Some(last) => store.backup_since(last, &part).map(Some),
    };
    let since = since.map_err(|error| failed(&error))?;
    let time: String = node.now().to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let mut path = folder.join(format!("{time}{}", if since.is_some() { SINCE } else { WHOLE }));
    // A clock that was set back must not put it before what it goes on from.
    if let Some(newest) = newest.filter(|newest| **newest >= path) {
        let name = newest.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let time = name.trim_end_matches(WHOLE).trim_end_matches(SINCE);
        // Sorts behind it: `_` comes after `-`.
        path = folder.join(format!("{time}_{}", if since.is_some() { SINCE } else { WHOLE }));
    }
    std::fs::rename(&part, &path).map_err(|error| failed(&error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))?;
    Ok(Added { path, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both wrote into one file, and the first that was through gave it the name of a whole copy while the other still wrote.
    #[test]
    fn a_second_backup_into_a_series_is_refused_while_the_first_is_under_way() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("series");
        let first = open(&folder).unwrap();
        let said = open(&folder).unwrap_err();
        assert!(said.message.contains("under way"), "{said}");
        drop(first);
        drop(open(&folder).unwrap());
        assert!(chain(&folder).unwrap().is_empty(), "what is locked is no copy");
    }
}
