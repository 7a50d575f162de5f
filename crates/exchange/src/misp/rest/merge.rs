//! A client's edit: what was sent laid over what is there.
//!
//! Clients send back what they were shown, with numbers and defaults that this node put there and changes of their own in
//! between. What comes back as it was shown is no change. Parts that are not mentioned stay, as in MISP; a part goes by
//! `deleted`. What changed and has no later time of its own gets the time of the edit, since partners compare times.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::dress::{is_mark, mark_of};
use super::error::MispError;
use super::view::seconds;
use crate::misp::wire::{Attribute, Event, Text};

/// What belongs to an instance or is not the client's to change.
const NOT_EDITED: &[&str] = &[
    "id",
    "org_id",
    "orgc_id",
    "event_id",
    "object_id",
    "attribute_id",
    "old_id",
    "sharing_group_id",
    "referenced_id",
    "attribute_count",
    "event_creator_email",
    "event_uuid",
    "user_id",
    "Org",
    "Orgc",
    "RelatedEvent",
    "Event",
];

/// By which field the parts in a list are told apart.
fn identity(key: &str) -> Option<&'static str> {
    Some(match key {
        "Attribute" | "Object" | "EventReport" | "ObjectReference" | "Sighting" | "Note" | "Opinion"
        | "Relationship" | "Galaxy" | "GalaxyCluster" => "uuid",
        "Tag" => "name",
        _ => return None,
    })
}

/// The event after an edit: `plain` is what is there, `shown` what the client saw of it, `sent` what it sent.
pub(super) fn edited(plain: &Event, shown: &Event, sent: &Event, now: i64) -> Result<Event, MispError> {
    let json = |event: &Event| serde_json::to_value(event).map_err(|error| MispError::unavailable(&error));
    let mut merged = json(plain)?;
    lay_over(&mut merged, &json(shown)?, &json(sent)?);
    let mut event: Event = serde_json::from_value(merged)
        .map_err(|error| MispError::bad_request(format!("The event can't be read: {error}")))?;
    stamp(plain, &mut event, now);
    Ok(event)
}

fn lay_over(merged: &mut Json, shown: &Json, sent: &Json) {
    let (Some(merged), Some(sent)) = (merged.as_object_mut(), sent.as_object()) else { return };
    for (key, value) in sent {
        // What has a UUID was found by it, in whatever spelling it was sent.
        if NOT_EDITED.contains(&key.as_str()) || key == "uuid" && merged.contains_key(key) {
            continue;
        }
        match (identity(key), value) {
            (Some(by), Json::Array(parts)) => list(merged, key, by, shown.get(key), parts),
            (Some(_), _) => {}
            (None, value) if shown.get(key) == Some(value) => {}
            (None, value) => drop(merged.insert(key.clone(), value.clone())),
        }
    }
}

fn list(merged: &mut Map<String, Json>, key: &str, by: &str, shown: Option<&Json>, sent: &[Json]) {
    let own = merged.entry(key.to_owned()).or_insert_with(|| Json::Array(Vec::new()));
    let Some(own) = own.as_array_mut() else { return };
    let shown = shown.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let name = |part: &Json| part.get(by).and_then(Json::as_str).map(normalised);
    let seen_as = places(shown.iter().map(name));
    let mut known_as = places(own.iter().map(name));
    let mut gone = HashSet::new();
    for part in sent {
        let goes = part.get("deleted").and_then(Json::as_bool) == Some(true);
        let named = name(part);
        let first = |places: &HashMap<String, VecDeque<usize>>| {
            named.as_ref().and_then(|name| places.get(name)?.front().copied())
        };
        let seen = first(&seen_as).and_then(|at| shown.get(at));
        match (first(&known_as), seen) {
            (Some(at), _) if goes && key == "Tag" => {
                gone.insert(at);
                if let Some(places) = named.as_ref().and_then(|name| known_as.get_mut(name)) {
                    places.pop_front();
                }
            }
            (Some(at), seen) => {
                let is_old = seen.is_some_and(|seen| !is_newer(part, seen));
                if let Some(one) = own.get_mut(at) {
                    part_over(one, seen.unwrap_or(&Json::Null), part, is_old && !goes);
                }
            }
            // This node put it there, as it does with marks.
            (None, Some(_)) => {}
            (None, None) if goes => {}
            (None, None) => {
                if let Some(name) = named {
                    known_as.entry(name).or_default().push_back(own.len());
                }
                own.push(part.clone());
            }
        }
    }
    let mut at = 0..own.len();
    own.retain(|_| at.next().is_none_or(|at| !gone.contains(&at)));
}

/// UUIDs and names are the same in all their spellings.
fn normalised(name: &str) -> String {
    Uuid::try_parse(name).map_or_else(|_| name.to_ascii_lowercase(), |uuid| uuid.to_string())
}

