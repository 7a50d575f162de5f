//! When indicators were seen last, as far as a member may know.
//!
//! Sightings are kept by themselves, not in the indicators: few indicators have any, and members that see the same indicator
//! may see different sightings of it. A sighting counts at most from when it came: a date in the future moves nothing.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use line::Seq;
use stix::Timestamp;
use uuid::Uuid;

use crate::entry::Key;
use crate::sorted::Sorted;

/// Changes from which on the lists are made anew rather than changed.
const ANEW_MIN: usize = 2_000;

/// A sighting of an indicator of the same circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The circle, and the sighting's id.
    pub(crate) key: Key,
    /// The record that says so.
    pub(crate) seq: Seq,
    /// Whether it was read from the bytes in which it came.
    pub(crate) whole: bool,
    /// The indicator.
    pub(crate) of: Uuid,
    /// When it was seen.
    pub(crate) at: Timestamp,
}

impl Sighting {
    const fn target(&self) -> Key {
        (self.key.0, self.of)
    }

    fn print(&self, hasher: &RandomState) -> u128 {
        let half = |salt: u8| u128::from(hasher.hash_one((salt, self.key, self.of, self.at)));
        half(2) << 64 | half(3)
    }
}

/// What is to become of a sighting: another version, or gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SightingChange {
    pub(crate) key: Key,
    pub(crate) to: Option<Sighting>,
}

/// The sightings that a view has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sightings {
    by_key: Sorted<Sighting>,
    /// The same by indicator, the newest last.
    by_target: Sorted<(Key, Timestamp, Uuid)>,
}

impl Sightings {
    pub(crate) fn get(&self, key: Key) -> Option<&Sighting> {
        self.by_key.get(|sighting| sighting.key.cmp(&key))
    }

    /// When an indicator was seen last.
    pub(crate) fn last(&self, indicator: Key) -> Option<Timestamp> {
        let beyond = self.by_target.rank(|row| row.0.cmp(&indicator).then(Ordering::Less));
        let row = self.by_target.after(beyond.checked_sub(1)?).next()?;
        (row.0 == indicator).then_some(row.1)
    }

    /// What the changes add to the print of a view; [`u128`] sums wrap.
    pub(crate) fn print_of(&self, changes: &[SightingChange], hasher: &RandomState) -> u128 {
        changes.iter().fold(0, |sum: u128, change| {
            let print = |sighting: Option<&Sighting>| sighting.map_or(0, |sighting| sighting.print(hasher));
            sum.wrapping_sub(print(self.get(change.key))).wrapping_add(print(change.to.as_ref()))
        })
    }

    /// Makes the changes, each of another sighting, and gives the indicators that they are about, sorted.
    pub(crate) fn change(&mut self, changes: &[SightingChange]) -> Vec<Key> {
        let old = changes.iter().filter_map(|change| self.get(change.key)).map(Sighting::target);
        let mut targets: Vec<Key> =
            old.chain(changes.iter().filter_map(|change| Some(change.to?.target()))).collect();
        targets.sort_unstable();
        targets.dedup();
        if changes.len() >= ANEW_MIN {
            self.anew(changes);
        } else {
            changes.iter().for_each(|change| self.apply(change));
        }
        targets
    }

    fn apply(&mut self, change: &SightingChange) {
        let mut old = None;
        self.by_key.change(
            |sighting| sighting.key.cmp(&change.key),
            |before| {
                old = before;
                change.to
            },
        );
        if let Some(old) = old {
            let row = (old.target(), old.at, old.key.1);
            self.by_target.change(|other| other.cmp(&row), |_| None);
        }
        if let Some(new) = change.to {
            let row = (new.target(), new.at, new.key.1);
            self.by_target.change(|other| other.cmp(&row), |_| Some(row));
        }
    }

    fn anew(&mut self, changes: &[SightingChange]) {
        let mut changes = changes.to_vec();
        changes.sort_unstable_by_key(|change| change.key);
        let is_kept =
            |sighting: &&Sighting| changes.binary_search_by(|change| change.key.cmp(&sighting.key)).is_err();
        let kept = self.by_key.iter().filter(is_kept).copied();
        let mut all: Vec<Sighting> = kept.chain(changes.iter().filter_map(|change| change.to)).collect();
        all.sort_unstable_by_key(|sighting| sighting.key);
        let mut rows: Vec<_> = all.iter().map(|one| (one.target(), one.at, one.key.1)).collect();
        rows.sort_unstable();
        (self.by_key, self.by_target) = (Sorted::of(all), Sorted::of(rows));
    }
}
