//! Reads the guard's files again when they change, or when the node is told to by SIGHUP.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Failure;
use crate::guarding;
use crate::node::Node;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The signal by which the node is told to read its lists again.
///
/// # Errors
/// When signals can't be received.
pub(super) fn hangups() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(|error| Failure::new(format!("signals can't be received: {error}")))
}

/// Follows the guard's files for ever.
pub(super) async fn follow(node: Arc<Node>, mut hangups: Signal) {
    let mut known = guarding::state(&node.config.guard);
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            _ = hangups.recv() => true,
            _ = tick.tick() => false,
        };
        let node = Arc::clone(&node);
        let before = known.clone();
        let read = tokio::task::spawn_blocking(move || {
            let state = guarding::state(&node.config.guard);
            if told || state != before {
                match node.read_guard_again() {
                    Ok(()) => tracing::info!("the guard's lists and models were read again"),
                    Err(failure) => {
                        tracing::error!(hint = failure.hint, "{}", failure.message);
                    }
                }
            }
            state
        });
        match read.await {
            Ok(state) => known = state,
            Err(error) => tracing::error!(%error, "reading the guard's lists failed"),
        }
    }
}
