//! Whose signature an object carries, as it stands in a line and as a member may know it.
//!
//! Nothing is kept of it: it follows from the object's bytes, the time at which it came to its home node and the book as it stands,
//! so that a key that is taken back shows everywhere at once.

use std::collections::BTreeMap;

use line::{LineId, Seq, StorageError};
use policy::{Book, CircleId, Known, MemberId, Provenance, SignatureState};
use rayon::iter::{IntoParallelRefIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};
use stix::{ObjectId, Timestamp, Tlp, signature};

use crate::federation::Came;
use crate::opening::Gate;
use crate::query::Object;
use crate::reader::Reader;
use crate::submit::Submission;

/// Objects read at a time.
const AT_ONCE: usize = 1_000;

/// What a circle's signatures come to.
#[derive(Debug, Clone, Default)]
pub struct SignatureCount {
    /// Objects in their newest version, by state.
    pub states: BTreeMap<SignatureState, u64>,
    /// Some of those in the state that was asked for.
    pub items: Vec<(ObjectId, Provenance)>,
}

impl Gate {
    /// Whose signature an object carries that arrived at a time: as the node knows it, so not for members' eyes.
    #[must_use]
    pub fn provenance(&self, raw: &str, arrived: Timestamp) -> Provenance {
        self.book().provenance(raw, arrived, self.key().object_key().public())
    }

    /// Whether a signature shows that `member` says so. For the node's operators, its own key does, whoever it is registered for.
    #[must_use]
    pub fn proves(&self, provenance: &Provenance, member: MemberId) -> bool {
        let is_own = |key: &str| key == self.key().object_key().public().id();
        let is_signed = |signer: &policy::Signer| {
            provenance.state() == SignatureState::Signed && member == MemberId::NODE && is_own(&signer.key)
        };
        provenance.proves(member) || provenance.signer().is_some_and(is_signed)
    }

