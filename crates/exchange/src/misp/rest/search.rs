//! `restSearch` over events, attributes and objects.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;
use watch::{Context, Guard, guess};

use super::error::{Answer, MispError};
use super::export;
use super::filter::{Filter, Format, Subject};
use super::{ANSWER_BYTES_MAX, Asked, State, View, bytes, dress, events};
use crate::misp::wire::{Attribute, Event, Object};

/// What a search asks for, from the path, the query and the body; `json` and other formats may stand in the path.
fn filter(asked: &Asked) -> Result<Filter, MispError> {
    let mut parameters = asked.parameters()?;
    if let Some(format) = asked.call.first() {
        parameters.insert(0, ("returnFormat".to_owned(), Json::from(format)));
    }
    let read = Filter::read(parameters.iter().map(|(name, value)| (name.as_str(), value)), asked.who.now);
    read.map_err(|error| MispError::bad_request(error.to_string()))
}

/// The events that are asked for. Of one that is in several circles the newest is meant.
pub(super) fn events_of<'v>(views: &'v [Arc<View>], filter: &Filter) -> Vec<Subject<'v>> {
    all(views).into_iter().filter(|subject| filter.has_event(subject)).collect()
}

/// Every event once, in the circles' order.
fn all(views: &[Arc<View>]) -> Vec<Subject<'_>> {
    let mut newest: HashMap<Uuid, (usize, i64)> = HashMap::new();
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    for view in views {
        for subject in (0..view.events.len()).filter_map(|at| Subject::new(view, at)) {
            let facts = *subject.facts;
            match newest.get_mut(&facts.uuid) {
                None => {
                    newest.insert(facts.uuid, (subjects.len(), facts.changed));
                    subjects.push(subject);
                }
                Some((place, changed)) if facts.changed > *changed => {
                    *changed = facts.changed;
                    if let Some(known) = subjects.get_mut(*place) {
                        *known = subject;
                    }
                }
                Some(_) => {}
            }
        }
    }
    subjects
}

/// Text that grows up to a limit.
#[derive(Default)]
pub(super) struct Growing(Vec<u8>);

