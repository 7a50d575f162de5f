//! What a member may act on, kept up to date change by change.
//!
//! A view never changes: a step makes the next one, which shares with the one before all that stayed. It holds from the
//! instant at which it was judged until its next turn: validity that begins or ends, confidence that fades.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use policy::Released;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use stix::{Timestamp, Tlp};
use watch::{Acts, Context, Guard, Hold, Kind, Value};

use crate::entry::{Claim, Claimed, Entry, HeldEntry, HostEntry, Key, Shared};
use crate::reading::{Changes, last_of_each};
use crate::sightings::Sightings;
use crate::sorted::Sorted;
use crate::steps::{self, Limited, StepLimit, StepVerdict, Verdicts};

/// Changes from which on a view is made anew rather than changed, for each value that it has, and in any case.
const ANEW_SHARE: usize = 4;
const ANEW_MIN: usize = 2_000;
/// Fewest changes that a core works on.
const PRINTED_AT_ONCE: usize = 256;

/// By what values are judged.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) guard: Guard,
    pub(crate) confidence_min: u8,
    /// The limit by which indicators were found to have come beyond a step.
    pub(crate) step_limit: StepLimit,
    /// What operators have said of steps beyond the limit.
    pub(crate) verdicts: Verdicts,
}

impl Judge {
    pub(crate) const fn context(&self, now: Timestamp) -> Context {
        Context::new(now, self.confidence_min)
    }

    /// What holds an indicator back although the guard has nothing against its values: that it came beyond the limit of a step,
    /// and no operator has confirmed that.
    pub(crate) fn stop(&self, shared: &Shared) -> Option<Hold> {
        self.stop_of(shared.limited.as_deref()?, &shared.source.handle)
    }

    /// The same of what is no value: a rule or a pattern, by the circle's handle.
    pub(crate) fn stop_of(&self, limited: &Limited, handle: &str) -> Option<Hold> {
        let step = steps::name(limited, handle);
        let message = match self.verdicts.on(limited) {
            Some(StepVerdict::Confirmed) => return None,
            Some(StepVerdict::Refused) => {
                format!("an operator has refused the step {step}, with which it came")
            }
            None => format!(
                "it came with more than its sender may add at once; an operator confirms the step {step} first"
            ),
        };
        Some(Hold { rule: "step-limit", list: None, message })
    }

    /// What holds a claim back.
    pub(crate) fn hold(&self, claim: &Claim, context: &Context) -> Option<Hold> {
        self.guard.check(claim.value(), context).err().or_else(|| self.stop(claim.shared()))
    }

    /// When what is judged of an indicator at `now` may turn out otherwise.
    fn turn(&self, shared: &Shared, seen_last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let indicator = &shared.indicator;
        let dates = [indicator.valid_from, indicator.valid_until].into_iter().flatten();
        let context = Context { seen_last, ..self.context(now).of(indicator) };
        let mut kinds: Vec<Kind> = indicator.values.iter().map(Value::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let fades = kinds.into_iter().filter_map(|kind| self.guard.decay(kind).fades_at(&context));
        dates.chain(fades).filter(|date| *date > now).min()
    }
}

/// Entries for one value, the most certain first.
#[derive(Debug, Clone)]
pub(crate) struct Cell<E> {
    pub(crate) best: E,
    others: Box<[E]>,
}

impl<E: Claimed> Cell<E> {
    fn value(&self) -> &Value {
        self.best.claim().value()
    }