/// Where in a list each name stands, in order.
fn places(names: impl Iterator<Item = Option<String>>) -> HashMap<String, VecDeque<usize>> {
    let mut places: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (at, name) in names.enumerate() {
        if let Some(name) = name {
            places.entry(name).or_default().push_back(at);
        }
    }
    places
}

/// Lays a part over itself; of one that is not newer than what is there, only what is inside it counts.
fn part_over(own: &mut Json, seen: &Json, sent: &Json, is_old: bool) {
    if !is_old {
        return lay_over(own, seen, sent);
    }
    let inside = sent.as_object().map(|parts| {
        parts
            .iter()
            .filter(|(key, _)| identity(key).is_some())
            .map(|(key, value)| (key.clone(), value.clone()))
    });
    lay_over(own, seen, &Json::Object(inside.map(Iterator::collect).unwrap_or_default()));
}

/// What names no time was changed just now.
fn is_newer(sent: &Json, seen: &Json) -> bool {
    let time =
        |part: &Json| part.get("timestamp").and_then(Json::as_str).and_then(|text| text.parse::<i64>().ok());
    match (time(sent), time(seen)) {
        (Some(sent), Some(seen)) => sent > seen,
        _ => true,
    }
}

/// Gives what changed a time after the one that it had.
pub(super) fn stamp(before: &Event, after: &mut Event, now: i64) {
    let marks =
        |event: &Event| (mark_of(&event.tags.all), event.tags.iter().filter(|tag| is_mark(tag)).count());
    // What is inside counts as its event's marks say.
    let all = marks(before) != marks(after);
    let old = by_uuid(super::view::all_attributes(before).map(|(one, _)| one), |one| &one.uuid);
    let in_objects = after.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    for attribute in after.attributes.all.iter_mut().chain(in_objects) {
        let known = old.get(&normalised(attribute.uuid.as_str())).copied();
        let is_same = known.is_some_and(|known| bare(known) == bare(attribute));
        later(&mut attribute.timestamp, known.map(|known| &known.timestamp), is_same && !all, now);
    }
    let old = by_uuid(before.objects.iter(), |object| &object.uuid);
    for object in &mut after.objects.all {
        let known = old.get(&normalised(object.uuid.as_str())).copied();
        let is_same = known.is_some_and(|known| {
            let mut known = known.clone();
            known.timestamp.clone_from(&object.timestamp);
            known.attributes.clone_from(&object.attributes);
            known == *object
        });
        later(&mut object.timestamp, known.map(|known| &known.timestamp), is_same && !all, now);
    }
    let old = by_uuid(before.reports.iter(), |report| &report.uuid);
    for report in &mut after.reports.all {
        let known = old.get(&normalised(report.uuid.as_str())).copied();
        let is_same = known.is_some_and(|known| {
            let mut known = known.clone();
            known.timestamp.clone_from(&report.timestamp);
            known == *report
        });
        later(&mut report.timestamp, known.map(|known| &known.timestamp), is_same && !all, now);
    }
    let mut same = before.clone();
    same.timestamp.clone_from(&after.timestamp);
    let is_same = same == *after;
    later(&mut after.timestamp, Some(&before.timestamp), is_same, now);
}

/// The parts of an event by their UUIDs; of several with one UUID the first.
fn by_uuid<'p, P>(parts: impl Iterator<Item = &'p P>, uuid: impl Fn(&P) -> &Text) -> HashMap<String, &'p P> {
    let mut known = HashMap::new();
    for part in parts {
        known.entry(normalised(uuid(part).as_str())).or_insert(part);
    }
    known
}

fn bare(attribute: &Attribute) -> Attribute {
    Attribute { timestamp: Text::default(), sightings: Default::default(), ..attribute.clone() }
}

fn later(time: &mut Text, before: Option<&Text>, is_same: bool, now: i64) {
    match before {
        Some(before) if is_same => time.clone_from(before),
        Some(before) if seconds(time) <= seconds(before) => {
            *time = now.max(seconds(before) + 1).to_string().into();
        }
        None if seconds(time) == 0 => *time = now.to_string().into(),
        _ => {}
    }
}

/// Gives what is in an event and came without a UUID one of its own; the event has its UUID already.
pub(super) fn identify_parts(event: &mut Event, uuid: &Text) {
    event.uuid.clone_from(uuid);
    identify(event);
}

