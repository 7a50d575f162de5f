//! The search: threads that take pieces in turn, and one that gets the finds in the logs' order.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use deliver::watch_file::{Known, WatchFile, WatchFileError};
use parking_lot::Mutex;
use watch::Value;
use watch::hunt::{Candidate, How, Parts, confirm};

use super::source::{Piece, Sources};

/// Pieces whose outcome waits to be shown.
const WAITING_MAX: usize = 64;
/// Bytes of a line that are shown to both sides of what was found.
const SHOWN_BYTES: usize = 160;

/// Something that was found.
#[derive(Debug, Clone)]
pub(super) struct Find {
    /// The line, or the packet of a capture, from 1.
    pub(super) line: u64,
    /// What stands there.
    pub(super) found: String,
    pub(super) how: How,
    pub(super) known: Arc<(Value, Known)>,
    /// The line, or the part of it around what was found.
    pub(super) text: Vec<u8>,
}

/// What a piece gave.
pub(super) struct Outcome {
    pub(super) piece: Piece,
    pub(super) bytes: u64,
    /// How many lines, or packets, end in it.
    pub(super) lines: u64,
    /// Whether something stands behind its last line's end.
    pub(super) has_rest: bool,
    /// What was found, its lines counted from the piece's first.
    pub(super) finds: Vec<Find>,
}

/// Looks for what the file says in all sources, and gives `take` each piece's outcome in order, until it says no.
///
/// # Errors
/// [`WatchFileError`]: a part of the watch file was changed.
pub(super) fn search(
    watched: &WatchFile<File>,
    sources: &Mutex<Sources>,
    jobs: usize,
    mut take: impl FnMut(Outcome) -> bool,
) -> Result<(), WatchFileError> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            scope.spawn(|| work(watched, sources, &stop, sender));
        }
        drop(sender);
        let outcome = in_order(&receiver, &mut take);
        stop.store(true, Ordering::Relaxed);
        // Whoever waits to hand something over is let go.
        drop(receiver);
        outcome
    })
}

/// The same for sources that are followed, each by a thread of its own, until `take` says no and sets what ends them.
///
/// # Errors
/// [`WatchFileError`].
pub(super) fn follow(
    watched: &WatchFile<File>,
    sources: &[Mutex<Sources>],
    stop: &AtomicBool,
    mut take: impl FnMut(Outcome) -> bool,
) -> Result<(), WatchFileError> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        for one in sources {
            let sender = sender.clone();
            scope.spawn(|| work(watched, one, stop, sender));
        }
        drop(sender);
        let mut outcome = Ok(());
        for sent in &receiver {
            match sent.map(&mut take) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        outcome
    })
}

type Sent = Result<Outcome, WatchFileError>;

fn in_order(receiver: &Receiver<Sent>, take: &mut impl FnMut(Outcome) -> bool) -> Result<(), WatchFileError> {
    let (mut early, mut next) = (BTreeMap::new(), 0);
    while let Ok(outcome) = receiver.recv() {
        let outcome = outcome?;
        early.insert(outcome.piece.number, outcome);
        while let Some(outcome) = early.remove(&next) {
            next += 1;
            if !take(outcome) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn work(watched: &WatchFile<File>, sources: &Mutex<Sources>, stop: &AtomicBool, sender: SyncSender<Sent>) {
    let (mut text, mut candidates) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let Some(piece) = sources.lock().next(&mut text) else { return };
        candidates.clear();
        watched.needles.candidates(&text, &mut candidates);
        if sender.send(look(watched, piece, &text, &mut candidates)).is_err() {
            return;
        }
    }
}

/// What of the candidates is really there.
fn look(watched: &WatchFile<File>, piece: Piece, text: &[u8], candidates: &mut [Candidate]) -> Sent {
    candidates.sort_unstable();
    let (mut finds, mut lines, mut counted) = (Vec::new(), 0, 0);
    let mut parts = None;
    for candidate in candidates {
        let known = watched.known(candidate.needle)?;
        let (range, how, joined) = match confirm(text, *candidate, &known.0) {
            Some((range, how)) => (range, how, None),
            None => {
                let parts = parts.get_or_insert_with(|| Parts::of(text, piece.columns.clone()));
                let Some((range, address)) = parts.find(*candidate, &known.0) else { continue };
                (range, How::Exact, Some(address.to_owned()))
            }
        };
        lines += count(&text[counted..range.start.max(counted)]);
        counted = range.start.max(counted);
        let found = joined.unwrap_or_else(|| String::from_utf8_lossy(&text[range.clone()]).into_owned());
        let line = piece.packets.as_ref().map_or(lines + 1, |packets| packets.of(lines));
        finds.push(Find { line, found, how, known, text: text[around(text, &range)].to_vec() });
    }
    lines += count(&text[counted..]);
    let has_rest = text.last().is_some_and(|byte| *byte != b'\n');
    // A capture's lines are its packets.
    let lines = piece.packets.as_ref().map_or(lines, |packets| packets.count);
    Ok(Outcome { piece, bytes: text.len() as u64, lines, has_rest, finds })
}

fn count(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// The line that a range stands in, or the part around it.
fn around(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let floor = range.start.saturating_sub(SHOWN_BYTES);
    let roof = text.len().min(range.end + SHOWN_BYTES);
    let start = memchr::memrchr(b'\n', &text[floor..range.start]).map_or(floor, |at| floor + at + 1);
    let end = memchr::memchr(b'\n', &text[range.end..roof]).map_or(roof, |at| range.end + at);
    start..end
}
