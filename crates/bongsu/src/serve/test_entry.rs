//! Sees that each circle has the test entry, if the node has a domain for tests.

use crate::node::Node;
use deliver::level_up::entry;
use std::sync::Arc;
use std::time::Duration;

/// How often circles are looked at that may have come since.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Keeps the entries until it is dropped.
pub(super) async fn run(node: Arc<Node>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let node = Arc::clone(&node);
        let kept = tokio::task::spawn_blocking(move || {
            entry::keep(&node.gate, node.config.test.domain.as_deref(), node.now())
        });
        match kept.await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::info!(count, "the test entry was shared in circles"),
            Ok(Err(error)) => tracing::error!(%error, "the test entry could not be shared; tried again"),
            Err(error) => tracing::error!(%error, "sharing the test entry failed"),
        }
    }
}
