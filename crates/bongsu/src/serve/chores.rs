//! What a node sees to again and again, each off the threads that serve connections.

use crate::erasing::Done;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Entry, MemberId};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
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
        every(node, 1, "announcing passed embargoes", embargoes),
        every(node, 5, "writing receipts", |node| node.gate.write_receipts(false).map(drop)),
        every(node, 10, "looking for overdue recalls", move |node| escalation.run(node)),
        every(node, 2, "seeing to asks", move |node| asks.run(node)),
        every(node, 60, "sealing the record of screenings", Node::seal_screenings),
        every(node, 900, "keeping the index of values", keep_values),
        every(node, 43_200, "looking after certificates", crate::command::ca::keep),
        every(node, 30, "sharing the test entry", test_entry),
        every(node, 1, "seeing to calls", move |_| calling.run(&called)),
        every(node, 1, "keeping who looked at what", |node| node.looks.sync()),
        every(node, 30, "taking up an erasure that was broken off", take_up),
        every(node, 86_400, "erasing what is due", due),
        every(node, 2, "telling of alerts", |node| node.alerting.run(node)),
        every(node, 5, "following cases", move |node| cases.run(node)),
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
    let (node, work) = (Arc::clone(node), Arc::new(work));
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(seconds));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let (node, work) = (Arc::clone(&node), Arc::clone(&work));
            match tokio::task::spawn_blocking(move || work(&node)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "{what} failed; it is tried again"),
                Err(error) => tracing::error!(%error, "{what} met a fault"),
            }
        }
    })
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

/// Erases what is due, and lets go what was noted of looks long ago.
fn due(node: &Node) -> Result<(), Failure> {
    const DAY_US: i64 = 86_400_000_000;
    let done = node.erase_due()?;
    if !done.erased.is_empty() {
        tracing::info!(count = done.erased.len(), "records were erased: their retention is over");
    }
    tell_left(&done);
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
