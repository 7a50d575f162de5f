//! Embargoes that pass: what was held is announced again, so that cursors that went by it come to it.

use std::collections::HashSet;

use line::{ClassIx, Draft, LineId, Seq, StorageError};
use policy::Terms;
use stix::Timestamp;

use crate::opening::Gate;

/// Classes whose embargo has passed and was seen to.
pub(crate) type Announced = HashSet<(LineId, ClassIx)>;

impl Gate {
    /// Announces what came before the end of an embargo that is over at `now`; gives how many records that were.
    ///
    /// To be called every second or so; does nothing twice, also after a restart.
    ///
    /// # Errors
    /// [`StorageError`]: to be tried again.
    pub fn announce_due(&self, now: Timestamp) -> Result<usize, StorageError> {
        let mut count = 0;
        for line in self.store().lines() {
            let mut announced = self.inner.announced.lock();
            let (classes, due) = self.store().look(line, |catalogue| {
                let over = |class: &ClassIx| {
                    let terms =
                        catalogue.class(*class)?.terms.as_deref().filter(|text| text.contains("embargo"))?;
                    Terms::from_json(terms).ok()?.embargo_until.filter(|until| *until <= now)
                };
                let fresh = catalogue.class_ids().filter(|class| !announced.contains(&(line, *class)));
                let classes: Vec<_> = fresh.filter_map(|class| Some((class, over(&class)?))).collect();
                if classes.is_empty() {
                    return (classes, Vec::new());
                }
                let is_due = |entry: &line::Entry<'_>| {
                    let ends =
                        classes.iter().find(|(class, _)| *class == entry.class()).map(|(_, ends)| *ends);
                    entry.counts() && ends.is_some_and(|ends| entry.added().timestamp() < ends)
                };
                let entries = (1..=catalogue.head().0).filter_map(|seq| catalogue.entry(Seq(seq)));
                let due = entries.filter(is_due).filter_map(|entry| {
                    let sender = catalogue.class(entry.class())?.sender;
                    Some(Draft::again(sender, entry.seq))
                });
                (classes.clone(), due.collect::<Vec<_>>())
            })?;
            count += due.len();
            if !due.is_empty() {
                self.store().append(line, due)?;
            }
            announced.extend(classes.into_iter().map(|(class, _)| (line, class)));
        }
        Ok(count)
    }
}
