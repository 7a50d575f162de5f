//! The ids of what hunts report: they follow from what was found and a secret of the node and the member, so that the node knows its
//! members' hunts again, and nobody else can try out whose a sighting is.

use policy::{CircleId, MemberId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Back;
use crate::gather::Deliver;
use crate::hex::hex;

/// The id of an object of a hunt's report, without its type: of the indicator's sighting in a circle (its collection's id), from the
/// instant `created` on.
///
/// Version 4, as STIX 2.1 (2.9) wants of ids that follow from no content.
#[must_use]
pub fn id_of_report(back: &Back, object_type: &str, circle: &str, indicator: &str, created: &str) -> Uuid {
    reported(&back.secret, object_type, circle, indicator, &back.identity, created)
}

fn reported(
    secret: &str,
    object_type: &str,
    circle: &str,
    indicator: &str,
    identity: &str,
    created: &str,
) -> Uuid {
    let mut hash = Sha256::new();
    for part in [secret, object_type, circle, indicator, identity, created] {
        hash.update(part);
        hash.update([0]);
    }
    let bytes = hash.finalize().first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The id of the member's identity, as its hunts have it.
pub(super) fn identity_of(member: MemberId) -> String {
    format!("identity--{}", member.uuid())
}

impl Deliver {
    /// The secret under which the ids of what a member's hunts report are made, in hexadecimal.
    pub(super) fn secret_of_hunts(&self, member: MemberId) -> String {
        // A secret of its own: packs have random ids.
        hex(&self.gate.key().pack_secret(Uuid::new_v5(&member.uuid(), b"sightings of a hunt")))
    }

    /// Whether a sighting in a circle, that the member brought, is one that a hunt of the member's gave: its id says so.
    #[must_use]
    pub fn is_of_hunt(&self, member: MemberId, circle: CircleId, sighting: &Value) -> bool {
        let text = |name: &str| sighting.get(name).and_then(Value::as_str).unwrap_or_default();
        let (secret, circle) = (self.secret_of_hunts(member), circle.to_string());
        let (of, created) = (text("sighting_of_ref"), text("created"));
        let id = reported(&secret, "sighting", &circle, of, &identity_of(member), created);
        text("id") == format!("sighting--{id}")
    }
}
