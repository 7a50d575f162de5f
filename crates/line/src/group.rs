//! A group of jobs: staged, committed in one transaction, published, answered.
//!
//! Where other processes write as well, the transaction begins by locking the lines, and what others appended since is taken in
//! before anything is judged. When the connection is lost at the commit, what happened is found out under the same lock; so
//! nothing is written twice, and what can be tried again is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Backend, BackendError, Batch, ErasedRow, Place};
use crate::beside::Fence;
use crate::failure::StorageError;
use crate::following::catch_up;
use crate::merkle::{self, Frontier};
use crate::record::{Draft, LineId, Outcome, Seq};
use crate::shared::{LineState, Shared};
use crate::writer::{Answer, Erase, Job, Stage, Task, publish};

/// How long a group is tried again while the database does not answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pauses between the tries: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The lines of a node in memory.
pub(crate) type Lines = HashMap<LineId, Arc<LineState>>;

/// What a group has for one line.
struct ForLine {
    state: Arc<LineState>,
    jobs: Vec<Work>,
}

/// What is to be written of one job, and whom to tell.
struct Work {
    drafts: Vec<Draft>,
    erasures: Vec<ErasedRow>,
    fences: Vec<Fence>,
    answer: Answer,
}

/// What came of one job.
type Done = Result<Vec<Outcome>, StorageError>;

/// Takes a group of jobs. Gives whether what it had to write is durable.
pub(crate) fn group(jobs: Vec<Job>, lines: &Lines, shared: &Shared, backend: &mut dyn Backend) -> bool {
    let mut of_lines: Vec<ForLine> = Vec::new();
    for job in jobs {
        let Job { line, drafts, task, fences, answer } = job;
        let Some(state) = lines.get(&line) else {
            answer(Err(StorageError::NoSuchLine { line }));
            continue;
        };
        let row = |Erase { line, seq, body, stub }| {
            lines.get(&line).map(|state| ErasedRow { line: state.place(), seq, body, stub })
        };
        let erasures = match task {
            Task::Erase(records) => records.into_iter().filter_map(row).collect(),
            Task::Append | Task::Scrub => Vec::new(),
        };
        let work = Work { drafts, erasures, fences, answer };
        match of_lines.iter_mut().find(|known| known.state.id == line) {
            Some(known) => known.jobs.push(work),
            None => of_lines.push(ForLine { state: Arc::clone(state), jobs: vec![work] }),
        }
    }
    let written = write(&of_lines, lines, shared, backend);
    let answers = of_lines.into_iter().flat_map(|of_line| of_line.jobs).map(|work| work.answer);
    // Also what others appended may have been taken in, even if nothing was written.
    shared.growth.tell();
    match written {
        Ok(outcomes) => {
            answers.zip(outcomes).for_each(|(answer, outcome)| answer(outcome));
            true
        }
        Err(error) => {
            answers.for_each(|answer| answer(Err(error.clone())));
            false
        }
    }
}

/// Writes the group, again as long as that may help; gives what came of the jobs, line by line.
fn write(
    of_lines: &[ForLine],
    lines: &Lines,
    shared: &Shared,
    backend: &mut dyn Backend,
) -> Result<Vec<Done>, StorageError> {
    let (until, mut pause) = (Instant::now() + PATIENCE, PAUSE);
    loop {
        let outcome = attempt(of_lines, lines, shared, backend);
        backend.abandon();
        match outcome {
            Err(error) if error.is_passing() && Instant::now() < until => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
            outcome => {
                // Who serves must hear of it also if nobody appends again: its readers could skip what is written there now.
                if let Err(error) = &outcome {
                    shared.note_behind(error);
                }
                return outcome.map_err(StorageError::from);
            }
        }
    }
}

/// The leases that are not held any more as they were when the jobs came.
fn lost(of_lines: &[ForLine], backend: &mut dyn Backend) -> Result<Vec<Fence>, BackendError> {
    let jobs = of_lines.iter().flat_map(|of_line| &of_line.jobs);
    let fences: BTreeSet<&Fence> = jobs.flat_map(|work| &work.fences).collect();
    let fences: Vec<Fence> = fences.into_iter().cloned().collect();
    let held = backend.hold(&fences)?;
    Ok(fences.into_iter().zip(held).filter(|(_, holds)| !holds).map(|(fence, _)| fence).collect())
}

