//! A limit on how much one sender can add to what others act on in one step; beyond it, an operator confirms.
//!
//! A sender whose account was taken over, or whose export went wrong, must not fill everybody's zones before a person has
//! looked. So the values that one member brings to one circle are counted in windows of time: those that each indicator has and
//! the version before had not, and at least one for each. The indicators with which more come than may are a *step*: they are
//! held by the rule `step-limit` until an operator confirms the step, and for good if it is refused. What takes values away is
//! never held: withdrawals, expiry and own assets count at once.
//!
//! Whether an indicator is held follows from its circle's line and the limit alone, so that it is the same for all members and
//! after a restart. A circle that has little is being filled for the first time, and its limit does not bind. A new version with
//! no other values than the version before stands where that stood: to say again what is known adds nothing.
//!
//! Verdicts are settings in the node's line. They name a sender and a span of time, and so hold whatever the limit was.

mod counting;
mod news;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gate::{Gate, GateError};
use line::{Added, StorageError};
use parking_lot::Mutex;
use policy::{Book, By, Circle, CircleId, Entry, MemberId, Setting};
use serde::{Deserialize, Serialize};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use counting::{Counted, Tracked};

/// What the names of verdicts begin with.
const PREFIX: &str = "guard.step.";

/// How much one sender may add to one circle in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepLimit {
    /// Values that always may come in a window; 0 switches the limit off. A circle that had fewer indicators before is being
    /// filled.
    pub count_max: u32,
    /// Values that may come if they are more than that: this many per cent of the indicators that the circle had before.
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
    /// Most values in a window that begins when the circle has had `before`.
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

/// What has come into all circles, each under its own lock.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    limit: StepLimit,
    circles: HashMap<CircleId, Arc<Mutex<Counted>>>,
}

impl Steps {
    /// Counts anew by another limit.
    pub(crate) fn limit_to(&mut self, limit: StepLimit) {
        if limit != self.limit {
            *self = Self { limit, ..Self::default() };
        }
    }

    /// What has come into a circle; `None` if there is no limit.
    fn of(&mut self, circle: CircleId) -> Option<Arc<Mutex<Counted>>> {
        let limit = self.limit;
        let counted = || Arc::new(Mutex::new(Counted::new(limit)));
        (limit.count_max > 0).then(|| Arc::clone(self.circles.entry(circle).or_insert_with(counted)))
    }
}

/// The steps of one circle, in whatever order.
fn steps_of(circle: &Circle, counted: &Counted, verdicts: &Verdicts) -> Vec<Step> {
    let mut waiting: HashMap<i64, HashSet<i64>> = HashMap::new();
    for limited in counted.held().filter(|limited| verdicts.on(limited).is_none()) {
        waiting.entry(limited.first).or_default().insert(limited.at);
    }
    let step = |(first, tracked): (i64, &Tracked)| {
        let said = verdicts.0.iter().rev().find(|said| {
            said.circle == circle.id.uuid()
                && said.sender == tracked.sender.uuid()
                && (said.first..=said.through).contains(&first)
        });
        Step {
            id: format!("{}.{first}", circle.handle),
            circle: circle.id,
            sender: tracked.sender,
            first: Timestamp::from_micros(first),
            last: Timestamp::from_micros(tracked.last),
            count: tracked.count,
            waiting: waiting.get(&first).map_or(0, HashSet::len) as u64,
            verdict: said.map(|said| said.verdict),
        }
    };
    counted.steps().map(step).collect()
}

impl Step {
    /// Writes what an operator says of all that the step has by now, and who of the node said it; what comes to it later waits
    /// again.
    ///
    /// # Errors
    /// [`GateError`]: then nothing has changed.
    pub fn settle(&self, gate: &Gate, by: impl Into<By>, verdict: StepVerdict) -> Result<(), GateError> {
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
        gate.record(by, Entry::Setting(Setting { name, value }))?;
        tracing::info!(step = self.id, count = self.count, ?verdict, "an operator has decided about a step");
        gate.store().wake();
        Ok(())
    }
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
        let book = self.gate.book();
        let (verdicts, mut all) = (Verdicts::of(&book), Vec::new());
        for circle in book.circles() {
            let Some(counted) = self.steps.lock().of(circle.id) else { continue };
            let mut counted = counted.lock();
            counted.follow(&self.gate, circle.id)?;
            all.append(&mut steps_of(circle, &counted, &verdicts));
        }
        all.sort_by_key(|step| std::cmp::Reverse(step.first));
        Ok(all)
    }

    /// Whether an indicator came beyond the limit.
    pub(crate) fn limited(
        &self,
        circle: CircleId,
        id: &ObjectId,
        added: Added,
    ) -> Result<Option<Arc<Limited>>, StorageError> {
        let Some(counted) = self.steps.lock().of(circle) else { return Ok(None) };
        Ok(counted.lock().limited(&self.gate, circle, id, added.0)?.map(Arc::new))
    }
}
