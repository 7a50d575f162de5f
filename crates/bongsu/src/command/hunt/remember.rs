//! The record of what was seen: opened, added to while logs are read, made small at the end.
//!
//! What is added is added at the end of the file and is on the disk before it is forgotten here; making it small writes another file,
//! which then takes its place. One hunt at a time writes a record.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::exit::Failure;
use parking_lot::Mutex;
use stix::Timestamp;
use watch::memory::{
    Day, Gathering, HEADER_BYTES, Key, Part, RUN_HEADER_BYTES, RUN_VALUES_MAX, Run, RunHead, head, key_of,
    merged, run_head, values_of,
};

use crate::answer::counted;
use crate::terminal::Terminal;

/// Values that all threads together hold in memory before they are written: some 80 MB.
const HELD_MAX: usize = 2 << 20;
/// How long something is held while a log is followed.
const HELD_FOR: Duration = Duration::from_secs(60);
/// Runs of one day that are merged at a time, and runs of a record from which on it is made small whatever that brings.
const MERGED_MAX: usize = 512;
const RUNS_MAX: usize = 4_096;
/// Bytes that are read of a run at a time, while it is merged.
const MERGE_BYTES: usize = 16 << 10;

/// A record that is written.
pub(super) struct Remembering {
    path: PathBuf,
    file: Mutex<File>,
    key: Key,
    now: Timestamp,
    oldest: Day,
    /// Values that one thread holds.
    held_max: usize,
    undated: AtomicU64,
    /// What threads hold.
    held: Mutex<Vec<Arc<Mutex<Held>>>>,
    failed: Mutex<Option<Arc<io::Error>>>,
}

impl Remembering {
    /// Opens a record, or begins one. What is in it that is not whole is put aside, and told.
    ///
    /// # Errors
    /// When it can't be read or written, is something else, or another hunt writes it.
    pub(super) fn open(
        path: &Path,
        keep: u16,
        jobs: usize,
        now: Timestamp,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(format!("{} can't be used: {error}", path.display()));
        let file = locked(path)?;
        let key = match file.metadata().map_err(failed)?.len() {
            0 => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error)))?;
                let key = Key::new(bytes);
                file.write_all_at(&head(&key), 0).and_then(|()| file.sync_all()).map_err(failed)?;
                key
            }
            _ => key_in(&file, path)?,
        };
        let (runs, whole) = index(&file).map_err(failed)?;
        let file = match file.metadata().map_err(failed)?.len() {
            length if length > whole => {
                let (file, aside) = without_rest(path, &file, whole).map_err(failed)?;
                terminal.note(&format!(
                    "{} is whole up to byte {whole} of {length}, with {}; it goes on from there, and as it was it is in {}.",
                    path.display(),
                    counted(runs.len() as u64, "run"),
                    aside.display()
                ));
                file
            }
            _ => file,
        };
        let oldest = Day(Day::of(now).0.saturating_sub(i32::from(keep)));
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            key,
            now,
            oldest,
            held_max: (HELD_MAX / jobs.max(1)).max(1_000),
            undated: AtomicU64::new(0),
            held: Mutex::default(),
            failed: Mutex::default(),
        })
    }

    /// What one thread gathers with.
    pub(super) fn gatherer(&self) -> Gatherer<'_> {
        let gathering = Gathering::new(self.key.clone(), self.now, self.oldest);
        let held = Arc::new(Mutex::new(Held { gathering, written: Instant::now() }));
        self.held.lock().push(Arc::clone(&held));
        Gatherer { record: self, held }
    }

    /// Writes what has been held for long: where nothing comes any more, no thread does. Gives what went wrong first, once.
    pub(super) fn look(&self, told: &mut bool) -> Option<Failure> {
        let all = self.held.lock().clone();
        for held in all {
            let mut held = held.lock();
            if held.written.elapsed() > HELD_FOR {
                self.write(&mut held);
            }
        }
        let error = self.failed.lock().clone().filter(|_| !*told)?;
        *told = true;
        Some(self.unwritten(&error))
    }

    fn unwritten(&self, error: &io::Error) -> Failure {
        Failure::new(format!("{} can't be written: {error}", self.path.display()))
            .hint("what was seen meanwhile is not in it; make room, and hunt through these logs again")
    }

    fn write(&self, held: &mut Held) {
        held.written = Instant::now();
        let runs = held.gathering.runs();
        if !runs.is_empty() {
            self.append(&runs);
        }
    }

    /// Adds runs at the end, all or none: what breaks off in the middle would hide what comes after it.
    fn append(&self, runs: &[Run]) {
        let mut file = self.file.lock();
        let written = file.seek(SeekFrom::End(0)).and_then(|end| {
            let written = runs.iter().try_for_each(|run| file.write_all(&run.written()));
            let written = written.and_then(|()| file.sync_data());
            written.or_else(|error| file.set_len(end).and(Err(error)))
        });
        if let Err(error) = written {
            self.failed.lock().get_or_insert_with(|| Arc::new(error));
        }
    }

    /// Makes the record small, and says what is in it.
    ///
    /// # Errors
    /// When something could not be written.
    pub(super) fn close(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::new(format!("{} can't be written: {error}", self.path.display()));
        if let Some(error) = self.failed.lock().take() {
            return Err(self.unwritten(&error));
        }
        let file = self.file.into_inner();
        let (runs, whole) = index(&file).map_err(failed)?;
        let is_old = |place: &&Place| place.head.day < self.oldest;
        let groups = grouped(runs.iter().filter(|place| !is_old(place)));
        let many = groups.values().filter(|places| can_be_merged(places)).flatten();
        let in_vain: u64 = runs.iter().filter(is_old).chain(many.copied()).map(Place::bytes).sum();
        let mut bytes = whole;
        if in_vain * 4 > whole || (in_vain > 0 && runs.len() > RUNS_MAX) {
            bytes = smaller(&self.path, &file, &self.key, &groups).map_err(failed)?;
        }
        let values: usize = groups.values().flatten().map(|place| place.head.count).sum();
        let days: std::collections::BTreeSet<Day> = groups.keys().map(|(day, _)| *day).collect();
        let undated = match self.undated.load(Ordering::Relaxed) {
            0 => String::new(),
            lines => {
                format!(" {} had no date that can be believed and count for today.", counted(lines, "line"))
            }
        };
        terminal.note(&format!(
            "{} has {} of {}, {:.1} MB.{undated}",
            self.path.display(),
            counted(values as u64, "value"),
            counted(days.len() as u64, "day"),
            bytes as f64 / 1e6
        ));
        Ok(())
    }
}