fn attempt(
    of_lines: &[ForLine],
    lines: &Lines,
    shared: &Shared,
    backend: &mut dyn Backend,
) -> Result<Vec<Done>, BackendError> {
    // Nobody takes in from the database what this group appends, until it has published it itself.
    let _alone: Vec<_> = of_lines.iter().map(|of_line| of_line.state.following.lock()).collect();
    let places: Vec<Place> = of_lines.iter().map(|of_line| of_line.state.place()).collect();
    for head in backend.begin(&places)? {
        if let Some(of_line) = of_lines.iter().find(|of_line| of_line.state.id == head.id) {
            catch_up(lines, &of_line.state, &*backend, &head)?;
        }
    }
    let lost = lost(of_lines, backend)?;
    let now = (shared.clock)();
    // Catalogues are only read until the commit is done: readers go on meanwhile.
    let guards: Vec<_> = of_lines.iter().map(|of_line| of_line.state.catalogue.read()).collect();
    let (mut outcomes, mut stages, mut erasures) = (Vec::new(), Vec::new(), Vec::new());
    for (of_line, guard) in of_lines.iter().zip(&guards) {
        let mut stage = Stage::new(&of_line.state, guard, of_line.state.frontier.lock().clone());
        for work in &of_line.jobs {
            if work.fences.iter().any(|fence| lost.contains(fence)) {
                outcomes.push(Err(StorageError::Fenced));
                continue;
            }
            let drafts = work.drafts.iter();
            outcomes.push(Ok(drafts.map(|draft| stage.offer(Cow::Borrowed(draft), now)).collect()));
            erasures.extend(&work.erasures);
        }
        stage.announce(now);
        stages.push(stage);
    }
    let mut batch = Batch { erasures: erasures.clone(), ..Batch::default() };
    stages.iter().filter(|stage| !stage.staged.is_empty()).for_each(|stage| stage.rows(&mut batch));
    if !batch.records.is_empty()
        && let Err(error) = backend.commit(&batch)
    {
        let first =
            stages.iter().zip(&places).find_map(|(stage, place)| Some((*place, stage.staged.first()?)));
        let is_there = match (&error, first) {
            (BackendError::Lost(_), Some((place, staged))) => has(backend, place, staged.seq, staged.leaf())?,
            _ => false,
        };
        if !is_there {
            return Err(error);
        }
    }
    drop(batch);
    let fresh: Vec<(Frontier, _)> = stages.into_iter().map(|stage| (stage.frontier, stage.staged)).collect();
    drop(guards);
    for (of_line, (frontier, staged)) in of_lines.iter().zip(fresh) {
        publish(&of_line.state, frontier, &staged);
    }
    note_erased(lines, &erasures);
    Ok(outcomes)
}

/// Whether a record that was committed when the connection was lost is there. Begins a transaction, so that the one in which it was
/// written has ended, one way or the other.
///
/// # Errors
/// [`BackendError::Unknown`]: trying again could write it twice.
fn has(backend: &mut dyn Backend, place: Place, seq: Seq, leaf: merkle::Hash) -> Result<bool, BackendError> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let mut found = false;
        let looked = backend.begin(&[place]).and_then(|_| {
            backend.scan(place, Seq(seq.0.saturating_sub(1)), seq, &mut |row| found = row.leaf() == leaf)
        });
        backend.abandon();
        match looked {
            Ok(()) => return Ok(found),
            Err(error) if error.is_passing() => std::thread::sleep(PAUSE_MAX),
            Err(_) => break,
        }
    }
    Err(BackendError::Unknown)
}

fn note_erased(lines: &Lines, erasures: &[&ErasedRow]) {
    for row in erasures {
        if let Some(state) = lines.get(&row.line.id) {
            state.catalogue.write().note_erased(row.seq);
        }
    }
}
