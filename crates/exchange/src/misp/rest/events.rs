//! Events: the index, one event, adding, editing, deleting, publishing.
//!
//! The index and the view are what a MISP that pulls asks for; `filterEventIdsForPush`, `add` and `edit` what one that pushes.
//! An event is edited by the member that brought it; others can add sightings and notes to it.

use std::sync::Arc;

use policy::CircleId;
use serde_json::{Map, Value as Json, json};

use super::delivered::has_deleted;
use super::error::{Answer, MispError};
use super::filter::{Filter, Subject, Truth, deleted_in_view};
use super::save::{self, Saved, Whose};
use super::view::{seconds, uuid_of};
use super::{Asked, State, View, counted, dress, json, merge, newest, number, waiting, with_tag};
use crate::misp::wire::{Event, Text};

/// Most events that a partner asks about at a time before it pushes.
const ASKED_MAX: usize = 100_000;

pub(super) fn index(state: &State, asked: &Asked) -> Answer {
    let parameters = asked.parameters()?;
    let filter =
        Filter::read_index(parameters.iter().map(|(name, value)| (name.as_str(), value)), asked.who.now);
    let filter = filter.map_err(|error| MispError::bad_request(error.to_string()))?;
    let views = state.views(&asked.who)?;
    let subjects = super::search::events_of(&views, &filter);
    let count = subjects.len();
    let (first, limit) = filter.window();
    let rows = subjects.iter().skip(first).take(limit);
    let rows: Vec<Json> = match filter.shape.minimal {
        true => rows.map(minimal).collect(),
        false => rows.filter_map(full).collect(),
    };
    let body = serde_json::to_vec(&rows).map_err(|error| MispError::unavailable(&error))?;
    state.delivered_of(&asked.who, &views, &[])?;
    let mut response = with_tag(body.into(), "application/json", asked.known.as_deref());
    response.headers_mut().insert("x-result-count", http::HeaderValue::from(count));
    Ok(response)
}

/// What a MISP that pulls compares.
fn minimal(subject: &Subject<'_>) -> Json {
    let org = dress::org(subject.event.orgc.get());
    json!({
        "id": number::of(subject.facts.uuid).to_string(),
        "timestamp": subject.facts.changed.to_string(),
        "sighting_timestamp": subject.facts.sighted.to_string(),
        "published": subject.event.published.0.unwrap_or(true),
        "uuid": subject.facts.uuid.to_string(),
        "orgc_uuid": org.uuid.as_str(),
    })
}

/// An event without what is in it, as the index has it.
fn full(subject: &Subject<'_>) -> Option<Json> {
    let event = dress::event(subject.view, subject.at)?;
    let mut row = without_parts(event)?;
    let id = row.get("id").cloned().unwrap_or(Json::Null);
    let tags = row.remove("Tag").and_then(|tags| tags.as_array().cloned()).unwrap_or_default();
    let tags = tags.into_iter().map(|tag| {
        json!({ "event_id": id, "tag_id": tag.get("id").cloned(), "local": false, "relationship_type": "", "Tag": tag })
    });
    let tags: Vec<Json> = tags.collect();
    let galaxies = row.remove("Galaxy").and_then(|galaxies| galaxies.as_array().cloned()).unwrap_or_default();
    let clusters = galaxies.iter().filter_map(|galaxy| galaxy["GalaxyCluster"].as_array()).flatten();
    let clusters: Vec<Json> = clusters.cloned().collect();
    row.insert("GalaxyCluster".to_owned(), clusters.into());
    row.insert("EventTag".to_owned(), tags.into());
    row.insert("sighting_timestamp".to_owned(), subject.facts.sighted.to_string().into());
    Some(Json::Object(row))
}

fn without_parts(mut event: Event) -> Option<Map<String, Json>> {
    strip_parts(&mut event);
    let mut row = serde_json::to_value(event).ok()?;
    let row = row.as_object_mut()?;
    row.remove("Attribute");
    row.remove("Object");
    Some(std::mem::take(row))
}

/// Leaves of an event what is said of it.
pub(super) fn strip_parts(event: &mut Event) {
    event.attributes = Default::default();
    event.objects = Default::default();
    event.reports = Default::default();
    event.proposals = Default::default();
}

pub(super) fn view(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let (event, is_whole) = shown(&view, at, asked)?;
    let whole: &[usize] = if is_whole { &[at] } else { &[] };
    state.delivered(&asked.who, &view, whole)?;
    Ok(json(&json!({ "Event": event })))
}

