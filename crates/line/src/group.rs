//! A group of jobs: staged, committed in one transaction, published, answered.
//!
//! Where other processes write as well, the transaction begins by locking the lines, and what others appended since is taken in
//! before anything is judged. When the connection is lost at the commit, what happened is found out under the same lock; so
//! nothing is written twice, and what can be tried again is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Backend, BackendError, Batch, ErasedRow, Place};
use crate::following::catch_up;
use crate::merkle::{self, Frontier};
use crate::record::{Draft, LineId, Outcome, Seq};
use crate::store::{LineState, Shared, StorageError};
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
    jobs: Vec<(Vec<Draft>, Answer)>,
}

/// Takes a group of jobs.
pub(crate) fn group(jobs: Vec<Job>, lines: &Lines, shared: &Shared, backend: &mut dyn Backend) {
    let mut of_lines: Vec<ForLine> = Vec::new();
    let mut erasures = Vec::new();
    for job in jobs {
        let Some(state) = lines.get(&job.line) else {
            (job.answer)(Err(StorageError::NoSuchLine { line: job.line }));
            continue;
        };
        if let Task::Erase(records) = job.task {
            erasures.extend(records.into_iter().filter_map(|erase| {
                let Erase { line, seq, body, stub } = erase;
                lines.get(&line).map(|state| ErasedRow { line: state.place(), seq, body, stub })
            }));
        }
        match of_lines.iter_mut().find(|known| known.state.id == job.line) {
            Some(known) => known.jobs.push((job.drafts, job.answer)),
            None => of_lines.push(ForLine { state: Arc::clone(state), jobs: vec![(job.drafts, job.answer)] }),
        }
    }
    let written = write(&of_lines, &erasures, lines, shared, backend);
    let answers = of_lines.into_iter().flat_map(|of_line| of_line.jobs).map(|(_, answer)| answer);
    // Also what others appended may have been taken in, even if nothing was written.
    shared.growth.tell();
    match written {
        Ok(outcomes) => {
            answers.zip(outcomes).for_each(|(answer, outcomes)| answer(Ok(outcomes)));
        }
        Err(error) => answers.for_each(|answer| answer(Err(error.clone()))),
    }
}

/// Writes the group, again as long as that may help; gives the outcomes of the jobs, line by line.
fn write(
    of_lines: &[ForLine],
    erasures: &[ErasedRow],
    lines: &Lines,
    shared: &Shared,
    backend: &mut dyn Backend,
) -> Result<Vec<Vec<Outcome>>, StorageError> {
    let (until, mut pause) = (Instant::now() + PATIENCE, PAUSE);
    loop {
        let outcome = attempt(of_lines, erasures, lines, shared, backend);
        backend.abandon();
        match outcome {
            Err(error) if error.is_passing() && Instant::now() < until => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
            outcome => return outcome.map_err(StorageError::from),
        }
    }
}

fn attempt(
    of_lines: &[ForLine],
    erasures: &[ErasedRow],
    lines: &Lines,
    shared: &Shared,
    backend: &mut dyn Backend,
) -> Result<Vec<Vec<Outcome>>, BackendError> {
    // Nobody takes in from the database what this group appends, until it has published it itself.
    let _alone: Vec<_> = of_lines.iter().map(|of_line| of_line.state.following.lock()).collect();
    let places: Vec<Place> = of_lines.iter().map(|of_line| of_line.state.place()).collect();
    for head in backend.begin(&places)? {
        if let Some(of_line) = of_lines.iter().find(|of_line| of_line.state.id == head.id) {
            catch_up(lines, &of_line.state, &*backend, &head)?;
        }
    }
    let now = (shared.clock)();
    // Catalogues are only read until the commit is done: readers go on meanwhile.
    let guards: Vec<_> = of_lines.iter().map(|of_line| of_line.state.catalogue.read()).collect();
    let (mut outcomes, mut stages) = (Vec::new(), Vec::new());
    for (of_line, guard) in of_lines.iter().zip(&guards) {
        let mut stage = Stage::new(&of_line.state, guard, of_line.state.frontier.lock().clone());
        for (drafts, _) in &of_line.jobs {
            outcomes.push(drafts.iter().map(|draft| stage.offer(Cow::Borrowed(draft), now)).collect());
        }
        stage.announce(now);
        stages.push(stage);
    }
    let mut batch = Batch { erasures, ..Batch::default() };
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
    note_erased(lines, erasures);
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

fn note_erased(lines: &Lines, erasures: &[ErasedRow]) {
    for row in erasures {
        if let Some(state) = lines.get(&row.line.id) {
            state.catalogue.write().note_erased(row.seq);
        }
    }
}
