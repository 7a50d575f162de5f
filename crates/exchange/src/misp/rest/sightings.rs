//! Sightings: added to one attribute, to all with a value, or in bulk; searched; listed; taken back.
//!
//! Anybody in a circle may say that it has seen something: the sighting is an object of its own, and the event stays its
//! owner's.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use stix::{ObjectId, Severity};
use uuid::Uuid;

use super::error::{Answer, MispError};
use super::filter::Subject;
use super::save::{self, Saved, Whose};
use super::view::{Part, View, seconds, uuid_of};
use super::{Asked, State, dress, json, number};
use crate::misp::wire::{Attribute, Event, Sighting};
use crate::read::time::lenient;

/// Most sightings in one request.
const SIGHTINGS_MAX: usize = 50_000;
/// Most values that one sighting is for.
const VALUES_MAX: usize = 1_000;
/// What a sighting is in STIX, or a false positive.
const TYPES: &[&str] = &["sighting", "opinion", "note", "identity", "extension-definition"];

pub(super) fn add(state: &State, asked: &Asked) -> Answer {
    let mut body = asked.json()?;
    for envelope in ["request", "Sighting"] {
        if let Some(inner) = body.get_mut(envelope) {
            body = inner.take();
        }
    }
    let sent: Sighting = match &body {
        Json::Object(_) => serde_json::from_value(body.clone())
            .map_err(|error| MispError::bad_request(format!("Invalid sighting: {error}")))?,
        _ => Sighting::default(),
    };
    let at = moment(asked, &body);
    let mut given = uuid_of(&sent.uuid);
    let (mut last, mut why) = (None, None);
    for (view, parts) in places(state, asked, &body, &sent)? {
        let signed = save::signed(state, asked.who.member, view.circle);
        let attributes: Vec<&Attribute> =
            parts.iter().filter_map(|part| Some(view.attribute(*part)?.0)).collect();
        // A UUID that was sent is that of the first.
        let of_one = |attribute: &&Attribute| Sighting {
            uuid: given
                .take()
                .filter(|uuid| Some(*uuid) != uuid_of(&attribute.uuid))
                .unwrap_or_else(Uuid::new_v4)
                .to_string()
                .into(),
            date_sighting: at.to_string().into(),
            kind: sent.kind.text().unwrap_or("0").into(),
            source: sent.source.text().into(),
            organisation: signed.clone(),
            ..Sighting::default()
        };
        let sightings: Vec<Sighting> = attributes.iter().map(of_one).collect();
        let uuids = attributes.iter().map(|attribute| attribute.uuid.as_str().to_owned());
        let Some(event) = parts.first().map(|part| part.event()) else { continue };
        let saved = record(state, asked, &view, event, uuids.zip(sightings.iter().cloned()).collect())?;
        let taken = taken(&saved);
        for (attribute, mut sighting) in attributes.into_iter().zip(sightings) {
            if !uuid_of(&sighting.uuid).is_some_and(|uuid| taken.contains(&uuid)) {
                why.get_or_insert_with(|| why_not(attribute, &sighting, &saved));
                continue;
            }
            let number = uuid_of(&attribute.uuid).map_or(0, number::of).to_string();
            let event = view.facts.get(event).map_or(0, |facts| number::of(facts.uuid)).to_string();
            dress::dress_sighting(&mut sighting, &event.into(), &number, &attribute.uuid);
            last = Some(sighting);
        }
    }
    let not_added = || {
        let why = why.unwrap_or_else(|| "No valid attributes found.".to_owned());
        MispError::not_saved(format!("Could not add the Sighting. Reason: {why}"), json!([why]))
    };
    let sighting = last.ok_or_else(not_added)?;
    Ok(json(&json!({ "Sighting": sighting })))
}

/// Why a sighting is not there although nobody refused it.
fn why_not(attribute: &Attribute, sighting: &Sighting, saved: &Saved) -> String {
    if let Some(finding) = saved.findings.iter().find(|finding| finding.severity == Severity::Error) {
        return finding.to_string();
    }
    if attribute.sightings.iter().any(|known| uuid_of(&known.uuid) == uuid_of(&sighting.uuid)) {
        return format!("A sighting with the UUID {} is there already.", sighting.uuid.as_str());
    }
    if !matches!(sighting.kind.as_str(), "0" | "1") {
        let kind = sighting.kind.as_str();
        return format!(
            "Sightings are kept in STIX, which has none of the type {kind}: only 0 and 1 can be added."
        );
    }
    let kind = attribute.kind.as_str();
    format!(
        "Sightings are kept in STIX, where an attribute of the type {kind} is nothing that can be sighted."
    )
}

