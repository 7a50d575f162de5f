//! What MISP sends with everything: numbers, defaults, and how far an event may go on.
//!
//! An event in a view has what its source said. Clients expect every field that MISP always sends, and a distribution that
//! the circle allows: what may not leave the circle goes out as `1`, "this community only", which a MISP that pulls turns
//! into "your organisation only".

use policy::Onward;
use serde_json::Value as Json;
use stix::Tlp;
use uuid::Uuid;

use super::number;
use super::view::{Facts, View, attributes, uuid_of};
use crate::misp::wire::{Any, Attribute, Event, Flag, Object, Org, Sighting, Tag, Text};

/// The colour of tags that have none.
const TAG_COLOUR: &str = "#0088cc";
/// The distribution "sharing group".
const IN_GROUP: &str = "4";

/// An event as a client gets it.
pub(crate) fn event(view: &View, at: usize) -> Option<Event> {
    let (mut event, facts) = (view.events.get(at)?.clone(), view.facts.get(at)?);
    marked(&mut event, view, facts.tlp);
    dress(&mut event, facts, view.onward, view.circle.uuid());
    Some(event)
}

/// The same without what means something on this node alone, as it stands in a feed.
pub(crate) fn for_feed(view: &View, at: usize) -> Option<Event> {
    let mut event = view.events.get(at)?.clone();
    let facts = view.facts.get(at)?;
    marked(&mut event, view, facts.tlp);
    common(&mut event, facts, view.onward, view.circle.uuid());
    Some(event)
}

/// Tags say what things count as: what came without a mark counts as its circle's ceiling, and terms can be stricter.
fn marked(event: &mut Event, view: &View, tlp: Tlp) {
    set_mark(&mut event.tags.all, tlp);
    let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    for attribute in event.attributes.all.iter_mut().chain(in_objects) {
        if let Some(own) = view.own_mark(attribute) {
            set_mark(&mut attribute.tags.all, own);
        }
    }
}

/// Lets the tags say `tlp`, unless they do, or say more: a part of the object, or what has no tags of its own, may be marked
/// more strictly than the whole.
fn set_mark(tags: &mut Vec<Tag>, tlp: Tlp) {
    if mark_of(tags) < Some(tlp) {
        tags.retain(|tag| !is_mark(tag));
        tags.push(Tag { name: mark_name(tlp).into(), ..Tag::default() });
    }
}

/// The tag of a mark.
pub(super) fn mark_name(tlp: Tlp) -> String {
    tlp.to_string().to_ascii_lowercase()
}

/// Whether a tag is a TLP mark, or would be one.
pub(super) fn is_mark(tag: &Tag) -> bool {
    tag.name.as_str().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tlp:"))
}

/// What tags say of TLP: the strictest.
pub(super) fn mark_of(tags: &[Tag]) -> Option<Tlp> {
    tags.iter().filter(|tag| is_mark(tag)).filter_map(|tag| tag.name.as_str().parse().ok()).max()
}

fn or(text: &mut Text, default: &str) {
    if text.text().is_none() {
        *text = default.into();
    }
}

fn or_flag(flag: &mut Flag, default: bool) {
    if flag.is_absent() {
        *flag = default.into();
    }
}

/// What stands in feeds as well.
fn common(event: &mut Event, facts: &Facts, onward: Onward, circle: Uuid) {
    event.timestamp = facts.changed.to_string().into();
    or_flag(&mut event.published, true);
    or(&mut event.analysis, "2");
    or(&mut event.threat_level_id, "4");
    let published = if event.published.is_true() { event.timestamp.clone() } else { "0".into() };
    if event.publish_timestamp.text().is_none_or(|at| at == "0") {
        event.publish_timestamp = published;
    }
    let outer = reach(event, onward, circle);
    if outer != IN_GROUP {
        event.sharing_group = Default::default();
    }
    event.distribution = outer.into();
    for attribute in &mut event.attributes.all {
        part(attribute, outer, circle);
    }
    for object in &mut event.objects.all {
        let group = object.sharing_group.get().and_then(|group| uuid_of(&group.uuid));
        if object.distribution.text() != Some(IN_GROUP) || group != Some(circle) {
            object.sharing_group = Default::default();
            narrow(&mut object.distribution, outer);
        }
        for attribute in &mut object.attributes.all {
            part(attribute, outer, circle);
        }
    }
    for report in &mut event.reports.all {
        narrow(&mut report.distribution, outer);
    }
}

/// The distribution with which an event of a view is shown.
pub(super) fn distribution(view: &View, event: &Event) -> &'static str {
    reach(event, view.onward, view.circle.uuid())
}