    /// All entries for a value, in whatever order they come.
    fn of(mut entries: Vec<E>) -> Option<Self> {
        entries.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let others = entries.split_off(entries.len().min(1)).into_boxed_slice();
        entries.pop().map(|best| Self { best, others })
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &E> {
        std::iter::once(&self.best).chain(&self.others)
    }

    fn into_entries(self) -> Vec<E> {
        let mut entries = self.others.into_vec();
        entries.push(self.best);
        entries
    }

    fn with(cell: Option<Self>, entry: E) -> Option<Self> {
        let mut entries = cell.map(Self::into_entries).unwrap_or_default();
        entries.push(entry);
        Self::of(entries)
    }

    fn without(cell: Option<Self>, key: Key) -> Option<Self> {
        let mut entries = cell.map(Self::into_entries).unwrap_or_default();
        entries.retain(|entry| entry.claim().key() != key);
        Self::of(entries)
    }
}

/// An indicator in a view.
#[derive(Debug, Clone)]
struct State {
    by: Released<Arc<Shared>>,
    turn: Option<Timestamp>,
}

/// What is to become of an indicator: another version, or gone.
pub(crate) struct Change {
    pub(crate) key: Key,
    pub(crate) to: Option<Released<Arc<Shared>>>,
}

/// What identifies the content of a view, whoever looks at it: a sum over its indicators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Print(u128);

/// A member's view.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) judge: Arc<Judge>,
    states: Sorted<State>,
    pub(crate) values: Sorted<Cell<Entry>>,
    pub(crate) held: Sorted<Cell<HeldEntry>>,
    pub(crate) hosts: Sorted<HostEntry>,
    turns: Sorted<(Timestamp, Key)>,
    pub(crate) sightings: Sightings,
    /// Values by the mark that they count as.
    marks: [usize; 5],
    print: Print,
    /// From when on it holds.
    since: Timestamp,
}

impl View {
    /// A view of nothing.
    pub(crate) fn empty(judge: Arc<Judge>, now: Timestamp) -> Self {
        Self {
            judge,
            states: Sorted::default(),
            values: Sorted::default(),
            held: Sorted::default(),
            hosts: Sorted::default(),
            turns: Sorted::default(),
            sightings: Sightings::default(),
            marks: [0; 5],
            print: Print::default(),
            since: now,
        }
    }

    /// Whether what is judged here holds at `now`.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.since <= now && self.turns.first().is_none_or(|(turn, _)| now < *turn)
    }

