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
use crate::record::{LineId, Seq};
use crate::store::{LineState, Shared};
use crate::writer::{Kept, Prepared, prepare};

/// Records taken in at a time.
const STEP: u64 = 2_048;
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
    let changed = |what: String| BackendError::Changed { line: state.id, what };
    let known = state.frontier.lock().size();
    if head.size < known {
        // After a fail-over to a server that had not got all: what was acknowledged is gone.
        return Err(changed(format!("it has {} records, and had {known}", head.size)));
    }
    let (mut after, mut said) = (known, Vec::new());
    while after < head.size {
        let until = head.size.min(after + STEP);
        let mut rows = Vec::new();
        backend.scan(state.place(), Seq(after), Seq(until), &mut |row| rows.push(Kept::of(row)))?;
        let prepared: Vec<Prepared> = rows.into_par_iter().map(prepare).collect();
        if prepared.len() as u64 != until - after {
            return Err(changed(format!("records behind {after} are missing")));
        }
        let mut catalogue = state.catalogue.write();
        let mut frontier = state.frontier.lock();
        for mut record in prepared {
            if record.added <= catalogue.head_added() && frontier.size() > 0 {
                return Err(changed(format!("record {} is not later than the one before it", record.seq.0)));
            }
            said.append(&mut record.said);
            let number = record.seq.0;
            record
                .apply(&mut catalogue, &mut frontier)
                .map_err(|error| changed(format!("record {number}: {error}")))?;
        }
        after = until;
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
            Ok(()) => backend = Some(one),
            Err(_again) => std::thread::sleep(LOOK_AFTER),
        }
    }
}

fn follow(shared: &Shared, backend: &dyn Backend) -> Result<(), BackendError> {
    let mut grew = false;
    for head in backend.heads()? {
        let state = shared.line_of(head.id);
        if state.frontier.lock().size() >= head.size {
            continue;
        }
        let lines: HashMap<LineId, Arc<LineState>> = shared.lines.read().clone();
        let _alone = state.following.lock();
        // The writer may have been quicker, and is then ahead of this head.
        if state.frontier.lock().size() < head.size {
            grew |= catch_up(&lines, &state, backend, &head)?;
        }
    }
    if grew {
        shared.growth.tell();
    }
    Ok(())
}
