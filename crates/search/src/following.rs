//! Keeps the index up with the lines.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use line::{Catalogue, Class, ClassIx, LineId, RecordKind, Seq, Store};
use sha2::{Digest, Sha256};

use crate::find::Search;
use crate::index::{Batch, Last, SearchError};
use crate::place::{Place, Slot};
use crate::words::Said;

/// Records that are looked at before they are written.
const STRIDE: u64 = 4_096;
/// A line that lacks no more than this is read on by whoever asks.
const READ_ON_MAX: u64 = 256;
/// How long a follower waits for lines to grow, and after something failed.
const WAIT: Duration = Duration::from_secs(5);

/// Waits so long, or until `stop` turns true.
fn rest(time: Duration, stop: &AtomicBool) {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) {
        match until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(Duration::from_millis(100))),
            _ => return,
        }
    }
}

/// The word that stands for a type.
pub(crate) fn type_word(object_type: &str) -> String {
    format!("t={object_type}")
}

/// The word that stands for a circle.
pub(crate) fn circle_word(slot: Slot) -> String {
    format!("c={slot}")
}

/// The word that stands for a tenth of the scale of confidence.
pub(crate) fn confidence_word(confidence: u8) -> String {
    format!("n={}", confidence / 10)
}

/// The word that stands for a class: a hash, because the numbers of a catalogue's classes are not kept.
pub(crate) fn class_word(slot: Slot, class: &Class) -> String {
    let mut hash = Sha256::new();
    hash.update(slot.to_le_bytes());
    hash.update(class.sender.as_bytes());
    hash.update([u8::from(class.granular), u8::from(class.terms.is_some())]);
    hash.update(class.terms.as_deref().unwrap_or_default());
    for id in &class.markings {
        hash.update([0]);
        hash.update(id.to_string());
    }
    let hash: [u8; 32] = hash.finalize().into();
    let hash = hash.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    format!("k={hash:016x}")
}

/// A record that is to be found.
struct Row {
    seq: Seq,
    place: Place,
    filters: String,
}

/// What a turn has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// All that there was.
    Done,
    /// There is more.
    More,
}

impl Search {
    /// The lines of all circles, in one order.
    fn lines(&self) -> Vec<LineId> {
        let book = self.gate.book();
        let mut lines: Vec<LineId> = book.circles().map(|circle| LineId::new(circle.id.uuid())).collect();
        lines.sort_unstable();
        lines
    }

    /// How many records of these lines are not in the index yet.
    pub(crate) fn behind(&self, lines: &[LineId]) -> u64 {
        let lacks = |line: &LineId| {
            let head = self.gate.store().look(*line, |catalogue| catalogue.head()).unwrap_or_default();
            head.0.saturating_sub(self.index.followed(*line).map_or(0, |followed| followed.seq.0))
        };
        lines.iter().map(lacks).sum()
    }

    /// How many records of circles are not in the index yet.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.behind(&self.lines())
    }

    /// Reads on, if that is little and nobody does so already.
    pub(crate) fn read_on(&self) -> Result<(), SearchError> {
        let lines = self.lines();
        let lacks = self.behind(&lines);
        let is_new = || lines.iter().any(|line| self.index.followed(*line).is_none());
        if lacks <= READ_ON_MAX && (lacks > 0 || is_new()) {
            self.turn(false, READ_ON_MAX, 0)?;
        }
        Ok(())
    }

    /// Reads all that the lines have more than the index.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn follow(&self) -> Result<(), SearchError> {
        let mut first = 0;
        while self.turn(true, STRIDE, first)? == Turn::More {
            first += 1;
        }
        Ok(())
    }

    /// Follows the lines until `stop` turns true; who sets it wakes the store as well.
    pub fn follow_until(&self, stop: &AtomicBool) {
        let mut first = 0;
        while !stop.load(Ordering::Relaxed) {
            let (seen, begun) = (self.gate.store().growth(), Instant::now());
            match self.turn(true, STRIDE, first) {
                Ok(Turn::More) => {
                    first += 1;
                    // Whoever brings records, and whoever searches, comes first: a fifth of the time is for the index as long as
                    // more come, and most of it when none do.
                    let (took, is_growing) = (begun.elapsed(), self.gate.store().growth() != seen);
                    rest(if is_growing { took * 4 } else { took / 4 }, stop);
                }
                Ok(Turn::Done) => {
                    let _grown = self.gate.store().wait_for_growth_as("search", seen, WAIT);
                }
                Err(error) => {
                    tracing::error!(%error, "the search index could not be written: it is tried again");
                    // Not woken by growth, which may come a thousand times a second.
                    rest(WAIT, stop);
                }
            }
        }
    }

    /// Reads at most `most` records, beginning with another line each time.
    fn turn(&self, waits: bool, most: u64, first: usize) -> Result<Turn, SearchError> {
        let store = self.gate.store();
        let fits = |line: LineId, seq: Seq| last_of(store, line, seq);
        let made = self.index.write(waits, &fits, || {
            let mut lines = self.lines();
            // Numbers are given in one order, whichever line is read first.
            let known: HashMap<LineId, _> =
                lines.iter().filter_map(|line| Some((*line, self.index.slot(*line)?))).collect();
            if known.len() < lines.len() {
                tracing::error!("the search index holds no more circles; the latest are not searched");
            }
            let places = lines.len().max(1);
            lines.rotate_left(first % places);
            let (mut batch, mut left, mut turn) = (Batch::default(), most, Turn::Done);
            for line in lines {
                let Some(followed) = known.get(&line) else { continue };
                let head = store.look(line, |catalogue| catalogue.head())?;
                let until = Seq(head.0.min(followed.seq.0.saturating_add(left)));
                if until < head {
                    turn = Turn::More;
                }
                if until <= followed.seq {
                    continue;
                }
                left -= until.0 - followed.seq.0;
                read(store, line, followed.slot, (followed.seq, until), &mut batch)?;
                if let Some(last) = last_of(store, line, until) {
                    batch.lines.push((line, followed.slot, until, last));
                }
            }
            // In the order of their rows they are written at once.
            batch.come.sort_unstable_by_key(|(row, _)| *row);
            Ok((batch, turn))
        })?;
        Ok(made.unwrap_or(Turn::Done))
    }
}

