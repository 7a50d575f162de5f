//! The search: threads that take pieces in turn, and one that gets the finds in the logs' order.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use deliver::watch_file::{Known, WatchFile, WatchFileError};
use parking_lot::Mutex;
use stix::Timestamp;
use watch::Value;
use watch::hunt::{Blanking, Candidate, How, Parts, confirm, whole_words, written};

use super::remember::Remembering;
use super::source::{Piece, Sources};

/// Pieces whose outcome waits to be shown.
const WAITING_MAX: usize = 64;
/// Bytes of a line that are shown to both sides of what was found.
const SHOWN_BYTES: usize = 160;
/// Bytes before and behind what was found in which its line's beginning and date are looked for.
const LINE_BYTES_MAX: usize = 64 << 10;

/// What is done with what is read.
pub(super) struct Quest<'a> {
    /// What is looked for.
    pub(super) watched: Option<&'a WatchFile<File>>,
    /// What is blanked in what is shown.
    pub(super) blanking: Option<&'a Blanking>,
    /// Where all that is mentioned is recorded.
    pub(super) remembering: Option<&'a Remembering>,
}

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
    /// When the line was written, if it says so.
    pub(super) at: Option<Timestamp>,
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
    quest: &Quest<'_>,
    sources: &Mutex<Sources>,
    jobs: usize,
    mut take: impl FnMut(Outcome) -> bool,
) -> Result<(), WatchFileError> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            scope.spawn(|| work(quest, sources, &stop, sender));
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
    quest: &Quest<'_>,
    sources: &[Mutex<Sources>],
    stop: &AtomicBool,
    mut take: impl FnMut(Outcome) -> bool,
) -> Result<(), WatchFileError> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        for one in sources {
            let sender = sender.clone();
            scope.spawn(|| work(quest, one, stop, sender));
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

fn work(quest: &Quest<'_>, sources: &Mutex<Sources>, stop: &AtomicBool, sender: SyncSender<Sent>) {
    let (mut text, mut candidates) = (Vec::new(), Vec::new());
    let mut memory = quest.remembering.map(Remembering::gatherer);
    while !stop.load(Ordering::Relaxed) {
        let Some(piece) = sources.lock().next(&mut text) else { break };
        if let Some(memory) = &mut memory {
            memory.take(&text);
        }
        candidates.clear();
        if let Some(watched) = quest.watched {
            watched.needles.candidates(&text, &mut candidates);
        }
        if sender.send(look(quest, piece, &text, &mut candidates)).is_err() {
            break;
        }
    }
}

/// What of the candidates is really there.
fn look(quest: &Quest<'_>, piece: Piece, text: &[u8], candidates: &mut [Candidate]) -> Sent {
    candidates.sort_unstable();
    let (mut finds, mut lines, mut counted) = (Vec::new(), 0, 0);
    let mut parts = None;
    for candidate in candidates {
        let Some(watched) = quest.watched else { break };
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
        let number = piece.packets.as_ref().map_or(lines + 1, |packets| packets.of(lines));
        let at = written(&text[line(text, &range)]);
        let text = excerpt(quest, text, &range);
        finds.push(Find { line: number, found, how, known, text, at });
    }
    lines += count(&text[counted..]);
    let has_rest = text.last().is_some_and(|byte| *byte != b'\n');
    // A capture's lines are its packets.
    let lines = piece.packets.as_ref().map_or(lines, |packets| packets.count);
    Ok(Outcome { piece, bytes: text.len() as u64, lines, has_rest, finds })
}

/// What is shown of the line.
fn excerpt(quest: &Quest<'_>, text: &[u8], range: &Range<usize>) -> Vec<u8> {
    let around = within(text, range, SHOWN_BYTES);
    match quest.blanking {
        Some(blanking) => {
            let around = whole_words(text, around, range);
            let keep = range.start - around.start..range.end - around.start;
            blanking.blanked(&text[around], &keep)
        }
        None => text[around].to_vec(),
    }
}

/// The line that a range stands in, if its beginning is near.
fn line(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let line = within(text, range, LINE_BYTES_MAX);
    let begins = line.start == 0 || text[line.start - 1] == b'\n';
    if begins { line } else { 0..0 }
}

fn count(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// The line that a range stands in, or the part of it that reaches so far to both sides.
fn within(text: &[u8], range: &Range<usize>, reach: usize) -> Range<usize> {
    let floor = range.start.saturating_sub(reach);
    let roof = text.len().min(range.end + reach);
    let start = memchr::memrchr(b'\n', &text[floor..range.start]).map_or(floor, |at| floor + at + 1);
    let end = memchr::memchr(b'\n', &text[range.end..roof]).map_or(roof, |at| range.end + at);
    start..end
}
