//! A limit on how much one sender can add to what others act on in one step; beyond it, an operator confirms.
//!
//! A sender whose account was taken over, or whose export went wrong, must not fill everybody's zones before a person has
//! looked. So indicators that one member brings to one circle are counted in windows of time. Those beyond the limit are a
//! *step*: they are held by the rule `step-limit` until an operator confirms the step, and for good if it is refused. What
//! takes values away is never held: withdrawals, expiry and own assets count at once.
//!
//! Whether an indicator is held follows from its circle's line and the limit alone, so that it is the same for all members and
//! after a restart. A circle that has little is being filled for the first time, and its limit does not bind. A new version with
//! no other values than the version before stands where that stood: to say again what is known adds nothing.
//!
//! Verdicts are settings in the node's line. They name a sender and a span of time, and so hold whatever the limit was.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gate::{Arrival, Gate, GateError};
use line::{Added, LineId, Seq, StorageError};
use policy::{Book, CircleId, Entry, MemberId, Setting};
use serde::{Deserialize, Serialize};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;
use watch::{Value, actionable};

/// What the names of verdicts begin with.
const PREFIX: &str = "guard.step.";
/// Records looked at before the line may grow again.
const AT_ONCE: u64 = 20_000;

/// How much one sender may add to one circle in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepLimit {
    /// Indicators that always may come in a window; 0 switches the limit off. A circle that had fewer before is being filled.
    pub count_max: u32,
    /// Indicators that may come if they are more than that: this many per cent of what the circle had before.
    pub percent_max: u32,
    /// How long a window is, in seconds.
    pub window_s: u32,
}

impl Default for StepLimit {
    fn default() -> Self {
        Self { count_max: 1_000, percent_max: 20, window_s: 600 }
    }
}

impl StepLimit {
    /// Most indicators in a window that begins when the circle has had `before`.
    fn most(self, before: u64) -> u64 {
        let count_max = u64::from(self.count_max);
        match count_max == 0 || before < count_max {
            true => u64::MAX,
            false => count_max.max(before.saturating_mul(u64::from(self.percent_max)) / 100),
        }
    }
}

/// That an indicator came beyond the limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Limited {
    pub(crate) circle: CircleId,
    sender: MemberId,
    /// When its step began, and when it came.
    first: i64,
    at: i64,
}

/// What an operator says of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepVerdict {
    /// It goes out.
    Confirmed,
    /// It is held for good.
    Refused,
}

impl StepVerdict {
    /// The verdict in a word: `confirmed` or `refused`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

/// A verdict as it is kept: of what a sender brought to a circle from one instant to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Said {
    circle: Uuid,
    sender: Uuid,
    first: i64,
    through: i64,
    count: u64,
    verdict: StepVerdict,
}

/// All verdicts of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Verdicts(Vec<Said>);

impl Verdicts {
    pub(crate) fn of(book: &Book) -> Self {
        let read = |(name, text): (&str, &str)| match serde_json::from_str(text) {
            Ok(said) => Some(said),
            Err(error) => {
                tracing::error!(setting = name, %error, "a verdict of a step can't be read; the step stays held");
                None
            }
        };
        Self(book.settings(PREFIX).filter_map(read).collect())
    }

    /// The verdict on an indicator; `None` while it waits.
    pub(crate) fn on(&self, limited: &Limited) -> Option<StepVerdict> {
        let is_of = |said: &&Said| {
            said.circle == limited.circle.uuid()
                && said.sender == limited.sender.uuid()
                && (said.first..=said.through).contains(&limited.at)
        };
        let verdicts = self.0.iter().filter(is_of).map(|said| said.verdict);
        // Of two that overlap, the stricter one counts.
        verdicts.max_by_key(|verdict| *verdict == StepVerdict::Refused)
    }
}

/// What a sender brought beyond the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name: the circle's handle and when it began, in microseconds.
    pub id: String,
    /// The circle.
    pub circle: CircleId,
    /// Who brought it.
    pub sender: MemberId,
    /// When the first indicator of it came.
    pub first: Timestamp,
    /// When the last one came.
    pub last: Timestamp,
    /// How many indicators it has.
    pub count: u64,
    /// How many of these wait for a verdict.
    pub waiting: u64,
    /// The last verdict, if there is one.
    pub verdict: Option<StepVerdict>,
}

