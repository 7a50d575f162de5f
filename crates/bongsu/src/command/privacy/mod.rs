//! `bongsu privacy`: what circles say of personal data, what is held of a person, correction, erasure, requests, who looked at what.

mod accesses;
mod correct;
mod erase;
mod find;
mod register;
mod request;

use crate::answer::Answer;
use crate::cli::PrivacyCommand;
use crate::exit::Failure;
use crate::node::Node;

/// Runs `bongsu privacy …`.
///
/// # Errors
/// When a name is unknown, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: &PrivacyCommand) -> Result<Answer, Failure> {
    match command {
        PrivacyCommand::Register { form } => register::run(node, *form),
        PrivacyCommand::Erase(args) => erase::run(node, args),
        PrivacyCommand::Correct(args) => correct::run(node, args),
        PrivacyCommand::Corrections => correct::list(node),
        PrivacyCommand::Erasures => erase::list(node),
        PrivacyCommand::Replay { file } => erase::replay(node, file),
        PrivacyCommand::Find { text } => find::find(node, text),
        PrivacyCommand::Export { text } => find::export(node, text),
        PrivacyCommand::Request(command) => request::run(node, command),
        PrivacyCommand::Accesses(args) => accesses::run(node, args),
    }
}
