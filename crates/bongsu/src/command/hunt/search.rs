//! The search: threads that take pieces in turn, and one that gets the finds in the logs' order.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use deliver::watch_file::{Known, WatchFile, WatchFileError};
use parking_lot::{Condvar, Mutex};
use stix::Timestamp;
use watch::Value;
use watch::hunt::{Blanking, Candidate, Found, How, SHOWN_BYTES, dated, finds, whole_words, within};

use super::remember::Remembering;
use super::source::{Piece, Sources};

/// Finds that are handed over together.
const FINDS_MAX: usize = 1_000;
/// Parts that wait to be shown.
const WAITING_MAX: usize = 8;
/// How often what happens by itself is looked after, while logs are followed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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

/// What a piece gave, or a part of that: so many finds that memory does not grow with them.
pub(super) struct Outcome {
    pub(super) piece: Arc<Piece>,
    /// What was found, its lines counted from the piece's first.
    pub(super) finds: Vec<Find>,
    /// What the whole piece is, in its last part.
    pub(super) end: Option<End>,
}

/// What a piece is that was looked through.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) bytes: u64,
    /// How many lines, or packets, end in it.
    pub(super) lines: u64,
    /// Whether something stands behind its last line's end.
    pub(super) has_rest: bool,
}

/// Looks for what the file says in all sources, and gives `take` what was found in the logs' order, until it says no.
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
    let turn = Turn::new(2 * jobs as u64);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, turn) = (sender.clone(), &turn);
            scope.spawn(move || {
                let _ends = EndsWithMe(turn);
                work(quest, sources, |part: &Sent| turn.wait(part), &sender);
            });
        }
        drop(sender);
        let outcome = in_order(&receiver, &turn, &mut take);
        turn.stop();
        // Whoever waits to hand something over is let go.
        drop(receiver);
        outcome
    })
}

/// The same for sources that are followed, each by a thread of its own, until `take` says no or `stop` is set; both end them.
/// Where nothing comes, `take` gets nothing every now and then.
///
/// # Errors
/// [`WatchFileError`].
pub(super) fn follow(
    quest: &Quest<'_>,
    sources: &[Mutex<Sources>],
    stop: &AtomicBool,
    mut take: impl FnMut(Option<Outcome>) -> bool,
) -> Result<(), WatchFileError> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        for one in sources {
            let sender = sender.clone();
            scope.spawn(move || work(quest, one, |_: &Sent| true, &sender));
        }
        drop(sender);
        let outcome = loop {
            let sent = match receiver.recv_timeout(LOOK_EVERY) {
                Ok(sent) => sent.map(Some),
                Err(RecvTimeoutError::Timeout) => Ok(None),
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            };
            match sent.map(&mut take) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        outcome
    })
}

type Sent = Result<Outcome, WatchFileError>;

/// Whose turn it is: who is ahead waits before it holds more than a part of what it found.
struct Turn {
    /// The piece that is shown, and whether no more is.
    now: Mutex<(u64, bool)>,
    changed: Condvar,
    /// How many pieces may be looked through before they are shown.
    ahead_max: u64,
}

impl Turn {
    fn new(ahead_max: u64) -> Self {
        Self { now: Mutex::default(), changed: Condvar::new(), ahead_max }
    }

    /// Waits until a part may be handed over; `false` if none is wanted any more.
    fn wait(&self, part: &Sent) -> bool {
        let Ok(part) = part else { return true };
        let ahead = if part.end.is_some() { self.ahead_max } else { 0 };
        let mut now = self.now.lock();
        while !now.1 && part.piece.number > now.0 + ahead {
            self.changed.wait(&mut now);
        }
        !now.1
    }

    fn next(&self) {
        self.now.lock().0 += 1;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.now.lock().1 = true;
        self.changed.notify_all();
    }
}

/// Lets nobody wait for the piece of a thread that panicked.
struct EndsWithMe<'t>(&'t Turn);

impl Drop for EndsWithMe<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

fn in_order(
    receiver: &Receiver<Sent>,
    turn: &Turn,
    take: &mut impl FnMut(Outcome) -> bool,
) -> Result<(), WatchFileError> {
    // Of a piece that is ahead there is its last part alone.
    let (mut early, mut next) = (BTreeMap::new(), 0);
    while let Ok(outcome) = receiver.recv() {
        let outcome = outcome?;
        let mut current = match outcome.piece.number == next {
            true => Some(outcome),
            false => {
                early.insert(outcome.piece.number, outcome);
                None
            }
        };
        while let Some(outcome) = current {
            let is_last = outcome.end.is_some();
            if !take(outcome) {
                return Ok(());
            }
            if !is_last {
                break;
            }
            next += 1;
            turn.next();
            current = early.remove(&next);
        }
    }
    Ok(())
}

/// Looks through pieces until there is none. `may_send` waits until a part may be sent, and says no if none is wanted any more.
fn work(
    quest: &Quest<'_>,
    sources: &Mutex<Sources>,
    may_send: impl Fn(&Sent) -> bool,
    sender: &SyncSender<Sent>,
) {
    let (mut text, mut candidates) = (Vec::new(), Vec::new());
    let memory = quest.remembering.map(Remembering::gatherer);
    let send = |part: Sent| may_send(&part) && sender.send(part).is_ok();
    loop {
        let Some(piece) = sources.lock().next(&mut text) else { break };
        if let Some(memory) = &memory {
            memory.take(&text);
        }
        candidates.clear();
        if let Some(watched) = quest.watched {
            watched.needles.candidates(&text, &mut candidates);
        }
        if !look(quest, Arc::new(piece), &text, &mut candidates, send) {
            break;
        }
    }
}

/// Sends what of the candidates is really there; `false` if it is not wanted any more.
fn look(
    quest: &Quest<'_>,
    piece: Arc<Piece>,
    text: &[u8],
    candidates: &mut [Candidate],
    send: impl Fn(Sent) -> bool,
) -> bool {
    let mut some = Vec::new();
    if let Some(watched) = quest.watched {
        let known = |needle| watched.known(needle);
        let is_wanted = finds(text, piece.columns.clone(), candidates, known, |found| {
            let Found { lines_before: lines, range, text: stands, how, known } = found;
            let number = piece.packets.as_ref().map_or(lines + 1, |packets| packets.of(lines));
            let at = dated(text, &range);
            some.push(Find {
                line: number,
                found: stands,
                how,
                known,
                text: excerpt(quest, text, &range),
                at,
            });
            if some.len() < FINDS_MAX {
                return true;
            }
            let finds = std::mem::take(&mut some);
            send(Ok(Outcome { piece: Arc::clone(&piece), finds, end: None }))
        });
        match is_wanted {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                send(Err(error));
                return false;
            }
        }
    }
    let has_rest = text.last().is_some_and(|byte| *byte != b'\n');
    // A capture's lines are its packets.
    let lines = piece.packets.as_ref().map_or_else(|| count(text), |packets| packets.count);
    let end = Some(End { bytes: text.len() as u64, lines, has_rest });
    send(Ok(Outcome { piece, finds: some, end }))
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

fn count(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