    /// Whose signature the record with this number carries, as the node knows it. `None` if it is no object's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn provenance_of(&self, circle: CircleId, seq: Seq) -> Result<Option<Provenance>, StorageError> {
        let line = LineId::new(circle.uuid());
        let came = self
            .store()
            .look(line, |catalogue| catalogue.entry(seq).map(|entry| Came::of(&entry, catalogue)))?;
        let mut found = None;
        self.store().bodies(line, &[seq], &mut |_, _, body| {
            let raw = String::from_utf8_lossy(body);
            found = came.as_ref().map(|came| self.provenance(&raw, self.inner.arrived(circle, came, &raw)));
        })?;
        Ok(found)
    }

    /// Signs with the node's own key what a member is about to share and nobody has signed yet. What it has shared before, signed,
    /// stays as it was, so that sharing it again adds nothing.
    ///
    /// # Errors
    /// [`StorageError`]: then some may be signed and others not.
    pub fn sign_for(
        &self,
        member: MemberId,
        circle: CircleId,
        objects: &mut [Submission],
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let line = LineId::new(circle.uuid());
        let key = self.key().object_key();
        let unsigned = |object: &&mut Submission| {
            Tlp::of(&object.head.id).is_none() && !signature::is_signed(&object.raw)
        };
        let outcomes = objects.par_iter_mut().filter(unsigned).map(|object| {
            let made = match self.signed_before(line, member, object)? {
                Some(before) => Some(before),
                // What can't be signed goes as it is, and is refused where signatures are required.
                None => signature::sign(&object.raw, key, now).ok(),
            };
            object.raw = made.unwrap_or_else(|| std::mem::take(&mut object.raw));
            if let Ok(head) = stix::read_head(&object.raw) {
                object.head = head;
            }
            Ok(())
        });
        outcomes.collect()
    }

    /// The text of this version as the member has shared it before, signed.
    fn signed_before(
        &self,
        line: LineId,
        member: MemberId,
        object: &Submission,
    ) -> Result<Option<String>, StorageError> {
        let mut seqs: Vec<Seq> = self.store().look(line, |catalogue| {
            let known = catalogue.object(&object.head.id).into_iter();
            let own = known.flat_map(|known| catalogue.newest_first(known)).filter(|entry| {
                let is_version = !entry.versioned() || entry.version() == object.head.version();
                entry.sender() == Some(member.uuid()) && is_version
            });
            own.map(|entry| entry.seq).collect()
        })?;
        seqs.sort_unstable();
        let mut before = None;
        self.store().bodies(line, &seqs, &mut |_, _, body| {
            let text = String::from_utf8_lossy(body);
            if signature::unsigned(&text).is_some_and(|bare| bare == object.raw) {
                before = Some(text.into_owned());
            }
        })?;
        Ok(before)
    }

    /// Counts a circle's objects by the state of their signatures, and lists some of those in state `only`. Reads the whole line, on
    /// all cores. For operators.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn signatures(
        &self,
        circle: CircleId,
        only: Option<SignatureState>,
        limit: usize,
    ) -> Result<SignatureCount, StorageError> {
        let (line, mut count) = (LineId::new(circle.uuid()), SignatureCount::default());
        let lasts: Vec<(Seq, ObjectId, Came)> = self.store().look(line, |catalogue| {
            let entries = (1..=catalogue.head().0).filter_map(|seq| catalogue.entry(Seq(seq)));
            let lasts = entries.filter(|entry| entry.last() && entry.counts());
            lasts.filter_map(|entry| Some((entry.seq, entry.id()?, Came::of(&entry, catalogue)))).collect()
        })?;
        for some in lasts.chunks(AT_ONCE) {
            let seqs: Vec<Seq> = some.iter().map(|(seq, ..)| *seq).collect();
            let mut read = Vec::with_capacity(some.len());
            let mut known = some.iter().peekable();
            self.store().bodies(line, &seqs, &mut |seq, _, body| {
                if let Some((_, id, came)) = known.next_if(|(known, ..)| *known == seq) {
                    read.push((id, came, String::from_utf8_lossy(body).into_owned()));
                }
            })?;
            let judge = |(id, came, raw): &(&ObjectId, &Came, String)| {
                (ObjectId::clone(id), self.provenance(raw, self.inner.arrived(circle, came, raw)))
            };
            let judged: Vec<(ObjectId, Provenance)> = read.par_iter().map(judge).collect();
            for (id, provenance) in judged {
                *count.states.entry(provenance.state()).or_default() += 1;
                if only == Some(provenance.state()) && count.items.len() < limit {
                    count.items.push((id, provenance));
                }
            }
        }
        Ok(count)
    }
}

impl Reader {
    /// Whose signature an object carries that this reader gave, as the member may know it: by name, if it may know of the
    /// signer; as a member, if that one shared it here; else as a key that is not known.
    #[must_use]
    pub fn provenance(&self, object: &Object) -> Provenance {
        let line = LineId::new(self.request().circle.uuid());
        // A copy out of which nothing had to be taken is the original, and counts as whole.
        if !object.whole {
            return Provenance::Copied;
        }
        let found = self
            .inner
            .store
            .look(line, |catalogue| catalogue.entry(object.seq).map(|entry| Came::of(&entry, catalogue)));
        let came = found.ok().flatten();
        let at = came.as_ref().map_or(object.added.timestamp(), |came| {
            self.inner.arrived(self.request().circle, came, &object.raw)
        });
        let sender = came.map(|came| came.sender());
        let (book, node) = (&self.standing.book, self.inner.key.object_key().public());
        let provenance = book.provenance(&object.raw, at, node);
        provenance.known_as(|signer| known_as(book, self.request().member, signer, sender))
    }
}

fn known_as(book: &Book, viewer: MemberId, signer: MemberId, sender: Option<MemberId>) -> Known {
    match signer {
        MemberId::NODE => Known::ByName,
        _ if book.may_know(viewer, signer) => Known::ByName,
        _ if sender == Some(signer) => Known::AsMember,
        _ => Known::Not,
    }
}
