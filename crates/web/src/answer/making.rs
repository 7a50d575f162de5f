//! What is made of an answer: sightings, and a note for what was written.
//!
//! Ids follow from the ticket and from what they are about, so that an answer that was cut off and is sent again makes new
//! versions and no second sighting. Nothing is marked: in each circle it counts as marked at the circle's ceiling.
//!
//! Source: STIX 2.1, sections 4.5 (identity), 4.10 (note), 5.2 (sighting).

use std::collections::HashSet;

use deliver::Deliver;
use gate::{Query, Reader, Submission, SubmitError, Submitted};
use line::StorageError;
use policy::{CircleId, Level, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp};

use super::Answering;
use super::given::Checked;

/// What became of an answer.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Indicators of which a sighting is in some circle now.
    pub(super) sightings: usize,
    /// Indicators that the member does not have any more.
    pub(super) lost: usize,
    /// Whether what was written is in some circle now.
    pub(super) note: bool,
    /// Whether a circle did not take something.
    pub(super) untaken: bool,
}

impl Outcome {
    /// Whether nothing of it is in any circle.
    pub(super) const fn is_nothing(&self) -> bool {
        self.sightings == 0 && !self.note
    }
}

/// An answer, while something is made of it.
pub(super) struct Making<'a> {
    pub(super) deliver: &'a Deliver,
    pub(super) answering: &'a Answering<'a>,
    pub(super) said: &'a Checked,
}

