//! `bongsu audit`: the node's own record of screenings, and the lines of nodes that one is a member of.

pub(crate) mod compare;
pub(crate) mod line;
pub(crate) mod proof;
pub(crate) mod screenings;

use crate::answer::Answer;
use crate::cli::{AuditArgs, AuditCommand};
use crate::exit::Failure;
use crate::node::Node;
use gate::{Cosigner, NoteKey, WitnessKey};
use serde_json::json;

/// Runs what works on a node's data.
///
/// # Errors
/// What it failed with.
pub(crate) fn run(node: &Node, args: &AuditArgs) -> Result<Answer, Failure> {
    match &args.command {
        None => screenings::run(node, &args.screenings),
        Some(AuditCommand::Screenings(args)) => screenings::run(node, args),
        Some(AuditCommand::Key) => Ok(key(node)),
        Some(AuditCommand::Line(_) | AuditCommand::Compare(_) | AuditCommand::Proof(_)) => {
            Err(Failure::usage("this needs no node's folder, and is not done by a node"))
        }
    }
}

/// The keys of the witnesses that are believed, and how many of them must have cosigned: all, if nothing is said.
fn witnesses(named: &[String], need: Option<usize>) -> Result<(Vec<WitnessKey>, usize), Failure> {
    let keys = named.iter().map(|text| {
        text.parse::<WitnessKey>().map_err(|error| Failure::usage(format!("--witness {text}: {error}")))
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let needed = need.unwrap_or(keys.len());
    match needed > keys.len() {
        true => Err(Failure::usage(format!(
            "--need {needed} witnesses, and only {} are named with --witness",
            keys.len()
        ))),
        false => Ok((keys, needed)),
    }
}

/// The keys that members and other nodes check with.
fn key(node: &Node) -> Answer {
    let (log, witness) = (NoteKey::of(node.gate.key()), Cosigner::of(node.gate.key()).public());
    let text = format!(
        "Checkpoints, packs and copies of this node are signed with\n  {log}\nand what it witnesses with\n  {witness}\n"
    );
    Answer::done(json!({"key": log.to_string(), "witness_key": witness.to_string()}), text)
}
