//! `bongsu circle equivalents`, and what an import says of objects that say what others say.

use crate::answer::Answer;
use crate::exit::Failure;
use crate::node::Node;
use policy::CircleId;
use serde_json::json;
use std::collections::HashSet;
use std::fmt::Write as _;
use stix::ObjectId;

/// Records that an import reads to compare what it has added: a second's work. Of longer lines, the command tells.
const READ_MAX: usize = 200_000;
/// Objects of an import that are compared.
pub(crate) const COMPARED_MAX: usize = 10_000;

/// Runs `bongsu circle equivalents`.
///
/// # Errors
/// When there is no such circle, or its line can't be read.
pub(crate) fn run(node: &Node, handle: &str, skip: usize, limit: usize) -> Result<Answer, Failure> {
    let circle = node.circle(&node.gate.book(), handle)?.id;
    let failed = |error: line::StorageError| Failure::new(error.to_string());
    node.gate.follow_equivalents(circle, usize::MAX).map_err(failed)?;
    let (groups, total) = node.gate.equivalent_groups(circle, skip, limit).map_err(failed)?;
    let mut text = String::new();
    for (at, group) in groups.iter().enumerate() {
        // Writing to a String does not fail.
        let _always = writeln!(text, "{}.", skip + at + 1);
        for id in group {
            let _always = writeln!(text, "   {id}");
        }
    }
    match (total, groups.len()) {
        (0, _) => {
            let _always = write!(text, "No two objects in circle {handle} say the same.");
        }
        (total, shown) => {
            let _always = write!(text, "{total} groups of objects say the same; {shown} are shown.");
            if skip + shown < total {
                let _always = write!(text, " Next: --skip {}", skip + shown);
            }
        }
    }
    let ids: Vec<Vec<String>> =
        groups.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
    Ok(Answer::done(json!({"circle": handle, "groups": ids, "total": total}), text))
}

/// What is to be said of objects that were just added: those that say what another object in the circle says. Nothing where
/// telling would take long.
///
/// # Errors
/// When the line can't be read.
pub(crate) fn told(node: &Node, circle: CircleId, added: &[ObjectId]) -> Result<Vec<String>, Failure> {
    let failed = |error: line::StorageError| Failure::new(error.to_string());
    if added.is_empty() || !node.gate.follow_equivalents(circle, READ_MAX).map_err(failed)? {
        return Ok(Vec::new());
    }
    let (mut told, mut named) = (Vec::new(), HashSet::new());
    for id in added {
        let others = node.gate.equivalents(circle, id).map_err(failed)?;
        // Of two that were both added, it is said once.
        if let Some(first) = others.first().filter(|_| !named.contains(id)) {
            named.extend(others.iter().cloned());
            let more = match others.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            told.push(format!("{id}: says the same as {first}{more}; both stay"));
        }
    }
    Ok(told)
}