/// Gives everything that came without a UUID one of its own.
pub(super) fn identify(event: &mut Event) {
    let new = |uuid: &mut Text| {
        if super::view::uuid_of(uuid).is_none() {
            *uuid = Uuid::new_v4().to_string().into();
        }
    };
    new(&mut event.uuid);
    let in_objects = event.objects.all.iter_mut().flat_map(|object| {
        new(&mut object.uuid);
        object.references.all.iter_mut().for_each(|reference| new(&mut reference.uuid));
        &mut object.attributes.all
    });
    for attribute in event.attributes.all.iter_mut().chain(in_objects) {
        new(&mut attribute.uuid);
        attribute.sightings.all.iter_mut().for_each(|sighting| new(&mut sighting.uuid));
    }
    event.reports.all.iter_mut().for_each(|report| new(&mut report.uuid));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2101";
    const TWO: &str = "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2102";

    fn event(json: Json) -> Event {
        serde_json::from_value(json).unwrap()
    }

    fn plain() -> Event {
        event(json!({
            "uuid": ONE, "info": "old", "timestamp": "100", "Tag": [{"name": "tlp:green"}, {"name": "x:y"}],
            "Attribute": [{"uuid": TWO, "type": "domain", "value": "a.example", "timestamp": "100"}],
        }))
    }

    fn shown() -> Event {
        event(json!({
            "id": "7", "uuid": ONE, "info": "old", "timestamp": "100", "distribution": "1",
            "Tag": [{"name": "tlp:amber", "id": "3"}, {"name": "x:y", "id": "4"}],
            "Attribute": [{"id": "8", "uuid": TWO, "type": "domain", "value": "a.example", "timestamp": "100",
                "comment": "", "distribution": "5"}],
        }))
    }

    #[test]
    fn what_comes_back_as_it_was_shown_is_no_change() {
        assert_eq!(edited(&plain(), &shown(), &shown(), 500).unwrap(), plain());
        assert_eq!(edited(&plain(), &shown(), &event(json!({"uuid": ONE})), 500).unwrap(), plain());
    }

    #[test]
    fn what_changed_gets_the_time_of_the_edit_and_the_rest_keeps_its_own() {
        let sent = event(json!({"info": "new", "Attribute": [
            {"uuid": TWO, "type": "domain", "value": "a.example", "comment": "seen twice"},
            {"uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2103", "type": "domain", "value": "b.example"}]}));
        let after = edited(&plain(), &shown(), &sent, 500).unwrap();
        assert_eq!((after.info.as_str(), after.timestamp.as_str()), ("new", "500"));
        let times: Vec<&str> = after.attributes.iter().map(|one| one.timestamp.as_str()).collect();
        assert_eq!(times, ["500", "500"]);
        let title = edited(&plain(), &shown(), &event(json!({"info": "new"})), 500).unwrap();
        assert_eq!(title.attributes.all[0].timestamp.as_str(), "100");
        // An edit within the same second is still later.
        let again = edited(&plain(), &shown(), &event(json!({"info": "new"})), 100).unwrap();
        assert_eq!(again.timestamp.as_str(), "101");
    }

    #[test]
    fn a_part_that_is_not_newer_is_left_alone_and_a_deleted_tag_goes() {
        let sent = event(json!({
            "Attribute": [{"uuid": TWO, "value": "old.example", "timestamp": "99"}],
            "Tag": [{"name": "X:Y", "deleted": true}, {"name": "new"}, {"name": "tlp:amber"}],
        }));
        let after = edited(&plain(), &shown(), &sent, 500).unwrap();
        assert_eq!(after.attributes, plain().attributes);
        let tags: Vec<&str> = after.tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(tags, ["tlp:green", "new"], "the mark was this node's to show");
    }

    #[test]
    fn parts_are_found_by_their_uuids_in_every_spelling_and_tags_by_their_names() {
        let simple = TWO.replace('-', "").to_ascii_uppercase();
        let sent = event(json!({"Attribute": [{"uuid": simple, "comment": "seen twice"}]}));
        let after = edited(&plain(), &shown(), &sent, 500).unwrap();
        let parts: Vec<(&str, &str)> =
            after.attributes.iter().map(|one| (one.uuid.as_str(), one.comment.as_str())).collect();
        assert_eq!(parts, [(TWO, "seen twice")]);

        // One that stands there twice goes twice, and can come again.
        let twice = event(json!({"uuid": ONE, "Tag": [{"name": "x:y"}, {"name": "a"}, {"name": "X:Y"}]}));
        let goes = json!({"name": "x:y", "deleted": true});
        let tags = |sent: Json| {
            let after = edited(&twice, &twice, &event(json!({ "Tag": sent })), 500).unwrap();
            after.tags.iter().map(|tag| tag.name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tags(json!([goes])), ["a", "X:Y"]);
        assert_eq!(tags(json!([goes, goes])), ["a"]);
        assert_eq!(tags(json!([goes, goes, goes, {"name": "new"}, {"name": "New"}])), ["a", "New"]);
    }

    #[test]
    fn another_mark_on_the_event_changes_everything_in_it() {
        let sent = event(json!({"Tag": [{"name": "tlp:red"}]}));
        let after = edited(&plain(), &shown(), &sent, 500).unwrap();
        assert_eq!(after.attributes.all[0].timestamp.as_str(), "500");
    }
}
