//! The public trees of circles' lines while a node serves: kept up with their lines, and cosigned.

use super::follower::Follower;
use crate::exit::Failure;
use crate::node::Node;
use crate::pull;
use exchange::transparency::cosign::{Cosigned, WitnessAt};
use gate::Gate;
use line::LineId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest wait for a line to grow: circles that are new are found then.
const GROWTH: Duration = Duration::from_secs(5);
/// Trees are taken up when lines have been quiet for so long, or after so long at the latest: what comes in is not to wait for them, and
/// whoever asks for a checkpoint has the tree taken up at once.
const QUIET: Duration = Duration::from_secs(2);
const LATEST: Duration = Duration::from_secs(30);
/// The pause between two looks at lines that grow.
const PAUSE: Duration = Duration::from_millis(100);
/// How soon a wait ends that is to end.
const TICK: Duration = Duration::from_millis(200);

fn lines(gate: &Gate) -> Vec<LineId> {
    gate.book().circles().map(|circle| LineId::new(circle.id.uuid())).collect()
}

/// Starts what keeps trees up.
///
/// # Errors
/// When a thread can't be started.
pub(super) fn follow(node: &Node) -> Result<Follower, Failure> {
    let gate = node.gate.clone();
    Follower::start("trees", node.gate.store().clone(), move |stop| {
        let mut seen = 0;
        while !stop.load(Ordering::Relaxed) {
            for line in lines(&gate) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                if let Err(error) = gate.grow_tree(line) {
                    tracing::error!(%error, circle.id = %line, "the tree of circle {line} can't be kept up; it is tried again");
                }
            }
            seen = quiet(&gate, gate.store().wait_for_growth_as("trees", seen, GROWTH), stop);
        }
        if let Err(error) = gate.keep_trees() {
            tracing::warn!(%error, "the newest parts of trees could not be kept; they are made anew at the next start");
        }
    })
}

/// Waits until lines have been quiet for a while. Gives how far they have grown.
fn quiet(gate: &Gate, mut seen: u64, stop: &AtomicBool) -> u64 {
    let began = Instant::now();
    while began.elapsed() < LATEST && !stop.load(Ordering::Relaxed) {
        let now = gate.store().wait_for_growth(seen, QUIET);
        if now == seen {
            break;
        }
        seen = now;
        std::thread::sleep(PAUSE);
    }
    seen
}

/// Starts what asks witnesses, if there are some.
///
/// # Errors
/// When a witness's certificates can't be read, or a thread can't be started.
pub(super) fn cosign(node: &Node, cosigned: &Arc<Cosigned>) -> Result<Option<Follower>, Failure> {
    let witnesses = node.config.transparency.ask()?;
    if witnesses.is_empty() {
        return Ok(None);
    }
    let every = Duration::from_secs(node.config.transparency.every_s);
    let (gate, cosigned, runtime) = (node.gate.clone(), Arc::clone(cosigned), pull::runtime()?);
    let follower = Follower::start("witnesses", node.gate.store().clone(), move |stop| {
        runtime.block_on(async {
            tokio::select! {
                () = ask(&gate, &cosigned, &witnesses, every) => {}
                () = stopped(stop) => {}
            }
        });
    });
    follower.map(Some)
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
    }
}

/// Asks for ever. What a witness says again is told once.
async fn ask(gate: &Gate, cosigned: &Cosigned, witnesses: &[WitnessAt], every: Duration) {
    let mut told: HashMap<(LineId, String), String> = HashMap::new();
    loop {
        for line in lines(gate) {
            match cosigned.ask(gate, line, witnesses, crate::node::now()).await {
                Ok(failures) if failures.is_empty() => told.retain(|(of, _), _| *of != line),
                Ok(failures) => {
                    for (witness, error) in failures {
                        let error = error.to_string();
                        if told.insert((line, witness.clone()), error.clone()).as_ref() != Some(&error) {
                            tracing::error!(%error, circle.id = %line, witness, "{witness} does not cosign circle {line}: {error}");
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(%error, circle.id = %line, "circle {line} can't be cosigned; it is tried again")
                }
            }
        }
        tokio::time::sleep(every).await;
    }
}
