//! What a sighting says of an indicator: that it was seen, and when last.
//!
//! A sighting resets an indicator's age (rule L-4) and nothing else: what has expired stays so.
//!
//! Source: STIX 2.1, section 5.2 (sighting).

use serde::Deserialize;
use stix::{Head, ObjectId, Timestamp};

/// An indicator that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The indicator.
    pub indicator: ObjectId,
    /// When it was seen last, as the one who saw it says. This can lie in the future, where it counts for nothing:
    /// who uses it cuts it off at the time at which it was said.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Wire {
    sighting_of_ref: String,
    last_seen: Option<String>,
    created: Option<String>,
    count: Option<serde_json::Number>,
}

/// The indicator that an object says was seen.
///
/// `None` for everything but sightings of indicators, for revoked ones, for those whose `count` says that it was not seen, and
/// for those whose date can't be read. Without `last_seen`, the day on which the sighting was made counts.
#[must_use]
pub fn seen(raw: &str, head: &Head) -> Option<Seen> {
    if head.object_type() != "sighting" || head.revoked {
        return None;
    }
    let wire = serde_json::from_str::<Wire>(raw).ok()?;
    let is_seen = wire.count.is_none_or(|count| count.as_f64().is_some_and(|count| count > 0.0));
    let indicator = ObjectId::parse(&wire.sighting_of_ref).ok();
    let indicator = indicator.filter(|id| is_seen && id.object_type() == "indicator")?;
    let at = Timestamp::parse(wire.last_seen.as_deref().or(wire.created.as_deref())?).ok()?;
    Some(Seen { indicator, at })
}
