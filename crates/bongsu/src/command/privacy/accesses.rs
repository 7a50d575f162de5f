//! `bongsu privacy accesses`: who looked at what.

use crate::answer::{Answer, table};
use crate::cli::AccessesArgs;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;
use web::looks::{Look, Wanted};

/// Shows the latest looks.
///
/// # Errors
/// When they can't be read.
pub(super) fn run(node: &Node, args: &AccessesArgs) -> Result<Answer, Failure> {
    let wanted = Wanted { of: args.of.as_deref(), by: args.by.as_deref(), ..Wanted::default() };
    let (looks, is_more) = node
        .looks
        .read(&wanted, usize::from(args.limit))
        .map_err(|error| Failure::new(format!("who looked at what can't be read: {error}")))?;
    let row = |look: &Look| {
        let person = look.person.clone().unwrap_or_else(|| "-".to_owned());
        let seen_as = look.seen_as.clone().unwrap_or_default();
        let asked = look.asked.clone().unwrap_or_default();
        [
            look.at.clone(),
            person,
            look.acts_for.clone(),
            seen_as,
            look.path.clone(),
            asked,
            look.status.to_string(),
        ]
        .map(|cell| cell.chars().map(|char| if char.is_control() { ' ' } else { char }).collect())
        .to_vec()
    };
    let rows: Vec<Vec<String>> = looks.iter().map(row).collect();
    let mut text = table(&["AT", "WHO", "FOR", "AS", "WHAT", "ASKED", "ANSWER"], &rows);
    if is_more {
        text.push_str("There are more: raise --limit, or name --of or --by.\n");
    }
    Ok(Answer::done(json!({"accesses": looks, "more": is_more}), text))
}
