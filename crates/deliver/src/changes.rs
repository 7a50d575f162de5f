//! Lists over time: what came and what went since a member last fetched.
//!
//! Each state of a member's lists that was handed out has a number, `RUN-N`. `RUN` is made up when the node starts, so that a
//! number of before a restart, or of another node, is never taken for one of now. Members with the same rights share one history,
//! which keeps the steps from state to state; but a number counts only for the member that it was handed to, so that nobody
//! learns from another's number what it could not see itself. What is kept is bounded: who comes too late fetches the whole.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64};

use parking_lot::Mutex;
use policy::MemberId;
use stix::Timestamp;
use watch::Value;

use crate::entry::Entry;
use crate::gather::{Gathered, Whose};
use crate::list::{by_row, is_listed};

/// Entries of all kept steps of a history together, for each entry of the list and in any case.
const KEPT_SHARE: usize = 8;
const KEPT_MIN: usize = 10_000;
/// Most steps of a history, and most numbers that are remembered for a member.
const STEPS_MAX: usize = 1_000;
const HANDED_MAX: usize = 1_000;
/// Most histories; the one that nobody has asked for the longest goes first.
const HISTORIES_MAX: usize = 256;
/// A history that nobody has asked for is dropped after two days, in microseconds.
const IDLE_MICROS: i64 = 2 * 86_400 * 1_000_000;
/// Most members whose numbers are remembered; all are forgotten beyond.
const MEMBERS_MAX: usize = 8_192;

/// To whom a number was handed out: a member, over an encrypted channel or not.
pub(crate) type Holder = (MemberId, bool);

/// What a value's entry was at one state and is at a later one.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) was: Option<Entry>,
    pub(crate) is: Option<Entry>,
}

struct Step {
    from: u64,
    gone: Vec<Entry>,
    new: Vec<Entry>,
}

struct History {
    number: u64,
    gathered: Gathered,
    steps: VecDeque<Step>,
}

/// Where a history is kept. Lists are compared under its own lock: that takes a while for long ones, and holds up nobody who has
/// another history.
struct Place {
    asked: Timestamp,
    history: Arc<Mutex<Option<History>>>,
}

#[derive(Default)]
struct State {
    places: HashMap<Whose, Place>,
    handed: HashMap<Holder, VecDeque<u64>>,
}

/// The histories of all members' lists.
pub(crate) struct Changes {
    run: String,
    /// The last number of all.
    last: AtomicU64,
    state: Mutex<State>,
}

impl Default for Changes {
    fn default() -> Self {
        // The standard library's hashers are keyed at random.
        let run = format!("{:016x}", RandomState::new().hash_one("run"));
        Self { run, last: AtomicU64::new(0), state: Mutex::default() }
    }
}

impl Changes {
    /// The number of what `holder` is given now, and what has changed since the number it names, by value; `None` if that is not
    /// known. Costs a comparison with the state before.
    pub(crate) fn number(
        &self,
        (whose, gathered): (Whose, &Gathered),
        holder: Holder,
        since: Option<&str>,
        now: Timestamp,
    ) -> (String, Option<BTreeMap<Value, Change>>) {
        let history = self.state.lock().place(whose, now);
        let mut history = history.lock();
        let history = match history.as_mut() {
            Some(history) => {
                history.advance(gathered, || self.next());
                history
            }
            None => {
                let (number, gathered, steps) = (self.next(), gathered.clone(), VecDeque::new());
                history.insert(History { number, gathered, steps })
            }
        };
        let known = since.and_then(|since| self.read(since));
        let known = known.filter(|since| self.state.lock().is_handed(holder, *since));
        let changes = known.and_then(|since| history.since(since));
        self.state.lock().hand(holder, history.number);
        (format!("{}-{}", self.run, history.number), changes)
    }

    fn next(&self) -> u64 {
        self.last.fetch_add(1, atomic::Ordering::Relaxed) + 1
    }

    fn read(&self, number: &str) -> Option<u64> {
        let (run, number) = number.split_once('-')?;
        (run == self.run).then(|| number.parse().ok()).flatten()
    }
}

impl State {
    /// The history that is asked for; forgets those that nobody has asked for in a long while.
    fn place(&mut self, whose: Whose, now: Timestamp) -> Arc<Mutex<Option<History>>> {
        self.places.retain(|_, place| now.micros() - place.asked.micros() < IDLE_MICROS);
        if self.places.len() >= HISTORIES_MAX && !self.places.contains_key(&whose) {
            let oldest = self.places.iter().min_by_key(|(_, place)| place.asked);
            if let Some(oldest) = oldest.map(|(whose, _)| whose.clone()) {
                self.places.remove(&oldest);
            }
        }
        let place = self.places.entry(whose).or_insert_with(|| Place { asked: now, history: Arc::default() });
        place.asked = now;
        Arc::clone(&place.history)
    }

    fn is_handed(&self, holder: Holder, number: u64) -> bool {
        self.handed.get(&holder).is_some_and(|all| all.contains(&number))
    }

    fn hand(&mut self, holder: Holder, number: u64) {
        if self.handed.len() >= MEMBERS_MAX {
            self.handed.clear();
        }
        let handed = self.handed.entry(holder).or_default();
        if handed.back() != Some(&number) {
            handed.push_back(number);
        }
        if handed.len() > HANDED_MAX {
            handed.pop_front();
        }
    }
}

impl Step {
    fn len(&self) -> usize {
        self.gone.len() + self.new.len()
    }
}

impl History {
    /// Takes in what the lists hold now, under the `next` number if that is not what they held before.
    fn advance(&mut self, gathered: &Gathered, next: impl FnOnce() -> u64) {
        if self.gathered.is_same(gathered) {
            return;
        }
        let (mut gone, mut new) = gathered.entries_since(&self.gathered, by_row);
        gone.retain(is_listed);
        new.retain(is_listed);
        self.gathered = gathered.clone();
        if !gone.is_empty() || !new.is_empty() {
            let from = std::mem::replace(&mut self.number, next());
            self.keep(Step { from, gone, new });
        }
    }

    fn keep(&mut self, step: Step) {
        let most = KEPT_MIN.max(self.gathered.len() / KEPT_SHARE);
        self.steps.push_back(step);
        let mut kept: usize = self.steps.iter().map(Step::len).sum();
        while (kept > most || self.steps.len() > STEPS_MAX)
            && let Some(oldest) = self.steps.pop_front()
        {
            kept -= oldest.len();
        }
    }

    /// What has changed since a state, step by step joined; `None` if it is not one of this history, or forgotten.
    fn since(&self, number: u64) -> Option<BTreeMap<Value, Change>> {
        let mut changes: BTreeMap<Value, Change> = BTreeMap::new();
        if number == self.number {
            return Some(changes);
        }
        let first = self.steps.iter().position(|step| step.from == number)?;
        for step in self.steps.iter().skip(first) {
            for gone in &step.gone {
                let was = || Change { was: Some(gone.clone()), is: None };
                changes.entry(gone.value().clone()).or_insert_with(was).is = None;
            }
            for new in &step.new {
                changes.entry(new.value().clone()).or_default().is = Some(new.clone());
            }
        }
        changes.retain(|_, Change { was, is }| match (was, is) {
            (Some(was), Some(is)) => by_row(was, is) != Ordering::Equal,
            (was, is) => was.is_some() || is.is_some(),
        });
        Some(changes)
    }
}
