//! Proposals: attributes that are to be added, changed or deleted, and are not part of the event until they are accepted.
//!
//! A proposal is kept with the event or attribute that it is about, and goes with that. So it is made, accepted and discarded
//! by the member whose event it is; others are told that they may not, and can say it in a note.
//!
//! Source: MISP 2.5, `ShadowAttributesController`; PyMISP 2.5.

use serde_json::json;
use uuid::Uuid;

use super::error::{Answer, MispError};
use super::save::{self, Whose};
use super::view::{Part, View, uuid_of};
use super::{Asked, State, json, merge, number};
use crate::misp::vocab;
use crate::misp::wire::{Attribute, Event, Flag, Proposal, Text};

/// What becomes of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Accepted,
    Discarded,
}

/// The proposals of an event, with the attributes that they would change.
fn all(event: &Event) -> impl Iterator<Item = (Option<&Attribute>, &Proposal)> {
    let of_attributes = super::attributes(event)
        .flat_map(|(attribute, _)| attribute.proposals.iter().map(move |one| (Some(attribute), one)));
    event.proposals.iter().map(|one| (None, one)).chain(of_attributes)
}

/// A proposal's number. Its UUID is that of the attribute that it would change, so that several can have one.
fn number_of(event: &Event, one: &Proposal) -> u64 {
    let parts = [&event.uuid, &one.uuid, &one.kind, &one.value, &one.timestamp, &one.comment];
    let named: Vec<&str> = parts.into_iter().map(Text::as_str).collect();
    number::of_name(&format!("proposal\n{}", named.join("\n")))
}

/// A proposal as clients see it.
fn shown(event: &Event, attribute: Option<&Attribute>, one: &Proposal) -> Proposal {
    let number =
        |text: &Text| uuid_of(text).map_or_else(|| "0".to_owned(), |uuid| number::of(uuid).to_string());
    Proposal {
        id: number_of(event, one).to_string().into(),
        old_id: attribute.map_or_else(|| "0".to_owned(), |attribute| number(&attribute.uuid)).into(),
        event_id: number(&event.uuid).into(),
        event_uuid: event.uuid.clone(),
        ..one.clone()
    }
}

/// Proposals in the events that the caller sees, or in one of them.
pub(super) fn index(state: &State, asked: &Asked) -> Answer {
    let only = asked.call.first().map(|id| state.event(&asked.who, id)).transpose()?;
    let only = only.and_then(|(view, at)| view.facts.get(at).map(|facts| facts.uuid));
    let mut rows = Vec::new();
    for view in state.views(&asked.who)? {
        for (event, facts) in view.events.iter().zip(&view.facts) {
            if only.is_none_or(|only| only == facts.uuid) {
                let shown = all(event).map(|(attribute, one)| shown(event, attribute, one));
                rows.extend(shown.map(|one| json!({ "ShadowAttribute": one })));
            }
        }
    }
    let number = |name: &str| asked.call.named(name).and_then(|text| text.parse::<usize>().ok());
    if let Some(limit) = number("limit") {
        let first = limit.saturating_mul(number("page").unwrap_or(1).saturating_sub(1));
        rows = rows.into_iter().skip(first).take(limit).collect();
    }
    Ok(json(&rows))
}

pub(super) fn view(state: &State, asked: &Asked) -> Answer {
    let absent = || MispError::not_found("proposal");
    let id = asked.call.first().ok_or_else(absent)?;
    for view in state.views(&asked.who)? {
        for event in &view.events {
            if let Some((attribute, one)) = all(event).find(|(_, one)| is_meant(event, one, id)) {
                return Ok(json(&json!({ "ShadowAttribute": shown(event, attribute, one) })));
            }
        }
    }
    Err(absent())
}

/// By number, or by UUID: then the first of those that have it.
fn is_meant(event: &Event, one: &Proposal, id: &str) -> bool {
    match Uuid::try_parse(id) {
        Ok(uuid) => uuid_of(&one.uuid) == Some(uuid),
        Err(_) => number_of(event, one).to_string() == id,
    }
}