/// What was seen and is not written yet.
struct Held {
    gathering: Gathering,
    written: Instant,
}

/// What one thread has seen and not written yet; written when it goes.
pub(super) struct Gatherer<'a> {
    record: &'a Remembering,
    held: Arc<Mutex<Held>>,
}

impl Gatherer<'_> {
    /// Takes in whole lines.
    pub(super) fn take(&self, text: &[u8]) {
        let mut held = self.held.lock();
        held.gathering.take(text);
        if held.gathering.held() > self.record.held_max || held.written.elapsed() > HELD_FOR {
            self.record.write(&mut held);
        }
    }
}

impl Drop for Gatherer<'_> {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        self.record.write(&mut held);
        self.record.undated.fetch_add(held.gathering.undated(), Ordering::Relaxed);
    }
}

/// A run, and where it begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    head: RunHead,
    at: u64,
}

impl Place {
    const fn bytes(&self) -> u64 {
        (RUN_HEADER_BYTES + self.head.bytes) as u64
    }
}

type Groups<'a> = BTreeMap<(Day, Part), Vec<&'a Place>>;

fn grouped<'a>(places: impl Iterator<Item = &'a Place>) -> Groups<'a> {
    let mut groups = Groups::new();
    for place in places {
        groups.entry((place.head.day, place.head.part)).or_default().push(place);
    }
    groups
}

/// Whether merged runs would be fewer.
fn can_be_merged(places: &[&Place]) -> bool {
    let values: usize = places.iter().map(|place| place.head.count).sum();
    places.len() > values.div_ceil(RUN_VALUES_MAX).max(1)
}

