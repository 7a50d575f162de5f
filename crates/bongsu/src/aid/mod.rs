//! Aid projects, as the files say that the configuration names: read again when they change, and only those that did.

pub(crate) mod files;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use region::aid::iati::Report;
use region::aid::project::{Project, Projects};
use web::page::{AidFile, Gathered, Reading};

/// The most files that are read.
const FILES_MAX: usize = 10_000;
/// The most projects that are kept of one file, and of all, beside those about cyber security.
const OTHERS_MAX: usize = 100_000;
/// How often a long file says in the log how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// By what it is known that a file is another: its length, and when it was changed.
type Stamp = Option<(u64, SystemTime)>;

/// A file as it was read.
struct One {
    stamp: Stamp,
    projects: Projects,
    /// How many there was no room for.
    left_out: usize,
    read: Result<Report, String>,
}

#[derive(Default)]
struct Kept {
    files: BTreeMap<PathBuf, One>,
    gathered: Option<Arc<Gathered>>,
    /// Folders that could not be looked into, which are no files that changed.
    refused: Vec<AidFile>,
}

/// Aid projects of a node.
pub(crate) struct AidBook {
    named: Vec<PathBuf>,
    kept: Mutex<Kept>,
    /// How far the files are while they are read for the first time.
    first: Mutex<Option<Reading>>,
}

/// The first reading, which ends with it.
struct First<'b>(&'b AidBook);

impl Drop for First<'_> {
    fn drop(&mut self) {
        *self.0.first.lock() = None;
    }
}

impl AidBook {
    /// Those of the files and folders that are named. Nothing is read yet.
    pub(crate) fn new(named: Vec<PathBuf>) -> Self {
        Self { named, kept: Mutex::default(), first: Mutex::default() }
    }

    /// Begins to read the files, in a thread of its own: [`Self::gathered`] gives nothing of them until all were read.
    pub(crate) fn begin(self: &Arc<Self>) {
        if self.named.is_empty() {
            return;
        }
        *self.first.lock() = Some(Reading { files: 0, of: 0 });
        let book = Arc::clone(self);
        let begun = std::thread::Builder::new().name("aid".to_owned()).spawn(move || {
            // Whatever ends it, pages are not told for ever that it goes on.
            let book = First(&book);
            let begun = Instant::now();
            let gathered = book.0.now(&mut |files, of| *book.0.first.lock() = Some(Reading { files, of }));
            let (files, activities, seconds) =
                (gathered.files.len(), gathered.seen, begun.elapsed().as_secs());
            tracing::info!(files, activities, seconds, "aid projects were read");
        });
        if let Err(error) = begun {
            *self.first.lock() = None;
            tracing::warn!(%error, "aid projects are read when they are first asked for: there is no thread for them");
        }
    }

    /// The projects as the files have them now; none while they are read for the first time.
    pub(crate) fn gathered(&self) -> Arc<Gathered> {
        if self.first.lock().is_some() {
            return Arc::default();
        }
        self.now(&mut |_, _| {})
    }

    /// The projects as the files have them now; `tell` hears how many files of how many were read.
    fn now(&self, tell: &mut dyn FnMut(usize, usize)) -> Arc<Gathered> {
        let (paths, refused) = self.paths();
        let of = paths.len();
        tell(0, of);
        let mut kept = self.kept.lock();
        let mut is_new = kept.gathered.is_none() || kept.refused != refused;
        let mut before = std::mem::take(&mut kept.files);
        for (at, path) in paths.into_iter().enumerate() {
            let stamp = stamp(&path);
            let one = match before.remove(&path).filter(|one| one.stamp.is_some() && one.stamp == stamp) {
                Some(one) => one,
                None => {
                    is_new = true;
                    read(&path, stamp)
                }
            };
            kept.files.insert(path, one);
            tell(at + 1, of);
        }
        is_new |= !before.is_empty();
        if let Some(gathered) = kept.gathered.as_ref().filter(|_| !is_new) {
            return Arc::clone(gathered);
        }
        let gathered = Arc::new(joined(&kept.files, refused.clone()));
        (kept.gathered, kept.refused) = (Some(Arc::clone(&gathered)), refused);
        gathered
    }

    /// The files that there are now, in the order in which they are named; and what could not be looked into.
    fn paths(&self) -> (Vec<PathBuf>, Vec<AidFile>) {
        let (mut paths, mut refused) = (Vec::new(), Vec::new());
        for named in &self.named {
            if let Err((path, error)) = files::found(named, &mut paths) {
                refused.push(AidFile { name: path.display().to_string(), read: Err(error.to_string()) });
            }
        }
        if paths.len() > FILES_MAX {
            let why = format!("{} files; the first {FILES_MAX} are read", paths.len());
            refused.push(AidFile { name: "region.projects".to_owned(), read: Err(why) });
            paths.truncate(FILES_MAX);
        }
        (paths, refused)
    }
}