/// What a request proposes, under `ShadowAttribute`, `Attribute` or bare.
fn sent(asked: &Asked) -> Result<Proposal, MispError> {
    let mut body = asked.json()?;
    for envelope in ["request", "ShadowAttribute", "Attribute"] {
        if let Some(inner) = body.get_mut(envelope) {
            body = inner.take();
        }
    }
    serde_json::from_value(body).map_err(|error| MispError::bad_request(format!("Invalid proposal: {error}")))
}

/// Proposes an attribute for an event.
pub(super) fn add(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let mut one = sent(asked)?;
    if one.kind.text().is_none() || one.value.text().is_none() {
        return Err(MispError::not_saved(
            "Could not add Proposal",
            json!({ "value": ["Type and value are needed."] }),
        ));
    }
    let taken = uuid_of(&one.uuid).is_none_or(|uuid| view.find(&uuid.to_string()).is_some());
    if taken {
        one.uuid = Uuid::new_v4().to_string().into();
    }
    one.proposal_to_delete = false.into();
    propose(state, asked, &view, Part::Event(at), one)
}

/// Proposes another content of an attribute.
pub(super) fn edit(state: &State, asked: &Asked) -> Answer {
    let (view, part) = attribute(state, asked)?;
    let (known, _) = view.attribute(part).ok_or_else(|| MispError::not_found("attribute"))?;
    let mut one = sent(asked)?;
    for (own, known) in [
        (&mut one.kind, &known.kind),
        (&mut one.category, &known.category),
        (&mut one.value, &known.value),
        (&mut one.comment, &known.comment),
        (&mut one.first_seen, &known.first_seen),
        (&mut one.last_seen, &known.last_seen),
    ] {
        if own.is_absent() {
            own.clone_from(known);
        }
    }
    if one.to_ids.is_absent() {
        one.to_ids = known.to_ids;
    }
    one.uuid = known.uuid.clone();
    one.proposal_to_delete = false.into();
    propose(state, asked, &view, part, one)
}

/// Proposes that an attribute goes.
pub(super) fn delete(state: &State, asked: &Asked) -> Answer {
    let (view, part) = attribute(state, asked)?;
    let (known, _) = view.attribute(part).ok_or_else(|| MispError::not_found("attribute"))?;
    let one = Proposal {
        kind: known.kind.clone(),
        category: known.category.clone(),
        value: known.value.clone(),
        to_ids: known.to_ids,
        uuid: known.uuid.clone(),
        proposal_to_delete: true.into(),
        ..Proposal::default()
    };
    propose(state, asked, &view, part, one)?;
    Ok(said(asked, "The proposal to delete this attribute has been saved"))
}

fn attribute(state: &State, asked: &Asked) -> Result<(std::sync::Arc<View>, Part), MispError> {
    let absent = || MispError::not_found("attribute");
    let (view, part) = state.part(&asked.who, asked.call.first().ok_or_else(absent)?, "attribute")?;
    if view.attribute(part).is_some() { Ok((view, part)) } else { Err(absent()) }
}

/// Keeps a proposal with what it is about.
fn propose(state: &State, asked: &Asked, view: &View, part: Part, mut one: Proposal) -> Answer {
    let absent = || MispError::not_found("event");
    let event = view.events.get(part.event()).ok_or_else(absent)?;
    if one.category.text().is_none() {
        one.category = vocab::default_of(one.kind.as_str()).map_or("Other", |(category, _)| category).into();
    }
    if one.to_ids.is_absent() {
        one.to_ids = Flag::from(vocab::default_of(one.kind.as_str()).is_some_and(|(_, to_ids)| to_ids));
    }
    one.timestamp = asked.who.now.seconds().to_string().into();
    one.deleted = false.into();
    one.org = save::signed(state, asked.who.member, view.circle);
    let mut edited = event.clone();
    match part {
        Part::Attribute(_, object, at) => {
            let attribute = attribute_mut(&mut edited, object, at).ok_or_else(absent)?;
            attribute.proposals.all.push(one.clone());
        }
        _ => edited.proposals.all.push(one.clone()),
    }
    keep(state, asked, view, event, edited)?;
    let attribute = view.attribute(part).map(|(attribute, _)| attribute);
    Ok(json(&json!({ "ShadowAttribute": shown(event, attribute, &one) })))
}