/// Reads the records of a line after `from` and up to `until`.
fn read(
    store: &Store,
    line: LineId,
    slot: Slot,
    (from, until): (Seq, Seq),
    batch: &mut Batch,
) -> Result<(), SearchError> {
    let mut rows = store.look(line, |catalogue| {
        let mut classes: HashMap<ClassIx, String> = HashMap::new();
        let mut rows = Vec::new();
        for entry in (from.0 + 1..=until.0).filter_map(|seq| catalogue.entry(Seq(seq))) {
            let Some(object) = entry.object() else { continue };
            if matches!(entry.kind(), RecordKind::Withdrawal | RecordKind::Again) {
                let all = catalogue.all_versions(object).filter(|version| !version.counts());
                batch.gone.extend(all.map(|version| Place { added: version.added(), slot }.row()));
            }
            if !entry.counts() {
                continue;
            }
            let class =
                classes.entry(entry.class()).or_insert_with(|| word_of(catalogue, slot, entry.class()));
            let object_type = type_word(catalogue.object_type(object));
            let filters = format!("{object_type} {} {class}", circle_word(slot));
            rows.push(Row { seq: entry.seq, place: Place { added: entry.added(), slot }, filters });
        }
        rows
    })?;
    let seqs: Vec<Seq> = rows.iter().map(|row| row.seq).collect();
    let mut waiting = rows.drain(..).peekable();
    store.bodies(line, &seqs, &mut |seq, _, body| {
        while waiting.next_if(|row| row.seq < seq).is_some() {}
        let Some(row) = waiting.next_if(|row| row.seq == seq) else { return };
        let said = Said::of(&String::from_utf8_lossy(body));
        let mut words = row.filters;
        if let Some(confidence) = said.confidence() {
            words.push(' ');
            words.push_str(&confidence_word(confidence));
        }
        for word in said.words() {
            words.push(' ');
            words.push_str(&word);
        }
        batch.come.push((row.place.row(), words));
    })?;
    Ok(())
}

fn word_of(catalogue: &Catalogue, slot: Slot, class: ClassIx) -> String {
    catalogue.class(class).map(|class| class_word(slot, class)).unwrap_or_default()
}

/// A hash of the last record of a line that is `seq` long: times never repeat in a line, so that with it all before it are as they
/// were. `None` if the line is shorter, or can't be read.
fn last_of(store: &Store, line: LineId, seq: Seq) -> Option<Last> {
    if seq == Seq(0) {
        return Some([0; 32]);
    }
    let record = store.records(line, Seq(seq.0 - 1), 1).ok()?.pop().filter(|record| record.seq == seq)?;
    let told = [&record.added.0.to_le_bytes()[..], record.sender.as_bytes(), &record.body_hash()].concat();
    Some(line::merkle::leaf(&told))
}

/// Collects some of what is told, and hands it on.
pub(crate) fn in_chunks<T, E>(
    sizes: (usize, usize),
    each: impl FnOnce(&mut dyn FnMut(T) -> Result<ControlFlow<()>, E>) -> Result<(), E>,
    on: &mut dyn FnMut(Vec<T>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let (mut size, most) = sizes;
    let mut some = Vec::with_capacity(size);
    let mut is_over = false;
    each(&mut |one| {
        some.push(one);
        if some.len() < size {
            return Ok(ControlFlow::Continue(()));
        }
        size = (size * 2).min(most);
        let next = on(std::mem::take(&mut some))?;
        is_over = next.is_break();
        Ok(next)
    })?;
    if !is_over && !some.is_empty() {
        let _last = on(some)?;
    }
    Ok(())
}
