//! `bongsu circle signatures`: what a circle's signatures come to.

use crate::answer::{Answer, counted, table};
use crate::exit::Failure;
use crate::node::Node;
use policy::{MemberId, Provenance, SignatureState};
use serde_json::{Map, Value, json};
use stix::ObjectId;

/// Counts a circle's objects by the state of their signatures, and lists those in one.
///
/// # Errors
/// When the circle is unknown, or its line can't be read.
pub(crate) fn run(
    node: &Node,
    handle: &str,
    only: Option<SignatureState>,
    limit: usize,
) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let circle = node.circle(&book, handle)?;
    let counted_all = node.gate.signatures(circle.id, only, limit);
    let count = counted_all.map_err(|error| Failure::new(format!("circle {handle}: {error}")))?;
    let name = |member: MemberId| match member {
        MemberId::NODE => "the node's operator".to_owned(),
        member => book.member(member).map(|member| member.handle.clone()).unwrap_or_default(),
    };
    let row = |(id, provenance): &(ObjectId, Provenance)| {
        let told = provenance.sentence(name);
        json!({"id": id.to_string(), "state": provenance.state().name(), "signature": told})
    };
    let items: Vec<Value> = count.items.iter().map(row).collect();
    let states: Map<String, Value> =
        count.states.iter().map(|(state, count)| (state.name().to_owned(), (*count).into())).collect();
    let rows: Vec<Vec<String>> =
        count.states.iter().map(|(state, count)| vec![state.to_string(), count.to_string()]).collect();
    let mut text = match rows.is_empty() {
        true => format!("Circle {handle} holds no objects.\n"),
        false => table(&["SIGNATURE", "OBJECTS"], &rows),
    };
    for (id, provenance) in &count.items {
        text.push_str(&format!("{id}: {}\n", provenance.sentence(name)));
    }
    let all = only.and_then(|only| count.states.get(&only)).copied().unwrap_or_default();
    if all > count.items.len() as u64 {
        text.push_str(&format!("… of {}; --limit shows more\n", counted(all, "object")));
    }
    Ok(Answer::done(json!({"circle": handle, "states": states, "objects": items}), text))
}
