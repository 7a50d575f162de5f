//! What this node's operators took back of what members of other nodes had brought.
//!
//! Of an object with versions its line knows that a version was withdrawn, and takes it no more. An object without versions can be
//! brought again at any time, so the line can't tell what is said anew from what is said once more, such as after a start or when all is
//! exchanged again. So the node's line keeps which ids were taken back ([`RecordKind::TakenBack`]); what was said of them before
//! that record brings nothing, in whatever form it comes, and what is said after it does.
//!
//! The text of such a record: `{"circle": UUID, "ids": […]}`. It is written before the withdrawal: cut off in between, the object
//! still counts, and nothing is held back of what counts.

use line::{Draft, LineId, Outcome, Record, RecordKind, StorageError};
use policy::federation::Deed;
use policy::{CircleId, MemberId, Statement};
use serde::{Deserialize, Serialize};
use stix::ObjectId;

use super::{Kept, Statements, versions_of};
use crate::opening::Gate;
use crate::submit::SubmitError;

#[derive(Serialize, Deserialize)]
struct Note {
    circle: CircleId,
    ids: Vec<String>,
}

impl Statements {
    /// Takes in a record of the node's line that says what was taken back.
    pub(crate) fn load_taken_back(&self, record: &Record) {
        // It was written here.
        if let Ok(Note { circle, ids }) = serde_json::from_slice(&record.body) {
            let ids = ids.iter().filter_map(|id| ObjectId::parse(id).ok());
            self.kept.lock().taken_back.extend(ids.map(|id| ((circle, id), record.seq)));
        }
    }
}

impl Kept {
    /// Whether all that was heard of a version up to a statement was heard before its object was taken back here.
    fn was_taken_back(&self, statement: &Statement) -> bool {
        let Some(at) = self.taken_back.get(&(statement.circle, statement.id.clone())) else { return false };
        versions_of(statement).iter().all(|version| self.was_heard_before(statement, version, *at))
    }
}

impl Gate {
    /// Whether a statement says once more what was taken back here; it is asked when nothing of the version counts.
    pub(super) fn is_taken_back(&self, statement: &Statement) -> bool {
        matches!(statement.deed, Deed::Object { version: None, .. })
            && self.inner.statements.kept.lock().was_taken_back(statement)
    }

    /// Keeps in the node's line that these objects are taken back, as far as they have no versions and come from other nodes. No page
    /// of the circle may be taken meanwhile.
    pub(crate) fn note_taken_back(&self, circle: CircleId, ids: &[ObjectId]) -> Result<(), SubmitError> {
        let book = self.book();
        let Some(agreed) = book.agreed(circle) else { return Ok(()) };
        let elsewhere = agreed.agreement.parties.iter().filter(|party| party.home != *self.home());
        let elsewhere: Vec<MemberId> = elsewhere.map(|party| party.member).collect();
        let heard: Vec<ObjectId> = {
            let kept = self.inner.statements.kept.lock();
            let was_heard = |id: &&ObjectId| {
                elsewhere
                    .iter()
                    .any(|member| kept.latest.contains_key(&(circle, *member, (*id).clone(), None)))
            };
            ids.iter().filter(was_heard).cloned().collect()
        };
        if heard.is_empty() {
            return Ok(());
        }
        let note = Note { circle, ids: heard.iter().map(ToString::to_string).collect() };
        let body = serde_json::to_vec(&note).unwrap_or_default();
        let draft = Draft::note(RecordKind::TakenBack, MemberId::NODE.uuid(), body);
        if let Some(Outcome::Refused(refusal)) =
            self.store().append(LineId::NODE, vec![draft])?.into_iter().next()
        {
            let why = format!("what was taken back could not be kept: {refusal}");
            return Err(StorageError::Backend(why).into());
        }
        self.read_on()?;
        Ok(())
    }
}
