//! Chores of the project: `cargo xtask bench` measures, `cargo xtask scale` reckons with that,
//! `cargo xtask dist` packs a release, `cargo xtask tidy` checks what compilers do not.

mod asvs;
mod bench;
mod dist;
mod scale;
mod shipped;
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
    /// Simulate a day of many nodes with what things were measured to cost, and say what breaks first
    Scale(scale::Args),
    /// Pack a release build: a package for Debian, an archive, the bill of materials, sums; the same each time
    Dist(dist::Args),
    /// Check the house's rules: arrows, licences, one crypto provider, one SQLite, one registry, module pages, the ASVS's table
    Tidy,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Bench(args) => bench::run(&args),
        Chore::Scale(args) => scale::run(&args),
        Chore::Dist(args) => dist::run(&args),
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