    /// The strictest mark of its values.
    pub(crate) fn tlp(&self) -> Tlp {
        let marks = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];
        let there = marks.into_iter().rev().find(|mark| self.marks[*mark as usize] > 0);
        there.unwrap_or(Tlp::Clear)
    }

    /// An indicator, as it stands here.
    pub(crate) fn shared(&self, key: Key) -> Option<&Released<Arc<Shared>>> {
        self.states.get(|state| state.by.get().key().cmp(&key)).map(|state| &state.by)
    }

    /// Whether a value is among those that may be acted on.
    pub(crate) fn has(&self, value: &Value) -> bool {
        self.values.get(|cell| cell.value().cmp(value)).is_some()
    }

    /// Whether a resolver or a firewall is to refuse a domain or an address: because of itself, or of a URL.
    pub(crate) fn refuses(&self, value: &Value) -> bool {
        self.has(value) || {
            let at = self.hosts.rank(|host| host.host.get().cmp(value));
            self.hosts.after(at).next().is_some_and(|host| host.host.get() == value)
        }
    }

    /// How many indicators there are.
    pub(crate) const fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether it has any of a circle's indicators.
    pub(crate) fn knows(&self, circle: policy::CircleId) -> bool {
        let of = |state: &State| state.by.get().source.circle;
        let at = self.states.rank(|state| of(state).cmp(&circle));
        self.states.after(at).next().is_some_and(|state| of(state) == circle)
    }

    /// What its content would be after these changes, each of another object.
    pub(crate) fn print_after(&self, changes: &Changes, hasher: &RandomState) -> Print {
        let print = |by: Option<&Released<Arc<Shared>>>| by.map_or(0, |by| print_of(by, hasher));
        let indicators = changes
            .indicators
            .par_iter()
            .with_min_len(PRINTED_AT_ONCE)
            .map(|change| print(change.to.as_ref()).wrapping_sub(print(self.shared(change.key))));
        let sum = indicators.reduce(|| 0, u128::wrapping_add);
        let sightings = self.sightings.print_of(&changes.sightings, hasher);
        Print(self.print.0.wrapping_add(sightings).wrapping_add(sum))
    }

    /// The view after `changes` and after all turns up to `now`.
    ///
    /// `print` is what [`View::print_after`] says of the changes.
    pub(crate) fn step(&self, changes: Changes, print: Print, now: Timestamp) -> Self {
        let mut sightings = self.sightings.clone();
        let seen = sightings.change(&changes.sightings);
        let turned = self.turns.iter().take_while(|(turn, _)| *turn <= now);
        let again = turned.map(|(_, key)| *key).chain(seen);
        let again = again.filter_map(|key| Some(Change { key, to: Some(self.shared(key)?.share()) }));
        // What has changed as well comes later, and counts.
        let changes: Vec<Change> = again.chain(changes.indicators).collect();
        let mut next = match changes.len() >= ANEW_MIN.max(self.len() / ANEW_SHARE) {
            true => self.anew(changes, sightings, now),
            false => {
                let mut next = Self { sightings, ..self.clone() };
                changes.into_iter().for_each(|change| next.apply(change, now));
                next
            }
        };
        (next.print, next.since) = (print, now);
        next
    }

    /// The view after `changes`, sorted again as a whole.
    fn anew(&self, changes: Vec<Change>, sightings: Sightings, now: Timestamp) -> Self {
        let changed = last_of_each(changes, |change| change.key);
        let is_changed = |state: &&State| {
            let key = state.by.get().key();
            changed.binary_search_by(|change| change.key.cmp(&key)).is_err()
        };
        let kept = self.states.iter().filter(is_changed).map(|state| state.by.share());
        let mut all: Vec<Released<Arc<Shared>>> = kept.collect();
        all.extend(changed.into_iter().filter_map(|change| change.to));
        all.sort_unstable_by_key(|by| by.get().key());
        let judge = &self.judge;
        let mut next = Self { sightings, ..Self::empty(Arc::clone(judge), now) };
        let (mut values, mut held, mut turns) = (Vec::new(), Vec::new(), Vec::new());
        for by in &all {
            let judged = Judged::of(by, judge, next.sightings.last(by.get().key()), now);
            values.extend(judged.entries);
            held.extend(judged.held);
            next.hosts_of(judged.hosts);
        }
        let sightings = &next.sightings;
        let states = all.into_iter().map(|by| {
            let turn = judge.turn(by.get(), sightings.last(by.get().key()), now);
            turns.extend(turn.map(|turn| (turn, by.get().key())));
            State { by, turn }
        });
        let states = Sorted::of(states);
        next.states = states;
        turns.sort_unstable();
        next.turns = Sorted::of(turns);
        next.values = cells(values);
        next.held = cells(held);
        for cell in next.values.iter() {
            next.marks[cell.best.mark() as usize] += 1;
        }
        next
    }

    fn apply(&mut self, change: Change, now: Timestamp) {
        let judge = Arc::clone(&self.judge);
        let key = change.key;
        let seen_last = self.sightings.last(key);
        let mut old = None;
        let new = change.to.map(|by| State { turn: judge.turn(by.get(), seen_last, now), by });
        let (turn, by) = new.as_ref().map_or((None, None), |new| (new.turn, Some(new.by.share())));
        self.states.change(
            |state| state.by.get().key().cmp(&key),
            |before| {
                old = before;
                new
            },
        );
        if let Some(old) = old {
            if let Some(turn) = old.turn {
                self.turns.change(|item| item.cmp(&(turn, key)), |_| None);
            }
            for claim in old.by.get().claims() {
                self.remove(&claim, key);
            }
        }
        if let Some(turn) = turn {
            self.turns.change(|item| item.cmp(&(turn, key)), |_| Some((turn, key)));
        }
        if let Some(by) = by {
            let judged = Judged::of(&by, &judge, seen_last, now);
            for entry in judged.entries {
                let value = entry.value().clone();
                self.change_value(&value, |cell| Cell::with(cell, entry));
            }
            for entry in judged.held {
                let value = entry.claim().value().clone();
                self.held.change(|cell| cell.value().cmp(&value), |cell| Cell::with(cell, entry));
            }
            self.hosts_of(judged.hosts);
        }
    }

    fn hosts_of(&mut self, hosts: Vec<HostEntry>) {
        for entry in hosts {
            let (host, url, key) =
                (entry.host.get().clone(), entry.by.value().clone(), entry.by.claim().key());
            self.hosts.change(|other| other.compare(&host, &url, key), |_| Some(entry));
        }
    }

    /// Takes an indicator's claim on a value out.
    fn remove(&mut self, claim: &Claim, key: Key) {
        let value = claim.value();
        self.change_value(value, |cell| Cell::without(cell, key));
        self.held.change(|cell| cell.value().cmp(value), |cell| Cell::without(cell, key));
        if let Some(host) = value.url_host() {
            self.hosts.change(|other| other.compare(&host, value, key), |_| None);
        }
    }

    /// Changes what may be acted on for a value, and the count of marks with it.
    fn change_value(&mut self, value: &Value, make: impl FnOnce(Option<Cell<Entry>>) -> Option<Cell<Entry>>) {
        let marks = &mut self.marks;
        let make = |cell: Option<Cell<Entry>>| {
            if let Some(cell) = &cell {
                marks[cell.best.mark() as usize] -= 1;
            }
            make(cell).inspect(|cell| marks[cell.best.mark() as usize] += 1)
        };
        self.values.change(|cell| cell.value().cmp(value), make);
    }
}

