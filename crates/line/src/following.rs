//! Taking in what other processes appended to the same lines.
//!
//! A thread waits until the database tells that lines have grown, and looks from time to time even if it tells nothing. The writer
//! does the same for the lines that it is about to append to. What is read is checked against the line's root as it is stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::backend::{Backend, BackendError, HeadRow, Role};
use crate::group::Lines;
use crate::record::LineId;
use crate::shared::{LineState, Shared};
use crate::steps::in_steps;
use crate::writer::{Prepared, prepare};

/// Records taken in at a time.
const STEP: usize = 2_048;
/// How long it is waited for a word of the database before lines are looked at all the same.
const LOOK_AFTER: Duration = Duration::from_millis(500);

/// Brings a line in memory up to the head that was read of it. `state.following` is held by the caller. Gives whether there was
/// anything new.
pub(crate) fn catch_up(
    lines: &Lines,
    state: &LineState,
    backend: &dyn Backend,
    head: &HeadRow,
) -> Result<bool, BackendError> {
    let changed = |what: String| changed(state.id, what);
    let known = state.frontier.lock().size();
    if head.size < known {
        return Err(shorter(state.id, head.size, known));
    }
    let mut said = Vec::new();
    in_steps(backend, state.place(), (known, head.size), STEP, &mut |rows| {
        let prepared: Vec<Prepared> = rows.into_par_iter().map(prepare).collect();
        let mut catalogue = state.catalogue.write();
        let mut frontier = state.frontier.lock();
        for mut record in prepared {
            let (number, before) = (record.seq.0, frontier.size());
            if number != before + 1 {
                return Err(changed(format!("records behind {before} are missing")));
            }
            if record.added <= catalogue.head_added() && before > 0 {
                return Err(changed(format!("record {number} is not later than the one before it")));
            }
            said.append(&mut record.said);
            record
                .apply(&mut catalogue, &mut frontier)
                .map_err(|error| changed(format!("record {number}: {error}")))?;
        }
        Ok(())
    })?;
    let read = state.frontier.lock().size();
    if read != head.size {
        return Err(changed(format!("records behind {read} are missing")));
    }
    if state.frontier.lock().root() != head.root {
        return Err(changed("its records do not give its root".to_owned()));
    }
    for erased in said {
        // What is not here yet comes erased.
        if let Some(other) = lines.get(&erased.line) {
            let mut catalogue = other.catalogue.write();
            if catalogue.head() >= erased.seq {
                catalogue.note_erased(erased.seq);
            }
        }
    }
    Ok(head.size > known)
}

/// Takes in what others append until the store closes.
pub(crate) fn follow_until_closed(shared: &Shared) {
    let mut backend = None;
    while !shared.is_closing() {
        let mut open = || shared.storage.open(Role::Reader);
        let one = match backend.take().map_or_else(&mut open, Ok) {
            Ok(one) => one,
            Err(_unreachable_yet) => {
                std::thread::sleep(LOOK_AFTER);
                continue;
            }
        };
        // What fails is tried again with the next look; who asks meanwhile is answered from what is here.
        match one.wait(LOOK_AFTER).and_then(|()| follow(shared, &*one)) {
            Ok(()) => {
                backend = Some(one);
                *shared.behind.lock() = None;
            }
            Err(error) => {
                shared.note_behind(&error);
                std::thread::sleep(LOOK_AFTER);
            }
        }
    }
}

fn follow(shared: &Shared, backend: &dyn Backend) -> Result<(), BackendError> {
    let lines = shared.lines.read().clone();
    // What is known before the heads are read is on the disk by then: no head that is read now has less of it, however quick the
    // writer is meanwhile.
    let size = |(id, state): (LineId, Arc<LineState>)| (id, state.frontier.lock().size());
    let mut known: HashMap<LineId, u64> = lines.into_iter().map(size).collect();
    let mut grew = false;
    for head in backend.heads()? {
        let state = shared.line_of(head.id);
        let known = known.remove(&head.id).unwrap_or_default();
        if head.size < known {
            return Err(shorter(head.id, head.size, known));
        }
        if !is_behind(&state, &head)? {
            continue;
        }
        let lines: HashMap<LineId, Arc<LineState>> = shared.lines.read().clone();
        let _alone = state.following.lock();
        // The writer may have been quicker, and is then ahead of this head.
        if is_behind(&state, &head)? {
            grew |= catch_up(&lines, &state, backend, &head)?;
        }
    }
    if let Some((line, known)) = known.into_iter().find(|(_, known)| *known > 0) {
        return Err(shorter(line, 0, known));
    }
    if grew {
        shared.growth.tell();
    }
    Ok(())
}

/// Whether a line in memory lacks something of a head that was read of it.
///
/// # Errors
/// When it has as much, and it is something else.
fn is_behind(state: &LineState, head: &HeadRow) -> Result<bool, BackendError> {
    let frontier = state.frontier.lock();
    if frontier.size() == head.size && frontier.root() != head.root {
        return Err(changed(state.id, "its records do not give its root".to_owned()));
    }
    Ok(frontier.size() < head.size)
}

fn changed(line: LineId, what: String) -> BackendError {
    BackendError::Changed { line, what }
}

/// After a fail-over to a server that had not got all: what was acknowledged is gone.
fn shorter(line: LineId, size: u64, known: u64) -> BackendError {
    changed(line, format!("it has {size} records, and had {known}"))
}
