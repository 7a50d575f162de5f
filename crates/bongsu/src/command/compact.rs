//! `bongsu compact`: the store's file written anew, without its free space.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;

/// Writes the file, or the tables of the database, anew. Whoever brings something waits meanwhile.
///
/// # Errors
/// When there is no room for it, or readers are in the way for too long; then everything is as it was.
pub(crate) fn run(node: &Node) -> Result<Answer, Failure> {
    let store = node.gate.store();
    let before = store.bytes();
    store.scrub().map_err(|error| {
        Failure::new(format!("the store could not be written anew: {error}"))
            .hint("it takes as much room on the disk as the store itself; nothing is lost, try again")
    })?;
    let after = store.bytes();
    let text = match (before, after) {
        (Some(before), Some(after)) => format!("The store has {after} bytes, and had {before}.\n"),
        _ => "The store was written anew.\n".to_owned(),
    };
    Ok(Answer::done(json!({"bytes_before": before, "bytes": after}), text))
}
