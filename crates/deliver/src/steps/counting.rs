//! Counts what comes into one circle, and knows what came beyond the limit.
//!
//! Most of it is decided from the catalogue, which knows how many values an indicator can have at most: bytes are read only of what
//! may be too much by that, and of new versions that come beyond the limit.

use std::collections::{BTreeMap, HashMap, HashSet};

use gate::{Arrival, Gate};
use line::{Seq, StorageError};
use policy::{CircleId, MemberId};
use stix::ObjectId;
use uuid::Uuid;

use super::news::{Version, news};
use super::{Limited, StepLimit};

/// Records looked at before the line may grow again.
const AT_ONCE: u64 = 20_000;

/// A sender's window.
#[derive(Debug)]
struct Window {
    began: i64,
    /// Values that may come.
    most: u64,
    /// Values that came, without those of `unread`.
    count: u64,
    /// What was not read, as it can't be too much, and how many values that may be.
    unread: Vec<Version>,
    unread_max: u64,
    /// Whether more came than may.
    is_full: bool,
}

/// What came beyond the limit from one sender in one window.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) sender: MemberId,
    pub(super) last: i64,
    /// Indicators.
    pub(super) count: u64,
}

/// What has come into one circle.
#[derive(Debug)]
pub(super) struct Counted {
    limit: StepLimit,
    head: Seq,
    added: i64,
    /// How many indicators it has had, each once for each that brought it.
    had: u64,
    windows: HashMap<MemberId, Window>,
    /// The last window of each sender in which a step began, and when.
    begun: HashMap<MemberId, (i64, i64)>,
    /// What is held, by the object and when it was added.
    limited: HashMap<(Uuid, i64), Limited>,
    /// By when they began.
    steps: BTreeMap<i64, Tracked>,
}

impl Counted {
    pub(super) fn new(limit: StepLimit) -> Self {
        let (windows, begun, limited, steps) = Default::default();
        Self { limit, head: Seq(0), added: 0, had: 0, windows, begun, limited, steps }
    }

    /// Whether an indicator's version, added at that time, came beyond the limit.
    pub(super) fn limited(
        &mut self,
        gate: &Gate,
        circle: CircleId,
        id: &ObjectId,
        added: i64,
    ) -> Result<Option<Limited>, StorageError> {
        if self.added < added {
            self.follow(gate, circle)?;
        }
        Ok(self.limited.get(&(id.uuid(), added)).cloned())
    }

    /// All that is held, each version by itself.
    pub(super) fn held(&self) -> impl Iterator<Item = &Limited> {
        self.limited.values()
    }

    /// All steps, by when they began.
    pub(super) fn steps(&self) -> impl Iterator<Item = (i64, &Tracked)> {
        self.steps.iter().map(|(first, tracked)| (*first, tracked))
    }

    /// Counts what has come since. What failed half-way is counted anew from the line's beginning: nothing is counted twice.
    pub(super) fn follow(&mut self, gate: &Gate, circle: CircleId) -> Result<(), StorageError> {
        let followed = self.follow_on(gate, circle);
        if followed.is_err() {
            *self = Self::new(self.limit);
        }
        followed
    }

    fn follow_on(&mut self, gate: &Gate, circle: CircleId) -> Result<(), StorageError> {
        loop {
            let (arrivals, head) = gate.arrivals(circle, "indicator", self.head, AT_ONCE)?;
            if head == self.head {
                return Ok(());
            }
            let counted = arrivals.iter().map(|arrival| self.count(gate, circle, arrival));
            let windows = counted.collect::<Result<Vec<Option<i64>>, StorageError>>()?;
            let asked = self.asked(&arrivals, &windows);
            let versions: Vec<Version> =
                arrivals.iter().zip(&asked).filter(|of| *of.1).map(|of| Version::of(of.0)).collect();
            let mut news = news(gate, circle, &versions)?.into_iter();
            for ((arrival, window), is_asked) in arrivals.iter().zip(windows).zip(asked) {
                let says_no_more = is_asked && news.next() == Some(0);
                match window {
                    _ if says_no_more || is_again(arrival) => self.stand(arrival),
                    Some(began) => self.hold(gate, circle, arrival, began),
                    None => {}
                }
            }
            self.head = head;
        }
    }