fn reach(event: &Event, onward: Onward, circle: Uuid) -> &'static str {
    let said = event.distribution.text();
    let group = event.sharing_group.get().and_then(|group| uuid_of(&group.uuid));
    if said == Some(IN_GROUP) && group == Some(circle) {
        return IN_GROUP;
    }
    match (onward, said) {
        (Onward::Forbidden | Onward::WithinCircle, _) | (_, Some("1")) => "1",
        (Onward::Allowed, Some("2")) => "2",
        (Onward::Allowed, _) => "3",
    }
}

fn part(attribute: &mut Attribute, outer: &str, circle: Uuid) {
    let group = attribute.sharing_group.get().and_then(|group| uuid_of(&group.uuid));
    if attribute.distribution.text() != Some(IN_GROUP) || group != Some(circle) {
        attribute.sharing_group = Default::default();
        narrow(&mut attribute.distribution, outer);
    }
}

/// A part goes no farther than its event.
fn narrow(distribution: &mut Text, outer: &str) {
    let stays = matches!((distribution.text(), outer), (Some("1"), _) | (Some("2"), "2" | "3"));
    if !stays {
        *distribution = "5".into();
    }
}

fn dress(event: &mut Event, facts: &Facts, onward: Onward, circle: Uuid) {
    common(event, facts, onward, circle);
    let number: Text = number::of(facts.uuid).to_string().into();
    event.id = number.clone();
    event.attribute_count = attributes(event).count().to_string().into();
    let orgc = org(event.orgc.get());
    event.orgc_id = orgc.id.clone();
    event.org_id = orgc.id.clone();
    // Whoever brought it: the one that made it is all that is said.
    event.org = orgc.clone().into();
    event.orgc = orgc.into();
    event.sharing_group_id = "0".into();
    if event.sharing_group.get().is_some() {
        event.sharing_group_id = number::of(circle).to_string().into();
    }
    or_flag(&mut event.locked, false);
    or_flag(&mut event.proposal_email_lock, false);
    or_flag(&mut event.disable_correlation, false);
    or(&mut event.extends_uuid, "");
    event.protected = Any(Some(Json::Null));
    for tag in &mut event.tags.all {
        dress_tag(tag);
    }
    let timestamp = event.timestamp.clone();
    for attribute in &mut event.attributes.all {
        dress_attribute(attribute, &number, "0", &timestamp, circle);
    }
    for object in &mut event.objects.all {
        dress_object(object, &number, &timestamp, circle);
    }
    for report in &mut event.reports.all {
        report.id = uuid_of(&report.uuid).map(|uuid| number::of(uuid).to_string()).into();
        report.event_id = number.clone();
        or(&mut report.sharing_group_id, "0");
        or(&mut report.timestamp, timestamp.as_str());
        or_flag(&mut report.deleted, false);
    }
}

/// The names and colours of an event's tags, as they are shown.
pub(crate) fn shown_tags(view: &View, at: usize) -> Vec<(String, String)> {
    let (Some(event), Some(facts)) = (view.events.get(at), view.facts.get(at)) else { return Vec::new() };
    let mut tags = event.tags.all.clone();
    set_mark(&mut tags, facts.tlp);
    let shown = |mut tag: Tag| {
        or(&mut tag.colour, TAG_COLOUR);
        (tag.name.as_str().to_owned(), tag.colour.as_str().to_owned())
    };
    tags.into_iter().map(shown).collect()
}

/// The organisation that made something, as clients see it.
pub(crate) fn organisation(known: Option<&Org>) -> Org {
    org(known)
}

/// The organisation with its number; without a name it is nobody's.
pub(super) fn org(known: Option<&Org>) -> Org {
    let mut org = known.cloned().unwrap_or_default();
    or(&mut org.name, "unknown");
    let number = uuid_of(&org.uuid).map_or_else(|| number::of_name(org.name.as_str()), number::of);
    org.id = number.to_string().into();
    or_flag(&mut org.local, true);
    org
}

fn dress_tag(tag: &mut Tag) {
    tag.id = number::of_name(tag.name.as_str()).to_string().into();
    or(&mut tag.colour, TAG_COLOUR);
    or_flag(&mut tag.exportable, true);
    or_flag(&mut tag.hide_tag, false);
    or_flag(&mut tag.is_galaxy, tag.name.as_str().starts_with("misp-galaxy:"));
    or_flag(&mut tag.local, false);
}

fn dress_attribute(attribute: &mut Attribute, event: &Text, object: &str, timestamp: &Text, circle: Uuid) {
    let number = uuid_of(&attribute.uuid).map_or(0, number::of).to_string();
    attribute.id = number.clone().into();
    attribute.event_id = event.clone();
    attribute.object_id = object.into();
    or(&mut attribute.category, "Other");
    or(&mut attribute.timestamp, timestamp.as_str());
    or(&mut attribute.comment, "");
    or_flag(&mut attribute.to_ids, false);
    or_flag(&mut attribute.deleted, false);
    or_flag(&mut attribute.disable_correlation, false);
    let in_group = attribute.sharing_group.get().is_some();
    attribute.sharing_group_id = if in_group { number::of(circle).to_string().into() } else { "0".into() };
    for tag in &mut attribute.tags.all {
        dress_tag(tag);
    }
    let uuid = attribute.uuid.clone();
    for sighting in &mut attribute.sightings.all {
        dress_sighting(sighting, event, &number, &uuid);
    }
}

