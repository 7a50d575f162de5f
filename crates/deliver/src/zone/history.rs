//! A zone over time: its serial grows when, and only when, its content changes, and what changed is kept for a while, so that
//! secondaries take the difference.
//!
//! A serial is the second in which the content came up, or one more than the last if that is later. The zones live in
//! memory, and in files as far as that helps (see `lasting.rs`); what must outlive a restart is one number, a setting in the node's line: up to where serials may have been given
//! out. It is written before a serial beyond it is given out, and a node that starts begins above it. So a clock that was
//! ahead, or that went back, costs nobody a change: a secondary that saw a later serial would keep its old zone for as
//! long as the clock was wrong. The number is set some minutes ahead, so that it is seldom written.
//!
//! Source: RFC 1982 (comparing serials); RFC 1035, 3.3.13; RFC 1995, section 5 (what is kept).

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gate::{Gate, GateError};
use parking_lot::Mutex;
use policy::{Entry, MemberId, Setting};
use stix::Timestamp;

use super::Rules;
use super::lasting::Lasting;
use crate::gather::{DeliverError, Difference, Gathered};

/// The setting with the number up to which serials may have been given out, on any way, in any zone.
const CEILING: &str = "zone.serial-ceiling";
/// Serials that are set aside at a time: ten minutes' worth, so that a change of content seldom writes.
const SET_ASIDE: u32 = 600;
/// Serials that are later than one (RFC 1982, 3.2): half of all.
const LATER_MAX: u32 = 1 << 31;
/// Values of all kept steps together, for each value of the zone and in any case. With more, a secondary takes the whole zone,
/// which is then not much more.
const KEPT_SHARE: usize = 2;
const KEPT_MIN: usize = 10_000;
/// A zone that loses so many values at once, and more than one in so many of those that it had, is told in the log: what goes out
/// is never held back, but someone should look.
const LOST_MIN: usize = 500;
const LOST_SHARE: usize = 5;
/// Most steps that are kept.
const STEPS_MAX: usize = 10_000;

/// One change of a zone.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) difference: Difference,
}

impl Step {
    fn len(&self) -> usize {
        self.difference.gone.len() + self.difference.new.len()
    }
}

/// A zone as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) serial: u32,
    pub(crate) gathered: Gathered,
    pub(crate) rules: Rules,
    steps: Arc<VecDeque<Arc<Step>>>,
    /// How many values of steps its file holds.
    appended: usize,
}

impl Zone {
    /// Most values of all steps that are kept.
    fn kept_max(&self) -> usize {
        KEPT_MIN.max(self.gathered.len() / KEPT_SHARE)
    }

    /// What has changed since `serial`, step by step; `None` if that is not known any more, or never was.
    pub(crate) fn since(&self, serial: u32) -> Option<Vec<Arc<Step>>> {
        let first = self.steps.iter().position(|step| step.from == serial)?;
        Some(self.steps.iter().skip(first).cloned().collect())
    }

    /// Adds a step, and forgets the oldest ones.
    fn step(&mut self, step: Step) {
        let most = self.kept_max();
        let steps = Arc::make_mut(&mut self.steps);
        steps.push_back(Arc::new(step));
        let mut kept: usize = steps.iter().map(|step| step.len()).sum();
        while (kept > most || steps.len() > STEPS_MAX)
            && let Some(oldest) = steps.pop_front()
        {
            kept -= oldest.len();
        }
    }
}

/// A zone is one for a member and a kind of channel: over an encrypted one, there can be more in it.
pub(crate) type ZoneKey = (MemberId, bool);

type Place = Arc<Mutex<Option<Zone>>>;

/// The zones that were asked for since the node started.
#[derive(Default)]
pub(crate) struct Zones {
    lasting: Lasting,
    zones: Mutex<HashMap<ZoneKey, Place>>,
    /// Up to where serials were set aside before this node began to give them out; read on first use.
    before: Mutex<Option<Option<u32>>>,
    /// Where one node of several gives them out: whether this one does.
    turn: Option<Turn>,
}

