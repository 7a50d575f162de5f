//! Checks, some at a time, with the personas that a member sees, which are kept at hand for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gate::Gate;
use line::Seq;
use parking_lot::Mutex;
use policy::{CircleId, MemberId};
use stix::{Finding, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use watch::persona::{Contest, Outcome, Personas, ReadError, Weights, check_all, read};

use super::known::{KnownError, known};

/// Most bytes of what is checked at once.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most applications that are checked at once.
pub const APPLICATIONS_MAX: usize = 1_000;
/// How long a check waits for its turn.
const TURN: Duration = Duration::from_secs(30);
/// Checks at a time, over all members: each takes a core as long as it lasts.
const CHECKS_MAX: usize = 2;
/// Members whose personas are kept at hand.
const KEPT_MAX: usize = 64;
/// How long they are kept: embargoes and expiries pass without a record.
const KEPT_MICROS: i64 = 60_000_000;

/// What checks need: one for all who check.
pub struct PersonaCheck {
    /// The door.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What signs count.
    pub weights: Weights,
    checks: Arc<Semaphore>,
    kept: Mutex<HashMap<(MemberId, bool), Kept>>,
}

/// A member's personas, as they were at some numbers of its circles' lines.
struct Kept {
    at: Timestamp,
    book: u64,
    heads: Vec<(CircleId, Seq)>,
    personas: Arc<Personas>,
}

/// What a check came to.
#[derive(Debug)]
pub struct Checked {
    /// One for each application, in their order.
    pub outcomes: Vec<Outcome>,
    /// What could not be read, by its place; no value is repeated.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_more: usize,
    /// With how many personas they were compared.
    pub personas: usize,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Others are checked, and no turn came.
    #[error("Others are being checked; try again in a minute.")]
    Busy,
    /// It is longer than [`BODY_BYTES_MAX`].
    #[error("{0} bytes at once; at most {BODY_BYTES_MAX} are read. Send them in parts.")]
    TooLong(usize),
    /// Nothing of it can be read.
    #[error(transparent)]
    Unread(#[from] ReadError),
    /// There are more than [`APPLICATIONS_MAX`].
    #[error("{0} applications at once; at most {APPLICATIONS_MAX} are checked. Send them in parts.")]
    TooMany(usize),
    /// The member's personas can't be had.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// It broke off.
    #[error("The check failed; try again.")]
    Failed,
}

impl PersonaCheck {
    /// Checks over this door.
    #[must_use]
    pub fn new(gate: Gate, now: Arc<dyn Fn() -> Timestamp + Send + Sync>, weights: Weights) -> Self {
        let checks = Arc::new(Semaphore::new(CHECKS_MAX));
        Self { gate, now, weights, checks, kept: Mutex::default() }
    }

    /// Reads applications (any format of [`watch::persona::read()`]) and compares them with what the member sees, once it is their
    /// turn. Nothing of them is kept.
    ///
    /// # Errors
    /// [`CheckError`].
    pub async fn check(
        self: &Arc<Self>,
        member: MemberId,
        encrypted: bool,
        text: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Checked, CheckError> {
        let length = text.as_ref().len();
        if length > BODY_BYTES_MAX {
            return Err(CheckError::TooLong(length));
        }
        self.in_turn(move |this| this.checked(member, encrypted, text.as_ref())).await
    }

    /// The open contests that the member sees, the oldest first, once it is their turn.
    ///
    /// # Errors
    /// [`CheckError`].
    pub async fn contests(
        self: &Arc<Self>,
        member: MemberId,
        encrypted: bool,
    ) -> Result<Vec<Contest>, CheckError> {
        self.in_turn(move |this| {
            let personas = this.personas(member, encrypted, (this.now)())?;
            Ok(personas.contests().into_iter().cloned().collect())
        })
        .await
    }

    /// Does some work off the threads that serve connections, when there is a turn.
    async fn in_turn<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, CheckError> + Send + 'static,
    ) -> Result<T, CheckError> {
        let turn = self.turn().await?;
        let this = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&this)
        });
        work.await.unwrap_or(Err(CheckError::Failed))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, CheckError> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.checks).acquire_owned()).await;
        // It is never closed.
        turn.map_err(|_| CheckError::Busy)?.map_err(|_| CheckError::Failed)
    }

    fn checked(&self, member: MemberId, encrypted: bool, text: &[u8]) -> Result<Checked, CheckError> {
        let told = read(text)?;
        if told.applications.len() > APPLICATIONS_MAX {
            return Err(CheckError::TooMany(told.applications.len()));
        }
        let now = (self.now)();
        let personas = self.personas(member, encrypted, now)?;
        Ok(Checked {
            outcomes: check_all(&told.applications, &personas, &self.weights, now),
            findings: told.findings,
            findings_more: told.findings_more,
            personas: personas.len(),
        })
    }

    fn personas(
        &self,
        member: MemberId,
        encrypted: bool,
        now: Timestamp,
    ) -> Result<Arc<Personas>, KnownError> {
        let upto = self.gate.heads(member, now);
        let heads: Vec<(CircleId, Seq)> = upto.iter().map(|upto| (upto.circle, Seq(upto.seq))).collect();
        let book = self.gate.book_version();
        let key = (member, encrypted);
        if let Some(kept) = self.kept.lock().get(&key)
            && kept.book == book
            && kept.heads == heads
            && now.micros().saturating_sub(kept.at.micros()).unsigned_abs() < KEPT_MICROS.unsigned_abs()
        {
            return Ok(Arc::clone(&kept.personas));
        }
        let personas = Arc::new(known(&self.gate, member, encrypted, &self.weights, now)?);
        let mut all = self.kept.lock();
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            all.clear();
        }
        all.insert(key, Kept { at: now, book, heads, personas: Arc::clone(&personas) });
        Ok(personas)
    }
}