/// What the guard says of an indicator's values.
#[derive(Default)]
struct Judged {
    entries: Vec<Entry>,
    held: Vec<HeldEntry>,
    hosts: Vec<HostEntry>,
}

impl Judged {
    fn of(by: &Released<Arc<Shared>>, judge: &Judge, seen_last: Option<Timestamp>, now: Timestamp) -> Self {
        let mut judged = Self::default();
        let context = Context { seen_last, ..judge.context(now) };
        let is_stopped = judge.stop(by.get()).is_some();
        for claim in by.share().map(|shared| shared.claims().collect::<Vec<_>>()).each() {
            let kept = HeldEntry(claim.clone());
            let admit = |claim: Claim| judge.guard.admit(claim, &context).ok().filter(|_| !is_stopped);
            let Some(guarded) = claim.and_then(admit) else {
                judged.held.push(kept);
                continue;
            };
            let entry = Entry(guarded);
            let of_indicator = context.of(entry.indicator());
            if entry.value().kind() == Kind::Url
                && let Ok(host) = judge.guard.host(entry.value(), &of_indicator)
            {
                judged.hosts.push(HostEntry { host: Arc::new(host), by: entry.clone() });
            }
            judged.entries.push(entry);
        }
        judged
    }
}

/// Entries by their values, in order.
fn cells<E: Claimed>(mut entries: Vec<E>) -> Sorted<Cell<E>> {
    entries.sort_unstable_by(|a, b| a.claim().value().cmp(b.claim().value()));
    let mut entries = entries.into_iter().peekable();
    Sorted::of(std::iter::from_fn(|| {
        let first = entries.next()?;
        let mut same = vec![first];
        while let Some(next) = entries
            .next_if(|next| same.first().is_some_and(|first| first.claim().value() == next.claim().value()))
        {
            same.push(next);
        }
        Cell::of(same)
    }))
}

fn print_of(by: &Released<Arc<Shared>>, hasher: &RandomState) -> u128 {
    let shared = by.get();
    // Whoever gets the bytes in which it came reads the same out of them.
    let copy = (!shared.whole).then_some(&shared.indicator);
    let half = |salt: u8| u128::from(hasher.hash_one((salt, shared.key(), shared.seq, by.tlp(), copy)));
    half(0) << 64 | half(1)
}
