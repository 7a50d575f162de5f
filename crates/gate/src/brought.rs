//! What a member itself has brought to a circle before: told to it alone, and by ids that it names.

use line::{Catalogue, Entry, LineId, Seq, StorageError};
use policy::{CircleId, MemberId, Terms, TermsError};
use stix::{Head, ObjectId, Timestamp};

use crate::opening::Gate;

/// The newest version of an object that the member has brought and not withdrawn.
fn newest<'c>(catalogue: &'c Catalogue, id: &ObjectId, member: MemberId) -> Option<Entry<'c>> {
    let mut versions = catalogue.newest_first(catalogue.object(id)?);
    versions.find(|entry| entry.counts() && entry.sender() == Some(member.uuid()))
}

/// The newest version that the member has brought, also if it was withdrawn: what comes again begins as it began.
fn newest_ever<'c>(catalogue: &'c Catalogue, id: &ObjectId, member: MemberId) -> Option<Entry<'c>> {
    let mut versions = catalogue.all_versions(catalogue.object(id)?);
    versions.find(|entry| entry.sender() == Some(member.uuid()))
}

/// The newest version of an object that a member has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The object, as it came.
    pub raw: String,
    /// Which version it is.
    pub version: Timestamp,
    /// Under which terms it was shared.
    pub terms: Terms,
}

/// Why what was brought can't be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroughtError {
    /// The store. Safe to repeat.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Its terms are of a newer program.
    #[error(transparent)]
    Terms(#[from] TermsError),
}

impl Gate {
    /// What the member itself has brought last of an object and not withdrawn; nothing is said of others'.
    ///
    /// # Errors
    /// [`BroughtError`].
    pub fn brought(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
    ) -> Result<Option<Brought>, BroughtError> {
        let line = LineId::new(circle.uuid());
        let found = self.store().look(line, |catalogue| {
            let entry = newest(catalogue, id, member)?;
            let terms = catalogue.class(entry.class()).and_then(|class| class.terms.clone());
            Some((entry.seq, entry.version(), terms))
        });
        let (seq, version, terms) = match found {
            Ok(Some(found)) => found,
            // A circle in which nothing was shared has no line yet.
            Ok(None) | Err(StorageError::NoSuchLine { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let terms = terms.as_deref().map(Terms::from_json).transpose()?.unwrap_or_default();
        let mut raw = None;
        self.store().bodies(line, &[seq], &mut |_, _, body| {
            raw = Some(String::from_utf8_lossy(body).into_owned());
        })?;
        // What was erased has no body any more.
        Ok(raw.map(|raw| Brought { raw, version, terms }))
    }

    /// Which of these the member itself has brought to the circle and not withdrawn; nothing is said of others'.
    #[must_use]
    pub fn has_brought(&self, member: MemberId, circle: CircleId, ids: &[ObjectId]) -> Vec<bool> {
        let looked = self.store().look(LineId::new(circle.uuid()), |catalogue| {
            ids.iter().map(|id| newest(catalogue, id, member).is_some()).collect()
        });
        looked.unwrap_or_else(|_| vec![false; ids.len()])
    }

    /// The latest version of any of these that the member has brought to the circle and not withdrawn.
    #[must_use]
    pub fn latest_version(&self, member: MemberId, circle: CircleId, ids: &[ObjectId]) -> Option<Timestamp> {
        let looked = self.store().look(LineId::new(circle.uuid()), |catalogue| {
            ids.iter().filter_map(|id| newest(catalogue, id, member)).map(|entry| entry.version()).max()
        });
        looked.unwrap_or_default()
    }

    /// The `created` of those objects that the member has brought before with another `created` or `created_by_ref`, each
    /// with its place in `heads`. A new version of them with what the head says would be refused: STIX 2.1, 3.2 and 3.6.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn created_before(
        &self,
        member: MemberId,
        circle: CircleId,
        heads: &[&Head],
    ) -> Result<Vec<(usize, Timestamp)>, StorageError> {
        let line = LineId::new(circle.uuid());
        let differing = |catalogue: &Catalogue| {
            let other = |(at, head): (usize, &&Head)| {
                let known = newest_ever(catalogue, &head.id, member)?;
                (!known.began_as(head)).then_some((known.seq, at))
            };
            heads.iter().enumerate().filter_map(other).collect::<Vec<(Seq, usize)>>()
        };
        let mut differing = match self.store().look(line, differing) {
            Ok(differing) => differing,
            // A circle in which nothing was shared has no line yet.
            Err(StorageError::NoSuchLine { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        differing.sort_unstable();
        // An object that comes in several versions at once is looked up once for each.
        let mut seqs: Vec<Seq> = differing.iter().map(|(seq, _)| *seq).collect();
        seqs.dedup();
        let (mut found, mut next) = (Vec::with_capacity(differing.len()), 0);
        self.store().bodies(line, &seqs, &mut |seq, _, body| {
            let text = String::from_utf8_lossy(body);
            let created =
                stix::head::property(&text, "created").and_then(|text| Timestamp::parse(&text).ok());
            while let Some((_, at)) = differing.get(next).filter(|(of, _)| *of <= seq) {
                found.extend(created.map(|created| (*at, created)));
                next += 1;
            }
        })?;
        Ok(found)
    }
}