fn attribute_mut(event: &mut Event, object: Option<usize>, at: usize) -> Option<&mut Attribute> {
    match object {
        None => event.attributes.all.get_mut(at),
        Some(which) => event.objects.all.get_mut(which)?.attributes.all.get_mut(at),
    }
}

fn keep(
    state: &State,
    asked: &Asked,
    view: &View,
    plain: &Event,
    mut edited: Event,
) -> Result<(), MispError> {
    merge::stamp(plain, &mut edited, asked.who.now.seconds());
    let saved = save::save(state, &asked.who, view.circle, Some(plain), Some(&edited), Whose::Own)?;
    match saved.appended.len() + saved.withdrawn {
        0 if saved.findings.is_empty() => Err(MispError::forbidden()),
        0 => Err(MispError::findings("Could not save the proposal.", &saved.findings)),
        _ => Ok(()),
    }
}

/// Makes a proposal part of its event, or takes it away.
pub(super) fn settle(state: &State, asked: &Asked, settled: Settled) -> Answer {
    let absent = || MispError::not_found("proposal");
    let id = asked.call.first().ok_or_else(absent)?;
    let views = state.views(&asked.who)?;
    let found = views.iter().find_map(|view| {
        let event = view.events.iter().find(|event| all(event).any(|(_, one)| is_meant(event, one, id)))?;
        Some((view, event))
    });
    let (view, plain) = found.ok_or_else(absent)?;
    let mut edited = plain.clone();
    let one = taken_out(&mut edited, plain, id).ok_or_else(absent)?;
    if settled == Settled::Accepted {
        accept(&mut edited, one);
    }
    keep(state, asked, view, plain, edited)?;
    Ok(said(asked, if settled == Settled::Accepted { "Proposal accepted" } else { "Proposal discarded" }))
}

fn taken_out(event: &mut Event, plain: &Event, id: &str) -> Option<Proposal> {
    let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    let of_attributes =
        event.attributes.all.iter_mut().chain(in_objects).map(|attribute| &mut attribute.proposals);
    std::iter::once(&mut event.proposals).chain(of_attributes).find_map(|proposals| {
        let at = proposals.all.iter().position(|one| is_meant(plain, one, id))?;
        Some(proposals.all.remove(at))
    })
}

fn accept(event: &mut Event, one: Proposal) {
    let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    let mut all = event.attributes.all.iter_mut().chain(in_objects);
    let known = all.find(|attribute| uuid_of(&attribute.uuid) == uuid_of(&one.uuid));
    let fresh = known.is_none();
    let mut new = Attribute { uuid: one.uuid, distribution: "5".into(), ..Attribute::default() };
    let attribute = known.unwrap_or(&mut new);
    if one.proposal_to_delete.is_true() {
        attribute.deleted = true.into();
        return;
    }
    attribute.kind = one.kind;
    attribute.category = one.category;
    attribute.value = one.value;
    attribute.comment = one.comment;
    attribute.to_ids = one.to_ids;
    attribute.first_seen = one.first_seen;
    attribute.last_seen = one.last_seen;
    if !one.data.is_absent() {
        attribute.data = one.data;
    }
    if fresh {
        event.attributes.all.push(new);
    }
}

fn said(asked: &Asked, message: &str) -> axum::response::Response {
    json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path,
        "id": asked.call.first(),
    }))
}
