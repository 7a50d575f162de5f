//! Attributes: one, adding, editing, deleting.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::error::{Answer, MispError};
use super::filter::Subject;
use super::save::{self, Saved, Whose};
use super::view::{Part, View, attribute_at};
use super::{Asked, State, dress, json, merge, waiting};
use crate::misp::wire::{Attribute, Event, Text};

/// Most attributes that are added at a time.
const ADDED_MAX: usize = 50_000;

pub(super) fn view(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("attribute"))?;
    let (view, part) = state.part(&asked.who, id, "attribute")?;
    Ok(json(&json!({ "Attribute": shown(&view, part)? })))
}

/// An attribute as clients see it, out of its event.
pub(super) fn shown(view: &View, part: Part) -> Result<Json, MispError> {
    let mut one = shown_all(view, &[part])?;
    one.pop().ok_or_else(|| MispError::not_found("attribute"))
}

/// The same of several, for which an event is made ready once.
fn shown_all(view: &View, parts: &[Part]) -> Result<Vec<Json>, MispError> {
    let absent = || MispError::not_found("attribute");
    let mut all = Vec::with_capacity(parts.len());
    for of_one in parts.chunk_by(|a, b| a.event() == b.event()) {
        let event = of_one.first().and_then(|part| dress::event(view, part.event())).ok_or_else(absent)?;
        for part in of_one {
            let (attribute, _) = attribute_at(&event, *part).ok_or_else(absent)?;
            let shown = Attribute { event_uuid: event.uuid.clone(), ..attribute.clone() };
            all.push(serde_json::to_value(shown).map_err(|error| MispError::unavailable(&error))?);
        }
    }
    Ok(all)
}

/// What a request holds under `Attribute`, or bare.
fn sent(asked: &Asked) -> Result<Vec<Attribute>, MispError> {
    let mut body = asked.json()?;
    for envelope in ["request", "Attribute"] {
        if let Some(inner) = body.get_mut(envelope) {
            body = inner.take();
        }
    }
    let list = match body {
        Json::Array(list) => list,
        one @ Json::Object(_) => vec![one],
        _ => return Err(MispError::bad_request("An attribute is a JSON object.")),
    };
    if list.len() > ADDED_MAX {
        let message = format!("At most {ADDED_MAX} attributes are taken at a time. Split the request.");
        return Err(MispError::bad_request(message));
    }
    let read = |one: Json| {
        let one = match one.get("Attribute") {
            Some(inner) => inner.clone(),
            None => one,
        };
        serde_json::from_value(one)
            .map_err(|error| MispError::bad_request(format!("Invalid attribute: {error}")))
    };
    list.into_iter().map(read).collect()
}

pub(super) fn add(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let plain = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let sent = sent(asked)?;
    let is_list = sent.len() > 1 || asked.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    let known: HashSet<(Option<&str>, Option<&str>)> = super::attributes(plain)
        .filter(|(_, object)| object.is_none())
        .map(|(known, _)| (known.kind.text(), known.value.text()))
        .collect();
    let (mut new, mut doubled) = (Vec::new(), Vec::new());
    for mut attribute in sent {
        if known.contains(&(attribute.kind.text(), attribute.value.text())) {
            doubled.push(attribute.value.as_str().to_owned());
            continue;
        }
        attribute.timestamp = Text::default();
        new.push(attribute);
    }
    if new.is_empty() {
        let errors = json!({ "value": ["A similar attribute already exists for this event."] });
        return Err(MispError::not_saved("Could not add Attribute", errors));
    }
    let mut added = Event { attributes: new.into(), ..Event::default() };
    merge::identify_parts(&mut added, &plain.uuid);
    save::fill_groups(&mut added, view.circle);
    let uuids: Vec<Text> = added.attributes.iter().map(|attribute| attribute.uuid.clone()).collect();
    let saved = change(state, asked, &view, at, &added)?;
    let fresh = state.view(&asked.who, view.circle)?;
    let parts: Vec<Part> = uuids.iter().filter_map(|uuid| fresh.find(uuid.as_str())).collect();
    let mut all = shown_all(&fresh, &parts)?;
    if all.is_empty() {
        return Err(MispError::findings("Could not add Attribute", &saved.findings));
    }
    let body = if is_list && all.len() > 1 { Json::Array(all) } else { all.swap_remove(0) };
    let mut body = json!({ "Attribute": body });
    let mut errors = saved.findings.iter().map(ToString::to_string).collect::<Vec<_>>();
    errors.extend(
        doubled.iter().map(|value| format!("{value}: a similar attribute already exists for this event.")),
    );
    if let (false, Some(body)) = (errors.is_empty(), body.as_object_mut()) {
        body.insert("errors".to_owned(), json!(errors));
    }
    Ok(json(&body))
}

