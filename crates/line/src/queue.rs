//! What waits for the writer, and the thread that writes.
//!
//! The writer takes all that waits, as one group, so that many appends share one commit. When several appenders are at
//! work, it waits a moment for all of them ([`Pace`]): a commit costs much more than a record in it. A second thread moves the write-ahead log into the file meanwhile; when the log has grown long all the
//! same, the writer itself lets it begin anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::backend::{Batch, Sqlite};
use crate::store::{Shared, StorageError};
use crate::writer::Task;
use crate::writer::{GROUP_RECORDS_MAX, Job, group};

/// Bytes that may wait for the writer; beyond it, appending waits.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a group waits at most for more jobs when several appenders are at work.
const LINGER: Duration = Duration::from_micros(400);
/// After so many groups it is found out anew how many appenders there are.
const GROUPS_PER_COUNT: u32 = 64;
/// Bytes written after which the log is moved into the file.
const MOVE_AFTER_BYTES: u64 = 8 * 1024 * 1024;
/// Pages of the log (of 4 KiB) after which the writer lets it begin anew: 64 MiB. A log that is written over needs no new
/// blocks, so a commit writes its bytes and nothing else.
const LOG_PAGES_MAX: u64 = 16 * 1024;

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    bytes: usize,
    closing: bool,
    /// With how many jobs the writer goes on at once; it is woken before that only for the first.
    enough: usize,
}

/// Jobs that wait for the writer.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// The writer waits here for work.
    work: Condvar,
    /// Appenders wait here for room.
    room: Condvar,
}

impl Queue {
    /// Puts a job in; waits while too much is in already. A job that comes when the store closes is told so.
    pub(crate) fn push(&self, job: Job) {
        let weight = job.weight();
        let mut waiting = self.waiting.lock();
        while waiting.bytes > BYTES_MAX && !waiting.closing {
            self.room.wait(&mut waiting);
        }
        if waiting.closing {
            drop(waiting);
            return (job.answer)(Err(StorageError::Closing));
        }
        waiting.bytes += weight;
        waiting.jobs.push(job);
        let wakes = waiting.jobs.len() == 1 || waiting.jobs.len() == waiting.enough;
        drop(waiting);
        if wakes {
            self.work.notify_one();
        }
    }

    /// Lets nothing more in; what waits is still written.
    pub(crate) fn close(&self) {
        self.waiting.lock().closing = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// The next group of jobs; `None` when the store closes and all is written.
    fn group(&self, pace: &mut Pace) -> Option<Vec<Job>> {
        let mut waiting = self.waiting.lock();
        while waiting.jobs.is_empty() && !waiting.closing {
            self.work.wait(&mut waiting);
        }
        if waiting.jobs.is_empty() {
            return None;
        }
        waiting.enough = pace.enough();
        let until = Instant::now() + LINGER;
        while waiting.jobs.len() < waiting.enough && !waiting.closing {
            if self.work.wait_until(&mut waiting, until).timed_out() {
                break;
            }
        }
        waiting.enough = 0;
        pace.note(waiting.jobs.len());
        let mut records = 0;
        let fits = waiting.jobs.iter().take_while(|job| {
            let first = records == 0;
            records += job.drafts.len();
            first || records <= GROUP_RECORDS_MAX
        });
        let count = fits.count();
        let jobs: Vec<_> = waiting.jobs.drain(..count).collect();
        waiting.bytes -= jobs.iter().map(Job::weight).sum::<usize>();
        drop(waiting);
        self.room.notify_all();
        Some(jobs)
    }
}

/// For how many jobs a group waits: for half of the appenders, so that the other half is served while this one is written.
/// How many there are is counted from time to time, by waiting for whatever comes.
#[derive(Default)]
struct Pace {
    appenders: usize,
    groups: u32,
}

impl Pace {
    fn enough(&mut self) -> usize {
        self.groups = self.groups.wrapping_add(1);
        if self.appenders > 1 && self.groups.is_multiple_of(GROUPS_PER_COUNT) {
            self.appenders = 0;
            return usize::MAX;
        }
        self.appenders.div_ceil(2)
    }

    fn note(&mut self, jobs: usize) {
        self.appenders = self.appenders.max(jobs);
    }
}

/// What the writer and the mover of the log tell each other.
#[derive(Default)]
struct Log {
    /// Bytes written since the log was last moved; `None` when the writer has ended.
    written: Mutex<Option<u64>>,
    grown: Condvar,
    /// Pages in the log when it was last moved.
    pages: AtomicU64,
}

impl Log {
    fn note(&self, bytes: u64) {
        let mut written = self.written.lock();
        let sum = written.unwrap_or_default() + bytes;
        *written = Some(sum);
        drop(written);
        if sum >= MOVE_AFTER_BYTES {
            self.grown.notify_one();
        }
    }

    /// Moves the log whenever it has grown, until the writer ends.
    fn move_until_closed(&self, sqlite: &Sqlite) {
        loop {
            let mut written = self.written.lock();
            while written.is_some_and(|bytes| bytes < MOVE_AFTER_BYTES) {
                self.grown.wait(&mut written);
            }
            if written.is_none() {
                return;
            }
            *written = Some(0);
            drop(written);
            // What can't be moved now stays in the log, where it is as safe; the next turn tries again.
            if let Ok(pages) = sqlite.move_log() {
                self.pages.store(pages, Ordering::Relaxed);
            }
        }
    }
}

/// Writes what comes into the queue until the store closes.
pub(crate) fn write_until_closed(shared: &Shared, mut sqlite: Sqlite) {
    let log = Arc::new(Log::default());
    *log.written.lock() = Some(0);
    let mover = Sqlite::mover(&shared.path).ok().and_then(|mover| {
        let log = Arc::clone(&log);
        let thread = std::thread::Builder::new().name("log-mover".to_owned());
        thread.spawn(move || log.move_until_closed(&mover)).ok()
    });
    let mut pace = Pace::default();
    while let Some(jobs) = shared.queue.group(&mut pace) {
        let lines = shared.lines.read().clone();
        let (scrubs, jobs): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| matches!(job.task, Task::Scrub));
        let bytes: usize = jobs.iter().map(Job::weight).sum();
        let mut commit = |batch: &Batch<'_>| sqlite.commit(batch).map_err(StorageError::from);
        group(jobs, &lines, (shared.clock)(), &mut commit, &shared.growth);
        log.note(bytes as u64);
        if !scrubs.is_empty() {
            let done = sqlite.scrub().map_err(StorageError::from);
            scrubs.into_iter().for_each(|job| (job.answer)(done.clone().map(|()| Vec::new())));
        }
        if log.pages.load(Ordering::Relaxed) > LOG_PAGES_MAX || mover.is_none() {
            // Most of it is moved already. A reader in the way only puts it off until the mover has counted again.
            let _put_off = sqlite.restart_log();
            log.pages.store(0, Ordering::Relaxed);
        }
    }
    *log.written.lock() = None;
    log.grown.notify_all();
    if let Some(mover) = mover {
        // A mover that failed has left everything in the log.
        let _ = mover.join();
    }
    // So that the file alone is the store when nobody has it open.
    let _left_to_the_next = sqlite.empty_log();
}