/// The UUIDs of the sightings that were added.
fn taken(saved: &Saved) -> HashSet<Uuid> {
    let sightings = saved.appended.iter().filter(|id| matches!(id.object_type(), "sighting" | "opinion"));
    sightings.map(ObjectId::uuid).collect()
}

/// Attributes of one event, in their view.
type OfOneEvent = (Arc<View>, Vec<Part>);

/// The attributes that a sighting is for, event by event: the one that is named, or all with one of the values.
fn places(state: &State, asked: &Asked, body: &Json, sent: &Sighting) -> Result<Vec<OfOneEvent>, MispError> {
    let text = |name: &str| match body.get(name) {
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let mut values: Vec<String> = text("value").into_iter().collect();
    if let Some(Json::Array(list)) = body.get("values") {
        values.extend(list.iter().filter_map(Json::as_str).map(str::to_owned).take(VALUES_MAX));
    }
    let named =
        asked.call.first().map(str::to_owned).or_else(|| sent.attribute_uuid.text().map(str::to_owned));
    if let Some(id) = named.or_else(|| text("uuid").or_else(|| text("id")).filter(|_| values.is_empty())) {
        let (view, part) = state.part(&asked.who, &id, "attribute")?;
        return match part {
            Part::Attribute(..) => Ok(vec![(view, vec![part])]),
            _ => Err(MispError::not_found("attribute")),
        };
    }
    let values: HashSet<String> = values.into_iter().collect();
    let (mut found, mut room) = (Vec::new(), VALUES_MAX);
    for view in state.views(&asked.who)? {
        for (at, event) in view.events.iter().enumerate() {
            let with_value =
                super::attributes(event).filter(|(attribute, _)| values.contains(attribute.value.as_str()));
            let parts = with_value.filter_map(|(attribute, _)| view.find(attribute.uuid.as_str()));
            let parts: Vec<Part> = parts.filter(|part| part.event() == at).take(room).collect();
            room -= parts.len();
            if !parts.is_empty() {
                found.push((Arc::clone(&view), parts));
            }
        }
    }
    Ok(found)
}

/// When something was seen, in seconds since 1970; now, if nothing is said.
fn moment(asked: &Asked, body: &Json) -> i64 {
    let text = |name: &str| match body.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let number = |text: &str| text.split('.').next().and_then(|whole| whole.parse::<i64>().ok());
    let named = [text("timestamp"), text("date_sighting")];
    let named = named.iter().find_map(|text| number(text).or_else(|| lenient(text).map(|at| at.seconds())));
    let date = lenient(&format!("{} {}", text("date"), text("time"))).map(|at| at.seconds());
    date.or(named).filter(|at| (1..253_402_300_800).contains(at)).unwrap_or_else(|| asked.who.now.seconds())
}

/// Adds sightings to attributes of one event.
fn record(
    state: &State,
    asked: &Asked,
    view: &View,
    at: usize,
    sightings: Vec<(String, Sighting)>,
) -> Result<Saved, MispError> {
    let plain = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let mut seen = plain.clone();
    let mut by_uuid: std::collections::HashMap<String, Vec<Sighting>> = std::collections::HashMap::new();
    for (uuid, sighting) in sightings {
        by_uuid.entry(uuid.to_ascii_lowercase()).or_default().push(sighting);
    }
    let in_objects = seen.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    for attribute in seen.attributes.all.iter_mut().chain(in_objects) {
        let known: HashSet<String> =
            attribute.sightings.iter().map(|one| one.uuid.as_str().to_owned()).collect();
        let new = by_uuid.remove(&attribute.uuid.as_str().to_ascii_lowercase()).unwrap_or_default();
        attribute.sightings.all.extend(new.into_iter().filter(|one| !known.contains(one.uuid.as_str())));
    }
    save::save(state, &asked.who, view.circle, Some(plain), Some(&seen), Whose::Added(TYPES))
}

/// The sightings in a request, under `Sighting` or bare.
fn list_of(body: Json) -> Vec<Sighting> {
    let body = match body {
        Json::Object(mut parts) if parts.contains_key("Sighting") => {
            parts.remove("Sighting").unwrap_or_default()
        }
        body => body,
    };
    let Json::Array(list) = body else { return Vec::new() };
    list.into_iter().take(SIGHTINGS_MAX).filter_map(|one| serde_json::from_value(one).ok()).collect()
}

/// What a MISP sends along with an event that it pushed.
pub(super) fn bulk(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let own = save::signed(state, asked.who.member, view.circle);
    let sent = list_of(asked.json()?).into_iter().filter_map(|mut sighting| {
        let attribute = sighting.attribute_uuid.text()?.to_owned();
        uuid_of(&sighting.uuid)?;
        (seconds(&sighting.date_sighting) > 0).then_some(())?;
        if sighting.organisation.get().is_none_or(|org| org.name.text().is_none()) {
            sighting.organisation = own.clone();
        }
        Some((attribute, sighting))
    });
    let saved = record(state, asked, &view, at, sent.collect())?;
    Ok(json(&match taken(&saved).len() {
        0 => json!({ "saved": false, "success": "No sightings added." }),
        count => json!({ "saved": true, "success": format!("{count} sightings added.") }),
    }))
}

/// Which of the sightings that a partner would push are here already.
pub(super) fn filter_for_push(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("event"))?;
    let (view, at) = state.event(&asked.who, id)?;
    let offered = asked.json()?;
    let offered: HashSet<&str> = offered.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let event = view.events.get(at).ok_or_else(|| MispError::not_found("event"))?;
    let known = super::view::sightings(event).map(|(sighting, _)| sighting.uuid.as_str());
    Ok(json(&known.filter(|uuid| offered.contains(uuid)).collect::<Vec<_>>()))
}

