//! What became of each object of a parcel, for the member that brought it.

use line::StorageError;
use policy::parcel::{Contents, Decided};
use policy::{MemberId, Parcel, ParcelState};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use crate::opening::Gate;
use crate::quarantine::QuarantineState;

/// Where an object stands that was brought to wait for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It waits: for the second person, or for the node's operators after it.
    Waiting,
    /// It is in the circle.
    Shared,
    /// It is not, and will not be: why.
    Gone(String),
}

/// An object of a parcel with its version, if it has one, and what became of it.
pub type BecameOf = (ObjectId, Option<Timestamp>, Became);

impl Gate {
    /// What became of the objects of a member's parcel, each with its version, in the order in which they were brought. What was
    /// erased is left out; `None` if the member has no such parcel, or one so old that it is not told any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn became(
        &self,
        member: MemberId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<Vec<BecameOf>>, StorageError> {
        let Some(parcel) = self.parcel(id, Some(member)) else { return Ok(None) };
        let Some(Contents::Objects { objects, .. }) = self.parcel_contents(&parcel)? else { return Ok(None) };
        let mut all = Vec::with_capacity(objects.len());
        for (at, raw) in objects.into_iter().enumerate() {
            let Ok(head) = stix::read_head(&raw) else { continue };
            let version = head.modified.or(head.created);
            let is_withdrawn = u32::try_from(at).is_ok_and(|at| parcel.withdrawn.contains(&at));
            let became = match parcel.state(now) {
                _ if is_withdrawn => {
                    Became::Gone("it was withdrawn while it waited for a second person".to_owned())
                }
                ParcelState::Waiting | ParcelState::Released => Became::Waiting,
                ParcelState::Done => self.came_to(&parcel, &head.id, version)?,
                ParcelState::Refused => Became::Gone(refused(parcel.decided.as_ref())),
                ParcelState::Lapsed | ParcelState::Withdrawn => Became::Gone(format!(
                    "nobody released it in time: it lapsed at {}, and can be brought again",
                    parcel.until
                )),
            };
            all.push((head.id, version, became));
        }
        Ok(Some(all))
    }

    /// Where an object stands that was let out.
    fn came_to(
        &self,
        parcel: &Parcel,
        id: &ObjectId,
        version: Option<Timestamp>,
    ) -> Result<Became, StorageError> {
        let version = version.unwrap_or(Timestamp::MIN);
        Ok(match self.quarantine_state(parcel.by.member, parcel.circle, id, version)? {
            QuarantineState::Waiting => Became::Waiting,
            QuarantineState::Shared => Became::Shared,
            QuarantineState::Gone => {
                // What waited for the operators has a complaint there too, and may have been dropped since.
                let refused = parcel.done.iter().filter(|(_, outcome)| outcome.quarantined == 0);
                let why = refused.flat_map(|(_, outcome)| &outcome.why);
                let own = format!("{id}: ");
                let why = why.filter_map(|why| why.strip_prefix(own.as_str())).next();
                Became::Gone(match why {
                    Some(why) => format!("another person of yours released it, and the circle did not take it: {why}"),
                    None => "another person of yours released it; it was withdrawn or dropped since, or the circle did not \
                             take it"
                        .to_owned(),
                })
            }
        })
    }
}

fn refused(decided: Option<&Decided>) -> String {
    let who = match decided.and_then(|decided| decided.by) {
        Some(_) => "a person of yours",
        None => "the node's operators",
    };
    match decided.map(|decided| decided.said.as_str()).filter(|said| !said.is_empty()) {
        Some(said) => format!("{who} refused it: {said}"),
        None => format!("{who} refused it"),
    }
}