/// An event as the request wants to see it, and whether that is all of it.
fn shown(view: &View, at: usize, asked: &Asked) -> Result<(Event, bool), MispError> {
    let mut event = dress::event(view, at).ok_or_else(|| MispError::not_found("event"))?;
    if asked.call.is_set("noSightings") {
        let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
        event.attributes.all.iter_mut().chain(in_objects).for_each(|one| one.sightings = Default::default());
    }
    if asked.call.is_set("metadata") {
        strip_parts(&mut event);
    }
    // The body of a request that changes an event is no list of options.
    let parameters = if asked.call.action == "view" { asked.parameters()? } else { Vec::new() };
    let deleted = parameters.iter().rev().find(|(name, _)| name == "deleted").map(|(_, value)| value);
    let deleted = deleted.map_or(Truth::Only(false), deleted_in_view);
    let is_cut = asked.call.is_set("noSightings") || asked.call.is_set("metadata");
    let is_whole =
        !is_cut && (deleted == Truth::Either || deleted == Truth::Only(false) && !has_deleted(&event));
    event.attributes.all.retain(|attribute| deleted.has(attribute.deleted.is_true()));
    for object in &mut event.objects.all {
        let outer = object.deleted.is_true();
        object.attributes.all.retain(|attribute| deleted.has(outer || attribute.deleted.is_true()));
    }
    event
        .objects
        .all
        .retain(|object| deleted.has(object.deleted.is_true()) || !object.attributes.all.is_empty());
    event.reports.all.retain(|report| deleted.has(report.deleted.is_true()));
    Ok((event, is_whole))
}

/// The event in a request, out of the envelopes that MISP allows around it.
fn sent(asked: &Asked) -> Result<Event, MispError> {
    let mut body = asked.json()?;
    for envelope in ["response", "request", "Event"] {
        if let Some(inner) = body.get_mut(envelope) {
            body = inner.take();
        }
        if let Json::Array(list) = &mut body
            && list.len() == 1
        {
            body = list.pop().unwrap_or(Json::Null);
        }
    }
    let wrong = |why: String| MispError::bad_request(format!("No valid event data received: {why}."));
    if !body.is_object() {
        return Err(wrong("it is no JSON object".to_owned()));
    }
    serde_json::from_value(body).map_err(|error| wrong(error.to_string()))
}

pub(super) fn add(state: &State, asked: &Asked) -> Answer {
    let who = &asked.who;
    let mut event = sent(asked)?;
    let circle = save::target(state, who, &mut event)?;
    if event.info.text().is_none() {
        let errors = json!({ "info": ["Info cannot be empty."] });
        return Err(MispError::not_saved("Could not add Event", errors));
    }
    if let Some(uuid) = uuid_of(&event.uuid)
        && let Some(at) = state.view(who, circle)?.event(&uuid.to_string())
    {
        let id = state.view(who, circle)?.facts.get(at).map_or(0, |facts| number::of(facts.uuid));
        return Err(MispError::exists(format!("/events/{id}")));
    }
    complete(state, asked, circle, &mut event);
    save::fill_groups(&mut event, circle);
    let saved = save::save(state, who, circle, None, Some(&event), Whose::Own)?;
    after(state, asked, circle, &event.uuid, &saved)
}

/// Gives a new event what clients leave out.
fn complete(state: &State, asked: &Asked, circle: CircleId, event: &mut Event) {
    let (who, now) = (&asked.who, asked.who.now);
    if event.orgc.get().is_none_or(|org| org.name.text().is_none() || uuid_of(&org.uuid).is_none()) {
        event.orgc = save::signed(state, who.member, circle);
    }
    let or = |text: &mut Text, default: String| {
        if text.text().is_none() {
            *text = default.into();
        }
    };
    or(&mut event.date, now.date());
    or(&mut event.analysis, "0".to_owned());
    or(&mut event.threat_level_id, "4".to_owned());
    or(&mut event.timestamp, now.seconds().to_string());
    if event.published.is_absent() {
        event.published = false.into();
    }
    if event.published.is_true() && seconds(&event.publish_timestamp) == 0 {
        event.publish_timestamp = now.seconds().to_string().into();
    }
    merge::identify(event);
    merge::stamp(
        &Event { timestamp: "0".into(), tags: event.tags.clone(), ..Event::default() },
        event,
        now.seconds(),
    );
}

/// The answer after an event was saved: as it is seen now, with what could not be taken.
pub(super) fn after(
    state: &State,
    asked: &Asked,
    circle: policy::CircleId,
    uuid: &Text,
    saved: &Saved,
) -> Answer {
    let view = state.view(&asked.who, circle)?;
    let Some(at) = view.event(uuid.as_str()) else {
        let message = match saved.findings.iter().any(|finding| finding.code == "misp-waits") {
            true => "The event is here, and waits until another person of yours releases it.",
            false => "Nothing in the event could be taken.",
        };
        return Err(MispError::findings(message, &saved.findings));
    };
    let (event, is_whole) = shown(&view, at, asked)?;
    let whole: &[usize] = if is_whole { &[at] } else { &[] };
    state.delivered(&asked.who, &view, whole)?;
    let mut body = json!({ "Event": event });
    if let (Some(errors), Some(body)) = (saved.errors(), body.as_object_mut()) {
        body.insert("errors".to_owned(), errors);
    }
    Ok(json(&body))
}

