//! What is asked for, from the command line to the answer.

mod bench;
mod flows;
mod hunt;
mod reached;
mod sums;
mod told;

use anyhow::Result;
use std::process::ExitCode;

use crate::cli::{Args, Command, ExecutorArgs, SchedulerArgs, TransfersCommand};
use crate::engine::{self, Executor, Scheduler};

/// Does what the command line says.
///
/// # Errors
/// When it can't be done.
pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Hunt(args) => hunt::run(&args).await,
        Command::Flows(args) => flows::run(&args).await,
        Command::Transfers(TransfersCommand::Sums(args)) => sums::run(&args).await,
        Command::Transfers(TransfersCommand::Reached(args)) => reached::run(&args).await,
        Command::Bench(args) => bench::run(&args).await,
        Command::Scheduler(SchedulerArgs { bind, silence, unprotected }) => {
            engine::scheduler(&Scheduler { bind, silence, is_unprotected: unprotected }).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Executor(args) => {
            let ExecutorArgs { scheduler, bind, port, control_port, cores, work, memory, beat, unprotected } =
                args;
            let cores = cores.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
            let ports = (port, control_port);
            let executor =
                Executor { scheduler, bind, ports, cores, work, memory, beat, is_unprotected: unprotected };
            engine::executor(&executor).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
