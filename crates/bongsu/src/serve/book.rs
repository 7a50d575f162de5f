//! What a serving node does because others may serve beside the same database: it follows the book that they change, and takes over
//! what one node does at a time.

use super::follower::Follower;
use crate::exit::Failure;
use crate::leading::Work;
use crate::node::Node;
use deliver::Deliver;
use gate::GateError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The longest wait for a line to grow.
const GROWTH: Duration = Duration::from_secs(1);

/// Starts what takes in what other nodes write to the node's line, if there can be any. What can't be read there, as a newer
/// program may have written it, may be what forbids something: then the node ends.
///
/// # Errors
/// When a thread can't be started.
pub(super) fn follow(node: &Arc<Node>, fail: mpsc::Sender<Failure>) -> Result<Option<Follower>, Failure> {
    if !node.gate.is_shared() {
        return Ok(None);
    }
    let gate = node.gate.clone();
    let follower = Follower::start("book", node.gate.store().clone(), move |stop| {
        let mut grown = 0;
        while !stop.load(Ordering::Relaxed) {
            grown = gate.store().wait_for_growth(grown, GROWTH);
            let behind = gate.store().behind();
            let read = if gate.is_behind() { gate.read_on() } else { Ok(()) };
            let why = match (read, behind) {
                // Before what reading says: of a database that has lost something, the rest may not be read either.
                (_, Some(behind)) => behind,
                (Err(GateError::Storage(error)), None) => {
                    tracing::warn!(%error, "what other nodes wrote can't be read; tried again");
                    continue;
                }
                (Err(error), None) => error.to_string(),
                (Ok(()), None) => continue,
            };
            let failure = Failure::new(format!("what other nodes write can't be taken in: {why}")).hint(
                "is another node of a newer version? upgrade this one too; has the database come back with less than it had? \
                 take the server that has it",
            );
            tracing::error!(why, "the node ends: what other nodes write can't be taken in");
            // Who would be told has ended already.
            let _ending = fail.blocking_send(failure);
            return;
        }
    });
    follower.map(Some)
}

/// Starts what asks for leases.
pub(super) fn leases(node: &Arc<Node>, stopped: &watch::Receiver<bool>) -> Option<JoinHandle<()>> {
    let config = &node.config;
    if !config.database.leads {
        return None;
    }
    let mut works = vec![Work::Chores, Work::Peers, Work::Push, Work::Zones];
    works.extend((!config.sources.is_empty()).then_some(Work::Sources));
    Some(node.leads.keep(works, stopped.clone()))
}

/// Gives out zones while this node has that work: each time it gets it, from what the lines and the last serial are then.
pub(super) fn zones(
    node: &Arc<Node>,
    deliver: &Arc<Deliver>,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (gate, deliver) = (node.gate.clone(), Arc::clone(deliver));
    node.leads.run(Work::Zones, stopped, move |_, mut stopped| {
        let (gate, deliver) = (gate.clone(), Arc::clone(&deliver));
        async move {
            let begun = Arc::clone(&deliver);
            let begin = move || gate.read_on().map(|()| begun.begin_zones());
            if let Ok(Err(error)) = tokio::task::spawn_blocking(begin).await {
                tracing::error!(%error, "zones can't be given out by this node");
            }
            // Whoever sends says so, or is gone.
            let _stop = stopped.changed().await;
            deliver.end_zones();
        }
    })
}
