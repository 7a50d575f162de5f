//! The commands: what was typed becomes what it means.
//!
//! Each command is a function from the open node and its arguments to an [`Answer`]; it prints nothing, so
//! that it runs the same here and inside a serving node. [`here_or_there`] decides which of the two it is.

pub(crate) mod agreement;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod beside;
pub(crate) mod ca;
pub(crate) mod case;
pub(crate) mod circle;
pub(crate) mod cluster;
mod compact;
pub(crate) mod completions;
mod confidence;
mod confirm;
pub(crate) mod contact;
pub(crate) mod credential;
pub(crate) mod deliver;
pub(crate) mod devices;
pub(crate) mod drill;
pub(crate) mod equivalents;
mod fires;
pub(crate) mod follow;
pub(crate) mod guard;
pub(crate) mod hunt;
pub(crate) mod import;
pub(crate) mod init;
mod interrupted;
pub(crate) mod key;
mod level_up;
mod mail;
pub(crate) mod man;
pub(crate) mod member;
pub(crate) mod migrate;
mod outbox;
pub(crate) mod pack;
pub(crate) mod pattern;
mod peer;
mod person;
pub(crate) mod persona;
pub(crate) mod playbook;
mod privacy;
pub(crate) mod quarantine;
mod quota;
pub(crate) mod recall;
mod receipts;
pub(crate) mod region;
pub(crate) mod release;
pub(crate) mod remote;
mod report;
pub(crate) mod restore;
pub(crate) mod screen;
mod search;
mod send;
mod series;
pub(crate) mod share;
pub(crate) mod sign;
mod signatures;
mod source;
pub(crate) mod sources;
pub(crate) mod terms;
pub(crate) mod trace;
pub(crate) mod validate;
pub(crate) mod verify;
mod webhook;
pub(crate) mod withdraw;
mod zone;

use crate::admin;
use crate::answer::{Answer, Watcher};
use crate::cli::{
    CaseCommand, CredentialCommand, Global, MemberCommand, MemberKeyCommand, NodeCommand, PackCommand,
    PeerCommand, PersonaCommand, PrivacyCommand, RegionCommand,
};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::node::Node;
use crate::terminal::Terminal;
use std::path::{Path, PathBuf};

/// Runs `command` on an open node.
///
/// # Errors
/// What the command failed with.
pub(crate) fn run(node: &Node, command: NodeCommand, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    match command {
        NodeCommand::Import(args) => import::run(node, &args, watch),
        NodeCommand::Member(command) => member::run(node, command),
        NodeCommand::Person(command) => person::run(node, command),
        NodeCommand::Credential(command) => credential::run(node, command),
        NodeCommand::Ca(command) => ca::run(node, command),
        NodeCommand::Circle(command) => circle::run(node, command),
        NodeCommand::Source(command) => sources::run(node, command, watch),
        NodeCommand::Share(args) => share::run(node, &args, watch),
        NodeCommand::Withdraw(args) => withdraw::run(node, &args),
        NodeCommand::Ask(command) => ask::run(node, &command),
        NodeCommand::Release(command) => release::run(node, &command),
        NodeCommand::Screen(args) => screen::run(node, &args),
        NodeCommand::Search(args) => search::run(node, &args),
        NodeCommand::Audit(args) => audit::run(node, &args),
        NodeCommand::Recall(command) => recall::run(node, command),
        NodeCommand::Persona(command) => persona::run(node, &command),
        NodeCommand::Case(command) => case::run(node, command, watch),
        NodeCommand::Playbook(command) => playbook::run(node, &command),
        NodeCommand::Contact(command) => contact::run(node, command),
        NodeCommand::Drill(command) => drill::run(node, command),
        NodeCommand::Call(command) => drill::call(node, command),
        NodeCommand::Norms(command) => confidence::norms::run(node, command),
        NodeCommand::Measure(command) => confidence::measure::run(node, command),
        NodeCommand::Consultation(command) => confidence::consultation::run(node, command),
        NodeCommand::Quarantine(command) => quarantine::run(node, command),
        NodeCommand::Guard(command) => guard::run(node, command),
        NodeCommand::Mail(command) => mail::run(node, &command),
        NodeCommand::Webhook(command) => webhook::run(node, &command),
        NodeCommand::Deliver(args) => deliver::run(node, &args),
        NodeCommand::Pack(command) => pack::run(node, &command),
        NodeCommand::Region(command) => region::run(node, command),
        NodeCommand::Privacy(command) => privacy::run(node, &command),
        NodeCommand::Peer(command) => peer::run(node, command),
        NodeCommand::Agreement(command) => agreement::run(node, command),
        NodeCommand::Backup(args) => backup::run(node, &args),
        NodeCommand::Compact => compact::run(node),
    }
}