fn stamp(path: &std::path::Path) -> Stamp {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

fn read(path: &std::path::Path, stamp: Stamp) -> One {
    let mut projects = Projects::default();
    let others = std::cell::Cell::new(0);
    let keep = |project: &Project| keeps(project, &others);
    let mut said = Instant::now();
    let mut tell = |read: u64, of: u64| {
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            tracing::info!(file = %path.display(), bytes = read, of, "reading aid projects");
        }
    };
    let read = files::read(path, &mut projects, &keep, &mut tell);
    match &read {
        Ok(Report { broken: Some(why), .. }) => {
            tracing::warn!(file = %path.display(), "{} is read up to where it breaks: {why}", path.display());
        }
        Ok(report) if report.faulty > 0 => {
            tracing::warn!(file = %path.display(), faults = report.faulty, "{} has faults", path.display());
        }
        Ok(_) => {}
        Err(why) => tracing::warn!(file = %path.display(), "{} is not read: {why}", path.display()),
    }
    One { stamp, projects, left_out: others.get().saturating_sub(OTHERS_MAX), read }
}

/// Whether a project is kept: all about cyber security, and of the others as many as there is room for.
fn keeps(project: &Project, others: &std::cell::Cell<usize>) -> bool {
    if project.cyber.is_some() {
        return true;
    }
    others.set(others.get() + 1);
    others.get() <= OTHERS_MAX
}

fn joined(files: &BTreeMap<PathBuf, One>, refused: Vec<AidFile>) -> Gathered {
    let mut all = Projects::default();
    let others = std::cell::Cell::new(0);
    let (mut told, mut left_out) = (refused, 0);
    for (path, one) in files {
        left_out += one.left_out;
        all.join(&one.projects, |project| keeps(project, &others));
        told.push(AidFile { name: path.display().to_string(), read: one.read.clone() });
    }
    let (seen, repeated) = (all.seen, all.repeated);
    left_out += others.get().saturating_sub(OTHERS_MAX);
    Gathered { projects: all.by_certainty(), seen, repeated, left_out, files: told }
}

impl web::page::Aid for AidBook {
    fn gathered(&self) -> Arc<Gathered> {
        Self::gathered(self)
    }

    fn is_configured(&self) -> bool {
        !self.named.is_empty()
    }

    fn reading(&self) -> Option<Reading> {
        *self.first.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(identifier: &str, title: &str) -> String {
        format!(
            "<iati-activities version='2.03'><iati-activity><iati-identifier>{identifier}</iati-identifier>\
             <title><narrative>{title}</narrative></title></iati-activity></iati-activities>"
        )
    }

    #[test]
    fn only_what_changed_is_read_again_and_what_breaks_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.xml"), activity("A", "A CSIRT")).unwrap();
        std::fs::write(path("b.xml"), activity("B", "Rural roads")).unwrap();
        let book = AidBook::new(vec![folder.path().to_owned(), path("nowhere")]);
        let first = book.gathered();
        let names = |gathered: &Gathered| {
            gathered.projects.iter().map(|project| project.identifier.clone()).collect::<Vec<_>>()
        };
        assert_eq!((names(&first), first.seen), (vec!["A".to_owned(), "B".to_owned()], 2));
        assert!(first.files.iter().any(|file| file.name.ends_with("nowhere") && file.read.is_err()));
        std::fs::write(path("c.xml"), &activity("C", "Cyber security for schools")[..60]).unwrap();
        std::fs::write(path("b.xml"), activity("B", "Cyber security of rural roads")).unwrap();
        let second = book.gathered();
        assert_eq!(second.projects.iter().filter(|project| project.cyber.is_some()).count(), 2);
        let broken = second.files.iter().find(|file| file.name.ends_with("c.xml")).unwrap();
        assert!(broken.read.as_ref().map_or(true, |report| report.broken.is_some()), "{broken:?}");
        std::fs::remove_file(path("b.xml")).unwrap();
        assert_eq!(names(&book.gathered()), ["A"]);
    }

    #[test]
    fn while_files_are_read_for_the_first_time_nobody_waits_for_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.xml"), activity("A", "A CSIRT")).unwrap();
        // A pipe, at whose other end nobody has written yet: its file is being read until then.
        let pipe = folder.path().join("b.xml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let book = Arc::new(AidBook::new(vec![folder.path().to_owned()]));
        let reading = || web::page::Aid::reading(&*book);
        book.begin();
        while reading() != Some(Reading { files: 1, of: 2 }) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!((book.gathered().seen, book.gathered().projects.len()), (0, 0));
        std::fs::write(&pipe, activity("B", "Rural roads")).unwrap();
        while reading().is_some() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The pipe would be read again, as what has no fixed length; it is not asked.
        assert_eq!(book.kept.lock().gathered.as_ref().map(|gathered| gathered.seen), Some(2));
    }

    #[test]
    fn what_did_not_change_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.xml"), activity("A", "A CSIRT")).unwrap();
        let book = AidBook::new(vec![folder.path().to_owned()]);
        assert!(Arc::ptr_eq(&book.gathered(), &book.gathered()));
    }
}
