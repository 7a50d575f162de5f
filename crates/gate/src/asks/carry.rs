//! What is made of an answer that allows something: versions with a milder mark, copies without their source, in their circles.
//!
//! All of it follows from the ask, its answer and the version that was the newest then, so that what was cut off is made again
//! byte for byte and is there once.

use line::{LineId, StorageError};
use policy::ask::{Answered, Done};
use policy::{Ask, CircleId, MemberId, Remark, Removal, Terms, Wish, redact, remark};
use stix::marking::Definition;
use stix::{Head, ObjectId, Timestamp, Tlp};

use super::answering::AnswerError;
use super::short;
use crate::intake::strictest;
use crate::opening::Gate;
use crate::submit::{Passing, Sharing, Submission, Submitted};

/// What goes to one circle.
pub(super) struct Making {
    pub(super) circle: CircleId,
    pub(super) terms: Terms,
    /// The object, and before it the marking definitions that it needs there.
    pub(super) objects: Vec<Submission>,
    pub(super) id: ObjectId,
    /// What it counts as.
    pub(super) tlp: Tlp,
}

/// What the originator has of an object in a circle.
pub(super) struct Own {
    pub(super) raw: String,
    pub(super) head: Head,
    pub(super) terms: Terms,
    pub(super) version: Timestamp,
    /// What it counts as there.
    pub(super) tlp: Tlp,
    /// The strictest mark that exchange policies give it, which no mark of its own makes milder.
    pub(super) of_policies: Option<Tlp>,
}

