//! Into a circle: an event as it was and as it is to be become STIX, and what differs is shared or withdrawn.
//!
//! Comparing the objects that both come to keeps this apart from how MISP is mapped: whatever a change in an event means in
//! STIX is what differs. What is the same is not sent again, so that objects that came by TAXII stay the bytes that they
//! are. Who may share what is the gate's to say; outcomes become MISP's answers here.

use std::collections::HashSet;
use std::ops::ControlFlow;

use gate::{Query, Submission, SubmitError, Submitted, VersionMatch};
use policy::{By, CircleId, MemberId, Rule, Terms};
use stix::{Finding, ObjectId, Tlp};
use uuid::Uuid;

use super::error::{MispError, told};
use super::others::Others;
use super::{State, Who, number};
use crate::misp::read;
use crate::misp::wire::{Event, Group, One, Org, Tag, Text};
use crate::read::{Item, Object, Options, Withdrawal};

/// The tag that says for which circle an event is: `bongsu:circle="region"`.
const CIRCLE_TAG: &str = "bongsu:circle=";
/// What belongs to one event alone and goes with it; so does what has the UUID of one of its parts.
const EVENTS_OWN: &[&str] = &[
    "report",
    "grouping",
    "indicator",
    "observed-data",
    "note",
    "opinion",
    "relationship",
    "sighting",
    "x-misp-attribute",
    "x-misp-object",
];

/// What an event is in STIX.
pub(super) struct Converted {
    pub(super) objects: Vec<Object>,
    withdrawals: Vec<Withdrawal>,
    findings: Vec<Finding>,
}

/// Turns an event into STIX. What nobody is named to have made is shown as the circle's; sent back, it is nobody's still.
pub(super) fn converted(event: &Event, circle: CircleId, who: &Who) -> Converted {
    let is_circles = event.orgc.get().is_some_and(|org| super::uuid_of(&org.uuid) == Some(circle.uuid()));
    let event = match is_circles {
        true => &Event { orgc: One::default(), ..event.clone() },
        false => event,
    };
    let mut made = Converted { objects: Vec::new(), withdrawals: Vec::new(), findings: Vec::new() };
    let options = Options { circle: Some(circle.uuid()), ..Options::new(who.now) };
    read::event(event, &options, &mut |item| {
        match item {
            Item::Object(object) => made.objects.push(*object),
            Item::Withdrawal(withdrawal) => made.withdrawals.push(withdrawal),
            Item::Finding(finding) => made.findings.push(finding),
        }
        ControlFlow::Continue(())
    });
    made
}

/// Which of a change is the caller's to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// All of it: the event is the caller's.
    Own,
    /// Only objects of these types, which stand beside the event.
    Added(&'static [&'static str]),
}

/// What became of a change.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// Objects that are in the circle now and were not before.
    pub(super) appended: Vec<ObjectId>,
    pub(super) withdrawn: usize,
    /// What could not be taken, and what was taken otherwise than it stood.
    pub(super) findings: Vec<Finding>,
}

impl Saved {
    /// For an answer's `errors`; `None` if all is well.
    pub(super) fn errors(&self) -> Option<serde_json::Value> {
        (!self.findings.is_empty()).then(|| told(&self.findings))
    }
}

/// Shares what `after` has and `before` has not, and withdraws what only `before` has.
pub(super) fn save(
    state: &State,
    who: &Who,
    circle: CircleId,
    before: Option<&Event>,
    after: Option<&Event>,
    whose: Whose,
) -> Result<Saved, MispError> {
    let others = match whose {
        Whose::Own => Others::of(state, who, circle, [before, after])?,
        Whose::Added(_) => Others::default(),
    };
    let old = before.map(|event| converted(&others.left_out(event), circle, who));
    let new = after.map(|event| converted(&others.left_out(event), circle, who));
    let own = before.and_then(|event| own_object(state, who, circle, event).transpose()).transpose()?;
    if whose == Whose::Own && own == Some(Owner::Another) {
        return Err(MispError::forbidden());
    }
    let known: HashSet<&str> =
        old.iter().flat_map(|old| &old.objects).map(|object| object.raw.as_str()).collect();
    let is_wanted = |object: &&Object| {
        let id = &object.head.id;
        let is_gathered = before.is_some_and(|event| own.is_none() && is_event_itself(id, event));
        let is_callers = match whose {
            Whose::Own => !is_gathered,
            Whose::Added(types) => types.contains(&id.object_type()),
        };
        is_callers && !known.contains(object.raw.as_str())
    };
    let fresh: Vec<Object> = new.iter().flat_map(|new| &new.objects).filter(is_wanted).cloned().collect();
    let mut saved = Saved::default();
    if let Some(new) = &new {
        saved.findings.extend(new.findings.iter().cloned());
    }
    saved.findings.extend(others.complaints(before, after));
    let parts: HashSet<Uuid> = [before, after].into_iter().flatten().flat_map(parts).collect();
    let gone = if whose == Whose::Own { gone(old.as_ref(), new.as_ref(), &parts) } else { Vec::new() };
    share(state, who, circle, fresh, after, &parts, &mut saved)?;
    withdraw(state, who, circle, &gone, &mut saved)?;
    Ok(saved)
}