/// When this node gives out zones.
struct Turn {
    has_begun: AtomicBool,
    holds: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Zones {
    /// Zones that are kept in a folder as well.
    pub(crate) fn keeping(folder: PathBuf) -> Self {
        Self { lasting: Lasting { folder: Some(folder) }, ..Self::default() }
    }

    /// The same, given out only between [`Zones::begin`] and [`Zones::end`], and while this holds.
    pub(crate) fn only_while(self, holds: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        Self { turn: Some(Turn { has_begun: AtomicBool::new(false), holds }), ..self }
    }

    /// Begins to give them out: what was known of serials may be behind.
    pub(crate) fn begin(&self) {
        self.zones.lock().clear();
        *self.before.lock() = None;
        if let Some(turn) = &self.turn {
            turn.has_begun.store(true, Ordering::Release);
        }
    }

    /// Ends to give them out.
    pub(crate) fn end(&self) {
        if let Some(turn) = &self.turn {
            turn.has_begun.store(false, Ordering::Release);
        }
    }

    /// Whether they are given out here, now.
    pub(crate) fn are_given(&self) -> bool {
        self.turn.as_ref().is_none_or(|turn| turn.has_begun.load(Ordering::Acquire) && (turn.holds)())
    }

    /// The zone with the content that `gather` gives. One who asks for the same zone meanwhile waits, so that its content
    /// never goes back to what was gathered earlier.
    ///
    /// # Errors
    /// What `gather` fails with; when the number could not be written: then no serial is given out.
    pub(crate) fn of(
        &self,
        gate: &Gate,
        key: ZoneKey,
        gather: impl FnOnce() -> Result<(Gathered, Rules, Timestamp), DeliverError>,
    ) -> Result<Zone, DeliverError> {
        if !self.are_given() {
            return Err(DeliverError::Elsewhere);
        }
        let place = Arc::clone(self.zones.lock().entry(key).or_default());
        let mut place = place.lock();
        let (gathered, rules, now) = gather()?;
        let zone = match place.clone() {
            Some(known) if known.gathered.is_same(&gathered) && known.rules == rules => known,
            Some(known) if known.rules == rules => {
                let mut next = Zone { gathered, ..known.clone() };
                let difference = next.gathered.refusable_since(&known.gathered);
                if difference != Difference::default() {
                    next.serial = self.next(gate, Some(known.serial), now)?;
                    self.add(key, &mut next, known.serial, difference);
                }
                next
            }
            known => {
                let stored = if known.is_none() { self.lasting.load(key) } else { None };
                let serial = self.next(gate, known.map(|known| known.serial), now)?;
                let mut zone = Zone { serial, gathered, rules, steps: Arc::default(), appended: 0 };
                match stored.filter(|stored| stored.rules == zone.rules) {
                    Some(stored) => {
                        let difference = zone.gathered.refusable_beyond(&stored.values);
                        zone.appended = stored.steps.iter().map(|step| step.len()).sum();
                        zone.steps = Arc::new(stored.steps);
                        self.add(key, &mut zone, stored.serial, difference);
                    }
                    None => self.lasting.keep(key, &zone),
                }
                zone
            }
        };
        // Another may have taken over while it was made.
        if !self.are_given() {
            return Err(DeliverError::Elsewhere);
        }
        *place = Some(zone.clone());
        Ok(zone)
    }

    /// Adds the step to a zone's own serial, in memory and in its file.
    fn add(&self, key: ZoneKey, zone: &mut Zone, from: u32, difference: Difference) {
        let step = Step { from, to: zone.serial, difference };
        let (lost, left) = (step.difference.gone.len(), zone.gathered.len());
        if lost >= LOST_MIN && lost > (left + lost) / LOST_SHARE {
            tracing::warn!(member.id = %key.0.uuid(), lost, left, "a zone has lost many values in one step");
        }
        zone.appended += step.len();
        if zone.appended > zone.kept_max() || zone.steps.len() > STEPS_MAX {
            zone.appended = 0;
            self.lasting.keep(key, zone);
        } else {
            self.lasting.append(key, &step);
        }
        zone.step(step);
    }

    /// The serial after `last`.
    fn next(&self, gate: &Gate, last: Option<u32>, now: Timestamp) -> Result<u32, DeliverError> {
        let mut before = self.before.lock();
        let ceiling = gate.book().setting(CEILING).and_then(|ceiling| ceiling.parse().ok());
        let before = *before.get_or_insert(ceiling);
        let second = u32::try_from(now.seconds().rem_euclid(1 << 32)).unwrap_or_default();
        let serial = last.or(before).map_or(second, |last| later(second, last.wrapping_add(1)));
        if ceiling.is_none_or(|ceiling| later(serial, ceiling) != ceiling) {
            let value = Some(serial.wrapping_add(SET_ASIDE).to_string());
            let entry = Entry::Setting(Setting { name: CEILING.to_owned(), value });
            gate.record(MemberId::NODE, entry).map_err(|error| match error {
                GateError::Storage(error) => DeliverError::Storage(error),
                error => DeliverError::Render(error.to_string()),
            })?;
        }
        Ok(serial)
    }
}

/// The later of two serials, which wrap around in the year 2106.
fn later(a: u32, b: u32) -> u32 {
    if a.wrapping_sub(b) < LATER_MAX { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_compare_around_the_end_of_their_numbers() {
        for (a, b, expected) in [(1, 2, 2), (2, 1, 2), (7, 7, 7), (u32::MAX, 0, 0), (3, u32::MAX - 3, 3)] {
            assert_eq!(later(a, b), expected, "{a} {b}");
        }
    }
}
