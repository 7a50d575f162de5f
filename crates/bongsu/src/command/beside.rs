//! `bongsu node`: what nodes beside one database share.

use std::path::Path;

use serde_json::json;

use crate::answer::Answer;
use crate::beside::Shared;
use crate::cli::BesideCommand;
use crate::command::init::random;
use crate::exit::Failure;
use crate::folder::Folder;

/// Runs it. The node may serve meanwhile: nothing but its secrets is looked at.
///
/// # Errors
/// When this is no node's folder, or the file is there already or can't be written.
pub(crate) fn run(dir: &Path, command: &BesideCommand) -> Result<Answer, Failure> {
    let BesideCommand::Share { to } = command;
    let folder = Folder::new(dir);
    folder.require()?;
    let shared = Shared::of(&folder, &random()?)?;
    shared.write(to)?;
    let text = format!(
        "What nodes beside one database share is in {}, readable for you alone: whoever has it is this node.\n\
         On the other machine: bongsu init --beside FILE, look through the configuration, then remove the file on both.\n",
        to.display()
    );
    Ok(Answer::done(json!({"to": to, "name": shared.name()}), text))
}