/// Whose an event's own object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Caller,
    Another,
}

/// Whose the report or grouping is that an event stands for; `None` if there is none, as of what was gathered by days.
fn own_object(state: &State, who: &Who, circle: CircleId, event: &Event) -> Result<Option<Owner>, MispError> {
    let Some(uuid) = super::uuid_of(&event.uuid) else { return Ok(None) };
    let ids: Vec<ObjectId> =
        ["report", "grouping"].iter().filter_map(|name| ObjectId::new(name, uuid).ok()).collect();
    if state.misp.gate.has_brought(who.member, circle, &ids).contains(&true) {
        return Ok(Some(Owner::Caller));
    }
    let query = Query { ids, versions: vec![VersionMatch::All], limit: 1, ..Query::default() };
    let is_there = !state.reader(who, circle)?.manifest(&query)?.items.is_empty();
    Ok(is_there.then_some(Owner::Another))
}

fn is_event_itself(id: &ObjectId, event: &Event) -> bool {
    matches!(id.object_type(), "report" | "grouping") && super::uuid_of(&event.uuid) == Some(id.uuid())
}

/// What an event has no longer: what it names as deleted, and what only its older form came to.
fn gone(old: Option<&Converted>, new: Option<&Converted>, parts: &HashSet<Uuid>) -> Vec<ObjectId> {
    let stays: HashSet<&ObjectId> =
        new.iter().flat_map(|new| &new.objects).map(|object| &object.head.id).collect();
    let old = old.iter().flat_map(|old| &old.objects).map(|object| &object.head.id);
    let old = old.filter(|id| is_own(id, parts) && !stays.contains(id));
    let named = new.iter().flat_map(|new| &new.withdrawals).map(|withdrawal| &withdrawal.id);
    let mut seen = HashSet::new();
    old.chain(named).filter(|id| !stays.contains(id) && seen.insert((*id).clone())).cloned().collect()
}

