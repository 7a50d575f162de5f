//! Before anything is sent: who would get what, in which form, by which rule, and who would not and why.

use std::collections::{HashMap, HashSet};

use line::LineId;
use policy::{Circle, CircleId, Class, Decision, Level, MemberId, Reach, Request, Rule, Terms, decide};
use stix::marking::{Definition, read_definition};
use stix::{ObjectId, Timestamp, Tlp};

use crate::opening::{Gate, NotFound, Standing};
use crate::query::{Query, VersionMatch};
use crate::submit::Submission;

/// What would become of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It would go as it is.
    Release,
    /// A redacted copy would go.
    Redact,
    /// It would be held back.
    Hold,
}

/// One member and one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRunRow {
    /// The circle.
    pub circle: CircleId,
    /// The member.
    pub member: MemberId,
    /// The form that the member is offered.
    pub form: Level,
    /// The object.
    pub object: ObjectId,
    /// What would become of it.
    pub fate: Fate,
    /// By which rule.
    pub rule: Rule,
}

/// What sharing would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Circle by circle, member by member, object by object.
    pub rows: Vec<DryRunRow>,
}

/// One question of a dry run.
struct Question<'q> {
    gate: &'q Gate,
    standing: &'q Standing,
    by: MemberId,
    circle: &'q Circle,
    terms: &'q Terms,
    objects: &'q [Submission],
    definitions: HashMap<&'q ObjectId, Definition>,
}

impl Gate {
    /// Decides about `objects` as if `by` shared them in `circles` under `terms`. Changes nothing.
    ///
    /// # Errors
    /// [`NotFound`] if a circle is not there for that member.
    pub fn dry_run(
        &self,
        circles: &[CircleId],
        by: MemberId,
        terms: &Terms,
        objects: &[Submission],
        now: Timestamp,
    ) -> Result<DryRun, NotFound> {
        let standing = self.inner.book.load_full();
        let definitions: HashMap<_, _> = objects
            .iter()
            .filter(|object| object.head.object_type() == "marking-definition")
            .map(|object| (&object.head.id, read_definition(&object.raw).unwrap_or(Definition::Unknown)))
            .collect();
        let mut rows = Vec::new();
        for circle in circles {
            let circle = standing.book.circle(*circle).filter(|circle| circle.has(by)).ok_or(NotFound)?;
            let question = Question {
                gate: self,
                standing: &standing,
                by,
                circle,
                terms,
                objects,
                definitions: definitions.clone(),
            };
            for member in circle.members.iter().filter(|member| **member != by) {
                rows.extend(question.of_member(*member, now));
            }
        }
        Ok(DryRun { rows })
    }
}

impl Question<'_> {
    fn of_member(&self, member: MemberId, now: Timestamp) -> Vec<DryRunRow> {
        let form = self.standing.book.member(member).map_or(Level::Read, |member| member.level);
        let request = Request {
            member,
            circle: self.circle.id,
            wanted: form,
            encrypted: true,
            now,
            reach: Reach::Member,
        };
        let decided: Vec<Decision> =
            self.objects.iter().map(|object| self.decide(&request, object)).collect();
        let goes: HashSet<&ObjectId> = self
            .objects
            .iter()
            .zip(&decided)
            .filter(|(_, decision)| !decision.is_hold())
            .map(|(object, _)| &object.head.id)
            .collect();
        let here: HashSet<&ObjectId> = self.objects.iter().map(|object| &object.head.id).collect();
        let sees = |id: &ObjectId| {
            if here.contains(id) { goes.contains(id) } else { self.is_seen_already(&request, id) }
        };
        self.objects
            .iter()
            .zip(decided)
            .map(|(object, decision)| {
                let (fate, rule) = match decision {
                    Decision::Hold(rule) => (Fate::Hold, rule),
                    _ if !object.head.essential().all(sees) => (Fate::Hold, Rule::EndNotReleasable),
                    Decision::Redact(rule) => (Fate::Redact, rule),
                    Decision::Release(rule) => (Fate::Release, rule),
                };
                let (circle, object) = (self.circle.id, object.head.id.clone());
                DryRunRow { circle, member, form, object, fate, rule }
            })
            .collect()
    }

    fn decide(&self, request: &Request, object: &Submission) -> Decision {
        let head = &object.head;
        let (mut tlp, mut definitions, mut unknown_marking) = (None, Vec::new(), false);
        for id in &head.markings {
            match (Tlp::of(id), self.definition(id)) {
                (Some(mark), _) => tlp = tlp.max(Some(mark)),
                (None, Some(definition)) => definitions.push(definition),
                (None, None) => unknown_marking = true,
            }
        }
        let class = Class {
            originator: self.by,
            terms: self.terms,
            tlp,
            definitions: &definitions,
            unknown_marking,
            granular: head.granular,
            names_source: head.object_type() == "identity",
            withdrawn: false,
        };
        decide(&self.standing.book, request, &class)
    }

    /// A marking's definition, among what would be shared or in the circle's line already.
    fn definition(&self, id: &ObjectId) -> Option<Definition> {
        self.definitions.get(id).cloned().or_else(|| {
            let line = LineId::new(self.circle.id.uuid());
            let inner = &self.gate.inner;
            let known = inner
                .store
                .look(line, |catalogue| inner.definitions.of(&inner.store, line, catalogue, id, self.by));
            known.ok().flatten().map(|definition| Definition::clone(&definition))
        })
    }

    fn is_seen_already(&self, request: &Request, id: &ObjectId) -> bool {
        let query =
            Query { ids: vec![id.clone()], versions: vec![VersionMatch::All], limit: 1, ..Query::default() };
        let seen = self.gate.reader(*request).ok().and_then(|reader| reader.manifest(&query).ok());
        seen.is_some_and(|page| !page.items.is_empty())
    }
}
