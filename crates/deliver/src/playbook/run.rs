//! A playbook that is carried out: a checklist whose events are kept, with who, when and what came of it.
//!
//! A run is what its [events](Event) add up to, in their order; each is a record of the node's line. It belongs to one member, and
//! neither it nor the names in it go anywhere else: what is shared of it is another object ([`super::result`]). Pure.

use std::fmt::Write as _;

use policy::{CircleId, MemberId};
use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use super::{Playbook, STEPS_MAX};

/// The version of the stored form.
const VERSION: u8 = 1;
/// Characters of a note.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Characters of a name of who did something.
pub const NAME_CHARS_MAX: usize = 200;
/// Things that can happen in one run.
pub const EVENTS_MAX: usize = 2_000;

/// A step's name at the time when the run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its id in the playbook.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What is carried out, by which member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// Who carries it out.
    pub member: MemberId,
    /// The circle in which it has the playbook.
    pub circle: CircleId,
    /// The course of action that holds the playbook.
    pub object: String,
    /// Its version.
    pub version: String,
    /// The playbook's name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<Named>,
}

impl Started {
    /// Of a playbook, as the member has it in a circle.
    #[must_use]
    pub fn of(
        playbook: &Playbook,
        member: MemberId,
        circle: CircleId,
        object: &str,
        version: Timestamp,
    ) -> Self {
        let named = |step: &super::Step| Named { id: step.id.clone(), name: step.name.clone() };
        let steps = playbook.steps.iter().take(STEPS_MAX).map(named).collect();
        let (object, version) = (object.to_owned(), version.to_string());
        Self { member, circle, object, version, name: playbook.name.clone(), steps }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It was begun.
    Begun,
    /// It was done.
    Done,
    /// It was left out: it does not apply, or its branch was not taken.
    Skipped,
    /// It was tried and did not work.
    Failed,
}

impl StepState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Done, Self::Skipped, Self::Failed];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was begun.
    Started(Started),
    /// Something became of a step.
    Step {
        /// Its number, from 1.
        step: usize,
        /// What.
        state: StepState,
    },
    /// It was ended.
    Finished,
    /// Its result was shared, under this id.
    Shared(String),
}

/// An event: what happened, who did it, and what is to be remembered of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// Who did it, by name; empty if nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// A note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    v: u8,
    run: Uuid,
    event: E,
}

/// Why a text is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error("the event of a run can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the event of a run has version {0}, this program knows {VERSION}: use a newer program")]
    Version(u8),
}

impl Event {
    /// The stored form.
    #[must_use]
    pub fn to_json(&self, run: Uuid) -> String {
        serde_json::to_string(&Stored { v: VERSION, run, event: self }).unwrap_or_default()
    }

    /// Reads the stored form: of which run, and what happened.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<(Uuid, Self), EventError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(EventError::Version(v));
        }
        let stored: Stored<Self> = serde_json::from_str(text)?;
        Ok((stored.run, stored.event))
    }
}

/// Why something can't happen in a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It has ended.
    #[error("it was finished; start the playbook again for another run")]
    Finished,
    /// It goes on.
    #[error("it is not finished: finish it before its result is shared")]
    Unfinished,
    /// There is no such step.
    #[error("it has no step {step}; its steps are 1 to {count}")]
    NoStep {
        /// The number that was named.
        step: usize,
        /// How many it has.
        count: usize,
    },
    /// A text is too long.
    #[error("a note has at most {NOTE_CHARS_MAX} characters and a name {NAME_CHARS_MAX}")]
    TooLong,
    /// Too much happened.
    #[error("{EVENTS_MAX} things have happened in this run, which is all that is kept of one: finish it")]
    Full,
    /// It was started before.
    #[error("it was started before")]
    Again,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Its name.
    pub named: Named,
    /// What became of it last, and when; `None` before anything did.
    pub state: Option<(StepState, Timestamp)>,
    /// Time that it took, in microseconds: from when it was begun, or from what happened before it, to its end; in all, if it was done
    /// several times.
    pub took_micros: i64,
    began: Option<Timestamp>,
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its identity.
    pub id: Uuid,
    /// What is carried out.
    pub started: Started,
    /// When it began.
    pub began: Timestamp,
    /// Its steps.
    pub steps: Vec<Progress>,
    /// When it was ended.
    pub finished: Option<Timestamp>,
    /// When its result was shared, and under which id.
    pub shared: Option<(Timestamp, String)>,
    /// All that happened, in order.
    pub events: Vec<(Timestamp, Event)>,
    last: Timestamp,
}

impl Run {
    /// One that begins; `None` if this is not how one begins.
    #[must_use]
    pub fn begin(id: Uuid, event: Event, at: Timestamp) -> Option<Self> {
        let What::Started(started) = &event.what else { return None };
        let progress =
            |named: &Named| Progress { named: named.clone(), state: None, took_micros: 0, began: None };
        let steps = started.steps.iter().map(progress).collect();
        let started = started.clone();
        Some(Self {
            id,
            started,
            began: at,
            steps,
            finished: None,
            shared: None,
            events: vec![(at, event)],
            last: at,
        })
    }

