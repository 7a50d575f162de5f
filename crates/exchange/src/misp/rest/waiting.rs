//! What only waits for a second person of the caller's: it is in no view, and can be deleted all the same.

use std::collections::BTreeMap;

use policy::CircleId;
use serde_json::Value as Json;
use stix::ObjectId;

use super::error::MispError;
use super::{State, Who, uuid_of};
use crate::misp::wire::Text;

/// Objects of one event that are looked for.
const REFS_MAX: usize = 50_000;

/// Deletes what waits under a UUID; of an event, also what it names and what waits with it. How many objects that were.
///
/// # Errors
/// When the store can't be read or written.
pub(super) fn delete(state: &State, who: &Who, id: &str) -> Result<usize, MispError> {
    let Some(uuid) = uuid_of(&Text::from(id)) else { return Ok(0) };
    let gate = &state.misp.gate;
    let mut out: BTreeMap<CircleId, Vec<ObjectId>> = BTreeMap::new();
    for (circle, id, text) in gate.waiting_as(who.member, uuid, who.now)? {
        let of_circle = out.entry(circle).or_default();
        if matches!(id.object_type(), "report" | "grouping") {
            let event: Json = serde_json::from_str(&text).unwrap_or_default();
            let refs = event["object_refs"].as_array().into_iter().flatten().filter_map(Json::as_str);
            of_circle.extend(refs.take(REFS_MAX).filter_map(|id| ObjectId::parse(id).ok()));
        }
        of_circle.push(id);
    }
    let mut deleted = 0;
    for (circle, ids) in out {
        let told = gate.withdraw_waiting(who.member, circle, &ids, &[])?;
        deleted += told.iter().flatten().count();
    }
    Ok(deleted)
}
