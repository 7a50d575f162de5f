//! Pulls each source at its interval while the node serves.
//!
//! Each source has a task of its own. A first pull comes soon after the start, spread over some seconds; then one at each
//! interval, a tenth earlier or later, so that nodes that were started together do not ask together. After a failure the
//! interval doubles with each further one, up to a limit; a source that asks for a longer wait gets it.

use super::{Pulled, Stopped, pull};
use crate::config::Source;
use crate::leading::{Lead, Work};
use crate::node::Node;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// First pulls are spread over this time, or over the interval if that is shorter.
const START_SPREAD: Duration = Duration::from_secs(5);
/// The longest wait after failures, unless the interval is longer.
const WAIT_MAX: Duration = Duration::from_secs(6 * 3_600);
/// The interval doubles so often at most.
const DOUBLINGS_MAX: u32 = 12;

/// Starts pulling all sources of the node until `stopped` turns true. Each task ends soon after: what is under way is given up
/// between pages, or where it waits for an answer.
pub(crate) fn start(node: &Arc<Node>, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let task = |source: &Source| {
        let (pulling, source) = (Arc::clone(node), source.clone());
        node.leads.run(Work::Sources, stopped, move |lead, stopped| {
            run(Arc::clone(&pulling), source.clone(), lead, stopped)
        })
    };
    node.config.sources.iter().map(task).collect()
}

async fn run(node: Arc<Node>, source: Source, lead: Lead, mut stopped: watch::Receiver<bool>) {
    let mut wait = START_SPREAD.min(source.every.0).mul_f64(chance());
    let mut failures = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.changed() => return,
        }
        let asked_for = match once(&node, &source, &lead, &stopped).await {
            Some(Ok(())) => {
                failures = 0;
                Duration::ZERO
            }
            Some(Err(asked_for)) => {
                failures += 1;
                asked_for
            }
            None => return,
        };
        wait = next(source.every.0, failures, chance()).max(asked_for.min(ASKED_FOR_MAX));
    }
}

/// How long a source may ask to be left alone: one wrong header must not silence it for years.
const ASKED_FOR_MAX: Duration = Duration::from_secs(86_400);

/// How long to wait before the next pull. `chance` is 0 to 1.
fn next(every: Duration, failures: u32, chance: f64) -> Duration {
    let doubled = every.saturating_mul(1 << failures.min(DOUBLINGS_MAX)).min(WAIT_MAX.max(every));
    doubled.mul_f64(0.9 + 0.2 * chance)
}

/// Something from 0 to 1. Without random bytes, sources are asked a little more regularly.
fn chance() -> f64 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 0.5,
    }
}

/// One pull, on a thread of its own, because it writes to the line. `None` when it was told to stop, else whether it
/// succeeded, or how long the source asked to be left alone.
async fn once(
    node: &Arc<Node>,
    source: &Source,
    lead: &Lead,
    stopped: &watch::Receiver<bool>,
) -> Option<Result<(), Duration>> {
    let (node, source, mut stopped) = (Arc::clone(node), source.clone(), stopped.clone());
    let name = source.name.clone();
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let began = Instant::now();
        let mut pulled = Pulled::default();
        let mut watch = |_| ControlFlow::Continue(());
        let outcome = runtime.block_on(async {
            tokio::select! {
                outcome = pull(&node, &source, &mut pulled, &mut watch) => outcome,
                _ = stopped.changed() => Err(Stopped::Interrupted),
            }
        });
        tell(&source.name, &outcome, &pulled, began.elapsed());
        outcome
    };
    let lead = lead.clone();
    match tokio::task::spawn_blocking(move || lead.within(work)).await {
        Ok(Ok(())) => Some(Ok(())),
        Ok(Err(Stopped::Interrupted)) => None,
        // An operator's pull of the same source is as good.
        Ok(Err(Stopped::Running)) => Some(Ok(())),
        Ok(Err(stopped)) => Some(Err(stopped.asked_for().unwrap_or_default())),
        Err(error) => {
            tracing::error!(source.name = name, %error, "the pull of source {name} met a fault: {error}");
            Some(Err(Duration::ZERO))
        }
    }
}

fn tell(name: &str, outcome: &Result<(), Stopped>, pulled: &Pulled, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let report = &pulled.report;
    match outcome {
        Ok(()) if report.added + report.refused + report.quarantined + report.warnings == 0 => {
            tracing::debug!(source.name = name, duration_ms, "source {name} has nothing new");
        }
        Ok(()) => {
            tracing::info!(
                source.name = name,
                objects.added = report.added,
                objects.present = report.present,
                objects.refused = report.refused,
                objects.quarantined = report.quarantined,
                duration_ms,
                "source {name}: {} objects added, {} refused, {} quarantined",
                report.added,
                report.refused,
                report.quarantined
            );
            if let Some(first) = report.findings.first() {
                tracing::warn!(
                    source.name = name,
                    findings = report.findings.len(),
                    "source {name} brought what is not right, such as: {first}"
                );
            }
        }
        Err(Stopped::Interrupted | Stopped::Running) => {
            tracing::debug!(source.name = name, duration_ms, "the pull of source {name} was given up");
        }
        Err(stopped) => {
            tracing::warn!(
                source.name = name,
                objects.added = report.added,
                duration_ms,
                "the pull of source {name} failed, and will be tried again: {stopped}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_double_the_wait_up_to_a_limit() {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
        assert_eq!(next(minute, 0, 0.5), minute);
        assert_eq!(next(minute, 3, 0.5), minute * 8);
        assert_eq!(next(minute, 40, 0.5), WAIT_MAX);
        assert_eq!(next(day, 40, 0.5), day, "a limit that is shorter than the interval is none");
        assert_eq!((next(minute, 0, 0.0), next(minute, 0, 1.0)), (minute.mul_f64(0.9), minute.mul_f64(1.1)));
    }
}
