//! Objects and their references: one, adding, editing, deleting.

use serde_json::{Value as Json, json};

use super::attribute::change;
use super::error::{Answer, MispError};
use super::view::{Part, View};
use super::{Asked, State, dress, json, merge, save, waiting};
use crate::misp::wire::{Attribute, Event, Object, ObjectReference, Text};

pub(super) fn view(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("object"))?;
    let (view, part) = state.part(&asked.who, id, "object")?;
    Ok(json(&json!({ "Object": shown(&view, part)? })))
}

fn shown(view: &View, part: Part) -> Result<Json, MispError> {
    let absent = || MispError::not_found("object");
    let Part::Object(event, at) = part else { return Err(absent()) };
    let event = dress::event(view, event).ok_or_else(absent)?;
    let object = event.objects.all.get(at).ok_or_else(absent)?;
    serde_json::to_value(object).map_err(|error| MispError::unavailable(&error))
}

/// The object in a request, under `Object` with or without its attributes beside it, or bare.
fn sent(asked: &Asked) -> Result<Object, MispError> {
    let mut body = asked.json()?;
    if let Some(inner) = body.get_mut("request") {
        body = inner.take();
    }
    let object = match body.get_mut("Object").map(Json::take) {
        None => body,
        // Its attributes may stand beside it.
        Some(mut object) => {
            if let (Some(beside), Some(object)) =
                (body.get_mut("Attribute").map(Json::take), object.as_object_mut())
            {
                object.entry("Attribute").or_insert(beside);
            }
            object
        }
    };
    if !object.is_object() {
        return Err(MispError::bad_request("An object is a JSON object."));
    }
    serde_json::from_value(object).map_err(|error| MispError::bad_request(format!("Invalid object: {error}")))
}

pub(super) fn add(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let plain = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let mut object = sent(asked)?;
    if object.attributes.all.is_empty() {
        return Err(MispError::not_saved(
            "Could not add Object",
            json!({ "Attribute": ["An object needs attributes."] }),
        ));
    }
    if asked.call.is_set("breakOnDuplicate") && plain.objects.iter().any(|known| is_twin(known, &object)) {
        let errors = json!({ "Object": ["A similar object already exists for this event."] });
        return Err(MispError::not_saved("Could not add Object", errors));
    }
    object.timestamp = Text::default();
    object.attributes.all.iter_mut().for_each(|attribute| attribute.timestamp = Text::default());
    let mut added = Event { objects: vec![object].into(), ..Event::default() };
    merge::identify_parts(&mut added, &plain.uuid);
    save::fill_groups(&mut added, view.circle);
    let uuid = added.objects.all.first().map(|object| object.uuid.clone()).unwrap_or_default();
    let saved = change(state, asked, &view, at, &added)?;
    answer(state, asked, &view, &uuid, &saved, "Could not add Object")
}

fn is_twin(a: &Object, b: &Object) -> bool {
    let parts = |object: &Object| {
        let part = |one: &Attribute| {
            [&one.object_relation, &one.kind, &one.value].map(|text| text.as_str().to_owned())
        };
        let mut parts: Vec<[String; 3]> = object.attributes.iter().map(part).collect();
        parts.sort();
        parts
    };
    a.name == b.name && parts(a) == parts(b)
}

fn answer(
    state: &State,
    asked: &Asked,
    view: &View,
    uuid: &Text,
    saved: &save::Saved,
    failed: &str,
) -> Answer {
    let fresh = state.view(&asked.who, view.circle)?;
    let part = fresh.find(uuid.as_str()).filter(|part| matches!(part, Part::Object(..)));
    let part = part.ok_or_else(|| MispError::findings(failed, &saved.findings))?;
    let mut body = json!({ "Object": shown(&fresh, part)? });
    if let (Some(errors), Some(body)) = (saved.errors(), body.as_object_mut()) {
        body.insert("errors".to_owned(), errors);
    }
    Ok(json(&body))
}

pub(super) fn edit(state: &State, asked: &Asked) -> Answer {
    let sent = sent(asked)?;
    let id = asked.call.first().ok_or_else(|| MispError::not_found("object"))?;
    let (view, part) = state.part(&asked.who, id, "object")?;
    let (uuid, around) = around(&view, part, sent)?;
    let mut around = around;
    merge::identify_parts(
        &mut around,
        &view.events.get(part.event()).map(|e| e.uuid.clone()).unwrap_or_default(),
    );
    save::fill_groups(&mut around, view.circle);
    let saved = change(state, asked, &view, part.event(), &around)?;
    answer(state, asked, &view, &uuid, &saved, "Could not edit Object")
}

/// An event with nothing in it but this object.
fn around(view: &View, part: Part, object: Object) -> Result<(Text, Event), MispError> {
    let absent = || MispError::not_found("object");
    let Part::Object(event, at) = part else { return Err(absent()) };
    let event = view.events.get(event).ok_or_else(absent)?;
    let known = event.objects.all.get(at).ok_or_else(absent)?;
    let object = Object { uuid: known.uuid.clone(), ..object };
    Ok((
        known.uuid.clone(),
        Event { uuid: event.uuid.clone(), objects: vec![object].into(), ..Event::default() },
    ))
}

pub(super) fn delete(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("object"))?;
    let waited = waiting::delete(state, &asked.who, id)?;
    match state.part(&asked.who, id, "object") {
        Err(_) if waited > 0 => {}
        found => {
            let (view, part) = found?;
            let (_, around) = around(&view, part, Object { deleted: true.into(), ..Object::default() })?;
            let saved = change(state, asked, &view, part.event(), &around)?;
            if saved.withdrawn + saved.appended.len() + waited == 0 {
                return Err(MispError::forbidden());
            }
        }
    }
    let message = "Object deleted";
    Ok(json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path, "id": id,
    })))
}

/// A reference from one object of an event to another or to an attribute.
pub(super) fn add_reference(state: &State, asked: &Asked) -> Answer {
    let mut body = asked.json()?;
    if let Some(inner) = body.get_mut("ObjectReference") {
        body = inner.take();
    }
    let sent: Option<ObjectReference> = body.is_object().then(|| serde_json::from_value(body).ok()).flatten();
    let sent = sent.ok_or_else(|| MispError::bad_request("A reference is a JSON object."))?;
    let from = [&sent.object_uuid, &sent.source_uuid, &sent.object_id];
    let from = from.into_iter().find_map(Text::text).ok_or_else(|| MispError::not_found("object"))?;
    let (view, part) = state.part(&asked.who, from, "object")?;
    let (object, _) = around(&view, part, Object::default())?;
    let uuid = super::uuid_of(&sent.uuid).unwrap_or_else(uuid::Uuid::new_v4).to_string();
    let reference = ObjectReference { uuid: uuid.as_str().into(), object_uuid: object, ..sent };
    let (_, around) =
        around(&view, part, Object { references: vec![reference].into(), ..Object::default() })?;
    let saved = change(state, asked, &view, part.event(), &around)?;
    let fresh = state.view(&asked.who, view.circle)?;
    let event = view.facts.get(part.event()).and_then(|facts| fresh.event(&facts.uuid.to_string()));
    let event = event.and_then(|at| dress::event(&fresh, at));
    let mut all =
        event.iter().flat_map(|event| event.objects.iter()).flat_map(|object| object.references.iter());
    match all.find(|reference| reference.uuid.as_str() == uuid) {
        Some(reference) => Ok(json(&json!({ "ObjectReference": reference }))),
        None => Err(MispError::findings("Could not add ObjectReference", &saved.findings)),
    }
}
