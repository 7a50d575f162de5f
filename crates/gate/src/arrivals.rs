//! What came into a circle, by whom and when: for the node itself, which watches how much comes at once. No release.

use line::{Added, LineId, RecordKind, Seq, StorageError};
use policy::{CircleId, MemberId};
use stix::ObjectId;

use crate::opening::Gate;

/// A version of an object that came in, or was announced again.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its object.
    pub id: ObjectId,
    /// Its number in the line.
    pub seq: Seq,
    /// When it was added.
    pub added: Added,
    /// When its sender first brought it; that is `added`, unless it was announced again.
    pub first_added: Added,
    /// Who brought it.
    pub sender: MemberId,
    /// At most so many values does it name, as far as can be told without reading it.
    pub values_max: Option<u16>,
    /// The version that the same sender had brought before, if it did: its number, and when it first brought that.
    pub before: Option<(Seq, Added)>,
}

impl Gate {
    /// The arrivals of objects of one type after a number, in the line's order, and up to where this was looked at: at most
    /// `limit` records are.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn arrivals(
        &self,
        circle: CircleId,
        object_type: &str,
        after: Seq,
        limit: u64,
    ) -> Result<(Vec<Arrival>, Seq), StorageError> {
        self.store().look(LineId::new(circle.uuid()), |catalogue| {
            let until = Seq(catalogue.head().0.min(after.0.saturating_add(limit)));
            let entries = (after.0 + 1..=until.0).filter_map(|seq| catalogue.entry(Seq(seq)));
            let arrivals = entries.filter_map(|entry| {
                let object = entry.object()?;
                let is_version = matches!(entry.kind(), RecordKind::Object | RecordKind::Again);
                if !is_version || catalogue.object_type(object) != object_type {
                    return None;
                }
                let sender = entry.sender()?;
                let is_again = entry.kind() == RecordKind::Again;
                let first_added = if is_again { entry.first_added() } else { entry.added() };
                let is_earlier = |other: &line::Entry<'_>| {
                    !is_again && other.seq < entry.seq && other.sender() == Some(sender)
                };
                let before = catalogue.all_versions(object).filter(is_earlier).max_by_key(|other| other.seq);
                Some(Arrival {
                    id: entry.id()?,
                    seq: entry.seq,
                    added: entry.added(),
                    first_added,
                    sender: MemberId::new(sender),
                    values_max: entry.literals_max(),
                    before: before.map(|other| (other.seq, other.first_added())),
                })
            });
            (arrivals.collect(), until)
        })
    }
}