pub(super) fn dress_sighting(sighting: &mut Sighting, event: &Text, attribute: &str, uuid: &Text) {
    sighting.id = uuid_of(&sighting.uuid).map_or(0, number::of).to_string().into();
    sighting.event_id = event.clone();
    sighting.attribute_id = attribute.into();
    sighting.attribute_uuid = uuid.clone();
    or(&mut sighting.source, "");
    or(&mut sighting.kind, "0");
    if sighting.organisation.get().is_some() {
        let org = org(sighting.organisation.get());
        sighting.org_id = org.id.clone();
        sighting.organisation = org.into();
    } else {
        sighting.org_id = "0".into();
    }
}

fn dress_object(object: &mut Object, event: &Text, timestamp: &Text, circle: Uuid) {
    let number = uuid_of(&object.uuid).map_or(0, number::of).to_string();
    object.id = number.clone().into();
    object.event_id = event.clone();
    or(&mut object.meta_category, "misc");
    or(&mut object.description, "");
    or(&mut object.template_version, "1");
    or(&mut object.timestamp, timestamp.as_str());
    or(&mut object.comment, "");
    or_flag(&mut object.deleted, false);
    let in_group = object.sharing_group.get().is_some();
    object.sharing_group_id = if in_group { number::of(circle).to_string().into() } else { "0".into() };
    for attribute in &mut object.attributes.all {
        dress_attribute(attribute, event, &number, timestamp, circle);
    }
    for reference in &mut object.references.all {
        reference.id = uuid_of(&reference.uuid).map_or(0, number::of).to_string().into();
        reference.object_id = number.clone().into();
        reference.event_id = event.clone();
        reference.referenced_id =
            uuid_of(&reference.referenced_uuid).map_or(0, number::of).to_string().into();
        or(&mut reference.timestamp, timestamp.as_str());
        or(&mut reference.comment, "");
        or_flag(&mut reference.deleted, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dressed(json: Json, onward: Onward) -> Event {
        let mut event: Event = serde_json::from_value(json).unwrap();
        let uuid = uuid_of(&event.uuid).unwrap();
        let facts = Facts { uuid, changed: 1_700_000_000, sighted: 0, tlp: Tlp::Green };
        dress(&mut event, &facts, onward, Uuid::from_u128(0xcc));
        event
    }

    #[test]
    fn nothing_goes_farther_than_its_circle_allows() {
        let event = |distribution: &str, onward| {
            let event = dressed(
                serde_json::json!({
                    "uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d210f", "distribution": distribution,
                    "Attribute": [{"type": "domain", "value": "a.example", "distribution": "3"}],
                }),
                onward,
            );
            let part = event.attributes.all[0].distribution.as_str().to_owned();
            (event.distribution.as_str().to_owned(), part)
        };
        for wide in ["0", "1", "2", "3", "4", ""] {
            for onward in [Onward::Forbidden, Onward::WithinCircle] {
                assert_eq!(event(wide, onward), ("1".to_owned(), "5".to_owned()), "{wide} {onward:?}");
            }
        }
        assert_eq!(event("2", Onward::Allowed).0, "2");
        assert_eq!(event("", Onward::Allowed).0, "3");
    }

    #[test]
    fn a_client_gets_every_field_that_misp_always_sends() {
        let json = serde_json::json!({
            "uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d210f", "info": "x", "Orgc": {"name": "CERT"},
            "Attribute": [{"uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2110", "type": "domain", "value": "a.example",
                "Sighting": [{"uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2111", "date_sighting": "1700000000"}]}],
            "Tag": [{"name": "tlp:green"}],
        });
        let event = serde_json::to_value(dressed(json, Onward::Allowed)).unwrap();
        for field in [
            "id",
            "orgc_id",
            "org_id",
            "date",
            "threat_level_id",
            "published",
            "attribute_count",
            "analysis",
            "timestamp",
            "distribution",
            "locked",
            "publish_timestamp",
            "sharing_group_id",
            "extends_uuid",
            "Org",
            "Orgc",
        ] {
            assert!(field == "date" || event.get(field).is_some(), "{field}");
        }
        let attribute = &event["Attribute"][0];
        assert_eq!(attribute["event_id"], event["id"]);
        assert_eq!(attribute["Sighting"][0]["attribute_id"], attribute["id"]);
        assert_eq!(event["Tag"][0]["colour"], TAG_COLOUR);
    }
}