/// Runs `command` in the node that serves the data folder, or opens the folder and runs it here.
///
/// # Errors
/// What the command failed with; [`Exit::Busy`] when another process holds the folder and takes no commands.
pub(crate) fn here_or_there(
    global: &Global,
    config: impl Fn() -> Result<Config, Failure>,
    mut command: NodeCommand,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    make_absolute(&mut command)?;
    if let NodeCommand::Screen(args) = &mut command {
        screen::read_input(args)?;
    }
    if let NodeCommand::Region(RegionCommand::Assess(args)) = &mut command {
        region::assess::read_input(args)?;
    }
    // What is written is written here, by the one who asked, not by the node that serves.
    let out = match &mut command {
        NodeCommand::Deliver(args) => args.out.take().map(|out| (out, deliver::Readers::Usual)),
        // Whoever has a pack can write receipts for it.
        NodeCommand::Pack(PackCommand::Make(args)) => {
            args.out.take().map(|out| (out, deliver::Readers::Owner))
        }
        NodeCommand::Region(RegionCommand::Gaps(args)) => {
            args.out().map(|out| (out, deliver::Readers::Owner))
        }
        NodeCommand::Import(args) => args.review.clone().map(|out| (out, deliver::Readers::Usual)),
        _ => None,
    };
    // An edited list of decisions is an hour's work.
    if let NodeCommand::Import(args) = &command
        && let Some(path) = args.review.as_ref().filter(|path| path.exists())
    {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .hint("give it with --accept, or have the list written to another file"));
    }
    let region_out = match &mut command {
        NodeCommand::Region(command) => command.take_output(),
        _ => None,
    };
    let picture = match &command {
        NodeCommand::Persona(PersonaCommand::Calibrate(args)) => args.out.clone(),
        _ => None,
    };
    let without_node = match &mut command {
        NodeCommand::Persona(command) => persona::without_node(command),
        NodeCommand::Case(CaseCommand::Verify(args)) => Some(case::verify(args)),
        NodeCommand::Agreement(command) => agreement::without_node(command),
        _ => None,
    };
    if let Some(answer) = without_node {
        return with_picture(answer?, picture.as_deref());
    }
    let folder = Folder::new(global.folder());
    folder.require()?;
    let answer = run_where_it_lies(&folder, config, command, terminal)?;
    if let Some(out) = region_out {
        return region::written(answer, &out);
    }
    match out {
        Some((out, readers)) => deliver::write(answer, &out, readers),
        None => with_picture(answer, picture.as_deref()),
    }
}

fn with_picture(answer: Answer, out: Option<&Path>) -> Result<Answer, Failure> {
    match out {
        Some(out) => persona::picture(answer, out),
        None => Ok(answer),
    }
}

fn run_where_it_lies(
    folder: &Folder,
    config: impl Fn() -> Result<Config, Failure>,
    command: NodeCommand,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let mut watch = |progress| terminal.progress(&progress);
    let held = match folder.hold() {
        Ok(held) => held,
        Err(busy) if busy.exit == Exit::Busy => {
            return admin::ask(&folder.socket(), command, &mut watch)?.ok_or(busy);
        }
        Err(failure) => return Err(failure),
    };
    let node = Node::open(folder, config()?)?;
    let answer = run(&node, command, &mut watch);
    drop(node);
    drop(held);
    answer
}

/// A serving node stands in another folder, so paths must not depend on where one stands.
fn make_absolute(command: &mut NodeCommand) -> Result<(), Failure> {
    let absolute = |path: &Path| -> Result<PathBuf, Failure> {
        std::path::absolute(path)
            .map_err(|error| Failure::usage(format!("`{}` is no path: {error}", path.display())))
    };
    let all = |paths: &mut Vec<PathBuf>| -> Result<(), Failure> {
        paths.iter_mut().try_for_each(|path| absolute(path).map(|found| *path = found))
    };
    match command {
        NodeCommand::Import(args) => {
            all(&mut args.files)?;
            all(&mut args.beside)?;
            for path in [&mut args.map, &mut args.replaces, &mut args.accept, &mut args.review] {
                *path = path.as_deref().map(absolute).transpose()?;
            }
            Ok(())
        }
        NodeCommand::Share(args) => all(&mut args.files),
        NodeCommand::Ca(command) => {
            command.paths().into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Release(command) => {
            command.paths().into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Persona(command) => {
            command.paths().into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Case(command) => {
            case::paths(command).into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Contact(command) => {
            contact::paths(command).into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Region(command) => {
            command.paths().into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Agreement(command) => {
            let paths = agreement::paths(command);
            paths.into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Peer(PeerCommand::Add(args)) => {
            let paths = [&mut args.key, &mut args.certificate].into_iter().chain(&mut args.ca);
            paths.into_iter().try_for_each(|path| absolute(path).map(|found| *path = found))
        }
        NodeCommand::Credential(CredentialCommand::Add { certificate, .. }) => {
            *certificate = absolute(certificate)?;
            Ok(())
        }
        NodeCommand::Member(MemberCommand::Key(
            MemberKeyCommand::Add { key, .. } | MemberKeyCommand::Rotate { key, .. },
        )) => {
            key.file = key.file.as_deref().map(absolute).transpose()?;
            Ok(())
        }
        NodeCommand::Pack(PackCommand::Accept(args)) => {
            args.receipt = args.receipt.as_deref().map(absolute).transpose()?;
            Ok(())
        }
        NodeCommand::Privacy(PrivacyCommand::Replay { file }) => {
            *file = absolute(file)?;
            Ok(())
        }
        NodeCommand::Backup(args) => {
            args.to = absolute(&args.to)?;
            args.since = args.since.as_deref().map(absolute).transpose()?;
            Ok(())
        }
        _ => Ok(()),
    }
}