impl Gate {
    /// The newest version of an object that a member brought to a circle, of those before `before`; `None` if it was withdrawn,
    /// has expired or is revoked.
    pub(super) fn own(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
        before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Own>, StorageError> {
        let (store, line) = (self.store(), LineId::new(circle.uuid()));
        let found = store.look(line, |catalogue| {
            let mut versions = catalogue.newest_first(catalogue.object(id)?);
            let entry = versions.find(|entry| {
                let is_meant = before.is_none_or(|before| entry.version() < before);
                entry.counts() && is_meant && entry.sender() == Some(member.uuid())
            })?;
            let class = catalogue.class(entry.class()).filter(|_| !entry.revoked())?;
            let terms = match &class.terms {
                None => Terms::default(),
                Some(text) => Terms::from_json(text).ok()?,
            };
            let of = |id: &ObjectId| self.inner.definitions.of(store, line, catalogue, id, member);
            let of_policy = |definition: std::sync::Arc<Definition>| match &*definition {
                Definition::Iep(iep) => iep.tlp,
                _ => None,
            };
            let others = class.markings.iter().filter(|id| Tlp::of(id).is_none());
            let of_policies = others.filter_map(of).filter_map(of_policy).max();
            let marked = class.markings.iter().filter_map(Tlp::of).max().max(of_policies);
            Some((entry.seq, entry.version(), terms, marked, of_policies))
        });
        let (seq, version, terms, marked, of_policies) = match found {
            Ok(Some(found)) => found,
            // A circle in which nothing was shared has no line yet.
            Ok(None) | Err(StorageError::NoSuchLine { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if terms.expires.is_some_and(|expires| expires <= now) {
            return Ok(None);
        }
        let mut raw = String::new();
        store.bodies(line, &[seq], &mut |_, _, body| raw = String::from_utf8_lossy(body).into_owned())?;
        let ceiling = self.book().circle(circle).map_or(Tlp::Red, |circle| circle.ceiling);
        let tlp = marked.unwrap_or(ceiling).max(terms.ceiling.unwrap_or(Tlp::Clear));
        let Ok(head) = stix::read_head(&raw) else { return Ok(None) };
        Ok(Some(Own { raw, head, terms, version, tlp, of_policies }))
    }

    /// What `grant` makes of what the originator has, for each circle that gets something.
    pub(super) fn makings(
        &self,
        ask: &Ask,
        own: &Own,
        grant: &Wish,
        modified: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Making>, AnswerError> {
        let asked = &ask.asked;
        let is_copy = grant.without_source && !stix::id::is_observable(asked.object.object_type());
        let copy_id = match is_copy {
            true => {
                let derived = self.key().derive("copy without source", &[ask.id.as_bytes()]);
                let id = ObjectId::new(asked.object.object_type(), short(&derived));
                Some(id.map_err(|_| AnswerError::Gone)?)
            }
            false => None,
        };
        // What goes to another circle as it is stays the version that it is.
        let is_changed = grant.tlp.is_some() || is_copy;
        let change =
            Remark { tlp: grant.tlp, modified: is_changed.then_some(modified), copy_id: copy_id.as_ref() };
        // The originator's signature is over the version that it is now, and would be a broken one on another.
        let unsigned = if is_changed { stix::signature::unsigned(&own.raw) } else { None };
        let raw = remark(unsigned.as_deref().unwrap_or(&own.raw), &change)?;
        let raw = if is_copy { self.unnamed(ask, own, raw)? } else { raw };
        let head = stix::read_head(&raw).map_err(|_| AnswerError::Gone)?;
        let (id, tlp) = (head.id.clone(), grant.tlp.unwrap_or(own.tlp));
        let object = Submission { raw, head };
        let (here, wider) = self.terms(own, grant);
        let stays = grant.tlp.is_some() && !grant.without_source;
        let is_copied_here = grant.without_source && grant.circle.is_none();
        let mut makings = Vec::new();
        if stays || is_copied_here {
            let terms = if is_copied_here { Terms { pseudonymise: true, ..here } } else { here };
            let (circle, objects, id) = (asked.circle, vec![object.clone()], id.clone());
            makings.push(Making { circle, terms, objects, id, tlp });
        }
        if let Some(circle) = grant.circle {
            let mut objects = Vec::new();
            for mark in own.head.markings.iter().filter(|mark| Tlp::of(mark).is_none()) {
                let definition = self.own(asked.originator, asked.circle, mark, None, now)?;
                objects.extend(definition.map(|own| Submission { raw: own.raw, head: own.head }));
            }
            objects.push(object);
            makings.push(Making { circle, terms: wider, objects, id, tlp });
        }
        Ok(makings)
    }

    /// A copy without the identities that would tell whose it is: its creator's, and each that the originator brought where it is
    /// asked. They may stand in other places as well, as in `where_sighted_refs`.
    fn unnamed(&self, ask: &Ask, own: &Own, raw: String) -> Result<String, AnswerError> {
        let named = policy::named(&raw).map_err(policy::RemarkError::from)?;
        let named: Vec<ObjectId> = named.into_iter().filter(|id| id.object_type() == "identity").collect();
        let brought = self.has_brought(ask.asked.originator, ask.asked.circle, &named);
        let is_source =
            |(id, brought): &(ObjectId, bool)| *brought || own.head.created_by.as_ref() == Some(id);
        let source = named.into_iter().zip(brought).filter(is_source).map(|(id, _)| id);
        let removal = Removal { references: source.collect(), ..Removal::default() };
        if removal.references.is_empty() {
            return Ok(raw);
        }
        // A mark of a part names the part by its place, which would be another's.
        let is_needed = own.head.essential().any(|id| removal.references.contains(id));
        if is_needed || own.head.granular {
            return Err(AnswerError::NamesSource);
        }
        redact(&raw, &removal).map_err(policy::RemarkError::from)?.ok_or(AnswerError::NamesSource)
    }

    /// The terms in the circle where it is, and in another. A milder mark makes the sender's own ceiling milder as well; who was
    /// named as a recipient in one circle says nothing of another.
    fn terms(&self, own: &Own, grant: &Wish) -> (Terms, Terms) {
        let ceiling = match grant.tlp {
            Some(tlp) => own.terms.ceiling.map(|ceiling| ceiling.min(tlp)),
            None => own.terms.ceiling,
        };
        let here = Terms { ceiling, ..own.terms.clone() };
        let pseudonymise = here.pseudonymise || grant.without_source;
        // What is unmarked counts as the ceiling of its circle; in another it must count as no less.
        let least = if grant.tlp.is_none() { Some(own.tlp) } else { ceiling };
        let wider = Terms { ceiling: least, pseudonymise, recipients: Vec::new(), ..here.clone() };
        (here, wider)
    }

    /// Shares what was made, and says what each circle did.
    pub(super) fn carry(
        &self,
        originator: MemberId,
        makings: Vec<Making>,
        now: Timestamp,
    ) -> Result<Vec<Done>, StorageError> {
        let mut done = Vec::with_capacity(makings.len());
        for Making { circle, terms, objects, id, .. } in makings {
            let sharing = Sharing {
                member: originator,
                person: None,
                circle,
                terms: &terms,
                intake: strictest(self.book().member(originator), policy::Intake::Accept),
            };
            // Where four eyes are asked for, the answer as a whole was let out by a second person.
            let refused = match self.share_decided(&sharing, Passing::Released, objects, now) {
                Ok(told) => told.last().and_then(Submitted::complaint),
                Err(crate::SubmitError::Storage(error)) => return Err(error),
                Err(error) => Some(error.to_string()),
            };
            done.push(Done { circle, object: id, refused });
        }
        Ok(done)
    }

    /// Carries out what was allowed and is not done: a node may have been stopped in between. Gives how many asks that were.
    ///
    /// # Errors
    /// [`AnswerError::Storage`], [`AnswerError::Gate`]: the rest is done the next time.
    pub fn finish_asks(&self, now: Timestamp) -> Result<usize, AnswerError> {
        let _one_at_a_time = self.inner.asks.one_at_a_time.lock();
        let granted = |ask: &&Ask| ask.state(now) == policy::AskState::Granted;
        let open = || -> Vec<Ask> { self.inner.asks.all.lock().values().filter(granted).cloned().collect() };
        if open().is_empty() {
            return Ok(0);
        }
        self.alone(super::ASKS, || {
            let open = open();
            for ask in &open {
                if let Some((_, answered)) = &ask.answered {
                    self.finish(ask, answered, now)?;
                }
            }
            Ok(open.len())
        })
    }

    /// Carries out what was allowed, and notes what became of it.
    fn finish(&self, ask: &Ask, answered: &Answered, now: Timestamp) -> Result<Ask, AnswerError> {
        let Answered { grant: Some(grant), modified, .. } = answered else { return Ok(ask.clone()) };
        let asked = &ask.asked;
        let gone = |circle: CircleId, refused: String| {
            vec![Done { circle, object: asked.object.clone(), refused: Some(refused) }]
        };
        let own = self.own(asked.originator, asked.circle, &asked.object, Some(*modified), now)?;
        let makings = match &own {
            Some(own) => self.makings(ask, own, grant, *modified, now),
            None => Err(AnswerError::Gone),
        };
        let done = match makings {
            Ok(makings) => self.carry(asked.originator, makings, now)?,
            Err(AnswerError::Storage(error)) => return Err(error.into()),
            Err(error) => gone(grant.circle.unwrap_or(asked.circle), error.to_string()),
        };
        Ok(self.happened(ask.id, MemberId::NODE, &policy::ask::Event::Done(done))?)
    }

    pub(super) fn finished(&self, ask: &Ask, now: Timestamp) -> Result<Ask, AnswerError> {
        match &ask.answered {
            Some((_, answered)) => self.finish(ask, answered, now),
            None => Ok(ask.clone()),
        }
    }
}