fn share(
    state: &State,
    who: &Who,
    circle: CircleId,
    objects: Vec<Object>,
    event: Option<&Event>,
    parts: &HashSet<Uuid>,
    saved: &mut Saved,
) -> Result<(), MispError> {
    if objects.is_empty() {
        return Ok(());
    }
    let gate = &state.misp.gate;
    let ceiling = gate.may_share(who.member, circle, who.now).map_err(refused)?;
    let over = |object: &&Object| object.head.markings.iter().filter_map(Tlp::of).max() > Some(ceiling);
    let itself =
        objects.iter().find(|object| event.is_some_and(|event| is_event_itself(&object.head.id, event)));
    if let Some(over) = itself.filter(over) {
        let mark = over.head.markings.iter().filter_map(Tlp::of).max().unwrap_or(ceiling);
        let message = format!(
            "The event counts as {mark}, over the circle's ceiling {ceiling}. A distribution of 0 names your organisation \
             alone, and a sharing group another circle: choose 1 or more, or the circle's own group."
        );
        return Err(MispError::findings(&message, &saved.findings));
    }
    let ids: Vec<ObjectId> = objects.iter().map(|object| object.head.id.clone()).collect();
    // Organisations and clusters carry no date: what is here of them stays.
    let brought = gate.has_brought(who.member, circle, &ids);
    let fresh = objects
        .into_iter()
        .zip(brought)
        .filter(|(object, brought)| !brought || is_own(&object.head.id, parts));
    let (ids, mut submissions): (Vec<ObjectId>, Vec<Submission>) = fresh
        .map(|(object, _)| (object.head.id.clone(), Submission { raw: object.raw, head: object.head }))
        .unzip();
    crate::keep_created(gate, who.member, circle, &mut submissions)?;
    let told = gate.submit(
        By { member: who.member, person: who.person },
        circle,
        &Terms::default(),
        submissions,
        who.now,
    );
    let mut forbidden = 0;
    for (id, outcome) in ids.into_iter().zip(told.map_err(refused)?) {
        match outcome {
            Submitted::Appended { .. } => saved.appended.push(id),
            Submitted::Present => {}
            told @ Submitted::Waiting(_) => {
                let why = told.complaint().unwrap_or_default();
                saved.findings.push(Finding::warning("misp-waits", id.to_string(), why));
            }
            // Organisations and clusters are the same for everybody: whoever brought one first keeps it.
            Submitted::Forbidden(Rule::OwnedByAnother) if !is_own(&id, parts) => {}
            Submitted::Refused(_) if !is_own(&id, parts) => {}
            outcome => {
                forbidden += usize::from(outcome == Submitted::Forbidden(Rule::OwnedByAnother));
                let why = outcome.complaint().unwrap_or_default();
                saved.findings.push(Finding::error("misp-not-saved", id.to_string(), why));
            }
        }
    }
    if forbidden > 0 && saved.appended.is_empty() {
        return Err(MispError::forbidden());
    }
    Ok(())
}

/// Whether an object is an event's own, and not an organisation or a cluster that many events name.
fn is_own(id: &ObjectId, parts: &HashSet<Uuid>) -> bool {
    EVENTS_OWN.contains(&id.object_type())
        || stix::id::is_observable(id.object_type())
        || parts.contains(&id.uuid())
}

/// The UUIDs of an event and of what is in it.
fn parts(event: &Event) -> impl Iterator<Item = Uuid> + '_ {
    let attributes = super::view::all_attributes(event).map(|(attribute, _)| &attribute.uuid);
    let objects = event.objects.iter().map(|object| &object.uuid);
    let reports = event.reports.iter().map(|report| &report.uuid);
    let all = std::iter::once(&event.uuid).chain(attributes).chain(objects).chain(reports);
    all.filter_map(super::uuid_of)
}

fn withdraw(
    state: &State,
    who: &Who,
    circle: CircleId,
    ids: &[ObjectId],
    saved: &mut Saved,
) -> Result<(), MispError> {
    if ids.is_empty() {
        return Ok(());
    }
    let own = state.misp.gate.has_brought(who.member, circle, ids);
    let own: Vec<ObjectId> = ids.iter().zip(own).filter(|(_, own)| *own).map(|(id, _)| id.clone()).collect();
    let told = state.misp.gate.withdraw(who.member, circle, &own, "deleted over MISP").map_err(refused)?;
    saved.withdrawn += told.iter().filter(|told| matches!(told, Submitted::Appended { .. })).count();
    Ok(())
}

/// Why nothing was changed.
pub(super) fn refused(error: SubmitError) -> MispError {
    match error {
        SubmitError::ReadOnly => MispError::forbidden(),
        SubmitError::Storage(error) => error.into(),
        SubmitError::OverQuota(over) => MispError::over_quota(&over),
        SubmitError::NotFound(_) => MispError::not_found("circle"),
        SubmitError::NotInForce => MispError::not_saved(error.to_string(), serde_json::Value::Null),
        error => MispError::unavailable(&error),
    }
}

