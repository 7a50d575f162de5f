//! What the writer asks of a catalogue before it judges a draft.

use stix::Timestamp;
use uuid::Uuid;

use super::{Catalogue, ClassIx, Entry, NONE, ObjectIx, SUPERSEDED, WITHDRAWN};
use crate::record::Seq;

/// What one member has brought of an object, judged by its newest version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brought {
    pub(crate) seq: Seq,
    pub(crate) version: Timestamp,
    pub(crate) fingerprint: u64,
    pub(crate) class: ClassIx,
    pub(crate) revoked: bool,
    pub(crate) withdrawn: bool,
    pub(crate) origin: u32,
    /// How many versions it has brought.
    pub(crate) count: usize,
}

impl Catalogue {
    /// One member's versions of an object, also withdrawn ones, from the newest.
    pub(crate) fn of_sender(&self, object: ObjectIx, sender: Uuid) -> impl Iterator<Item = Entry<'_>> {
        self.chain(object)
            .filter(move |entry| entry.row.flags & SUPERSEDED == 0 && entry.sender() == Some(sender))
    }

    /// What one member has brought of an object.
    pub(crate) fn brought(&self, object: ObjectIx, sender: Uuid) -> Option<Brought> {
        let mut versions = self.of_sender(object, sender);
        let newest = versions.next()?;
        Some(Brought {
            seq: newest.seq,
            version: newest.version(),
            fingerprint: newest.row.fingerprint,
            class: newest.class(),
            revoked: newest.revoked(),
            withdrawn: newest.row.flags & WITHDRAWN != 0,
            origin: newest.row.origin,
            count: 1 + versions.count(),
        })
    }

    /// The members that have brought an object.
    pub(crate) fn senders(&self, object: ObjectIx) -> Vec<Uuid> {
        let mut senders: Vec<Uuid> = self.chain(object).filter_map(|entry| entry.sender()).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }

    pub(crate) fn fingerprint(&self, seq: Seq) -> Option<u64> {
        self.row(seq).map(|row| row.fingerprint)
    }

    /// The records that count and make no sense without `object`, which others have at the moment.
    #[must_use]
    pub fn dependants(&self, object: ObjectIx) -> Vec<Seq> {
        let depends = |seq: &Seq| {
            self.entry(*seq)
                .is_some_and(|entry| entry.counts() && self.essentials(&entry).any(|needed| needed == object))
        };
        self.referrers(object).filter(depends).collect()
    }

    /// The records that count and list `object` among what they are about (`object_refs`): nothing may be left of them without it.
    #[must_use]
    pub fn listing(&self, object: ObjectIx) -> Vec<Seq> {
        let lists = self.referring(object).filter(|link| link.listed);
        let records = lists.map(|link| Seq(u64::from(link.owner) + 1));
        records.filter(|seq| self.entry(*seq).is_some_and(|entry| entry.counts())).collect()
    }

    /// The records that waited for `object` and lack nothing once `arrived` are here as well.
    pub(crate) fn released_by(&self, object: ObjectIx, arrived: impl Fn(ObjectIx) -> bool) -> Vec<Seq> {
        let waiting = self.waiting.get(&object.0).map_or(&[][..], Vec::as_slice);
        let complete = |seq: &Seq| {
            self.entry(*seq).is_some_and(|entry| {
                entry.counts()
                    && self.essentials(&entry).all(|needed| {
                        arrived(needed)
                            || self.objects.get(needed.0 as usize).is_some_and(|o| o.latest != NONE)
                    })
            })
        };
        waiting.iter().map(|owner| Seq(u64::from(*owner) + 1)).filter(complete).collect()
    }

    pub(super) fn essentials<'a>(&'a self, entry: &Entry<'a>) -> impl Iterator<Item = ObjectIx> + 'a {
        entry.references().filter(|(_, essential)| *essential).map(|(object, _)| object)
    }
}
