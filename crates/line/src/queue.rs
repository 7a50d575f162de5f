//! What waits for the writer, and the thread that writes.
//!
//! What waits is bounded: beyond it, who appends is refused, at once or after a while, so that a disk or a database that is slower
//! than those who bring costs no memory. The writer takes all that waits, as one group, so that many appends share one commit. When several appenders are at
//! work, it waits a moment for all of them ([`Pace`]): a commit costs much more than a record in it.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::backend::Backend;
use crate::failure::StorageError;
use crate::group::group;
use crate::shared::Shared;
use crate::watching::Group;
use crate::writer::{GROUP_RECORDS_MAX, Job, Task};

/// Bytes that may wait for the writer, unless something else is said.
pub(crate) const BYTES_MAX: usize = 256 * 1024 * 1024;
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
pub(crate) struct Queue {
    /// Bytes that may wait; beyond it, nothing more is let in.
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    /// The writer waits here for work.
    work: Condvar,
    /// Appenders wait here for room.
    room: Condvar,
}

impl Queue {
    /// Nothing waits, and at most `bytes_max` may.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, waiting: Mutex::default(), work: Condvar::new(), room: Condvar::new() }
    }

    /// Puts a job in; while too much is in already, waits for as long as `patience`, and then refuses it. A job that comes when the
    /// store closes is told so. Gives whether it was let in.
    pub(crate) fn push(&self, job: Job, patience: Duration) -> bool {
        let weight = job.weight();
        let waiting = self.with_room(patience);
        let refused = match () {
            () if waiting.closing => Some(StorageError::Closing),
            () if waiting.bytes > self.bytes_max => Some(StorageError::Busy),
            () => None,
        };
        if let Some(error) = refused {
            drop(waiting);
            (job.answer)(Err(error));
            return false;
        }
        self.let_in(waiting, job, weight);
        true
    }

    /// Puts a job in however much waits: one that belongs to what was let in just now. One that comes when the store closes is told so.
    pub(crate) fn push_beside(&self, job: Job) {
        let weight = job.weight();
        let waiting = self.waiting.lock();
        if waiting.closing {
            drop(waiting);
            return (job.answer)(Err(StorageError::Closing));
        }
        self.let_in(waiting, job, weight);
    }

    fn let_in(&self, mut waiting: MutexGuard<'_, Waiting>, job: Job, weight: usize) {
        waiting.bytes += weight;
        waiting.jobs.push(job);
        let wakes = waiting.jobs.len() == 1 || waiting.jobs.len() == waiting.enough;
        drop(waiting);
        if wakes {
            self.work.notify_one();
        }
    }

    /// Waits until something more is let in, at most for `patience`.
    pub(crate) fn wait_for_room(&self, patience: Duration) {
        drop(self.with_room(patience));
    }

    /// As [`Queue::wait_for_room`]; nothing is let in while what this gives lives.
    fn with_room(&self, patience: Duration) -> MutexGuard<'_, Waiting> {
        let until = Instant::now() + patience;
        let mut waiting = self.waiting.lock();
        while waiting.bytes > self.bytes_max && !waiting.closing {
            if self.room.wait_until(&mut waiting, until).timed_out() {
                break;
            }
        }
        waiting
    }

    /// How many jobs wait, and how many bytes they hold.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let waiting = self.waiting.lock();
        (waiting.jobs.len(), waiting.bytes)
    }

    /// How many bytes may wait.
    pub(crate) const fn bytes_max(&self) -> usize {
        self.bytes_max
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
        let group_of = |job: &Job| (1, job.drafts.len(), job.weight());
        let sum = |a: (usize, usize, usize), b: (usize, usize, usize)| (a.0 + b.0, a.1 + b.1, a.2 + b.2);
        let (appends, drafts, bytes) = jobs.iter().map(group_of).fold((0, 0, 0), sum);
        let began = Instant::now();
        let written = group(jobs, &lines, shared, &mut *backend);
        if let (Some(on), 1..) = (&shared.on_group, appends) {
            on.tell(&Group { appends, drafts, bytes, took: began.elapsed(), written });
        }
        if !scrubs.is_empty() {
            let done = backend.scrub().map_err(StorageError::from);
            scrubs.into_iter().for_each(|job| (job.answer)(done.clone().map(|()| Vec::new())));
        }
        backend.settle();
    }
}
