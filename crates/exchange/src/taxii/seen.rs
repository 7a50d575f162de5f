//! What a member at the level `detect` may add to a collection: what its sensors and hunts have seen.
//!
//! It has rules and watch files of a circle's indicators, and no objects; so it tells of sightings, with what was observed, and of
//! nothing else. Who brings objects of other types exchanges them, which is another level.

use policy::{Book, CircleId, Level, MemberId, Terms};
use stix::Head;

/// Whether a member at this level may add an object.
///
/// # Errors
/// Why not, for the one who brought it.
pub(super) fn may_add(level: Level, member: MemberId, head: &Head) -> Result<(), String> {
    let object_type = head.object_type();
    let tells = match object_type {
        _ if level == Level::Exchange => true,
        "sighting" | "observed-data" => true,
        "identity" => head.id.uuid() == member.uuid(),
        _ => stix::id::is_observable(object_type),
    };
    match tells {
        true => Ok(()),
        false => Err(format!(
            "at the level `{level}` a collection takes sightings, observed data, observables and your own identity, and no {object_type}"
        )),
    }
}

/// The terms under which it is added. Where members are hidden from each other, what a member at this level saw does not say whose it
/// is; who exchanges objects decides by itself.
pub(super) fn terms(book: &Book, member: MemberId, circle: CircleId) -> Terms {
    let exchanges = book.member(member).is_some_and(|member| member.level == Level::Exchange);
    let hides = book.circle(circle).is_none_or(|circle| circle.hidden_members);
    Terms { pseudonymise: hides && !exchanges, ..Terms::default() }
}
