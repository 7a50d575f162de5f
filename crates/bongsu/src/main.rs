//! Bongsu, the beacon-fire node: one program for the node, its operator's commands and the demo.
//!
//! Only here are the command line, the environment, the clock, randomness and the process's end touched; the
//! rooms below get values. A run goes: [`cli`] (what was typed) → [`config`] → [`node`] (the data folder,
//! opened) → [`command`] (what it means) → [`answer`] → [`terminal`]. While a node serves, commands reach it
//! through [`admin`]; [`serve`] puts the servers together, and
//! [`pull`] takes in what configured sources have; [`demo`] is all of it at once.

mod admin;
mod aid;
mod answer;
mod authority;
mod beside;
mod capacity;
mod cases;
mod cli;
mod command;
mod config;
mod demo;
mod erasing;
mod exit;
mod exposure;
mod federation;
mod folder;
mod guarding;
mod kept;
mod leading;
mod monitor;
mod node;
mod pull;
mod push;
mod region;
mod runs;
mod screening;
mod serve;
mod terminal;
mod transit;

use clap::Parser as _;
use cli::{AuditArgs, AuditCommand, Cli, Command, Global, NodeCommand, RegionCommand, ScreeningsArgs};
use config::Config;
use exit::Failure;
use std::process::ExitCode;
use terminal::Terminal;

/// Much of the node's work is many small allocations on many threads; see ARCHITECTURE.md for what it was measured to bring.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let mut terminal = Terminal::new(global.json, global.quiet);
    let ended = install_crypto().and_then(|()| run(&global, command, &mut terminal));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(global: &Global, command: Command, terminal: &mut Terminal) -> Result<exit::Exit, Failure> {
    let config = || Config::read(global.config.as_deref(), global.folder(), environment());
    let answer = match command {
        Command::Validate(args) => command::validate::run(&args)?,
        Command::Sign(args) => command::sign::run(&args, global.folder())?,
        Command::Devices => command::devices::run(&config()?)?,
        Command::Completions { shell } => command::completions::run(shell),
        Command::Man { dir } => command::man::run(&dir)?,
        Command::Init(args) => command::init::run(global.folder(), &args, config()?)?,
        Command::Beside(command) => command::beside::run(global.folder(), &command)?,
        Command::Verify => {
            let config = config()?;
            command::verify::run(global.folder(), &config, &mut |progress| terminal.progress(&progress))?
        }
        Command::Migrate { to } => {
            let config = config()?;
            command::migrate::run(global.folder(), &config, to, &mut |progress| terminal.progress(&progress))?
        }
        Command::Restore(args) => {
            let config = config()?;
            command::restore::run(global.folder(), &config, &args, &mut |progress| {
                terminal.progress(&progress)
            })?
        }
        Command::Hunt(args) => return command::hunt::run(&args, terminal),
        Command::Serve => return serve::run(global, config()?, terminal),
        Command::Demo => return demo::run(global, environment(), terminal),
        Command::Pattern(command) => command::pattern::run(&command)?,
        Command::Trace(command) => command::trace::run(&command, terminal)?,
        Command::Node(NodeCommand::Region(RegionCommand::Flows(args))) if args.cluster.is_some() => {
            return command::region::on_cluster(&args, terminal.json());
        }
        Command::Node(NodeCommand::Region(command)) if command.needs_no_node() => {
            command::region::alone(&command, terminal)?
        }
        Command::Node(NodeCommand::Pack(command)) if command.needs_no_node() => {
            command::pack::carried(&command)?
        }
        Command::Node(NodeCommand::Screen(args)) if args.private.private => {
            return command::screen::privately(&args, terminal);
        }
        Command::Node(NodeCommand::Audit(AuditArgs { command: Some(AuditCommand::Line(args)), .. })) => {
            command::audit::line::run(&args, terminal)?
        }
        Command::Node(NodeCommand::Audit(AuditArgs {
            command: Some(AuditCommand::Compare(args)), ..
        })) => command::audit::compare::run(&args)?,
        Command::Node(NodeCommand::Audit(AuditArgs { command: Some(AuditCommand::Proof(args)), .. })) => {
            command::audit::proof::run(&args)?
        }
        Command::Node(NodeCommand::Audit(
            AuditArgs {
                command:
                    Some(AuditCommand::Screenings(ScreeningsArgs { check: Some(path), key: Some(key), .. })),
                ..
            }
            | AuditArgs { command: None, screenings: ScreeningsArgs { check: Some(path), key: Some(key), .. } },
        )) => command::audit::screenings::check(&path, &key)?,
        Command::Node(NodeCommand::Deliver(args)) if args.follow => {
            return command::follow::run(global.folder(), &args, terminal);
        }
        Command::Node(command) => command::here_or_there(global, config, command, terminal)?,
    };
    terminal.answer(answer)
}

/// The environment, without what is not Unicode: no variable of ours is.
fn environment() -> Vec<(String, String)> {
    let pairs = std::env::vars_os();
    pairs.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// TLS has one provider, said here, so that no dependency can bring a second one by accident.
fn install_crypto() -> Result<(), Failure> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| Failure::new("a crypto provider was installed before this one"))
}