/// The file of a record, which no other hunt writes now.
fn locked(path: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::new(format!("{} can't be used: {error}", path.display()));
    // What lies under the name may have been replaced between opening and locking.
    for _ in 0..10 {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!("another hunt writes {} now", path.display())).hint(
                    "wait until it has ended, or name another file: several can be looked in at once",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let (here, there) = (file.metadata().map_err(failed)?, std::fs::metadata(path).map_err(failed)?);
        if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
    Err(failed(io::Error::other("it is replaced again and again")))
}

/// The key of a record.
///
/// # Errors
/// When it is something else.
pub(super) fn key_in(file: &File, path: &Path) -> Result<Key, Failure> {
    let mut start = Vec::new();
    let read = (Section { file, at: 0, left: HEADER_BYTES }).read_to_end(&mut start);
    read.map_err(|error| Failure::new(format!("{} can't be read: {error}", path.display())))?;
    key_of(&start).ok_or_else(|| {
        Failure::new(format!("{} is no record of what was seen", path.display()))
            .hint("`bongsu hunt --remember FILE` makes one; it is left as it is")
    })
}

/// The runs of a record by their heads, and where the last whole one ends.
fn index(file: &File) -> io::Result<(Vec<Place>, u64)> {
    let length = file.metadata()?.len();
    let (mut places, mut at) = (Vec::new(), HEADER_BYTES as u64);
    while at < length {
        let mut written = Vec::new();
        (Section { file, at, left: RUN_HEADER_BYTES }).read_to_end(&mut written)?;
        let Some(place) = run_head(&written).map(|head| Place { head, at }) else { break };
        if at + place.bytes() > length {
            break;
        }
        at += place.bytes();
        places.push(place);
    }
    Ok((places, at))
}

/// Puts a record aside and goes on with its first `whole` bytes.
fn without_rest(path: &Path, file: &File, whole: u64) -> io::Result<(File, PathBuf)> {
    let new = beside(path)?;
    let mut to = new.as_file();
    io::copy(&mut Section { file, at: 0, left: usize::try_from(whole).unwrap_or(usize::MAX) }, &mut to)?;
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    let aside = PathBuf::from(aside);
    std::fs::rename(path, &aside)?;
    let file = in_place(new, path)?;
    file.try_lock().map_err(io::Error::from)?;
    Ok((file, aside))
}

/// Writes the record anew, without days that are too old and with the runs of each day merged; gives its length.
fn smaller(path: &Path, file: &File, key: &Key, groups: &Groups<'_>) -> io::Result<u64> {
    let new = beside(path)?;
    let mut to = BufWriter::with_capacity(1 << 20, new.as_file());
    to.write_all(&head(key))?;
    for ((day, part), places) in groups {
        for places in places.chunks(MERGED_MAX) {
            let at = to.stream_position()?;
            let is_merged = can_be_merged(places) && merge(file, *day, *part, places, &mut to).is_ok();
            if !is_merged {
                // What can't be merged, because it was changed, stays as it is.
                to.seek(SeekFrom::Start(at))?;
                to.get_ref().set_len(at)?;
                for place in places {
                    let left = RUN_HEADER_BYTES + place.head.bytes;
                    io::copy(&mut Section { file, at: place.at, left }, &mut to)?;
                }
            }
        }
    }
    let length = to.stream_position()?;
    to.into_inner().map_err(io::IntoInnerError::into_error)?;
    in_place(new, path)?;
    Ok(length)
}

fn merge(file: &File, day: Day, part: Part, places: &[&Place], to: &mut BufWriter<&File>) -> io::Result<()> {
    let runs = places.iter().map(|place| {
        let section = Section { file, at: place.at + RUN_HEADER_BYTES as u64, left: place.head.bytes };
        values_of(&place.head, BufReader::with_capacity(MERGE_BYTES, section))
    });
    let mut values = Vec::new();
    merged(runs.collect(), |value| {
        values.push(value);
        if values.len() == RUN_VALUES_MAX {
            to.write_all(&Run::of(day, part, values.drain(..)).written())?;
        }
        Ok(())
    })?;
    if !values.is_empty() {
        to.write_all(&Run::of(day, part, values).written())?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file beside the record, for its owner alone.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(".bongsu-seen").tempfile_in(folder(path))
}

/// Puts a new file in the record's place, durably.
fn in_place(new: tempfile::NamedTempFile, path: &Path) -> io::Result<File> {
    new.as_file().sync_all()?;
    let file = new.persist(path).map_err(|error| error.error)?;
    File::open(folder(path))?.sync_all()?;
    Ok(file)
}

/// A part of a file.
struct Section<'f> {
    file: &'f File,
    at: u64,
    left: usize,
}

impl Read for Section<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let wanted = to.len().min(self.left);
        let read = self.file.read_at(&mut to[..wanted], self.at)?;
        self.at += read as u64;
        self.left -= read;
        Ok(read)
    }
}