/// The circle that an event is for: the one that the request names, or a tag, or its sharing group; or the only one that
/// the member is in. Tags that say so are taken away.
pub(super) fn target(state: &State, who: &Who, event: &mut Event) -> Result<CircleId, MispError> {
    let named = circle_tags(event);
    if let Some(name) = &who.circle {
        return state.circle(who, name);
    }
    if let Some(name) = named.first() {
        let found = state.circle(who, name);
        return found.map_err(|_| {
            MispError::bad_request(format!("The tag `{CIRCLE_TAG}` names no circle of yours."))
        });
    }
    let book = state.misp.gate.book();
    let own = book.circles_of(who.member);
    if event.distribution.text() == Some("4") {
        let uuid = event.sharing_group.get().and_then(|group| super::uuid_of(&group.uuid));
        let id = event.sharing_group_id.text().unwrap_or_default();
        let is_meant = |circle: &CircleId| match uuid {
            Some(uuid) => circle.uuid() == uuid,
            None => number::of(circle.uuid()).to_string() == id,
        };
        let found = own.iter().map(|circle| circle.id).find(is_meant);
        return found.ok_or_else(|| {
            MispError::bad_request("Invalid Sharing Group or not authorised: it is no circle of yours.")
        });
    }
    match own.as_slice() {
        [only] => Ok(only.id),
        [] => Err(MispError::not_saved("You are in no circle.", serde_json::Value::Null)),
        several => {
            let handles: Vec<&str> = several.iter().map(|circle| circle.handle.as_str()).collect();
            let first = handles.first().copied().unwrap_or_default();
            let message = format!(
                "You are in several circles ({}). Say which is meant: ?circle={first} in the address, a tag \
                 {CIRCLE_TAG}\"{first}\", or the sharing group of that circle.",
                handles.join(", ")
            );
            Err(MispError::bad_request(message))
        }
    }
}

/// Takes away the tags that name a circle, and gives the names.
fn circle_tags(event: &mut Event) -> Vec<String> {
    let named = event.tags.iter().filter_map(circle_named).collect();
    event.tags.all.retain(|tag| circle_named(tag).is_none());
    named
}

/// The circle that a tag names.
pub(super) fn circle_named(tag: &Tag) -> Option<String> {
    let name = tag.name.as_str().strip_prefix(CIRCLE_TAG)?;
    Some(name.trim_matches('"').to_owned())
}

/// Takes away the tags that name a circle from an event that is in one already, and says which can't be followed.
pub(super) fn stays(state: &State, who: &Who, event: &mut Event, circle: CircleId) -> Vec<Finding> {
    let mut named = circle_tags(event);
    named.retain(|name| state.circle(who, name).ok() != Some(circle));
    let not_followed = |name: String| {
        let message = "an event stays in the circle that it is in; to have it in another, add it there";
        Finding::warning("misp-circle", format!("Tag {CIRCLE_TAG}\"{name}\""), message)
    };
    named.into_iter().map(not_followed).collect()
}

/// Sharing groups that are meant by their number alone get their UUID, which is what counts.
pub(super) fn fill_groups(event: &mut Event, circle: CircleId) {
    let id = number::of(circle.uuid()).to_string();
    let meant =
        |distribution: &Text, group: &Text| distribution.text() == Some("4") && group.text() == Some(&id);
    let group = || Group { uuid: circle.uuid().to_string().into(), ..Group::default() };
    if event.sharing_group.is_absent() && meant(&event.distribution, &event.sharing_group_id) {
        event.sharing_group = group().into();
    }
    let in_objects = event.objects.all.iter_mut().flat_map(|object| {
        if object.sharing_group.is_absent() && meant(&object.distribution, &object.sharing_group_id) {
            object.sharing_group = group().into();
        }
        &mut object.attributes.all
    });
    for attribute in event.attributes.all.iter_mut().chain(in_objects) {
        if attribute.sharing_group.is_absent() && meant(&attribute.distribution, &attribute.sharing_group_id)
        {
            attribute.sharing_group = group().into();
        }
    }
}

/// Who did something, if the member did not say it itself: the member, unless a circle hides its members from each other.
pub(super) fn signed(state: &State, member: MemberId, circle: CircleId) -> One<Org> {
    let book = state.misp.gate.book();
    let hides = book.circle(circle).is_none_or(|circle| circle.hidden_members);
    if hides { One::default() } else { organisation(state, member).into() }
}

/// The member as an organisation.
pub(super) fn organisation(state: &State, member: MemberId) -> Org {
    let book = state.misp.gate.book();
    let name = book.member(member).map(|member| match member.name.is_empty() {
        true => member.handle.clone(),
        false => member.name.clone(),
    });
    Org { name: name.into(), uuid: member.uuid().to_string().into(), ..Org::default() }
}
