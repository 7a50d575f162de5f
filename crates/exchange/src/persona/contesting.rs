//! Contests of what is said of personas, and the answers of those who said it, as opinions in the circle.
//!
//! So they reach the originator and all who have the persona by the ways that they have. A persona that was wrong is withdrawn, and
//! recalls follow that as they follow every withdrawal.

use gate::{Gate, Query, Submission, SubmitError, Submitted};
use line::StorageError;
use policy::{By, CircleId, Level, MemberId, Reach, Request, Terms};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;
use watch::persona::{Builder, EXPLANATION_BYTES_MAX, Verdict, opinion};

/// What is said, where, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Saying<'s> {
    /// By whom.
    pub by: By,
    /// The circle in which the object is.
    pub circle: CircleId,
    /// Whether what may travel encrypted alone may be shown to whoever says it.
    pub encrypted: bool,
    /// What.
    pub verdict: Verdict,
    /// Of which object.
    pub about: &'s ObjectId,
    /// Why: members of the circle read it.
    pub reason: &'s str,
    /// The new opinion's own part of its id.
    pub id: Uuid,
    /// When.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The opinion.
    pub id: ObjectId,
    /// Whether it waits until another person of the member's releases it.
    pub waits: bool,
}

/// Why it was not said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContestError {
    /// There is no reason, or it is too long.
    #[error("a reason has 1 to {EXPLANATION_BYTES_MAX} bytes")]
    Reason,
    /// Objects of this type say nothing of a persona.
    #[error("a {0} can't be contested")]
    Type(String),
    /// The member sees no such object in the circle.
    #[error("there is no such object in the circle that the member sees")]
    Missing,
    /// The circle can't be read. Safe to repeat.
    #[error("the circle can't be read: {0}")]
    Storage(#[from] StorageError),
    /// Nothing was taken.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// It was refused.
    #[error("it was not shared: {0}")]
    Refused(String),
}

/// A view of a circle, if the member is in it.
fn reader(
    gate: &Gate,
    member: MemberId,
    circle: CircleId,
    encrypted: bool,
    now: Timestamp,
) -> Option<gate::Reader> {
    let request = Request { member, circle, wanted: Level::Read, encrypted, now, reach: Reach::Member };
    gate.reader(request).ok()
}

fn only(id: &ObjectId) -> Query {
    Query { ids: vec![id.clone()], limit: 1, ..Query::default() }
}

/// Says in the circle that an object is wrong, or that it stands.
///
/// # Errors
/// [`ContestError`]: then nothing was said.
pub fn say(gate: &Gate, saying: &Saying<'_>) -> Result<Taken, ContestError> {
    let Saying { by, circle, encrypted, verdict, about, reason, id, now } = *saying;
    if reason.trim().is_empty() || reason.len() > EXPLANATION_BYTES_MAX {
        return Err(ContestError::Reason);
    }
    let object_type = about.object_type();
    if !Builder::takes(object_type) || object_type == "opinion" {
        return Err(ContestError::Type(object_type.to_owned()));
    }
    let reader = reader(gate, by.member, circle, encrypted, now).ok_or(ContestError::Missing)?;
    if reader.manifest(&only(about))?.items.is_empty() {
        return Err(ContestError::Missing);
    }
    let refused = |why: String| ContestError::Refused(why);
    let id = ObjectId::new("opinion", id).map_err(|error| refused(error.to_string()))?;
    let raw = opinion(&id, verdict, about, None, reason, now);
    let head = stix::read_head(&raw).map_err(|finding| refused(finding.to_string()))?;
    let told = gate.submit(by, circle, &Terms::default(), vec![Submission { raw, head }], now)?;
    match told.first() {
        Some(Submitted::Appended { .. } | Submitted::Present) => Ok(Taken { id, waits: false }),
        Some(Submitted::Waiting(_)) => Ok(Taken { id, waits: true }),
        told => {
            let why = told.and_then(Submitted::complaint);
            Err(refused(why.unwrap_or_else(|| "nothing was taken".to_owned())))
        }
    }
}

/// A circle in which a member sees an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// The circle.
    pub circle: CircleId,
    /// Whether the member is the one who said it there: what it answers counts.
    pub is_own: bool,
    /// The object's text, as the member sees it.
    pub raw: String,
}

/// The circles in which a member sees an object.
///
/// # Errors
/// [`StorageError`].
pub fn seen_in(
    gate: &Gate,
    member: MemberId,
    encrypted: bool,
    now: Timestamp,
    id: &ObjectId,
) -> Result<Vec<Here>, StorageError> {
    let (book, mut found) = (gate.book(), Vec::new());
    for circle in book.circles_of(member).into_iter().filter(|circle| circle.access(member).reads()) {
        let Some(reader) = reader(gate, member, circle.id, encrypted, now) else { continue };
        let Some(object) = reader.page(&only(id))?.items.into_iter().next() else { continue };
        let first = reader.said_by(id)?.first().and_then(|said| said.member);
        let raw = object.into_inner().raw;
        found.push(Here { circle: circle.id, is_own: first == Some(member), raw });
    }
    Ok(found)
}
