//! `bongsu audit compare`: two members hold what they were shown side by side.

use crate::answer::Answer;
use crate::cli::AuditCompareArgs;
use crate::command::remote::{Node, told};
use crate::exit::{Exit, Failure};
use exchange::pull::Limits;
use exchange::transparency::audit::{CompareError, Compared, compare};
use gate::NoteKey;
use serde_json::json;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a checkpoint that are read.
const NOTE_BYTES_MAX: u64 = 1 << 20;

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(NOTE_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| Failure::new(format!("{} can't be read: {error}", path.display())))?;
    Ok(text)
}

/// Compares two checkpoints.
///
/// # Errors
/// When one can't be read or is not the node's, or the node has to be asked and can't be.
pub(crate) fn run(args: &AuditCompareArgs) -> Result<Answer, Failure> {
    let key: NoteKey = args.key.parse().map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let node = args.node.url.is_some().then(|| Node::with(&args.node, Limits::default())).transpose()?;
    let compared = match &node {
        Some(node) => node.wait(compare(&first, &second, &key, Some(node.parts()))),
        // Nothing is waited for where no node is asked.
        None => crate::pull::runtime()?.block_on(compare(&first, &second, &key, None)),
    };
    let compared = compared.map_err(|error| match &error {
        CompareError::Pull(pull) => told(pull),
        CompareError::Sizes { .. } => Failure::new(error.to_string()).hint("name the node with --node"),
        _ => Failure::new(error.to_string()),
    })?;
    let text = match &compared {
        Compared::One => "One history: both checkpoints are of the same log.\n".to_owned(),
        Compared::Two { what, .. } => format!(
            "TWO HISTORIES: {what}. {} has signed both; keep both files, they are the evidence.\n",
            key.name()
        ),
        Compared::NotShown { what } => format!("NOT SHOWN to be one history: {what}.\n"),
    };
    let mut json = json!(compared);
    if matches!(compared, Compared::Two { .. }) {
        json["first"] = first.into();
        json["second"] = second.into();
    }
    let exit = if compared == Compared::One { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json, text).ending(exit))
}
