//! Embargoes that pass: what was held is announced again, so that cursors that went by it come to it.

use std::collections::{BTreeSet, HashSet};

use line::{Catalogue, ClassIx, Draft, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::Terms;
use stix::Timestamp;

use crate::opening::{Gate, SET_BACK_MAX_US};

/// How far the clock may be behind the newest record without being taken for set back, in microseconds: so far may the clocks of two
/// nodes beside one database differ, and the record can be of the other.
const DIFFER_MAX_US: i64 = 10_000_000;

/// How far it is followed what depends on what.
const DEPTH_MAX: usize = 8;

/// Which embargoes have passed and were seen to.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    /// Classes whose embargo has passed and was seen to.
    passed: HashSet<(LineId, ClassIx)>,
    /// Classes whose embargo had passed when the clock was set back: what was announced already is held again, and cursors may go by
    /// it until it passes once more.
    held_again: HashSet<(LineId, ClassIx)>,
}

impl Gate {
    /// Announces what came before the end of an embargo that is over at `now`; gives how many records that were.
    ///
    /// To be called every second or so; does nothing twice, also after a restart. Where the clock is behind the line by more than
    /// clocks of several nodes differ, it may announce what was announced in the last two days: it can have been held since. Where it is
    /// behind by less, so it is with what ended within that time before the newest record.
    ///
    /// # Errors
    /// [`StorageError`]: to be tried again.
    pub fn announce_due(&self, now: Timestamp) -> Result<usize, StorageError> {
        let mut count = 0;
        let book = self.book();
        for line in book.circles().map(|circle| LineId::new(circle.id.uuid())) {
            let mut announced = self.inner.announced.lock();
            let Announced { passed, held_again } = &mut *announced;
            let (classes, due) = self.store().look(line, |catalogue| {
                let ends = |class: &ClassIx| {
                    let terms =
                        catalogue.class(*class)?.terms.as_deref().filter(|text| text.contains("embargo"))?;
                    Terms::from_json(terms).ok()?.embargo_until
                };
                let newest = catalogue.head_added().timestamp();
                let mut classes = Vec::new();
                for class in catalogue.class_ids() {
                    let is_passed = passed.contains(&(line, class));
                    if is_passed && now >= newest {
                        continue;
                    }
                    match ends(&class) {
                        Some(ends) if now < ends => {
                            passed.remove(&(line, class));
                            if ends <= newest {
                                held_again.insert((line, class));
                            }
                        }
                        Some(ends) if !is_passed => classes.push((class, ends)),
                        _ => {}
                    }
                }
                if classes.is_empty() {
                    return (classes, Vec::new());
                }
                let is_due = |entry: &line::Entry<'_>| {
                    let ends =
                        classes.iter().find(|(class, _)| *class == entry.class()).map(|(_, ends)| *ends);
                    // Of what was held before this process began nothing is known.
                    let is_unsure = ends.is_some_and(|ends| is_unsure(ends, now, newest));
                    let is_again = is_unsure || held_again.contains(&(line, entry.class()));
                    // Whatever has not been announced yet; times alone would miss what came while the clock was ahead.
                    let is_first = entry.kind() == RecordKind::Object;
                    entry.counts()
                        && ends.is_some_and(|ends| is_first || is_again || entry.added().timestamp() < ends)
                };
                let entries = (1..=catalogue.head().0).filter_map(|seq| catalogue.entry(Seq(seq)));
                let due: Vec<Seq> = entries.filter(is_due).map(|entry| entry.seq).collect();
                let due = with_dependants(catalogue, due).into_iter().filter_map(|seq| {
                    let sender = catalogue.entry(seq)?.sender()?;
                    Some(Draft::again(sender, seq))
                });
                (classes.clone(), due.collect::<Vec<_>>())
            })?;
            count += due.len();
            if !due.is_empty() {
                self.store().append(line, due)?;
            }
            for (class, _) in classes {
                announced.held_again.remove(&(line, class));
                announced.passed.insert((line, class));
            }
        }
        Ok(count)
    }
}

/// Whether what an embargo held until `ends` may have been held again after it was announced, by the clock of this node as it was before,
/// or by that of another. If the clock went back by no more than clocks differ, that holds only for what ended later than so
/// long before the newest record: all else had ended by either time.
fn is_unsure(ends: Timestamp, now: Timestamp, newest: Timestamp) -> bool {
    let behind = newest.micros().saturating_sub(now.micros());
    let ended_before_newest = newest.micros().saturating_sub(ends.micros());
    behind > 0
        && now.micros().saturating_sub(ends.micros()) <= SET_BACK_MAX_US
        && (behind > DIFFER_MAX_US || ended_before_newest <= DIFFER_MAX_US)
}

/// The records with all that was held because of them: relationships and sightings about them, reports of nothing else, and so on.
fn with_dependants(catalogue: &Catalogue, due: Vec<Seq>) -> Vec<Seq> {
    let mut all: BTreeSet<Seq> = due.iter().copied().collect();
    let (mut turn, mut announced) = (due, HashSet::<ObjectIx>::new());
    for _ in 0..DEPTH_MAX {
        let objects: HashSet<_> = turn.iter().filter_map(|seq| catalogue.entry(*seq)?.object()).collect();
        let mut next: BTreeSet<Seq> =
            objects.iter().flat_map(|object| catalogue.dependants(*object)).collect();
        announced.extend(&objects);
        // Of what lists nothing else nothing was left until now.
        let lists: BTreeSet<Seq> = objects.iter().flat_map(|object| catalogue.listing(*object)).collect();
        let lists_no_other = |seq: &Seq| {
            let mut listed = catalogue.entry(*seq).into_iter().flat_map(|entry| entry.listed());
            listed.all(|object| announced.contains(&object))
        };
        next.extend(lists.into_iter().filter(lists_no_other));
        turn = next.into_iter().filter(|seq| all.insert(*seq)).collect();
    }
    all.into_iter().collect()
}