/// A sender's window.
#[derive(Debug)]
struct Window {
    began: i64,
    most: u64,
    count: u64,
    /// When its step began, if it has gone beyond the limit.
    step: Option<i64>,
}

#[derive(Debug)]
struct Tracked {
    sender: MemberId,
    last: i64,
    count: u64,
}

/// What has come into one circle.
#[derive(Debug, Default)]
struct Watched {
    head: Seq,
    added: i64,
    /// How many indicators it has had, each once for each that brought it.
    had: u64,
    windows: HashMap<MemberId, Window>,
    /// What is held, by the object and when it was added.
    limited: HashMap<(Uuid, i64), Limited>,
    steps: BTreeMap<i64, Tracked>,
}

/// What has come into all circles.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    limit: StepLimit,
    circles: HashMap<CircleId, Watched>,
}

impl Steps {
    /// Counts anew by another limit.
    pub(crate) fn limit_to(&mut self, limit: StepLimit) {
        if limit != self.limit {
            *self = Self { limit, ..Self::default() };
        }
    }

    /// Whether an indicator's version, added at that time, came beyond the limit.
    pub(crate) fn limited(
        &mut self,
        gate: &Gate,
        circle: CircleId,
        id: &ObjectId,
        added: Added,
    ) -> Result<Option<Limited>, StorageError> {
        if self.limit.count_max == 0 {
            return Ok(None);
        }
        let limit = self.limit;
        let watched = self.circles.entry(circle).or_default();
        if watched.added < added.0 {
            watched.follow(gate, circle, limit)?;
        }
        Ok(watched.limited.get(&(id.uuid(), added.0)).cloned())
    }

    /// All steps, the latest first.
    pub(crate) fn all(&mut self, gate: &Gate) -> Result<Vec<Step>, StorageError> {
        let (book, mut all) = (gate.book(), Vec::new());
        let verdicts = Verdicts::of(&book);
        if self.limit.count_max == 0 {
            return Ok(all);
        }
        for circle in book.circles() {
            let limit = self.limit;
            let watched = self.circles.entry(circle.id).or_default();
            watched.follow(gate, circle.id, limit)?;
            let mut waiting: HashMap<i64, HashSet<i64>> = HashMap::new();
            for limited in watched.limited.values().filter(|limited| verdicts.on(limited).is_none()) {
                waiting.entry(limited.first).or_default().insert(limited.at);
            }
            for (first, tracked) in &watched.steps {
                let said = verdicts.0.iter().rev().find(|said| {
                    said.circle == circle.id.uuid()
                        && said.sender == tracked.sender.uuid()
                        && (said.first..=said.through).contains(first)
                });
                all.push(Step {
                    id: format!("{}.{first}", circle.handle),
                    circle: circle.id,
                    sender: tracked.sender,
                    first: Timestamp::from_micros(*first),
                    last: Timestamp::from_micros(tracked.last),
                    count: tracked.count,
                    waiting: waiting.get(first).map_or(0, HashSet::len) as u64,
                    verdict: said.map(|said| said.verdict),
                });
            }
        }
        all.sort_by_key(|step| std::cmp::Reverse(step.first));
        Ok(all)
    }
}

impl Step {
    /// Writes what an operator says of all that the step has by now; what comes to it later waits again.
    ///
    /// # Errors
    /// [`GateError`]: then nothing has changed.
    pub fn settle(&self, gate: &Gate, verdict: StepVerdict) -> Result<(), GateError> {
        let said = Said {
            circle: self.circle.uuid(),
            sender: self.sender.uuid(),
            first: self.first.micros(),
            through: self.last.micros(),
            count: self.count,
            verdict,
        };
        let name = format!("{PREFIX}{}.{}", self.circle.uuid(), self.first.micros());
        let value = serde_json::to_string(&said).ok();
        gate.record(MemberId::NODE, Entry::Setting(Setting { name, value }))?;
        tracing::info!(step = self.id, count = self.count, ?verdict, "an operator has decided about a step");
        gate.store().wake();
        Ok(())
    }
}