/// What is asked of sightings.
#[derive(Default)]
struct Wanted {
    /// UUIDs or numbers of events or attributes; `None` means all.
    context: Option<(bool, HashSet<String>)>,
    kind: Option<String>,
    source: Option<String>,
    org: super::filter::Orgs,
    span: super::filter::Times,
    attribute: bool,
    event: bool,
}

pub(super) fn search(state: &State, asked: &Asked) -> Answer {
    let parameters = asked.parameters()?;
    let get = |name: &str| {
        let mut found = parameters.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value).filter(|value| !value.is_null())
    };
    let text = |value: &Json| match value {
        Json::String(text) => text.to_ascii_lowercase(),
        value => value.to_string(),
    };
    let texts = |value: &Json| match value {
        Json::Array(list) => list.iter().map(text).collect::<HashSet<String>>(),
        one => HashSet::from([text(one)]),
    };
    let context = asked.call.first().or_else(|| get("context").and_then(Json::as_str));
    let of_event = match context {
        Some("event") => Some(true),
        Some("attribute") => Some(false),
        None => None,
        Some(other) => return Err(MispError::bad_request(format!("Invalid context {other}."))),
    };
    let ids = get("uuid").or_else(|| get("id")).map(texts);
    let context = match (of_event, ids) {
        (Some(_), None) => {
            return Err(MispError::bad_request("An ID or UUID must be provided if the context is set."));
        }
        (Some(of_event), Some(ids)) => Some((of_event, ids)),
        (None, _) => None,
    };
    let bad = |name: &'static str| move || MispError::bad_request(format!("The filter `{name}` is no time."));
    let span = match (get("from"), get("to"), get("last")) {
        (Some(from), Some(to), _) => json!([from, to]),
        (_, _, Some(last)) => last.clone(),
        (Some(from), None, None) => from.clone(),
        // As MISP has it.
        _ => json!("30d"),
    };
    let is_set =
        |name: &str| get(name).is_some_and(|value| !matches!(text(value).as_str(), "" | "0" | "false"));
    let wanted = Wanted {
        context,
        kind: get("type").map(text),
        source: get("source").map(text),
        org: super::filter::Orgs::read(get("org_id").unwrap_or(&Json::Null))
            .map_err(|error| MispError::bad_request(error.to_string()))?,
        span: super::filter::Times::read(&span, asked.who.now).ok_or_else(bad("last"))?,
        attribute: is_set("includeAttribute"),
        event: is_set("includeEvent"),
    };
    let found = found(state, asked, &wanted)?;
    let rows: Vec<Json> = found.into_iter().map(|row| json!({ "Sighting": row })).collect();
    Ok(super::counted(&json!({ "response": rows }), rows.len()))
}