impl Growing {
    pub(super) fn push(&mut self, text: &[u8]) -> Result<(), MispError> {
        if self.0.len() + text.len() > ANSWER_BYTES_MAX {
            let message = format!(
                "The answer would be longer than {ANSWER_BYTES_MAX} bytes. Narrow the search, or use limit and page."
            );
            return Err(MispError::new(http::StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        self.0.extend_from_slice(text);
        Ok(())
    }

    /// Pushes a value of a list, with a comma before all but the first.
    fn item(&mut self, is_first: bool, value: &impl serde::Serialize) -> Result<(), MispError> {
        let text = serde_json::to_vec(value).map_err(|error| MispError::unavailable(&error))?;
        if !is_first {
            self.push(b",")?;
        }
        self.push(&text)
    }

    pub(super) fn into_bytes(self) -> axum::body::Bytes {
        self.0.into()
    }
}

fn with_count(mut response: axum::response::Response, count: usize) -> axum::response::Response {
    response.headers_mut().insert("x-result-count", http::HeaderValue::from(count));
    response
}

pub(super) fn events(state: &State, asked: &Asked) -> Answer {
    let filter = filter(asked)?;
    let views = state.views(&asked.who)?;
    let subjects = events_of(&views, &filter);
    let count = subjects.len();
    let (first, limit) = filter.window();
    let wanted: Vec<Subject<'_>> = subjects.into_iter().skip(first).take(limit).collect();
    let guard = guard(state, &filter);
    let response = match filter.format {
        Format::Json => {
            let mut text = Growing::default();
            text.push(b"{\"response\":[")?;
            let mut is_first = true;
            for subject in &wanted {
                let Some(event) = narrowed(subject, &filter, guard.as_ref()) else { continue };
                text.item(is_first, &json!({ "Event": event }))?;
                is_first = false;
            }
            text.push(b"]}")?;
            let whole = wanted.iter().filter(|subject| filter.leaves_whole(subject)).copied();
            state.delivered_of(&asked.who, &views, &whole.collect::<Vec<_>>())?;
            bytes(text.into_bytes(), "application/json")
        }
        Format::Stix2 => export::stix2(state, asked, &wanted, None)?,
        Format::Count => bytes(count.to_string().into_bytes().into(), "application/json"),
        _ => {
            let mut rows = Vec::new();
            for subject in &wanted {
                rows.extend(
                    super::attributes(subject.event).map(|(attribute, object)| (*subject, attribute, object)),
                );
            }
            rows.retain(|(subject, attribute, object)| {
                filter.keeps(subject, attribute, *object) && passes(guard.as_ref(), attribute)
            });
            export::rows(&filter, &rows)?
        }
    };
    Ok(with_count(response, count))
}

/// An event with what of it the search leaves in.
fn narrowed(subject: &Subject<'_>, filter: &Filter, guard: Option<&(Guard, Context)>) -> Option<Event> {
    let mut event = dress::event(subject.view, subject.at)?;
    if filter.shape.metadata {
        events::strip_parts(&mut event);
    }
    let stays = |attribute: &Attribute, object: Option<&Object>| {
        filter.keeps(subject, attribute, object) && passes(guard, attribute)
    };
    event.attributes.all.retain(|attribute| stays(attribute, None));
    for object in &mut event.objects.all {
        let outer = Object { deleted: object.deleted, ..Object::default() };
        object.attributes.all.retain(|attribute| stays(attribute, Some(&outer)));
    }
    event.objects.all.retain(|object| !object.attributes.all.is_empty());
    event.reports.all.retain(|report| filter.deleted.has(report.deleted.is_true()));
    if !filter.shape.attachments {
        let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
        event.attributes.all.iter_mut().chain(in_objects).for_each(|one| one.data = Default::default());
    }
    if filter.shape.group_reference_only {
        event.sharing_group = Default::default();
    }
    Some(event)
}

/// The guard behind `enforceWarninglist`.
fn guard(state: &State, filter: &Filter) -> Option<(Guard, Context)> {
    filter.shape.warninglists.then(|| warninglists(state))
}

/// What is on a warning list, for this node.
pub(super) fn warninglists(state: &State) -> (Guard, Context) {
    let (guard, _) = Guard::new::<&str>((state.misp.lists)(), &[]);
    (guard, Context::new((state.misp.now)(), 0))
}

fn passes(guard: Option<&(Guard, Context)>, attribute: &Attribute) -> bool {
    let Some((guard, context)) = guard else { return true };
    guess(attribute.value.as_str()).is_none_or(|value| guard.check(&value, context).is_ok())
}

/// One attribute that is asked for, with its event and object.
pub(super) type Row<'v> = (Subject<'v>, &'v Attribute, Option<&'v Object>);

/// Rows with the event that they stand in, so that what an event needs is made once.
pub(super) fn by_event<'r, 'v>(rows: &'r [Row<'v>]) -> impl Iterator<Item = (Subject<'v>, &'r [Row<'v>])> {
    let of_one = rows.chunk_by(|(a, ..), (b, ..)| a.is(b));
    of_one.filter_map(|rows| Some((rows.first()?.0, rows)))
}

pub(super) fn attributes(state: &State, asked: &Asked) -> Answer {
    let filter = filter(asked)?;
    let views = state.views(&asked.who)?;
    let guard = guard(state, &filter);
    let mut found: Vec<Row<'_>> = Vec::new();
    for subject in all(&views) {
        let within = filter.within(&subject);
        let wanted = super::view::all_attributes(subject.event).filter(|(attribute, object)| {
            within.has(attribute, *object) && passes(guard.as_ref(), attribute)
        });
        found.extend(wanted.map(|(attribute, object)| (subject, attribute, object)));
    }
    let count = found.len();
    let (first, limit) = filter.window();
    let rows: Vec<Row<'_>> = found.into_iter().skip(first).take(limit).collect();
    let response = match filter.format {
        Format::Json => attributes_json(asked, &filter, &rows)?,
        Format::Stix2 => {
            let subjects: Vec<Subject<'_>> = by_event(&rows).map(|(subject, _)| subject).collect();
            // What stands in an object has become STIX with it, under the object's UUID.
            let only = rows
                .iter()
                .map(|(_, attribute, object)| object.map_or(&attribute.uuid, |object| &object.uuid));
            let only = only.map(|uuid| uuid.as_str().to_owned()).collect();
            export::stix2(state, asked, &subjects, Some(&only))?
        }
        Format::Count => bytes(count.to_string().into_bytes().into(), "application/json"),
        _ => export::rows(&filter, &rows)?,
    };
    Ok(with_count(response, count))
}

fn attributes_json(
    asked: &Asked,
    filter: &Filter,
    rows: &[Row<'_>],
) -> Result<axum::response::Response, MispError> {
    let mut text = Growing::default();
    let is_index = asked.call.action == "index";
    text.push(if is_index { b"[" } else { b"{\"response\":{\"Attribute\":[" })?;
    let mut is_first = true;
    for (subject, rows) in by_event(rows) {
        let Some(event) = dress::event(subject.view, subject.at) else { continue };
        let mut shown: HashMap<&str, &Attribute> = HashMap::new();
        for (attribute, _) in super::view::all_attributes(&event) {
            shown.entry(attribute.uuid.as_str()).or_insert(attribute);
        }
        let short = short(&event, filter);
        for (_, attribute, _) in rows {
            let Some(own) = shown.get(attribute.uuid.as_str()) else { continue };
            text.item(std::mem::take(&mut is_first), &with_context(own, &event, &short, filter))?;
        }
    }
    text.push(if is_index { b"]" } else { b"]}}" })?;
    Ok(bytes(text.into_bytes(), "application/json"))
}

/// An attribute with what of its event is asked for; `short` is said of the event beside it.
fn with_context(attribute: &Attribute, event: &Event, short: &Map<String, Json>, filter: &Filter) -> Json {
    let mut attribute = attribute.clone();
    if !filter.shape.attachments {
        attribute.data = Default::default();
    }
    if !filter.shape.sightings {
        attribute.sightings = Default::default();
    }
    if filter.shape.event_uuid || filter.shape.context {
        attribute.event_uuid = event.uuid.clone();
    }
    if filter.shape.event_tags {
        attribute.tags.all.extend(event.tags.iter().cloned());
    }
    let mut row = serde_json::to_value(&attribute).unwrap_or_default();
    if let Some(row) = row.as_object_mut() {
        row.insert("Event".to_owned(), short.clone().into());
    }
    row
}

/// What is said of an event beside its attributes.
fn short(event: &Event, filter: &Filter) -> Map<String, Json> {
    let mut short = Map::new();
    for (name, text) in [
        ("id", &event.id),
        ("org_id", &event.org_id),
        ("orgc_id", &event.orgc_id),
        ("distribution", &event.distribution),
        ("info", &event.info),
        ("uuid", &event.uuid),
    ] {
        short.insert(name.to_owned(), text.as_str().into());
    }
    if filter.shape.context {
        let more = [
            ("date", &event.date),
            ("timestamp", &event.timestamp),
            ("publish_timestamp", &event.publish_timestamp),
            ("threat_level_id", &event.threat_level_id),
            ("analysis", &event.analysis),
        ];
        short.extend(more.map(|(name, text)| (name.to_owned(), text.as_str().into())));
        short.insert("published".to_owned(), event.published.is_true().into());
        short.insert("Orgc".to_owned(), serde_json::to_value(&event.orgc).unwrap_or_default());
        short.insert("Tag".to_owned(), serde_json::to_value(&event.tags).unwrap_or_default());
    }
    short
}

pub(super) fn objects(state: &State, asked: &Asked) -> Answer {
    let filter = filter(asked)?;
    if filter.format != Format::Json {
        return Err(MispError::bad_request("Objects are searched with returnFormat json."));
    }
    let views = state.views(&asked.who)?;
    let mut found: Vec<(Subject<'_>, usize)> = Vec::new();
    for subject in all(&views) {
        let within = filter.within(&subject);
        for (at, object) in subject.event.objects.iter().enumerate() {
            let has = |attribute: &Attribute| within.has(attribute, Some(object));
            if filter.has_object(object) && object.attributes.iter().any(has) {
                found.push((subject, at));
            }
        }
    }
    let count = found.len();
    let (first, limit) = filter.window();
    let mut text = Growing::default();
    text.push(b"{\"response\":[")?;
    let mut is_first = true;
    let wanted = found.get(first..).unwrap_or_default();
    let wanted = wanted.get(..limit.min(wanted.len())).unwrap_or_default();
    for of_one in wanted.chunk_by(|(a, _), (b, _)| a.is(b)) {
        let event = of_one.first().and_then(|(subject, _)| dress::event(subject.view, subject.at));
        let Some(event) = event else { continue };
        for object in of_one.iter().filter_map(|(_, at)| event.objects.all.get(*at)) {
            text.item(std::mem::take(&mut is_first), &json!({ "Object": object }))?;
        }
    }
    text.push(b"]}")?;
    Ok(with_count(bytes(text.into_bytes(), "application/json"), count))
}
