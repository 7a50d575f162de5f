//! The index of all circles' values, kept up to date.

use std::collections::HashMap;

use line::{LineId, Seq, StorageError, Store};
use parking_lot::{Mutex, RwLock};
use policy::Book;
use rayon::prelude::*;
use stix::ObjectId;
use watch::index::Index;
use watch::{Value, actionable_of};

/// Records looked at before the index takes in what they hold.
const STRIDE: u64 = 4_096;
/// Bits of a place that are a record's number; those above are its line's.
const SEQ_BITS: u32 = 48;

/// Records of an object's earlier versions that are told apart from another's.
const EARLIER_MAX: usize = 16;

/// The type of what says that a value is bad.
pub(super) const INDICATOR: &str = "indicator";

/// How far the lines have been followed, and what was found there.
#[derive(Default)]
pub(crate) struct Values {
    followed: RwLock<Followed>,
    /// Held while lines are read, so that each record is read once.
    turn: Mutex<Turn>,
    /// How far the snapshot on the disk goes.
    pub(super) kept: Mutex<Vec<(LineId, Seq)>>,
}

/// Up to which growth of the store, and for how many circles, all was read.
#[derive(Default, PartialEq, Eq, Clone, Copy)]
struct Turn {
    growth: u64,
    circles: usize,
}

impl Turn {
    fn of(store: &Store, book: &Book) -> Self {
        Self { growth: store.growth(), circles: book.circles().count() }
    }
}

/// The index, and the lines of its places.
#[derive(Default)]
pub(crate) struct Followed {
    pub(super) index: Index,
    pub(super) lines: Vec<(LineId, Seq)>,
}

/// Where a value stands: in which line, at which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) slot: usize,
    pub(super) seq: Seq,
}

impl Place {
    pub(super) fn of(packed: u64) -> Self {
        let slot = usize::try_from(packed >> SEQ_BITS).unwrap_or(usize::MAX);
        Self { slot, seq: Seq(packed & ((1 << SEQ_BITS) - 1)) }
    }

    const fn packed(self) -> u64 {
        (self.slot as u64) << SEQ_BITS | self.seq.0
    }
}

/// A record of an indicator, and the records of its earlier versions.
struct Row {
    seq: Seq,
    id: ObjectId,
    earlier: Vec<Seq>,
}

/// The same, with the values that the indicator names.
struct Named {
    seq: Seq,
    earlier: Vec<Seq>,
    values: Box<[Value]>,
}

impl Values {
    /// Reads what the lines have more than the index. Cheap if that is nothing.
    pub(crate) fn follow(&self, store: &Store, book: &Book) -> Result<(), StorageError> {
        let now = Turn::of(store, book);
        let mut turn = self.turn.lock();
        if *turn == now {
            return Ok(());
        }
        for circle in book.circles() {
            self.follow_line(store, LineId::new(circle.id.uuid()))?;
        }
        *turn = now;
        Ok(())
    }

    /// Whether there is nothing to read, as far as can be told without waiting.
    pub(crate) fn is_current(&self, store: &Store, book: &Book) -> bool {
        self.turn.try_lock().is_some_and(|turn| *turn == Turn::of(store, book))
    }

    fn follow_line(&self, store: &Store, line: LineId) -> Result<(), StorageError> {
        let slot = self.slot(line);
        loop {
            let after = self.followed.read().lines.get(slot).map_or(Seq(0), |(_, seq)| *seq);
            let (until, rows) = store.look(line, |catalogue| {
                let until = Seq(catalogue.head().0.min(after.0 + STRIDE));
                let entries = (after.0 + 1..=until.0).filter_map(|seq| catalogue.entry(Seq(seq)));
                let rows = entries.filter_map(|entry| {
                    // What counts is an object, or one that was announced again when its embargo passed.
                    let object = entry.object()?;
                    let is_meant = entry.counts() && catalogue.object_type(object) == INDICATOR;
                    let earlier = || catalogue.newest_first(object).map(|entry| entry.seq);
                    let earlier = || earlier().filter(|seq| *seq < entry.seq).take(EARLIER_MAX).collect();
                    is_meant
                        .then(|| Some(Row { seq: entry.seq, id: entry.id()?, earlier: earlier() }))
                        .flatten()
                });
                (until, rows.collect::<Vec<Row>>())
            })?;
            if until <= after {
                return Ok(());
            }
            let named = named(store, line, rows)?;
            let mut followed = self.followed.write();
            let Followed { index, lines } = &mut *followed;
            for Named { seq, earlier, values } in named {
                let earlier: Vec<u64> = earlier.into_iter().map(|seq| Place { slot, seq }.packed()).collect();
                for value in values {
                    if !index.add(&value, Place { slot, seq }.packed(), &earlier) {
                        let full = "the index of values is full: it holds 4 GiB of them";
                        return Err(StorageError::Backend(full.to_owned()));
                    }
                }
            }
            if let Some((_, at)) = lines.get_mut(slot) {
                *at = until;
            }
        }
    }

    fn slot(&self, line: LineId) -> usize {
        let known = self.followed.read().lines.iter().position(|(other, _)| *other == line);
        if let Some(slot) = known {
            return slot;
        }
        let mut followed = self.followed.write();
        let known = followed.lines.iter().position(|(other, _)| *other == line);
        known.unwrap_or_else(|| {
            followed.lines.push((line, Seq(0)));
            followed.lines.len() - 1
        })
    }

    /// Looks at what is known by now.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Followed) -> T) -> T {
        look(&self.followed.read())
    }

    /// Whether anything was read yet.
    pub(super) fn has_begun(&self) -> bool {
        self.followed.read().lines.iter().any(|(_, seq)| *seq > Seq(0))
    }

    /// Forgets all: the lines are read anew the next time, without what was erased.
    pub(super) fn forget(&self) {
        let mut turn = self.turn.lock();
        *turn = Turn::default();
        *self.followed.write() = Followed::default();
        self.kept.lock().clear();
    }

    /// Begins with what was read before.
    pub(super) fn begin(&self, followed: Followed) {
        let _in_order = self.turn.lock();
        let mut mine = self.followed.write();
        if mine.lines.iter().all(|(_, seq)| *seq == Seq(0)) {
            *mine = followed;
        }
    }
}

/// The values that the indicators at `rows` name.
fn named(store: &Store, line: LineId, rows: Vec<Row>) -> Result<Vec<Named>, StorageError> {
    let seqs: Vec<Seq> = rows.iter().map(|row| row.seq).collect();
    let mut texts = HashMap::with_capacity(seqs.len());
    store.bodies(line, &seqs, &mut |seq, _, body| {
        texts.insert(seq, body.to_vec());
    })?;
    let named = rows.into_par_iter().filter_map(|Row { seq, id, earlier }| {
        let indicator = actionable_of(std::str::from_utf8(texts.get(&seq)?).ok()?, &id)?;
        Some(Named { seq, earlier, values: indicator.values })
    });
    Ok(named.collect())
}