    /// For each arrival, whether it matters if it says more than the version before: where it comes beyond what may, or where that
    /// version may be held. What comes for the first time has something to say, whatever that is.
    fn asked(&self, arrivals: &[Arrival], windows: &[Option<i64>]) -> Vec<bool> {
        let mut may_be_held = HashSet::new();
        let mut is_asked = |(arrival, window): (&Arrival, &Option<i64>)| {
            let object = arrival.id.uuid();
            let before = stands_on(arrival).map(|before| (object, before));
            let on_held = before
                .is_some_and(|before| self.limited.contains_key(&before) || may_be_held.contains(&before));
            if window.is_some() || on_held {
                may_be_held.insert((object, arrival.added.0));
            }
            before.is_some() && (window.is_some() || on_held) && !is_again(arrival)
        };
        arrivals.iter().zip(windows).map(&mut is_asked).collect()
    }

    /// Counts an arrival; gives when its sender's window began, if it is beyond what may come in that.
    fn count(
        &mut self,
        gate: &Gate,
        circle: CircleId,
        arrival: &Arrival,
    ) -> Result<Option<i64>, StorageError> {
        let at = arrival.added.0;
        self.added = at;
        if is_again(arrival) {
            return Ok(None);
        }
        let (limit, had) = (self.limit, self.had);
        self.had += u64::from(arrival.before.is_none());
        let window_micros = i64::from(limit.window_s).saturating_mul(1_000_000);
        let window = self.windows.entry(arrival.sender).or_insert_with(|| Window::new(at, limit, had));
        if at.saturating_sub(window.began) >= window_micros {
            *window = Window::new(at, limit, had);
        }
        let is_full = window.take(Version::of(arrival), |versions| news(gate, circle, versions))?;
        Ok(is_full.then_some(window.began))
    }

    /// Holds an arrival.
    fn hold(&mut self, gate: &Gate, circle: CircleId, arrival: &Arrival, began: i64) {
        let (at, sender) = (arrival.added.0, arrival.sender);
        let known = self.begun.get(&sender).filter(|(window, _)| *window == began);
        let first = known.map_or(at, |(_, first)| *first);
        if known.is_none() {
            self.begun.insert(sender, (began, first));
            let handle = gate.book().circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default();
            tracing::warn!(
                circle.id = %circle.uuid(), member.id = %sender.uuid(), step = format!("{handle}.{first}"),
                "more values came from one member at once than the limit: those beyond it wait for an operator"
            );
        }
        self.limited.insert((arrival.id.uuid(), at), Limited { circle, sender, first, at });
        let step = self.steps.entry(first).or_insert(Tracked { sender, last: at, count: 0 });
        (step.last, step.count) = (at, step.count + 1);
    }

    /// What is announced again, or says no more than before, stands where that stood.
    fn stand(&mut self, arrival: &Arrival) {
        let object = arrival.id.uuid();
        let before = stands_on(arrival).and_then(|before| self.limited.get(&(object, before)));
        if let Some(limited) = before.cloned() {
            self.limited.insert((object, arrival.added.0), limited);
        }
    }
}

impl Window {
    fn new(began: i64, limit: StepLimit, had: u64) -> Self {
        Self { began, most: limit.most(had), count: 0, unread: Vec::new(), unread_max: 0, is_full: false }
    }

    /// Takes a version in; gives whether more came by now than may. `news` says how many new values versions have.
    fn take(
        &mut self,
        version: Version,
        news: impl FnOnce(&[Version]) -> Result<Vec<u64>, StorageError>,
    ) -> Result<bool, StorageError> {
        if self.is_full || self.most == u64::MAX {
            return Ok(self.is_full);
        }
        self.unread_max = self.unread_max.saturating_add(version.values_max());
        self.unread.push(version);
        if self.count.saturating_add(self.unread_max) > self.most {
            let news = news(&std::mem::take(&mut self.unread))?;
            self.unread_max = 0;
            // Who says nothing new, or no value at all, has said something.
            self.count =
                news.into_iter().fold(self.count, |count, values| count.saturating_add(values.max(1)));
            self.is_full = self.count > self.most;
        }
        Ok(self.is_full)
    }
}

/// Whether an arrival is announced again.
fn is_again(arrival: &Arrival) -> bool {
    arrival.first_added != arrival.added
}

/// When that came where an arrival stands if it says no more.
fn stands_on(arrival: &Arrival) -> Option<i64> {
    match is_again(arrival) {
        true => Some(arrival.first_added.0),
        false => arrival.before.map(|(_, before)| before.0),
    }
}
