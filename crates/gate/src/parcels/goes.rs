//! What a parcel would let out, and to whom, as its own member may know it.
//!
//! This is the dry run of what is in it. What an object refers to and the member does not see itself is left open: whether others
//! see it would tell that it is there.

use std::collections::HashSet;

use line::StorageError;
use policy::parcel::Contents;
use policy::{Level, Parcel, Reach, Request, Terms};
use stix::{ObjectId, Timestamp};

use crate::dry_run::DryRunRow;
use crate::opening::Gate;
use crate::query::{Query, VersionMatch};
use crate::submit::Submission;

/// What would go to whom.
#[derive(Debug, Clone, Default)]
pub struct Goes {
    /// The terms that it goes under.
    pub terms: Terms,
    /// The objects that are in it and were not withdrawn.
    pub objects: Vec<Submission>,
    /// Each member and each object; of the members that its own may know of.
    pub rows: Vec<DryRunRow>,
    /// Objects that go to whoever sees what they refer to, which the member does not see itself.
    pub open: Vec<ObjectId>,
}

impl Gate {
    /// What would go to whom if a parcel of objects were let out now; empty for one that holds an answer to an ask.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn parcel_goes(&self, parcel: &Parcel, now: Timestamp) -> Result<Goes, StorageError> {
        let Some(Contents::Objects { terms, objects, .. }) = self.parcel_contents(parcel)? else {
            return Ok(Goes::default());
        };
        let is_in = |at: usize| u32::try_from(at).is_ok_and(|at| !parcel.withdrawn.contains(&at));
        let objects: Vec<Submission> = objects
            .into_iter()
            .enumerate()
            .filter(|(at, _)| is_in(*at))
            .filter_map(|(_, raw)| Some(Submission { head: stix::read_head(&raw).ok()?, raw }))
            .collect();
        let terms = terms.as_deref().and_then(|text| Terms::from_json(text).ok()).unwrap_or_default();
        let here: HashSet<&ObjectId> = objects.iter().map(|object| &object.head.id).collect();
        let elsewhere: Vec<ObjectId> = objects
            .iter()
            .flat_map(|object| object.head.essential())
            .filter(|id| !here.contains(id))
            .cloned()
            .collect();
        let unseen = self.unseen(parcel, &elsewhere, now)?;
        let is_open = |object: &&Submission| object.head.essential().any(|id| unseen.contains(id));
        let open = objects.iter().filter(is_open).map(|object| object.head.id.clone()).collect();
        let told: Vec<Submission> = objects.iter().filter(|object| !is_open(object)).cloned().collect();
        let (member, circle) = (parcel.by.member, parcel.circle);
        let mut rows = self.dry_run(&[circle], member, &terms, &told, now).map_or(Vec::new(), |run| run.rows);
        let book = self.book();
        let known = book.visible_members(member, circle);
        rows.retain(|row| known.iter().any(|known| known.id == row.member));
        Ok(Goes { terms, objects, rows, open })
    }

    /// Those that the parcel's member does not see in its circle.
    fn unseen(
        &self,
        parcel: &Parcel,
        ids: &[ObjectId],
        now: Timestamp,
    ) -> Result<HashSet<ObjectId>, StorageError> {
        let mut unseen: HashSet<ObjectId> = ids.iter().cloned().collect();
        if ids.is_empty() {
            return Ok(unseen);
        }
        let (member, circle) = (parcel.by.member, parcel.circle);
        let request =
            Request { member, circle, wanted: Level::Read, encrypted: true, now, reach: Reach::Member };
        let Ok(reader) = self.reader(request) else { return Ok(unseen) };
        let query = Query {
            ids: ids.to_vec(),
            versions: vec![VersionMatch::All],
            limit: usize::MAX,
            ..Query::default()
        };
        for row in reader.manifest(&query)?.items {
            unseen.remove(&row.get().id);
        }
        Ok(unseen)
    }
}
