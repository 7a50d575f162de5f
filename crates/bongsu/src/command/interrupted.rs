//! An interruption that ends the following of a log or a chain, so that what was found is still written and sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Failure;
use tokio::signal::unix::{SignalKind, signal};

/// How a program ends that is interrupted: by the convention of shells, 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// Sets `stop` when the program is interrupted or told to end; who can't wait for it says so again.
///
/// # Errors
/// When the system gives no signals.
pub(super) fn sets(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("interruptions can't be waited for: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let within = runtime.enter();
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (mut interrupt, mut terminate) = (interrupt.map_err(failed)?, terminate.map_err(failed)?);
    drop(within);
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if stop.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
            }
        });
    });
    Ok(())
}
