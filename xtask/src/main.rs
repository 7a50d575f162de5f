//! Chores of the project: `cargo xtask bench` measures, `cargo xtask tidy` checks what compilers do not.

mod asvs;
mod bench;
mod supply;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// The node's own, so that what is measured here in the process is what the node does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "xtask", about = "Chores of the project")]
enum Chore {
    /// Measure a release build over the network, as a client sees it, and print figures with their ratios
    Bench(bench::Args),
    /// Check the house's rules: arrows, licences, one crypto provider, one SQLite, one registry, module pages, the ASVS's table
    Tidy,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Bench(args) => bench::run(&args),
        Chore::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
