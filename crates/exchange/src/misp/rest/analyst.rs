//! Analyst data (notes, opinions, relationships), as a MISP that synchronises asks for it.
//!
//! Analyst data stands in events; a partner is given the UUIDs that it can see there, fetches what it has not, and pushes its
//! own, which become objects of the partner's beside the event.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value as Json, json};

use super::error::{Answer, MispError};
use super::save::{self, Whose};
use super::view::{Part, View, uuid_of};
use super::{Asked, State, json};
use crate::misp::wire::{Analyst, Event};

const KINDS: [&str; 3] = ["Note", "Opinion", "Relationship"];
/// What analyst data is in STIX.
const TYPES: &[&str] = &["note", "opinion", "relationship", "identity", "extension-definition"];
/// Most UUIDs asked about at a time.
const ASKED_MAX: usize = 100_000;

/// All analyst data in an event, with its kind.
fn data(event: &Event) -> Vec<(&'static str, &Analyst)> {
    let mut all: Vec<(&'static str, &Analyst)> = Vec::new();
    let mut take = |notes, opinions, relationships| {
        let lists: [&crate::misp::wire::Many<Analyst>; 3] = [notes, opinions, relationships];
        for (kind, list) in KINDS.into_iter().zip(lists) {
            all.extend(list.all.iter().map(|one| (kind, one)));
        }
    };
    take(&event.notes, &event.opinions, &event.relationships);
    for object in &event.objects {
        take(&object.notes, &object.opinions, &object.relationships);
    }
    for (attribute, _) in super::attributes(event) {
        take(&attribute.notes, &attribute.opinions, &attribute.relationships);
    }
    all
}

/// UUIDs and times of change of all that the caller sees, by kind.
fn known(
    state: &State,
    asked: &Asked,
) -> Result<BTreeMap<&'static str, BTreeMap<String, String>>, MispError> {
    let mut known: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for view in state.views(&asked.who)? {
        for (kind, one) in view.events.iter().flat_map(data) {
            if let Some(uuid) = uuid_of(&one.uuid) {
                let modified = one.modified.as_str().to_owned();
                known.entry(kind).or_default().insert(uuid.to_string(), modified);
            }
        }
    }
    Ok(known)
}

pub(super) fn index_minimal(state: &State, asked: &Asked) -> Answer {
    let known = known(state, asked)?;
    Ok(match known.is_empty() {
        true => json(&json!([])),
        false => json(&known),
    })
}

pub(super) fn index(state: &State, asked: &Asked) -> Answer {
    let kind = asked.call.first().and_then(|kind| KINDS.into_iter().find(|known| *known == kind));
    let kind = kind.ok_or_else(|| MispError::bad_request("Invalid type."))?;
    let wanted: HashSet<String> = asked
        .parameters()?
        .into_iter()
        .filter(|(name, _)| name == "uuid")
        .flat_map(|(_, value)| match value {
            Json::Array(list) => list,
            one => vec![one],
        })
        .filter_map(|one| one.as_str().map(str::to_ascii_lowercase))
        .collect();
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for view in state.views(&asked.who)? {
        for (known, one) in view.events.iter().flat_map(data) {
            let Some(uuid) = uuid_of(&one.uuid).map(|uuid| uuid.to_string()) else { continue };
            if known == kind && (wanted.is_empty() || wanted.contains(&uuid)) && seen.insert(uuid) {
                rows.push(json!({ kind: one }));
            }
        }
    }
    Ok(json(&rows))
}

/// Which of what a partner would push is not here yet, or newer.
pub(super) fn filter_for_push(state: &State, asked: &Asked) -> Answer {
    let known = known(state, asked)?;
    let offered = asked.json()?;
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for kind in KINDS {
        let Some(rows) = offered.get(kind) else { continue };
        let rows: Vec<(String, String)> = match rows {
            Json::Object(rows) => rows
                .iter()
                .map(|(uuid, modified)| (uuid.clone(), modified.as_str().unwrap_or_default().to_owned()))
                .take(ASKED_MAX)
                .collect(),
            Json::Array(rows) => {
                let text = |row: &Json, name: &str| {
                    row.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
                };
                rows.iter().map(|row| (text(row, "uuid"), text(row, "modified"))).take(ASKED_MAX).collect()
            }
            _ => continue,
        };
        let own = known.get(kind);
        let new = rows.into_iter().filter(|(uuid, modified)| {
            let here = own.and_then(|own| own.get(&uuid.to_ascii_lowercase()));
            here.is_none_or(|here| here < modified)
        });
        wanted.insert(kind, new.map(|(uuid, _)| uuid).collect());
    }
    Ok(json(&wanted))
}

/// Takes a partner's note, opinion or relationship in, beside what it is about.
pub(super) fn push(state: &State, asked: &Asked) -> Answer {
    let body = asked.json()?;
    let found = KINDS.into_iter().find_map(|kind| Some((kind, body.get(kind)?)));
    let (kind, sent) = found.ok_or_else(|| MispError::bad_request("Invalid type."))?;
    let mut one: Analyst = serde_json::from_value(sent.clone())
        .map_err(|error| MispError::bad_request(format!("Invalid {kind}: {error}")))?;
    if uuid_of(&one.uuid).is_none() {
        one.uuid = uuid::Uuid::new_v4().to_string().into();
    }
    let about = one.object_uuid.text().ok_or_else(|| MispError::not_found("target"))?.to_owned();
    let (view, part) = state.part(&asked.who, &about, "target")?;
    let plain = view.events.get(part.event()).ok_or_else(|| MispError::not_found("target"))?;
    let seen = with(&view, part, kind, one)?;
    let saved = save::save(state, &asked.who, view.circle, Some(plain), Some(&seen), Whose::Added(TYPES))?;
    if saved.appended.is_empty() {
        return Err(MispError::findings("Could not import analyst data.", &saved.findings));
    }
    let message = "Analyst Data imported. 1 imported, 0 ignored, 0 failed.";
    Ok(json(&json!({
        "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path,
    })))
}

/// The event with one thing more said of one of its parts.
fn with(view: &View, part: Part, kind: &str, one: Analyst) -> Result<Event, MispError> {
    let absent = || MispError::not_found("target");
    let mut event = view.events.get(part.event()).cloned().ok_or_else(absent)?;
    let lists = match part {
        Part::Event(_) => (&mut event.notes, &mut event.opinions, &mut event.relationships),
        Part::Object(_, at) => {
            let object = event.objects.all.get_mut(at).ok_or_else(absent)?;
            (&mut object.notes, &mut object.opinions, &mut object.relationships)
        }
        Part::Attribute(_, object, at) => {
            let attributes = match object {
                None => &mut event.attributes.all,
                Some(which) => &mut event.objects.all.get_mut(which).ok_or_else(absent)?.attributes.all,
            };
            let attribute = attributes.get_mut(at).ok_or_else(absent)?;
            (&mut attribute.notes, &mut attribute.opinions, &mut attribute.relationships)
        }
    };
    let list = match kind {
        "Note" => lists.0,
        "Opinion" => lists.1,
        _ => lists.2,
    };
    list.all.retain(|known| known.uuid != one.uuid);
    list.all.push(one);
    Ok(event)
}
