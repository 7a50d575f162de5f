//! Into a circle, through the intake: what breaks STIX 2.1 is told, kept apart or refused, as its source's intake says.
//!
//! Each object is checked on its way ([`stix::validate`]); only what breaks a MUST is bad. What goes to quarantine lies in a
//! line of its own beside the circle's (see [`line::LineId::quarantine`]), so that it is in nobody's view of the circle.

use std::sync::Arc;

use line::{Draft, LineId, Outcome, StorageError, Store};
use parking_lot::Mutex;
use policy::Intake;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use stix::{Finding, Severity};
use uuid::Uuid;

use crate::submit::{Submission, SubmitError, Submitted, Told};

/// Objects that one thread checks and hashes, so that small submissions stay on the thread that brings them.
const JUDGED_TOGETHER: usize = 200;
/// Findings that are told of one object; those that break a MUST come first.
pub(crate) const FINDINGS_PER_OBJECT_MAX: usize = 20;

/// What is wrong with an object by STIX 2.1, from `least` upwards: what breaks a MUST first, at most twenty findings.
#[must_use]
pub(crate) fn findings(raw: &str, least: Severity) -> Vec<Finding> {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    stix::validate::validate(raw, &mut |finding| {
        let kept = if finding.severity == Severity::Error { &mut errors } else { &mut warnings };
        if finding.severity >= least && kept.len() < FINDINGS_PER_OBJECT_MAX {
            kept.push(finding);
        }
    });
    errors.append(&mut warnings);
    errors.truncate(FINDINGS_PER_OBJECT_MAX);
    errors
}

/// A submission on its way: what was said of each object so far, and what goes where.
pub(crate) struct Passage {
    /// Answers by place; `None` where a line has still to say.
    told: Vec<Option<Submitted>>,
    circle: Lot,
    quarantine: Lot,
}

/// Drafts for one line.
#[derive(Default)]
struct Lot {
    drafts: Vec<Draft>,
    /// Where each draft's object stands in the submission, and what is wrong with it.
    places: Vec<(usize, Vec<Finding>)>,
}

/// What is to become of an object.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one, which lives for a moment")]
enum Judged {
    /// It goes this way, although this is wrong with it.
    Goes(Way, Vec<Finding>, Draft),
    /// It goes nowhere.
    Settled(Submitted),
}

/// Where an object that breaks a MUST goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Circle,
    Quarantine,
    Nowhere,
}

impl Passage {
    /// Sorts objects, each with its place, by what is wrong with them; `way` says where a bad one goes, `unproven` what is not taken
    /// because of its signature.
    pub(crate) fn new(
        settled: Vec<(usize, Submitted)>,
        objects: Vec<(usize, Submission)>,
        (sender, terms): (Uuid, Option<&Arc<str>>),
        way: impl Fn(&Submission) -> Way + Sync,
        unproven: impl Fn(&Submission) -> Option<Submitted> + Sync,
    ) -> Self {
        let mut told: Vec<Option<Submitted>> = vec![None; settled.len() + objects.len()];
        for (at, answer) in settled {
            if let Some(place) = told.get_mut(at) {
                *place = Some(answer);
            }
        }
        // To check a few and to hash their bytes takes less than to hand them to other threads.
        let judge = |(at, submission): (usize, Submission)| {
            if let Some(answer) = unproven(&submission) {
                return (at, Judged::Settled(answer));
            }
            // What a SHOULD asks for is no reason to stop anything, and is said by those who are asked to validate.
            let findings = findings(&submission.raw, Severity::Error);
            let way = if findings.is_empty() { Way::Circle } else { way(&submission) };
            let Submission { raw, head } = submission;
            if way == Way::Nowhere {
                return (at, Judged::Settled(Submitted::Invalid(findings)));
            }
            let draft = Draft::object(sender, terms.cloned(), raw.into_bytes(), head);
            (at, Judged::Goes(way, findings, draft))
        };
        let judged: Vec<_> = match objects.len() {
            0..=JUDGED_TOGETHER => objects.into_iter().map(judge).collect(),
            _ => objects.into_par_iter().with_min_len(JUDGED_TOGETHER).map(judge).collect(),
        };
        let mut passage = Self { told, circle: Lot::default(), quarantine: Lot::default() };
        for (at, judged) in judged {
            match judged {
                Judged::Goes(way, findings, draft) => {
                    let lot = if way == Way::Circle { &mut passage.circle } else { &mut passage.quarantine };
                    lot.drafts.push(draft);
                    lot.places.push((at, findings));
                }
                Judged::Settled(answer) => passage.told[at] = Some(answer),
            }
        }
        passage
    }

