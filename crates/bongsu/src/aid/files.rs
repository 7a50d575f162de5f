//! Files by the IATI standard: which there are in a folder, and reading one.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use region::aid::iati;
use region::aid::iati::{Item, Report};
use region::aid::project::{Project, Projects};

use crate::answer::Counted;

/// How many activities are read between two words on how far it is.
const EVERY: u64 = 512;
/// How deep folders are looked through.
const DEPTH_MAX: usize = 8;

/// The files of a folder that look like XML, or the file itself.
///
/// # Errors
/// The folder that can't be read, and why.
pub(crate) fn found(path: &Path, paths: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    within(path, 0, paths)
}

fn within(path: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    if !path.is_dir() {
        paths.push(path.to_owned());
        return Ok(());
    }
    let failed = |error: std::io::Error| (path.to_owned(), error);
    let mut inside: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        inside.push(entry.map_err(failed)?.path());
    }
    inside.sort();
    for path in inside {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_dir() {
            if depth < DEPTH_MAX {
                within(&path, depth + 1, paths)?;
            }
        } else if name.ends_with(".xml") || name.ends_with(".xml.gz") {
            paths.push(path);
        }
    }
    Ok(())
}

/// A file that is read, unpacked where it is packed.
pub(crate) struct Opened {
    source: Box<dyn Read>,
    read: Arc<AtomicU64>,
    total: u64,
}

impl Opened {
    /// Opens it.
    ///
    /// # Errors
    /// Why it can't be.
    pub(crate) fn new(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let total = file.metadata().map_or(0, |about| about.len());
        let read = Arc::new(AtomicU64::new(0));
        let mut file = BufReader::with_capacity(1 << 18, Counted::new(file, Arc::clone(&read)));
        let is_packed = file.fill_buf().map_err(|error| error.to_string())?.starts_with(&[0x1f, 0x8b]);
        let source: Box<dyn Read> =
            if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { source, read, total })
    }

    /// Its source, and what is to be called for each activity: `tell` hears now and then how many bytes of how many were read.
    pub(crate) fn telling(self, tell: &mut dyn FnMut(u64, u64)) -> (Box<dyn Read>, impl FnMut()) {
        let Self { source, read, total } = self;
        let mut seen = 0;
        let told = move || {
            seen += 1;
            if seen % EVERY == 0 {
                tell(read.load(Ordering::Relaxed), total);
            }
        };
        (source, told)
    }
}

/// Reads a file into projects, packed or not. Projects are kept if `keep` says so; `tell` hears now and then how many bytes of how many
/// were read.
///
/// # Errors
/// Why it can't be read at all. What is wrong inside is in the report.
pub(crate) fn read(
    path: &Path,
    projects: &mut Projects,
    keep: &dyn Fn(&Project) -> bool,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Report, String> {
    let (source, mut seen) = Opened::new(path)?.telling(tell);
    let told = iati::read(source, &mut |item| {
        if let Item::Activity(activity) = item {
            projects.take(&activity, keep);
        }
        seen();
    });
    told.map_err(|error| error.to_string())
}