impl Making<'_> {
    /// Shares what was said in the circles that it is about; when this returns, it is durable.
    ///
    /// # Errors
    /// [`StorageError`]: what was shared before stays, and sharing it again adds nothing twice.
    pub(super) fn share(&self) -> Result<Outcome, StorageError> {
        let now = (self.deliver.now)();
        let member = self.answering.member.id;
        let readers = self.deliver.gate.readers(member, Level::Read, self.answering.encrypted, now);
        let (mut outcome, mut had, mut told) = (Outcome::default(), HashSet::new(), HashSet::new());
        for reader in &readers {
            let here = self.seen_in(reader)?;
            had.extend(here.iter().cloned());
            // Something that nobody shared is told to those who share something with the member.
            let is_concerned = !here.is_empty() || (self.said.seen.is_empty() && has_indicators(reader)?);
            let writes = self.said.text.is_some() && is_concerned;
            if here.is_empty() && !writes {
                continue;
            }
            match self.share_in(reader.request().circle, &here, writes, now) {
                Ok((taken, note)) => {
                    outcome.untaken |= taken.len() < here.len() || (writes && !note);
                    outcome.note |= note;
                    told.extend(taken);
                }
                Err(SubmitError::Storage(error)) => return Err(error),
                Err(_) => outcome.untaken = true,
            }
        }
        outcome.sightings = told.len();
        outcome.lost = self.said.seen.iter().filter(|id| !had.contains(*id)).count();
        Ok(outcome)
    }

    /// Which of the indicators that were seen the member has in a circle.
    fn seen_in(&self, reader: &Reader) -> Result<Vec<ObjectId>, StorageError> {
        let ids: Vec<ObjectId> = self.said.seen.clone();
        if ids.is_empty() {
            return Ok(ids);
        }
        let types = vec!["indicator".to_owned()];
        let page = reader.manifest(&Query { limit: ids.len(), ids, types, ..Query::default() })?;
        Ok(page.items.into_iter().map(|row| row.into_inner().id).collect())
    }

    /// Shares in one circle: which indicators have a sighting there now, and whether what was written is there.
    fn share_in(
        &self,
        circle: CircleId,
        seen: &[ObjectId],
        writes: bool,
        now: Timestamp,
    ) -> Result<(Vec<ObjectId>, bool), SubmitError> {
        let (gate, member) = (&self.deliver.gate, self.answering.member.id);
        // Whose members are hidden from each other, there an answer does not say whose it is.
        let is_hidden = gate.book().circle(circle).is_none_or(|circle| circle.hidden_members);
        let terms = Terms { pseudonymise: is_hidden, ..Terms::default() };
        let identity = format!("identity--{}", member.uuid());
        let is_there =
            ObjectId::parse(&identity).is_ok_and(|id| gate.has_brought(member, circle, &[id]) == [true]);
        let mut objects = Vec::new();
        if !is_there {
            objects.push(self.identity(&identity, now));
        }
        let first = objects.len();
        let sightings: Vec<Value> = seen.iter().map(|id| self.sighting(circle, id, &identity, now)).collect();
        let about: Vec<Value> = match sightings.is_empty() {
            true => vec![json!(identity)],
            false => sightings.iter().map(|sighting| sighting["id"].clone()).collect(),
        };
        objects.extend(sightings);
        if let Some(text) = self.said.text.as_deref().filter(|_| writes) {
            objects.push(self.note(circle, text, about, &identity, is_hidden, now));
        }
        let submissions = objects.into_iter().filter_map(|object| {
            let raw = object.to_string();
            Some(Submission { head: stix::read_head(&raw).ok()?, raw })
        });
        let told = gate.submit(member, circle, &terms, submissions.collect(), now)?;
        let is_taken = |told: &Submitted| {
            let is_taken = told.complaint().is_none()
                || matches!(told, Submitted::Quarantined(_) | Submitted::Waiting(_));
            if !is_taken {
                tracing::warn!(circle.id = %circle, "a part of an answer was not taken: {}", told.complaint().unwrap_or_default());
            }
            is_taken
        };
        let told: Vec<bool> = told.iter().skip(first).map(is_taken).collect();
        let taken = seen.iter().zip(&told).filter(|(_, taken)| **taken).map(|(id, _)| id.clone());
        Ok((taken.collect(), writes && told.last() == Some(&true)))
    }

    /// An object's id in a circle: one circle's objects say nothing of another's.
    fn id(&self, object_type: &str, circle: CircleId, about: &str) -> String {
        let about = format!("{object_type} {circle} {about}");
        format!("{object_type}--{}", self.answering.key.id_for(&self.answering.ticket, &about))
    }

    fn sighting(&self, circle: CircleId, of: &ObjectId, identity: &str, now: Timestamp) -> Value {
        let of = of.to_string();
        let mut sighting = json!({
            "type": "sighting", "spec_version": "2.1", "id": self.id("sighting", circle, &of),
            "created_by_ref": identity, "created": self.began(), "modified": modified(now),
            "sighting_of_ref": of, "where_sighted_refs": [identity],
        });
        for (name, at) in [("first_seen", self.said.first), ("last_seen", self.said.last)] {
            if let Some(at) = at {
                sighting[name] = json!(at.to_string());
            }
        }
        if let Some(count) = self.said.count {
            sighting["count"] = json!(count);
        }
        sighting
    }

    fn note(
        &self,
        circle: CircleId,
        text: &str,
        about: Vec<Value>,
        identity: &str,
        is_hidden: bool,
        now: Timestamp,
    ) -> Value {
        let said = match is_hidden {
            true => "Answer to an advisory".to_owned(),
            false => format!("Answer of {}", self.answering.member.name),
        };
        let mut note = json!({
            "type": "note", "spec_version": "2.1", "id": self.id("note", circle, ""),
            "created_by_ref": identity, "created": self.began(), "modified": modified(now),
            "abstract": said,
            "content": text, "object_refs": about,
        });
        if let Some(name) = self.said.name.as_ref().filter(|_| !is_hidden) {
            note["authors"] = json!([name]);
        }
        note
    }

    fn identity(&self, id: &str, now: Timestamp) -> Value {
        let member = &self.answering.member;
        let mut identity = json!({
            "type": "identity", "spec_version": "2.1", "id": id, "created": modified(now), "modified": modified(now),
            "name": member.name, "identity_class": "organization",
        });
        if !member.sectors.is_empty() {
            identity["sectors"] = json!(member.sectors);
        }
        identity
    }

    /// The beginning of the ticket's day: the same for an answer that is sent again.
    fn began(&self) -> String {
        format!("{}T00:00:00.000Z", deliver::ticket::written(self.answering.ticket.day))
    }
}

/// An instant in milliseconds, as versions have it. Source: STIX 2.1, section 3.2 (`modified`).
fn modified(now: Timestamp) -> String {
    let text = now.to_string();
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{seconds}.{:0<3.3}Z", fraction)
}

fn has_indicators(reader: &Reader) -> Result<bool, StorageError> {
    let types = vec!["indicator".to_owned()];
    Ok(!reader.manifest(&Query { types, limit: 1, ..Query::default() })?.items.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, modified};

    #[test]
    fn versions_have_milliseconds() {
        for (at, expected) in [
            ("2026-09-02T06:00:00Z", "2026-09-02T06:00:00.000Z"),
            ("2026-09-02T06:00:00.12Z", "2026-09-02T06:00:00.120Z"),
            ("2026-09-02T06:00:00.123999Z", "2026-09-02T06:00:00.123Z"),
        ] {
            assert_eq!(modified(Timestamp::parse(at).unwrap()), expected);
        }
    }
}
