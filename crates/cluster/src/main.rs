//! `bongsu-cluster`: hunts over archives, flows from sightings, and sums of transfers, in one process or on a Ballista cluster.
//!
//! It is a program of its own because DataFusion, which makes and runs the plans, is twenty times as large as all else. `bongsu hunt` and
//! `bongsu region flows` hand over to it with `--cluster`. See docs/cluster.md.

mod archive;
mod cli;
mod engine;
mod function;
#[cfg(test)]
mod handbook;
mod job;
mod kernel;

use clap::Parser as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The stack of a thread: plans are trees, and are walked down.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    // Files come from anywhere, and libraries that read them may stumble: that is an error like others, and ends as they do.
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(job::run(args)))
    }));
    let outcome =
        outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("it broke off, as said above; is a file broken?")));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let text = error.downcast_ref().map_or_else(|| format!("{error:#}"), engine::words);
            eprintln!("error: {text}");
            ExitCode::from(2)
        }
    }
}