impl Watched {
    /// Counts what has come since.
    fn follow(&mut self, gate: &Gate, circle: CircleId, limit: StepLimit) -> Result<(), StorageError> {
        loop {
            let (arrivals, head) = gate.arrivals(circle, "indicator", self.head, AT_ONCE)?;
            if head == self.head {
                return Ok(());
            }
            for arrival in arrivals {
                self.count(gate, circle, limit, &arrival)?;
            }
            self.head = head;
        }
    }

    fn count(
        &mut self,
        gate: &Gate,
        circle: CircleId,
        limit: StepLimit,
        arrival: &Arrival,
    ) -> Result<(), StorageError> {
        let (object, at, sender) = (arrival.id.uuid(), arrival.added.0, arrival.sender);
        self.added = at;
        if arrival.first_added != arrival.added {
            // What is announced again stands where it stood.
            if let Some(limited) = self.limited.get(&(object, arrival.first_added.0)).cloned() {
                self.limited.insert((object, at), limited);
            }
            return Ok(());
        }
        let had = self.had;
        self.had += u64::from(arrival.before.is_none());
        let window_micros = i64::from(limit.window_s).saturating_mul(1_000_000);
        let window = self.windows.entry(sender).or_insert_with(|| Window::new(at, limit, had));
        if at.saturating_sub(window.began) >= window_micros {
            *window = Window::new(at, limit, had);
        }
        window.count += 1;
        if window.count <= window.most {
            return Ok(());
        }
        if let Some((seq, before_at)) = arrival.before
            && says_no_more(gate, circle, arrival.seq, seq)?
        {
            if let Some(limited) = self.limited.get(&(object, before_at.0)).cloned() {
                self.limited.insert((object, at), limited);
            }
            return Ok(());
        }
        let is_new = window.step.is_none();
        let first = *window.step.get_or_insert(at);
        self.limited.insert((object, at), Limited { circle, sender, first, at });
        let step = self.steps.entry(first).or_insert(Tracked { sender, last: at, count: 0 });
        (step.last, step.count) = (at, step.count + 1);
        if is_new {
            let handle = gate.book().circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default();
            tracing::warn!(
                circle.id = %circle.uuid(), member.id = %sender.uuid(), step = format!("{handle}.{first}"),
                "more indicators came from one member at once than the limit: those beyond it wait for an operator"
            );
        }
        Ok(())
    }
}

impl Window {
    fn new(began: i64, limit: StepLimit, had: u64) -> Self {
        Self { began, most: limit.most(had), count: 0, step: None }
    }
}

/// Whether a version has no value that the one before had not.
fn says_no_more(gate: &Gate, circle: CircleId, seq: Seq, before: Seq) -> Result<bool, StorageError> {
    let mut values: HashMap<Seq, HashSet<Value>> = HashMap::new();
    gate.store().bodies(LineId::new(circle.uuid()), &[before, seq], &mut |seq, _, body| {
        let raw = String::from_utf8_lossy(body);
        let said = stix::read_head(&raw).ok().and_then(|head| actionable(&raw, &head));
        values.insert(seq, said.map(|said| said.values.into_vec()).unwrap_or_default().into_iter().collect());
    })?;
    let empty = HashSet::new();
    let of = |seq| values.get(&seq).unwrap_or(&empty);
    Ok(of(seq).is_subset(of(before)))
}

/// The name of a held indicator's step, as operators write it.
pub(crate) fn name(limited: &Limited, handle: &str) -> String {
    format!("{handle}.{}", limited.first)
}

/// Steps and verdicts for others: through [`crate::Deliver`].
impl crate::gather::Deliver {
    /// All steps that went beyond the limit, the latest first.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn steps(&self) -> Result<Vec<Step>, StorageError> {
        self.steps.lock().all(&self.gate)
    }

    /// Whether an indicator came beyond the limit.
    pub(crate) fn limited(
        &self,
        circle: CircleId,
        id: &ObjectId,
        added: Added,
    ) -> Result<Option<Arc<Limited>>, StorageError> {
        Ok(self.steps.lock().limited(&self.gate, circle, id, added)?.map(Arc::new))
    }
}