    /// Whether this can happen now.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn check(&self, event: &Event) -> Result<(), RunError> {
        if event.note.chars().count() > NOTE_CHARS_MAX || event.by.chars().count() > NAME_CHARS_MAX {
            return Err(RunError::TooLong);
        }
        match &event.what {
            What::Started(_) => Err(RunError::Again),
            What::Shared(_) if self.finished.is_none() => Err(RunError::Unfinished),
            What::Shared(_) => Ok(()),
            _ if self.finished.is_some() => Err(RunError::Finished),
            What::Finished => Ok(()),
            What::Step { step, .. } if *step == 0 || *step > self.steps.len() => {
                Err(RunError::NoStep { step: *step, count: self.steps.len() })
            }
            What::Step { .. } if self.events.len() >= EVENTS_MAX => Err(RunError::Full),
            What::Step { .. } => Ok(()),
        }
    }

    /// Takes an event in. What can't happen is left out: events were judged when they were made.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        if self.check(&event).is_err() {
            return;
        }
        match &event.what {
            What::Started(_) => {}
            What::Finished => self.finished = Some(at),
            What::Shared(id) => self.shared = Some((at, id.clone())),
            What::Step { step, state } => {
                let before = self.last;
                if let Some(progress) = self.steps.get_mut(step - 1) {
                    match state {
                        StepState::Begun => progress.began = Some(at),
                        // Nobody worked on what was left out.
                        StepState::Skipped => progress.began = None,
                        StepState::Done | StepState::Failed => {
                            let from = progress.began.take().unwrap_or(before);
                            progress.took_micros += (at.micros() - from.micros()).max(0);
                        }
                    }
                    progress.state = Some((*state, at));
                }
            }
        }
        self.last = at;
        self.events.push((at, event));
    }

    /// Time from the beginning to the end, or to `now`, in microseconds.
    #[must_use]
    pub fn took_micros(&self, now: Timestamp) -> i64 {
        (self.finished.unwrap_or(now).micros() - self.began.micros()).max(0)
    }

    /// Steps in a state.
    #[must_use]
    pub fn count(&self, state: StepState) -> usize {
        self.steps.iter().filter(|step| step.state.is_some_and(|(own, _)| own == state)).count()
    }

    /// Steps that nothing became of.
    #[must_use]
    pub fn untouched(&self) -> usize {
        self.steps.iter().filter(|step| step.state.is_none()).count()
    }
}

/// A span of time for people: `2 h 5 min`, `3 min 20 s`.
#[must_use]
pub fn lasted(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let mut text = String::new();
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    for (count, unit) in parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0 || seconds == 0) {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a text does not fail.
        let _written = write!(text, "{space}{count} {unit}");
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(second: i64) -> Timestamp {
        Timestamp::from_micros((1_790_000_000 + second) * 1_000_000)
    }

    pub(crate) fn event(what: What) -> Event {
        Event { what, by: "Kim".to_owned(), note: "seen".to_owned() }
    }

    pub(crate) fn step(step: usize, state: StepState) -> Event {
        event(What::Step { step, state })
    }

    pub(crate) fn run() -> Run {
        let playbook = super::super::read(&super::super::tests::phishing()).unwrap();
        let (member, circle) = (MemberId::new(Uuid::from_u128(1)), CircleId::new(Uuid::from_u128(2)));
        let object = "course-of-action--11111111-1111-4111-8111-111111111111";
        let started = Started::of(&playbook, member, circle, object, at(0));
        Run::begin(Uuid::from_u128(9), event(What::Started(started)), at(0)).unwrap()
    }

    #[test]
    fn times_are_counted_per_step_and_in_all() {
        let mut run = run();
        run.apply(step(1, StepState::Begun), at(60));
        run.apply(step(1, StepState::Done), at(90));
        run.apply(step(3, StepState::Failed), at(100));
        run.apply(step(2, StepState::Skipped), at(110));
        run.apply(step(3, StepState::Done), at(130));
        run.apply(event(What::Finished), at(200));
        let took: Vec<i64> = run.steps.iter().map(|step| step.took_micros / 1_000_000).collect();
        assert_eq!((took, run.took_micros(at(999)) / 1_000_000), (vec![30, 0, 30], 200));
        let counts = [StepState::Done, StepState::Skipped, StepState::Failed].map(|state| run.count(state));
        assert_eq!((counts, run.untouched()), ([2, 1, 0], 0));
        assert_eq!(run.events.len(), 7);
    }

    #[test]
    fn what_can_not_happen_is_told() {
        let mut run = run();
        assert_eq!(run.check(&step(0, StepState::Done)), Err(RunError::NoStep { step: 0, count: 3 }));
        assert_eq!(run.check(&step(4, StepState::Done)), Err(RunError::NoStep { step: 4, count: 3 }));
        assert_eq!(run.check(&event(What::Shared("x".to_owned()))), Err(RunError::Unfinished));
        let long = Event { note: "x".repeat(NOTE_CHARS_MAX + 1), ..event(What::Finished) };
        assert_eq!(run.check(&long), Err(RunError::TooLong));
        assert_eq!(run.check(&run.events[0].1), Err(RunError::Again));
        run.apply(event(What::Finished), at(5));
        assert_eq!(run.check(&step(1, StepState::Done)), Err(RunError::Finished));
        let before = run.clone();
        run.apply(step(1, StepState::Done), at(6));
        assert_eq!(run, before);
    }

    #[test]
    fn events_come_back_as_they_were() {
        let id = Uuid::from_u128(9);
        let events =
            [run().events[0].1.clone(), step(1, StepState::Begun), event(What::Shared("note".to_owned()))];
        for event in events {
            assert_eq!(Event::from_json(&event.to_json(id)).unwrap(), (id, event));
        }
        assert!(matches!(Event::from_json(r#"{"v":9}"#), Err(EventError::Version(9))));
    }

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (7_505, "2 h 5 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(lasted(seconds * 1_000_000), expected);
        }
    }
}
