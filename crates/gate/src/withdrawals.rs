//! What was withdrawn of that which a member had.
//!
//! Told by number, so that whoever was told of an object up to a number is told of its end after it. What the member never
//! saw is not named: that something was withdrawn would say that it was there.

use std::collections::BTreeSet;

use line::{ObjectIx, RecordKind, Seq, StorageError};
use stix::ObjectId;

use crate::reader::Reader;

/// An object that the member saw and sees no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: ObjectId,
    /// The number under which the member could see it first.
    pub first: Seq,
    /// The number of the withdrawal.
    pub seq: Seq,
}

impl Reader {
    /// The objects withdrawn by records after `after` that the member had until then, in the order of their ids.
    ///
    /// An object of which the member still sees a version is not among them, nor is one that goes out only together with
    /// another that was withdrawn as well.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn withdrawals(&self, after: Seq) -> Result<Vec<Withdrawal>, StorageError> {
        self.with_view(|view| {
            let catalogue = view.catalogue;
            let taken: BTreeSet<(ObjectIx, Seq)> = catalogue
                .takings(after, catalogue.head())
                .filter(|entry| entry.kind() == RecordKind::Withdrawal)
                .filter_map(|entry| Some((entry.object()?, entry.seq)))
                .collect();
            let mut found: Vec<Withdrawal> = Vec::new();
            for (object, seq) in taken {
                let Some(at) = catalogue.entry(seq).map(|entry| entry.added()) else { continue };
                if view.newest_seen(object, None).is_some() {
                    continue;
                }
                let first = catalogue.withdrawn(object).filter(|entry| view.had(entry, at));
                let first = first.map(|entry| entry.seq).min();
                found.extend(catalogue.id(object).zip(first).map(|(id, first)| Withdrawal {
                    id,
                    first,
                    seq,
                }));
            }
            found.sort_unstable_by(|a, b| (&a.id, a.seq).cmp(&(&b.id, b.seq)));
            found.dedup_by(|later, kept| later.id == kept.id);
            found
        })
    }
}
