//! Sends members' messages, one at a time for each, until the other side has taken them.
//!
//! [`Post::turn`] is one step for one member: make a message if there is news and none waits, and send the first that waits if
//! its time has come. A failure doubles the wait, from a second to an hour, a little more or less by chance; after a day the
//! message is put aside. What changes while one waits becomes one message later. The clock and chance are handed in, so that an
//! hour of failures is tested in a moment.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use line::Fence;
use line::beside::within;
use parking_lot::Mutex;
use policy::{Deed, Level, MemberId, Receipt, Upto};
use stix::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::news::Before;
use super::outbox::{Message, Outbox, Version, Waiting};
use super::position::Position;
use crate::gather::{Deliver, DeliverError};

/// The first wait after a failure, and the longest.
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// For how long a message is tried.
const TRIED_FOR: Duration = Duration::from_secs(86_400);
/// How soon it is looked again, if nothing says otherwise: validity ends, confidence fades, fires go out.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Changes that come within this time become one message. Fires are worked out again within a second of a change: they go along.
const GATHERED: Duration = Duration::from_millis(1_100);
/// For how long what is being sent is waited for when all is to stop.
const ENDING: Duration = Duration::from_secs(5);

/// What a channel has to send.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What is sent.
    pub body: String,
    /// How far it brings the member.
    pub upto: Position,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Why, for a person.
    pub why: String,
    /// Whether trying again is of no use.
    pub is_final: bool,
    /// For how long the other side asks to be left alone.
    pub after: Option<Duration>,
}

/// How messages of one kind are made and sent.
pub trait Channel: Send + Sync + 'static {
    /// What receipts call it.
    const NAME: &'static str;

    /// The subscription of a member and how far it had been told when it began; `None` if it has none.
    fn subscription(&self, member: MemberId) -> Option<(Uuid, Position)>;

    /// What identifies the `number`th message to a member, made at `now`: one of another time is another, also if the files of
    /// what waits were lost and numbers begin anew.
    fn id(&self, member: MemberId, subscription: Uuid, number: u64, now: Timestamp) -> String;

    /// A message for a member that was told up to `waiting.told`, if there is something to tell by now. May note in `waiting`
    /// what of it needs no telling.
    ///
    /// # Errors
    /// [`DeliverError`]: it is tried again.
    fn draft(
        &self,
        member: MemberId,
        id: &str,
        waiting: &mut Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError>;

    /// Sends a message once.
    fn send(&self, member: MemberId, message: &Message) -> impl Future<Output = Result<(), NotTaken>> + Send;

    /// How far a message that was taken brings a member; nothing for a mere notice.
    fn receipt_upto(&self, _message: &Message) -> Vec<Upto> {
        Vec::new()
    }
}

/// Why a turn came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The folder of what waits.
    #[error("what waits for the member can't be kept: {0}")]
    Outbox(#[from] io::Error),
    /// News could not be worked out.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
}

/// What waits for all members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that were given up and are kept.
    pub given_up: u64,
    /// When the oldest that waits was made, in microseconds since 1970.
    pub oldest_us: Option<i64>,
}

/// A member's turn: held while something is made or written, never while it is sent.
type Turn = Arc<Mutex<Option<(Waiting, Before, Version)>>>;

/// Sends the messages of one channel.
pub struct Post<C> {
    /// The channel.
    pub channel: C,
    deliver: Arc<Deliver>,
    outbox: Outbox,
    /// Something from 0 to 1, each time anew.
    chance: fn() -> f64,
    turns: Mutex<HashMap<MemberId, Turn>>,
    /// The leases under which turns are taken.
    fences: Mutex<Vec<Fence>>,
}

impl<C: Channel> Post<C> {
    /// Sends over `channel` what waits in `outbox`.
    pub fn new(channel: C, deliver: Arc<Deliver>, outbox: Outbox, chance: fn() -> f64) -> Self {
        Self { channel, deliver, outbox, chance, turns: Mutex::default(), fences: Mutex::default() }
    }

    /// Takes turns under these leases from now on: what is noted once another node has them does not count.
    pub fn work_under(&self, fences: Vec<Fence>) {
        *self.fences.lock() = fences;
    }