/// Lays `sent` over the event and saves what changed.
pub(super) fn change(
    state: &State,
    asked: &Asked,
    view: &View,
    at: usize,
    sent: &Event,
) -> Result<Saved, MispError> {
    let subject = Subject::new(view, at).ok_or_else(|| MispError::not_found("event"))?;
    let seen = dress::event(view, at).ok_or_else(|| MispError::not_found("event"))?;
    let edited = merge::edited(subject.event, &seen, sent, asked.who.now.seconds())?;
    save::save(state, &asked.who, view.circle, Some(subject.event), Some(&edited), Whose::Own)
}

/// An event with nothing in it but this attribute, in its object if it stands in one.
pub(super) fn around(view: &View, part: Part, attribute: Attribute) -> Result<Event, MispError> {
    let (plain, object) = view.attribute(part).ok_or_else(|| MispError::not_found("attribute"))?;
    let attribute = Attribute { uuid: plain.uuid.clone(), ..attribute };
    let uuid = view.events.get(part.event()).map(|event| event.uuid.clone()).unwrap_or_default();
    Ok(match object {
        None => Event { uuid, attributes: vec![attribute].into(), ..Event::default() },
        Some(object) => {
            let object = crate::misp::wire::Object {
                uuid: object.uuid.clone(),
                attributes: vec![attribute].into(),
                ..Default::default()
            };
            Event { uuid, objects: vec![object].into(), ..Event::default() }
        }
    })
}

pub(super) fn edit(state: &State, asked: &Asked) -> Answer {
    let sent = sent(asked)?.into_iter().next().ok_or_else(|| MispError::not_found("attribute"))?;
    let id = asked.call.first().map(str::to_owned).or_else(|| sent.uuid.text().map(str::to_owned));
    let id = id.ok_or_else(|| MispError::not_found("attribute"))?;
    let (view, part) = state.part(&asked.who, &id, "attribute")?;
    let uuid = view.attribute(part).map(|(plain, _)| plain.uuid.clone());
    let uuid = uuid.ok_or_else(|| MispError::not_found("attribute"))?;
    let gone = sent.deleted.is_true();
    let mut around = around(&view, part, sent)?;
    save::fill_groups(&mut around, view.circle);
    let saved = change(state, asked, &view, part.event(), &around)?;
    if gone {
        return Ok(deleted(asked));
    }
    let fresh = state.view(&asked.who, view.circle)?;
    let part = fresh.find(uuid.as_str());
    let part = part.ok_or_else(|| MispError::findings("Could not edit Attribute", &saved.findings))?;
    if saved.appended.is_empty() && !saved.findings.is_empty() {
        return Err(MispError::findings("Could not edit Attribute", &saved.findings));
    }
    Ok(json(&json!({ "Attribute": shown(&fresh, part)? })))
}

pub(super) fn delete(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("attribute"))?;
    let waited = waiting::delete(state, &asked.who, id)?;
    let (view, part) = match state.part(&asked.who, id, "attribute") {
        Err(_) if waited > 0 => return Ok(deleted(asked)),
        found => found?,
    };
    let around = around(&view, part, Attribute { deleted: true.into(), ..Attribute::default() })?;
    let saved = change(state, asked, &view, part.event(), &around)?;
    if saved.withdrawn + saved.appended.len() + waited == 0 {
        return Err(MispError::forbidden());
    }
    Ok(deleted(asked))
}

fn deleted(asked: &Asked) -> axum::response::Response {
    let message = "Attribute deleted.";
    json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path,
        "id": asked.call.first(),
    }))
}
