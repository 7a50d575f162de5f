//! What waits for the writer, and the thread that writes.
//!
//! The writer takes all that waits, as one group, so that many appends share one commit. When several appenders are at
//! work, it waits a moment for all of them ([`Pace`]): a commit costs much more than a record in it.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::backend::Backend;
use crate::group::group;
use crate::store::{Shared, StorageError};
use crate::writer::{GROUP_RECORDS_MAX, Job, Task};

/// Bytes that may wait for the writer; beyond it, appending waits.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a group waits at most for more jobs when several appenders are at work.
const LINGER: Duration = Duration::from_micros(400);
/// After so many groups it is found out anew how many appenders there are.
const GROUPS_PER_COUNT: u32 = 64;
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

    /// Whether the store is closing.
    pub(crate) fn is_closing(&self) -> bool {
        self.waiting.lock().closing
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

/// Writes what comes into the queue until the store closes.
pub(crate) fn write_until_closed(shared: &Shared, mut backend: Box<dyn Backend>) {
    let mut pace = Pace::default();
    while let Some(jobs) = shared.queue.group(&mut pace) {
        let lines = shared.lines.read().clone();
        let (scrubs, jobs): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| matches!(job.task, Task::Scrub));
        group(jobs, &lines, shared, &mut *backend);
        if !scrubs.is_empty() {
            let done = backend.scrub().map_err(StorageError::from);
            scrubs.into_iter().for_each(|job| (job.answer)(done.clone().map(|()| Vec::new())));
        }
        backend.settle();
    }
}