    fn turn_of(&self, member: MemberId) -> Turn {
        Arc::clone(self.turns.lock().entry(member).or_default())
    }

    fn now_us(&self) -> i64 {
        (self.deliver.now)().micros()
    }

    /// Works on what waits for a member, as it is kept; `None` if it has no subscription.
    fn with<T>(
        &self,
        member: MemberId,
        work: impl FnOnce(&mut Waiting, &mut Before) -> Result<T, PostError>,
    ) -> Result<Option<T>, PostError> {
        let Some((subscription, from)) = self.channel.subscription(member) else { return Ok(None) };
        let turn = self.turn_of(member);
        let mut turn = turn.lock();
        let known = turn.take();
        let kept = match known {
            Some(known) if !self.outbox.is_shared() => Some(known),
            // Another node may have changed it. What is known serves as long as none has; of a subscription that is new it is all there
            // is, until something is told under it.
            known => match (self.outbox.read(member)?, known) {
                (Some((_, version)), Some(known)) if version == known.2 => Some(known),
                (Some((waiting, version)), _) => Some((waiting, Before::default(), version)),
                (None, known) => known.filter(|(.., version)| *version == Version::default()),
            },
        };
        let version = kept.as_ref().map(|(.., version)| *version).unwrap_or_default();
        let kept = kept.filter(|(waiting, ..)| waiting.subscription == subscription);
        let new = || (Waiting::new(subscription, from, self.now_us()), Before::default(), version);
        let (mut waiting, mut before, mut version) = kept.unwrap_or_else(new);
        let old = waiting.clone();
        let outcome = work(&mut waiting, &mut before);
        if outcome.is_ok() && waiting != old {
            // What is not on the disk did not happen.
            version = self.outbox.write(member, &waiting, version)?;
        }
        if outcome.is_ok() {
            *turn = Some((waiting, before, version));
        }
        outcome.map(Some)
    }

