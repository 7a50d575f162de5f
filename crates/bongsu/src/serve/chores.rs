//! What a node sees to again and again, each off the threads that serve connections.

use crate::beside::{PASSING, Passing};
use crate::erasing::Done;
use crate::exit::Failure;
use crate::leading::Work;
use crate::node::Node;
use policy::{Entry, MemberId};
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};
use web::auth::Auth;

use super::asks::Telling;
use super::calls::Calling;
use super::cases::Followed;
use super::escalate::Escalation;

/// Begins all of them.
pub(super) fn begin(node: &Arc<Node>) -> Vec<JoinHandle<()>> {
    let (escalation, cases, asks) = (Escalation::default(), Followed::default(), Telling::default());
    let (calling, called) = (Arc::new(Calling::default()), Arc::clone(node));
    vec![
        alone(node, 1, "announcing passed embargoes", embargoes),
        every(node, 5, "writing receipts", |node| node.gate.write_receipts(false).map(drop)),
        alone(node, 10, "looking for overdue recalls", move |node| escalation.run(node)),
        alone(node, 2, "seeing to asks", move |node| asks.run(node)),
        every(node, 60, "sealing the record of screenings", Node::seal_screenings),
        every(node, 900, "keeping the index of values", keep_values),
        every(node, 43_200, "looking after certificates", crate::command::ca::keep),
        every(node, 2, "listing which certificates other nodes took back", crate::command::ca::follow),
        alone(node, 30, "sharing the test entry", test_entry),
        alone(node, 1, "seeing to calls", move |_| calling.run(&called)),
        every(node, 1, "keeping who looked at what", |node| node.looks.sync()),
        every(node, 30, "taking up an erasure that was broken off", take_up),
        alone(node, 3_600, "erasing what is due", due()),
        every(node, 86_400, "letting go who looked at what", forget_looks),
        every(node, 30, "taking out what other nodes erased", Node::forget_what_others_erased),
        alone(node, 60, "letting go what is kept for a while", sweep),
        alone(node, 2, "telling of alerts", |node| node.alerting.run(node)),
        alone(node, 5, "following cases", move |node| cases.run(node)),
    ]
}

/// Writes down when credentials were last used: all that were noted, at once.
pub(super) fn uses(node: &Arc<Node>, auth: &Arc<Auth>) -> JoinHandle<()> {
    let auth = Arc::clone(auth);
    every(node, 600, "writing when credentials were last used", move |node| write_uses(node, &auth))
}

/// Writes down what was noted of credentials and is not written yet.
///
/// # Errors
/// When the line can't be written: then what was noted is lost, until they are used again.
pub(super) fn write_uses(node: &Node, auth: &Auth) -> Result<(), Failure> {
    let uses = auth.uses.take();
    if uses.is_empty() {
        return Ok(());
    }
    let entry = |(id, at): (uuid::Uuid, i64)| Entry::Setting(policy::used(id, at));
    node.gate.change_all(MemberId::NODE, |_| Ok(uses.into_iter().map(entry).collect()))
}

/// Does `work` every so many seconds, until it is aborted. What fails is tried again the next time.
fn every<E: Display + Send + 'static>(
    node: &Arc<Node>,
    seconds: u64,
    what: &'static str,
    work: impl Fn(&Node) -> Result<(), E> + Send + Sync + 'static,
) -> JoinHandle<()> {
    again_and_again(node, seconds, what, None, work)
}

/// As [`every`], of what one node does at a time: while another node has it, it is waited for.
fn alone<E: Display + Send + 'static>(
    node: &Arc<Node>,
    seconds: u64,
    what: &'static str,
    work: impl Fn(&Node) -> Result<(), E> + Send + Sync + 'static,
) -> JoinHandle<()> {
    again_and_again(node, seconds, what, Some(Work::Chores), work)
}

