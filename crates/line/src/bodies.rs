//! Giving the bytes of records, with few of them in memory at a time.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::backend::{Backend, BackendError};
use crate::record::{Added, RecordKind, Seq};
use crate::shared::LineState;

/// What is told of each record that is read: its bytes, owned where they had to be copied anyway. It may say that it wants no more.
pub type OnBody<'o> = dyn FnMut(Seq, Added, Cow<'_, [u8]>) -> ControlFlow<()> + 'o;

/// Records that lie no further apart are read in one go.
const GAP_MAX: u64 = 16;
/// Bytes that wait at most behind an announcement until what was announced is read; one record may be longer.
const WAITING_MAX: usize = 4 * 1024 * 1024;
/// Bytes that are handed from thread to thread at a time; one record may be longer. Up to three such batches are in memory: one is
/// read, one waits, one is taken.
const BATCH_BYTES: usize = 1024 * 1024;

/// A record's bytes on their way to another thread.
type Body = (Seq, Added, Vec<u8>);

/// Bytes on their way to the thread that asked for them.
pub(crate) struct Passing {
    bodies: Vec<Body>,
    bytes: usize,
    to: SyncSender<Vec<Body>>,
}

/// A way for bytes from the thread that reads to the one that asked.
pub(crate) fn way() -> (Passing, Receiver<Vec<Body>>) {
    let (to, from) = sync_channel(1);
    (Passing { bodies: Vec::new(), bytes: 0, to }, from)
}

impl Passing {
    /// Hands on what [`given`] gives; breaks off when nobody wants more.
    pub(crate) fn body(&mut self, seq: Seq, added: Added, body: Cow<'_, [u8]>) -> ControlFlow<()> {
        self.bytes += body.len();
        self.bodies.push((seq, added, body.into_owned()));
        if self.bytes < BATCH_BYTES { ControlFlow::Continue(()) } else { self.pass() }
    }

    /// Hands over what was read until now.
    pub(crate) fn pass(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        match self.to.send(std::mem::take(&mut self.bodies)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_nobody_takes_it) => ControlFlow::Break(()),
        }
    }
}

/// Takes what comes until nothing more does or `on` wants no more; whether it wanted all.
pub(crate) fn take(from: Receiver<Vec<Body>>, on: &mut OnBody<'_>) -> ControlFlow<()> {
    // The receiver goes with this call, and with it the reader stops.
    from.into_iter().flatten().try_for_each(|(seq, added, body)| on(seq, added, Cow::Owned(body)))
}

/// Gives the bytes of the records with these numbers, which must be ascending, until `on` wants no more.
pub(crate) fn given(
    reader: &dyn Backend,
    state: &LineState,
    seqs: &[Seq],
    on: &mut OnBody<'_>,
) -> Result<(), BackendError> {
    let mut rest = seqs;
    while let Some(first) = rest.first() {
        let near = rest.windows(2).take_while(|pair| pair[1].0 - pair[0].0 <= GAP_MAX).count() + 1;
        let run = &rest[..near];
        let mut wanted = run.iter().peekable();
        let last = run.last().unwrap_or(first);
        // What follows an announcement waits until what was announced is read.
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        let (mut has_enough, mut waits_enough) = (false, false);
        reader.scan_while(state.place(), Seq(first.0 - 1), *last, &mut |row| {
            if wanted.next_if(|seq| **seq == row.seq).is_none() {
                return ControlFlow::Continue(());
            }
            match row.of {
                Some(of) => waiting.push((row.seq, row.added, Waiting::For(of))),
                None if row.erased.is_some() => {}
                None if waiting.is_empty() => {
                    let next = on(row.seq, row.added, Cow::Borrowed(row.body));
                    has_enough = next.is_break();
                    return next;
                }
                None => {
                    bytes += row.body.len();
                    waiting.push((row.seq, row.added, Waiting::Body(row.body.to_vec())));
                    if bytes >= WAITING_MAX {
                        waits_enough = true;
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        if has_enough {
            return Ok(());
        }
        let read = if waits_enough { near - wanted.len() } else { near };
        for (seq, added, what) in waiting {
            let body = match what {
                Waiting::Body(body) => Some(body),
                Waiting::For(of) => announced(reader, state, of)?,
            };
            if body.is_some_and(|body| on(seq, added, Cow::Owned(body)).is_break()) {
                return Ok(());
            }
        }
        rest = &rest[read..];
    }
    Ok(())
}

/// What of a page can't be given yet.
enum Waiting {
    /// What was announced again, by its first number.
    For(Seq),
    /// What stands behind it.
    Body(Vec<u8>),
}

/// The bytes of what was announced again as `of`; none if they were erased.
fn announced(reader: &dyn Backend, state: &LineState, of: Seq) -> Result<Option<Vec<u8>>, BackendError> {
    let (mut at, mut body) = (Some(of), None);
    while let Some(original) = at.take() {
        reader.scan(state.place(), Seq(original.0.saturating_sub(1)), original, &mut |row| match row.of {
            // An earlier number each time, so this ends.
            Some(earlier) if row.kind == RecordKind::Again && earlier < original => at = Some(earlier),
            _ if row.erased.is_some() => {}
            _ => body = Some(row.body.to_vec()),
        })?;
    }
    Ok(body)
}