    /// What goes to the circle takes the place of other texts of the same versions.
    pub(crate) fn take_places(&mut self) {
        self.circle.drafts =
            std::mem::take(&mut self.circle.drafts).into_iter().map(Draft::in_place).collect();
    }

    /// Appends everything and tells when it is durable; what is told is in the submission's order.
    pub(crate) fn append(mut self, store: &Store, line: LineId, told: Told) {
        let drafts = std::mem::take(&mut self.circle.drafts);
        let apart = std::mem::take(&mut self.quarantine.drafts);
        if apart.is_empty() {
            let answer = move |outcomes: Result<Vec<Outcome>, StorageError>| {
                told(outcomes.map_err(SubmitError::from).map(|outcomes| {
                    self.take(outcomes, Kept::InCircle);
                    self.settled()
                }));
            };
            store.append_then(line, drafts, Box::new(answer));
            return;
        }
        store.ensure_line(line.quarantine());
        let join = Arc::new(Mutex::new(Some(Join { passage: self, told, left: 2, failed: None })));
        let arrived = |kept| {
            let join = Arc::clone(&join);
            Box::new(move |outcomes| Join::arrived(&join, outcomes, kept))
        };
        // Both or none: what is refused for the circle is not kept apart either.
        match store.append_then(line, drafts, arrived(Kept::InCircle)) {
            true => store.append_beside(line.quarantine(), apart, arrived(Kept::Apart)),
            false => arrived(Kept::Apart)(Ok(Vec::new())),
        }
    }

    fn take(&mut self, outcomes: Vec<Outcome>, kept: Kept) {
        let lot = if kept == Kept::InCircle { &mut self.circle } else { &mut self.quarantine };
        for (outcome, (at, findings)) in outcomes.into_iter().zip(std::mem::take(&mut lot.places)) {
            let answer = match (outcome, kept) {
                (Outcome::Refused(refusal), _) => Submitted::Refused(refusal),
                (_, Kept::Apart) => Submitted::Quarantined(findings),
                (Outcome::Appended { seq, added }, _) => Submitted::Appended { seq, added, findings },
                (Outcome::Present { .. }, _) => Submitted::Present,
            };
            if let Some(place) = self.told.get_mut(at) {
                *place = Some(answer);
            }
        }
    }

    fn settled(self) -> Vec<Submitted> {
        self.told.into_iter().flatten().collect()
    }
}

/// Which line a lot went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    InCircle,
    Apart,
}

/// Waits for both lines.
struct Join {
    passage: Passage,
    told: Told,
    left: u8,
    failed: Option<StorageError>,
}

impl Join {
    fn arrived(join: &Mutex<Option<Self>>, outcomes: Result<Vec<Outcome>, StorageError>, kept: Kept) {
        let mut held = join.lock();
        let Some(state) = held.as_mut() else { return };
        match outcomes {
            Ok(outcomes) => state.passage.take(outcomes, kept),
            Err(error) => state.failed = Some(error),
        }
        state.left -= 1;
        if state.left > 0 {
            return;
        }
        let Some(Self { passage, told, failed, .. }) = held.take() else { return };
        drop(held);
        told(match failed {
            Some(error) => Err(error.into()),
            None => Ok(passage.settled()),
        });
    }
}

/// The stricter of what the member's entry and the way in ask for.
pub(crate) fn strictest(member: Option<&policy::Member>, asked: Intake) -> Intake {
    member.map_or(Intake::Accept, |member| member.intake).max(asked)
}
