//! By what the node's values are judged, out of its configuration and the files that this names.
//!
//! Files are read at the start and again when they change. What is wrong in one list is said and the others are kept; once a
//! node serves, a list that it had read and can't read any more leaves all as it was: a broken file must not unblock the guard.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use deliver::Basis;
use watch::Lists;
use watch::guard::{MODEL_BYTES_MAX, Models, from_misp};

use crate::config::Guard;
use crate::exit::Failure;

/// Most bytes of a warning list's file.
const LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What was read.
pub(crate) struct Read {
    /// What it comes to.
    pub basis: Basis,
    /// Files of lists that could not be used.
    pub bad: BTreeSet<PathBuf>,
}

/// Reads all that the configuration names.
///
/// # Errors
/// When the folder of lists or a model can't be read.
pub(crate) fn read(config: &Guard) -> Result<Read, Failure> {
    let (models, step_limit) = (Arc::new(models(config)?), config.step_limit());
    let mut bad = BTreeSet::new();
    let off: Vec<String> = config.off.iter().map(|off| off.list.clone()).collect();
    if config.lists.is_none() && off.is_empty() {
        return Ok(Read { basis: Basis { lists: None, models, step_limit }, bad });
    }
    let mut texts = Vec::new();
    for path in config.lists.as_deref().map(files).transpose()?.unwrap_or_default() {
        match list(&path) {
            Ok(text) => texts.push(text),
            Err(why) => {
                tracing::error!(file = %path.display(), why, "a warning list is left out, the others count");
                bad.insert(path);
            }
        }
    }
    let (lists, findings) = Lists::without(&texts, &off);
    for finding in findings {
        tracing::warn!(%finding, "a warning list was not read whole");
    }
    for off in &config.off {
        tracing::info!(list = off.list, reason = off.reason, "a warning list is switched off");
    }
    Ok(Read { basis: Basis { lists: Some(Arc::new(lists)), models, step_limit }, bad })
}

fn list(path: &Path) -> Result<String, String> {
    let said = |error: std::io::Error| error.to_string();
    let size_bytes = std::fs::metadata(path).map_err(said)?.len();
    if size_bytes > LIST_BYTES_MAX {
        return Err(format!("it has {size_bytes} bytes; {LIST_BYTES_MAX} are read"));
    }
    let text = std::fs::read_to_string(path).map_err(said)?;
    Lists::check(&text, &path.display().to_string()).map_err(|finding| finding.to_string())?;
    Ok(text)
}

/// The files of lists in a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("the warning lists in {} can't be read: {error}", folder.display()))
            .hint("guard.lists names a folder with JSON files in the MISP warning-list form")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn models(config: &Guard) -> Result<Models, Failure> {
    let mut models = Models::default();
    for (kind, decay) in config.kinds() {
        let wrong = |what: &dyn std::fmt::Display| Failure::usage(format!("guard.decay.{kind}: {what}"));
        let (name, decay) = match &decay.model {
            None => ("configured".to_owned(), decay.over(kind)),
            Some(path) => {
                let said =
                    |what: &dyn std::fmt::Display| wrong(&format!("the model {}: {what}", path.display()));
                let size_bytes = std::fs::metadata(path).map_err(|error| said(&error))?.len();
                if size_bytes > MODEL_BYTES_MAX as u64 {
                    return Err(said(&format!("it has {size_bytes} bytes; {MODEL_BYTES_MAX} are read")));
                }
                let text = std::fs::read_to_string(path).map_err(|error| said(&error))?;
                from_misp(&text).map_err(|error| said(&error))?
            }
        };
        models.set(kind, &name, decay).map_err(|error| wrong(&error))?;
    }
    Ok(models)
}

/// What tells whether the files have changed: their names, sizes and times.
pub(crate) fn state(config: &Guard) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let mut paths = config.lists.as_deref().and_then(|folder| files(folder).ok()).unwrap_or_default();
    paths.extend(config.kinds().filter_map(|(_, decay)| decay.model.clone()));
    let look = |path: PathBuf| {
        let found = std::fs::metadata(&path).ok();
        let size_bytes = found.as_ref().map_or(0, std::fs::Metadata::len);
        (path, size_bytes, found.and_then(|found| found.modified().ok()))
    };
    paths.into_iter().map(look).collect()
}