fn again_and_again<E: Display + Send + 'static>(
    node: &Arc<Node>,
    seconds: u64,
    what: &'static str,
    under: Option<Work>,
    work: impl Fn(&Node) -> Result<(), E> + Send + Sync + 'static,
) -> JoinHandle<()> {
    let (node, work) = (Arc::clone(node), Arc::new(work));
    tokio::spawn(async move {
        let mut tick = ticking(seconds);
        loop {
            tick.tick().await;
            let lead = match under {
                Some(under) => Some(node.leads.gained(under).await),
                None => None,
            };
            // With the work, and not with this task, which may be aborted while that goes on.
            let doing = match &lead {
                Some(_) => match node.leads.begin() {
                    Some(doing) => Some(doing),
                    None => return,
                },
                None => None,
            };
            let (node, work) = (Arc::clone(&node), Arc::clone(&work));
            apart(what, move || {
                let _until_done = doing;
                match lead {
                    Some(lead) => lead.within(|| work(&node)),
                    None => work(&node),
                }
            })
            .await;
        }
    })
}

/// At once, and then every so many seconds, also where the work takes longer.
fn ticking(seconds: u64) -> Interval {
    let mut tick = tokio::time::interval(Duration::from_secs(seconds));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// Does it off the threads that serve connections, and says what went wrong.
async fn apart<E: Display + Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "{what} failed; it is tried again"),
        Err(error) => tracing::error!(%error, "{what} met a fault"),
    }
}

/// Sees to embargoes that pass.
fn embargoes(node: &Node) -> Result<(), line::StorageError> {
    let count = node.gate.announce_due(node.now())?;
    if count > 0 {
        tracing::info!(count, "embargoes have passed");
    }
    Ok(())
}

/// Takes up erasures that were broken off.
fn take_up(node: &Node) -> Result<(), Failure> {
    let done = node.take_up_erasures()?;
    if done.taken_up > 0 {
        tracing::warn!(
            count = done.taken_up,
            records = done.erased.len(),
            "erasures that had been broken off are through now"
        );
    }
    tell_left(&done);
    Ok(())
}

/// Says which files still hold something of what was erased.
fn tell_left(done: &Done) {
    for path in &done.left {
        tracing::warn!(path = %path.display(), "a file still holds something of what was erased");
    }
}

/// Erases what is due, once a day; the first time when the node begins.
fn due() -> impl Fn(&Node) -> Result<(), Failure> {
    const DAY: Duration = Duration::from_secs(86_400);
    let last = parking_lot::Mutex::new(None::<Instant>);
    move |node| {
        if last.lock().is_some_and(|last| last.elapsed() < DAY) {
            return Ok(());
        }
        let done = node.erase_due()?;
        *last.lock() = Some(Instant::now());
        if !done.erased.is_empty() {
            tracing::info!(count = done.erased.len(), "records were erased: their retention is over");
        }
        tell_left(&done);
        Ok(())
    }
}

/// Lets go what is kept in the database for a while.
fn sweep(node: &Node) -> Result<(), line::StorageError> {
    let Some(beside) = node.gate.store().beside() else { return Ok(()) };
    for Passing { room, seconds, most } in PASSING {
        let room = beside.room(room);
        room.sweep(Duration::from_secs(seconds))?;
        room.trim(most)?;
    }
    Ok(())
}

/// Lets go what was noted of looks long ago.
fn forget_looks(node: &Node) -> Result<(), Failure> {
    const DAY_US: i64 = 86_400_000_000;
    let kept_us = i64::from(node.config.privacy.accesses_days).saturating_mul(DAY_US);
    let before = stix::Timestamp::from_micros(node.now().micros().saturating_sub(kept_us));
    let forgotten = node.looks.forget_before(before);
    forgotten.map(drop).map_err(|error| Failure::new(format!("who looked at what can't be let go: {error}")))
}

/// Keeps the index. The first turn, at the start, brings it into memory.
fn keep_values(node: &Node) -> Result<(), Failure> {
    node.know_values()?;
    node.keep_values()
}

/// Sees that each circle has the test entry, if the node has a domain for tests.
fn test_entry(node: &Node) -> Result<(), gate::SubmitError> {
    let count = deliver::level_up::entry::keep(&node.gate, node.config.test.domain.as_deref(), node.now())?;
    if count > 0 {
        tracing::info!(count, "the test entry was shared in circles");
    }
    Ok(())
}