    /// Lets messages of a member go whose text `holds` something that was erased ([`Waiting::forget`]); gives how many went.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn forget(&self, member: MemberId, holds: &dyn Fn(&str) -> bool) -> Result<usize, PostError> {
        let forgotten = self.with(member, |waiting, before| {
            *before = Before::default();
            Ok(waiting.forget(holds))
        })?;
        Ok(forgotten.unwrap_or_default())
    }

    /// What waits for a member, was given up and was taken; `None` if it has no subscription.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn waiting(&self, member: MemberId) -> Result<Option<Waiting>, PostError> {
        self.with(member, |waiting, _| Ok(waiting.clone()))
    }

    /// What waits for all members to whom something was to be told since the start.
    #[must_use]
    pub fn depth(&self) -> Depth {
        let turns: Vec<Turn> = self.turns.lock().values().map(Arc::clone).collect();
        let mut depth = Depth::default();
        for turn in turns {
            let turn = turn.lock();
            let Some((waiting, ..)) = &*turn else { continue };
            depth.waiting += waiting.queue.len() as u64;
            depth.given_up += waiting.dead.len() as u64;
            let oldest = waiting.queue.iter().map(|message| message.made_us).min();
            depth.oldest_us = depth.oldest_us.into_iter().chain(oldest).min();
        }
        depth
    }

    /// Puts what was given up back to be tried at once; gives how many messages that are.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn revive(&self, member: MemberId) -> Result<usize, PostError> {
        let now_us = self.now_us();
        let revived = self.with(member, |waiting, _| Ok(waiting.revive(now_us)))?;
        self.deliver.gate.store().wake();
        Ok(revived.unwrap_or_default())
    }

    /// Makes a message if none waits and there is something to tell. What takes long is done on a copy, so that who looks at
    /// what waits, or takes up what was given up, does not wait for it.
    fn make(&self, member: MemberId, now_us: i64) -> Result<(), PostError> {
        let start = self.with(member, |waiting, before| {
            Ok(waiting.queue.is_empty().then(|| (waiting.clone(), std::mem::take(before))))
        })?;
        let Some(Some((old, mut before))) = start else { return Ok(()) };
        let (number, now) = (old.made + 1, Timestamp::from_micros(now_us));
        let id = self.channel.id(member, old.subscription, number, now);
        let mut new = old.clone();
        if let Some(Draft { body, upto }) = self.channel.draft(member, &id, &mut new, &mut before)? {
            new.made = number;
            new.told = upto.clone();
            let (made_us, since_us, next_us) = (now_us, now_us, now_us);
            let message = Message { id, body, upto, made_us, since_us, attempts: 0, next_us, error: None };
            new.queue.push_back(message);
        }
        self.with(member, |waiting, kept| {
            // What was changed meanwhile, a later turn starts from.
            if *waiting == old {
                (*waiting, *kept) = (new, before);
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The message that is to be sent to a member now, or after how long it is worth looking again. Blocks.
    fn next(&self, member: MemberId) -> Result<Result<Message, Duration>, PostError> {
        let now_us = self.now_us();
        self.make(member, now_us)?;
        let next = self.with(member, |waiting, _| {
            Ok(match waiting.queue.front() {
                None => Err(LOOK_EVERY),
                // No message waits longer than that, if the clock was not set back since.
                Some(first) if (1..=micros(WAIT_MAX)).contains(&(first.next_us - now_us)) => {
                    Err(Duration::from_micros(u64::try_from(first.next_us - now_us).unwrap_or_default()))
                }
                Some(first) => Ok(first.clone()),
            })
        })?;
        Ok(next.unwrap_or(Err(LOOK_EVERY)))
    }

    /// Notes what became of a message.
    fn note(
        &self,
        member: MemberId,
        sent: &Message,
        outcome: &Result<(), NotTaken>,
    ) -> Result<(), PostError> {
        let now = (self.deliver.now)();
        let is_over = self.with(member, |waiting, _| {
            let Some(first) = waiting.queue.front_mut().filter(|first| first.id == sent.id) else {
                return Ok(false);
            };
            first.attempts += 1;
            match outcome {
                Ok(()) => {
                    waiting.take(now.micros());
                    return Ok(true);
                }
                Err(not) => first.error = Some(not.why.clone()),
            }
            let wait = wait_after(first.attempts, (self.chance)());
            let asked = outcome.as_ref().err().and_then(|not| not.after).unwrap_or_default();
            let wait = wait.max(asked.min(WAIT_MAX));
            first.next_us = now.micros().saturating_add(micros(wait));
            let is_final = outcome.as_ref().is_err_and(|not| not.is_final);
            let is_late = first.next_us - first.since_us > micros(TRIED_FOR);
            if is_final || is_late {
                waiting.give_up();
            }
            Ok(is_final || is_late)
        })?;
        if is_over == Some(true) {
            self.receipt(member, sent, outcome.is_ok(), now);
        }
        Ok(())
    }

    fn receipt(&self, member: MemberId, sent: &Message, is_taken: bool, now: Timestamp) {
        let deed = if is_taken { Deed::Delivered } else { Deed::Failed };
        let mut receipt = Receipt::new(member, C::NAME, Level::Read, deed, now).marked(sent.id.as_str());
        if is_taken {
            receipt = receipt.upto(self.channel.receipt_upto(sent));
        }
        if let Err(error) = self.deliver.gate.receive(receipt) {
            tracing::error!(%error, "a receipt for what was sent could not be written");
        }
    }

    /// One step for a member: makes what there is to tell, sends what is due. Gives after how long the next step is worth
    /// taking, unless something changes before.
    ///
    /// # Errors
    /// [`PostError`]: then nothing was sent that is not kept, and the step may be taken again.
    pub async fn turn(self: &Arc<Self>, member: MemberId) -> Result<Duration, PostError> {
        self.turn_until(member, || false).await
    }

    /// As [`Post::turn`], but nothing is sent if all is to stop by the time that it is made.
    async fn turn_until(
        self: &Arc<Self>,
        member: MemberId,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Duration, PostError> {
        let (post, fences) = (Arc::clone(self), self.fences.lock().clone());
        let under = fences.clone();
        let message = match blocking(move || within(&under, || post.next(member))).await? {
            Err(wait) => return Ok(wait),
            Ok(_) if is_stopped() => return Ok(Duration::ZERO),
            Ok(message) => message,
        };
        let outcome = self.channel.send(member, &message).await;
        let handle = self.deliver.handle(member);
        match &outcome {
            Ok(()) => {
                tracing::debug!(member.handle = handle, message.id, "{} to {handle} was taken", C::NAME)
            }
            Err(not) => {
                tracing::warn!(
                    member.handle = handle,
                    message.id,
                    "{} to {handle} was not taken: {}",
                    C::NAME,
                    not.why
                );
            }
        }
        let post = Arc::clone(self);
        blocking(move || within(&fences, || post.note(member, &message, &outcome))).await?;
        Ok(Duration::ZERO)
    }

    /// Whether a member takes part and has a subscription.
    fn is_wanted(&self, member: MemberId) -> bool {
        let takes_part = self.deliver.gate.book().member(member).is_some_and(|member| !member.ended);
        takes_part && self.channel.subscription(member).is_some()
    }

    /// Takes turns for all members that have a subscription, each on its own, until `stopped` turns true. `pulse` says that
    /// something may have changed.
    pub async fn run(self: Arc<Self>, pulse: watch::Receiver<u64>, mut stopped: watch::Receiver<bool>) {
        let mut tasks: HashMap<MemberId, tokio::task::JoinHandle<()>> = HashMap::new();
        let mut changed = pulse.clone();
        while !*stopped.borrow_and_update() {
            let book = self.deliver.gate.book();
            // One that is to end does so by itself: until then no other takes its place, so that nothing is sent twice.
            tasks.retain(|_, task| !task.is_finished());
            let members = book.members().map(|member| member.id).filter(|member| self.is_wanted(*member));
            for member in members.collect::<Vec<_>>() {
                tasks.entry(member).or_insert_with(|| {
                    tokio::spawn(Arc::clone(&self).follow(member, pulse.clone(), stopped.clone()))
                });
            }
            tokio::select! {
                told = changed.changed() => if told.is_err() { break },
                _ = stopped.changed() => break,
            }
            tokio::time::sleep(GATHERED).await;
        }
        for task in tasks.into_values() {
            // One that panicked has said so in the log.
            let _ended = task.await;
        }
    }

    /// Takes turns for one member until it has no subscription any more, or all is to stop.
    async fn follow(
        self: Arc<Self>,
        member: MemberId,
        mut pulse: watch::Receiver<u64>,
        mut stopped: watch::Receiver<bool>,
    ) {
        while !*stopped.borrow_and_update() && self.is_wanted(member) {
            pulse.borrow_and_update();
            let ending = stopped.clone();
            let mut turn = std::pin::pin!(self.turn_until(member, move || *ending.borrow()));
            let turn = tokio::select! {
                turn = &mut turn => turn,
                _ = stopped.changed() => {
                    // What is not noted by then may have been taken: it is sent again, here or by the next node, under the same id.
                    if let Ok(Err(error)) = tokio::time::timeout(ENDING, turn).await {
                        tracing::warn!(%error, "what became of the last message could not be noted");
                    }
                    return;
                }
            };
            let wait = turn.unwrap_or_else(|error| {
                tracing::error!(%error, "a member could not be told of a change; tried again");
                LOOK_EVERY
            });
            tokio::select! {
                () = tokio::time::sleep(wait.min(LOOK_EVERY)) => {}
                told = pulse.changed() => {
                    if told.is_err() { return }
                    tokio::time::sleep(GATHERED).await;
                }
                _ = stopped.changed() => return,
            }
        }
    }
}

/// Runs what blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PostError> + Send + 'static,
) -> Result<T, PostError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(PostError::Outbox(io::Error::other(error))))
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// How long to wait after so many failures. `chance` is 0 to 1.
fn wait_after(attempts: u32, chance: f64) -> Duration {
    let doubled = WAIT_FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(WAIT_MAX);
    doubled.mul_f64(0.75 + 0.25 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_double_the_wait_up_to_an_hour() {
        let s = Duration::from_secs;
        assert_eq!(
            [1, 2, 5, 12, 13, 99].map(|attempts| wait_after(attempts, 1.0)),
            [1, 2, 16, 2_048, 3_600, 3_600].map(s)
        );
        assert_eq!(wait_after(13, 0.0), s(2_700), "not all at the same time");
    }
}