fn found(state: &State, asked: &Asked, wanted: &Wanted) -> Result<Vec<Json>, MispError> {
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for view in state.views(&asked.who)? {
        for (at, facts) in view.facts.iter().enumerate().filter(|(_, facts)| facts.sighted > 0) {
            let meant = |uuid: Option<Uuid>| match (&wanted.context, uuid) {
                (Some((_, ids)), Some(uuid)) => {
                    ids.contains(&uuid.to_string()) || ids.contains(&number::of(uuid).to_string())
                }
                _ => true,
            };
            let of_event = wanted.context.as_ref().is_some_and(|(of_event, _)| *of_event);
            if of_event && !meant(Some(facts.uuid)) {
                continue;
            }
            // Most events have nothing that is meant.
            let is_here = view.events.get(at).is_some_and(|event| {
                of_event || super::view::sightings(event).any(|(_, one)| meant(uuid_of(&one.uuid)))
            });
            let Some(event) = is_here.then(|| dress::event(&view, at)).flatten() else { continue };
            for (sighting, attribute) in super::view::sightings(&event) {
                let fits = (of_event || meant(uuid_of(&attribute.uuid)))
                    && wanted.kind.as_deref().is_none_or(|kind| sighting.kind.as_str() == kind)
                    && wanted
                        .source
                        .as_deref()
                        .is_none_or(|one| sighting.source.as_str().eq_ignore_ascii_case(one))
                    && wanted.span.has(seconds(&sighting.date_sighting))
                    && wanted.org.has(sighting.organisation.get());
                if fits && seen.insert(sighting.uuid.as_str().to_owned()) {
                    rows.push(row(&event, attribute, sighting, wanted));
                }
            }
        }
    }
    Ok(rows)
}

fn row(event: &Event, attribute: &Attribute, sighting: &Sighting, wanted: &Wanted) -> Json {
    let mut row = serde_json::to_value(sighting).unwrap_or_default();
    if let Some(row) = row.as_object_mut() {
        row.insert("event_uuid".to_owned(), event.uuid.as_str().into());
        row.insert("attribute_uuid".to_owned(), attribute.uuid.as_str().into());
        if wanted.attribute {
            let short = json!({
                "id": attribute.id, "uuid": attribute.uuid, "type": attribute.kind, "category": attribute.category,
                "to_ids": attribute.to_ids, "value": attribute.value, "event_id": event.id,
            });
            row.insert("Attribute".to_owned(), short);
        }
        if wanted.event {
            let short = json!({
                "id": event.id, "uuid": event.uuid, "info": event.info, "orgc_id": event.orgc_id,
                "org_id": event.org_id, "Orgc": event.orgc,
            });
            row.insert("Event".to_owned(), short);
        }
    }
    row
}

/// The sightings of one event or attribute, or of everything, bare.
pub(super) fn list(state: &State, asked: &Asked) -> Answer {
    let parameters = asked.parameters()?;
    let get = |name: &str| parameters.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_ascii_lowercase);
    let id = asked.call.first().map(str::to_owned).or_else(|| get("id").map(text));
    let of_event = asked.call.action == "index" || get("context").and_then(Json::as_str) == Some("event");
    let wanted = Wanted {
        context: id.map(|id| (of_event, HashSet::from([id]))),
        org: super::filter::Orgs::read(get("org_id").unwrap_or(&Json::Null))
            .map_err(|error| MispError::bad_request(error.to_string()))?,
        ..Wanted::default()
    };
    Ok(json(&found(state, asked, &wanted)?))
}

pub(super) fn delete(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("sighting"))?;
    for view in state.views(&asked.who)? {
        for at in 0..view.events.len() {
            let Some(subject) = Subject::new(&view, at) else { continue };
            let meant = super::view::sightings(subject.event).find(|(sighting, _)| {
                uuid_of(&sighting.uuid)
                    .is_some_and(|uuid| uuid.to_string() == *id || number::of(uuid).to_string() == *id)
            });
            let Some(uuid) = meant.and_then(|(sighting, _)| uuid_of(&sighting.uuid)) else { continue };
            let ids = TYPES.iter().take(3).filter_map(|name| ObjectId::new(name, uuid).ok());
            let ids: Vec<ObjectId> = ids.collect();
            let own = state.misp.gate.has_brought(asked.who.member, view.circle, &ids);
            let own: Vec<ObjectId> =
                ids.into_iter().zip(own).filter(|(_, own)| *own).map(|(id, _)| id).collect();
            if own.is_empty() {
                return Err(MispError::forbidden());
            }
            let told = state.misp.gate.withdraw(asked.who.member, view.circle, &own, "deleted over MISP");
            told.map_err(save::refused)?;
            let message = "Sighting successfully deleted.";
            return Ok(json(&json!({
                "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path, "id": id,
            })));
        }
    }
    Err(MispError::not_found("sighting"))
}