pub(super) fn edit(state: &State, asked: &Asked) -> Answer {
    let mut sent = sent(asked)?;
    let id = asked.call.first().map(str::to_owned).or_else(|| sent.uuid.text().map(str::to_owned));
    let id = id.ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, &id)?;
    let (Some(plain), Some(facts)) = (view.events.get(at), view.facts.get(at)) else {
        return Err(MispError::not_found("event"));
    };
    if sent.timestamp.text().is_some() && seconds(&sent.timestamp) <= facts.changed {
        let message = "Event could not be saved: Event in the request not newer than the local copy.";
        return Err(MispError::not_saved(message, json!(message)));
    }
    let not_followed = save::stays(state, &asked.who, &mut sent, view.circle);
    save::fill_groups(&mut sent, view.circle);
    merge::identify_parts(&mut sent, &plain.uuid);
    let seen = dress::event(&view, at).ok_or_else(|| MispError::not_found("event"))?;
    let edited = merge::edited(plain, &seen, &sent, asked.who.now.seconds())?;
    let mut saved = save::save(state, &asked.who, view.circle, Some(plain), Some(&edited), Whose::Own)?;
    saved.findings.extend(not_followed);
    after(state, asked, view.circle, &plain.uuid, &saved)
}

pub(super) fn delete(state: &State, asked: &Asked) -> Answer {
    let ids = named(asked)?;
    let mut deleted = 0;
    let several = ids.len() > 1;
    // As they are now: after each that goes, its whole circle would have to be seen anew.
    let views = state.views(&asked.who)?;
    for id in &ids {
        let told = remove(state, asked, &views, id);
        match told {
            Ok(()) => deleted += 1,
            Err(error) if !several => return Err(error),
            Err(_) => {}
        }
    }
    let message = match (several, deleted) {
        (false, _) => "Event deleted.".to_owned(),
        (true, 0) => return Err(MispError::forbidden()),
        (true, _) => format!("{deleted} of {} events deleted.", ids.len()),
    };
    Ok(json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path,
        "id": ids.first(),
    })))
}

/// The events that a request names in its path or its body.
fn named(asked: &Asked) -> Result<Vec<String>, MispError> {
    if let Some(id) = asked.call.first() {
        return Ok(vec![id.to_owned()]);
    }
    let body = asked.json()?;
    let ids = body.get("id").or_else(|| body.get("Event").and_then(|event| event.get("id")));
    let text = |id: &Json| match id {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let ids: Vec<String> = match ids {
        Some(Json::Array(list)) => list.iter().filter_map(text).take(ASKED_MAX).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    };
    if ids.is_empty() { Err(MispError::not_found("event")) } else { Ok(ids) }
}

fn remove(state: &State, asked: &Asked, views: &[Arc<View>], id: &str) -> Result<(), MispError> {
    // What waits of it first, so that nothing of it is let out after it is gone.
    let waited = waiting::delete(state, &asked.who, id)?;
    let (view, at) = match newest(views, id) {
        Err(_) if waited > 0 => return Ok(()),
        found => found?,
    };
    let plain = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let saved = save::save(state, &asked.who, view.circle, Some(plain), None, Whose::Own)?;
    if saved.withdrawn + waited == 0 { Err(MispError::forbidden()) } else { Ok(()) }
}

pub(super) fn publish(state: &State, asked: &Asked, published: bool) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let plain = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let now = asked.who.now.seconds();
    let mut edited = plain.clone();
    edited.published = published.into();
    if published {
        edited.publish_timestamp = now.to_string().into();
    }
    merge::stamp(plain, &mut edited, now);
    let saved = save::save(state, &asked.who, view.circle, Some(plain), Some(&edited), Whose::Own)?;
    if saved.appended.is_empty() {
        return Err(MispError::findings("Nothing was changed.", &saved.findings));
    }
    let message = if published { "Job queued" } else { "Event unpublished." };
    let number = view.facts.get(at).map_or(0, |facts| number::of(facts.uuid)).to_string();
    Ok(json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path, "id": number,
    })))
}

/// Which of the events that a partner would push are new here or newer than what is here.
pub(super) fn filter_for_push(state: &State, asked: &Asked) -> Answer {
    let Json::Array(offered) = asked.json()? else {
        return Err(MispError::bad_request("A list of events is needed, each with uuid and timestamp."));
    };
    let views = state.views(&asked.who)?;
    let wanted = |offer: &Json| {
        let event: Event = serde_json::from_value(offer.get("Event").unwrap_or(offer).clone()).ok()?;
        let uuid = uuid_of(&event.uuid)?.to_string();
        let here =
            views.iter().filter_map(|view| view.facts.get(view.event(&uuid)?)).map(|facts| facts.changed);
        here.max().is_none_or(|here| seconds(&event.timestamp) > here).then_some(uuid)
    };
    let uuids: Vec<String> = offered.iter().take(ASKED_MAX).filter_map(wanted).collect();
    Ok(counted(&uuids, uuids.len()))
}
