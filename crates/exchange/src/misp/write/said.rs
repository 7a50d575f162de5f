//! What is said of elements: relations, sightings, notes, opinions.

use stix::{Finding, Tlp};
use uuid::Uuid;

use super::context::{creator, organisation, raise, raise_above, seconds, tlp};
use super::event::{Making, Place};
use super::shelf::Item;
use crate::misp::read::{ANALYST_LABEL, REPORT_LABEL, analyst_time, relation_uuid};
use crate::misp::wire::{Analyst, Galaxy, Many, ObjectReference, Report, Sighting, Text};

/// Writes what an object says onto what it is about.
pub(super) fn say(making: &mut Making<'_, '_>, item: &Item<'_>, findings: &mut Vec<Finding>) {
    if is_standing(making, item) {
        return;
    }
    let held = match item.kind.as_str() {
        "relationship" => relationship(making, item),
        "sighting" => sighting(making, item),
        "note" => note(making, item),
        "opinion" => opinion(making, item),
        _ => false,
    };
    if held {
        let mark = tlp(making.shelf, item);
        // Reports have tags, and what an analyst said in MISP can be for one organisation alone: they need not mark the event.
        let says_itself = is_report(item) || is_analysts(item) && mark == Some(Tlp::Red);
        raise(&mut making.event.tags, mark.filter(|_| !says_itself));
    } else {
        let message = format!("what the {} is about has no place in the event; it was left out", item.kind);
        findings.push(Finding::warning("misp-not-held", item.id.clone(), message));
    }
}

fn relationship(making: &mut Making<'_, '_>, item: &Item<'_>) -> bool {
    let (from, to, kind) = (item.text("source_ref"), item.text("target_ref"), item.text("relationship_type"));
    let Some(source) = making.places.get(from).copied() else { return false };
    let Some(target) = uuid_of(to) else { return false };
    let target_kind = match making.places.get(to) {
        Some(Place::Event) => "Event",
        Some(Place::Attribute(_)) => "Attribute",
        Some(Place::Object(_)) => "Object",
        Some(Place::Cluster(..)) => "GalaxyCluster",
        None => return false,
    };
    if let (Place::Object(at), true) = (source, matches!(target_kind, "Attribute" | "Object")) {
        if let Some(object) = making.event.objects.all.get_mut(at) {
            object.references.all.push(ObjectReference {
                uuid: item.uuid.to_string().into(),
                timestamp: seconds(item.modified()),
                object_uuid: object.uuid.clone(),
                referenced_uuid: target.into(),
                referenced_type: if target_kind == "Object" { "1" } else { "0" }.into(),
                relationship_type: kind.into(),
                comment: item.text("description").into(),
                deleted: false.into(),
                ..ObjectReference::default()
            });
        }
        return true;
    }
    if let (Place::Attribute(at), "GalaxyCluster") = (source, target_kind) {
        stand(making, at, to);
    }
    let mut drawn = analyst(making, item, source);
    drawn.relationship_type = kind.into();
    drawn.related_object_uuid = target.into();
    drawn.related_object_type = target_kind.into();
    let description = item.text("description");
    if !description.is_empty() {
        let mut note = analyst(making, item, source);
        note.uuid = Uuid::new_v5(&item.uuid, b"description").to_string().into();
        note.object_uuid = drawn.uuid.clone();
        note.object_type = "Relationship".into();
        note.note = description.into();
        drawn.notes.all.push(note);
    }
    on(making, source, |place| place.relationships.all.push(drawn))
}

/// Whether a relation was made when the cluster was read from the element on which it stands.
fn is_standing(making: &Making<'_, '_>, item: &Item<'_>) -> bool {
    let (from, to, kind) = (item.text("source_ref"), item.text("target_ref"), item.text("relationship_type"));
    item.kind == "relationship" && item.uuid == relation_uuid(from, kind, to) && is_on(making, from, to)
}

/// Whether the cluster `to` stands on the element `from`.
fn is_on(making: &Making<'_, '_>, from: &str, to: &str) -> bool {
    let Some(uuid) = uuid_of(to).and_then(|uuid| Uuid::try_parse(&uuid).ok()) else { return false };
    let holds = |galaxies: &Many<Galaxy>| {
        galaxies.iter().flat_map(|galaxy| &galaxy.clusters).any(|one| crate::misp::cluster::is(one, "", uuid))
    };
    match making.places.get(from) {
        Some(Place::Attribute(at)) => {
            making.event.attributes.all.get(*at).is_some_and(|one| holds(&one.galaxies))
        }
        Some(Place::Object(at)) => making
            .event
            .objects
            .all
            .get(*at)
            .is_some_and(|one| one.attributes.iter().any(|one| holds(&one.galaxies))),
        _ => false,
    }
}

/// Puts the cluster on an attribute too: that is where MISP's users look for it.
fn stand(making: &mut Making<'_, '_>, at: usize, to: &str) {
    let Some(Place::Cluster(galaxy, cluster)) = making.places.get(to).copied() else { return };
    let Some(whole) = making.event.galaxies.all.get_mut(galaxy) else { return };
    let Some(one) = whole.clusters.all.get_mut(cluster) else { return };
    // What is said of the cluster stands on the event's; the galaxy is copied without its thousands of other clusters.
    let drawn = std::mem::take(&mut one.relationships);
    let alone = one.clone();
    one.relationships = drawn;
    let one = alone;
    let others = std::mem::take(&mut whole.clusters);
    let galaxy = Galaxy { clusters: vec![one.clone()].into(), ..whole.clone() };
    whole.clusters = others;
    let Some(attribute) = making.event.attributes.all.get_mut(at) else { return };
    if let Some(tag) = one.tag_name.text()
        && attribute.tags.iter().all(|known| known.name.as_str() != tag)
    {
        attribute.tags.all.push(super::context::named(tag));
    }
    attribute.galaxies.all.push(galaxy);
}

fn sighting(making: &mut Making<'_, '_>, item: &Item<'_>) -> bool {
    let of = item.text("sighting_of_ref");
    let Some(place) = making.places.get(of).copied() else { return false };
    let seen_by = item.list("where_sighted_refs").next().and_then(|id| organisation(making.shelf, id));
    let at = item.time("last_seen").or_else(|| item.time("first_seen")).unwrap_or_else(|| item.modified());
    let mut sighting = Sighting {
        uuid: item.uuid.to_string().into(),
        kind: "0".into(),
        date_sighting: seconds(at),
        source: item.text("description").into(),
        organisation: seen_by
            .or_else(|| creator(making.shelf, item))
            .map_or_else(Default::default, Into::into),
        ..Sighting::default()
    };
    let attribute = match place {
        Place::Attribute(at) => making.event.attributes.all.get_mut(at),
        Place::Object(at) => {
            making.event.objects.all.get_mut(at).and_then(|object| object.attributes.all.first_mut())
        }
        Place::Event | Place::Cluster(..) => None,
    };
    let Some(attribute) = attribute else { return false };
    sighting.attribute_uuid = attribute.uuid.clone();
    attribute.sightings.all.push(sighting);
    true
}

fn note(making: &mut Making<'_, '_>, item: &Item<'_>) -> bool {
    let Some(place) = about(making, item) else { return false };
    if is_report(item) {
        let mut tags = Many::default();
        raise_above(&mut tags, &making.event.tags, tlp(making.shelf, item));
        making.event.reports.all.push(Report {
            tags,
            uuid: item.uuid.to_string().into(),
            name: item.text("abstract").into(),
            content: item.text("content").into(),
            distribution: "5".into(),
            timestamp: seconds(item.modified()),
            deleted: false.into(),
            ..Report::default()
        });
        return true;
    }
    let mut note = analyst(making, item, place);
    let (title, content) = (item.text("abstract"), item.text("content"));
    note.note = if title.is_empty() { content.to_owned() } else { format!("{title}\n{content}") }.into();
    note.language = Text::from(Some(item.text("lang")).filter(|language| !language.is_empty()));
    on(making, place, |place| place.notes.all.push(note))
}

fn opinion(making: &mut Making<'_, '_>, item: &Item<'_>) -> bool {
    let Some(place) = about(making, item) else { return false };
    let mut opinion = analyst(making, item, place);
    let level = match item.text("opinion") {
        "strongly-disagree" => "0",
        "disagree" => "25",
        "agree" => "75",
        "strongly-agree" => "100",
        _ => "50",
    };
    opinion.opinion = level.into();
    opinion.comment = item.text("explanation").into();
    on(making, place, |place| place.opinions.all.push(opinion))
}

/// Whether a note was a report of its event.
fn is_report(item: &Item<'_>) -> bool {
    item.kind == "note" && item.list("labels").any(|label| label == REPORT_LABEL)
}

/// Whether an analyst said it in a MISP.
fn is_analysts(item: &Item<'_>) -> bool {
    item.list("labels").any(|label| label.starts_with(ANALYST_LABEL))
}

/// The first of what it is about that is in the event; clusters have no notes.
fn about(making: &Making<'_, '_>, item: &Item<'_>) -> Option<Place> {
    let places: Vec<Place> =
        item.list("object_refs").filter_map(|id| making.places.get(id).copied()).collect();
    let element = places.iter().find(|place| matches!(place, Place::Attribute(_) | Place::Object(_)));
    element.copied().or_else(|| (!places.is_empty()).then_some(Place::Event))
}

fn analyst(making: &Making<'_, '_>, item: &Item<'_>, place: Place) -> Analyst {
    let event = &making.event;
    let (uuid, kind) = match place {
        Place::Event => (event.uuid.clone(), "Event"),
        Place::Attribute(at) => {
            (event.attributes.all.get(at).map(|one| one.uuid.clone()).unwrap_or_default(), "Attribute")
        }
        Place::Object(at) => {
            (event.objects.all.get(at).map(|one| one.uuid.clone()).unwrap_or_default(), "Object")
        }
        Place::Cluster(galaxy, cluster) => {
            let one = event.galaxies.all.get(galaxy).and_then(|galaxy| galaxy.clusters.all.get(cluster));
            (one.map(|one| one.uuid.clone()).unwrap_or_default(), "GalaxyCluster")
        }
    };
    let made_by = creator(making.shelf, item);
    let authors: Vec<&str> = item.list("authors").collect();
    let authors = if authors.is_empty() {
        made_by.as_ref().map_or_else(String::new, |org| org.name.as_str().to_owned())
    } else {
        authors.join(", ")
    };
    Analyst {
        uuid: item.uuid.to_string().into(),
        object_uuid: uuid,
        object_type: kind.into(),
        authors: authors.into(),
        orgc_uuid: made_by.as_ref().map(|org| org.uuid.as_str().to_owned()).into(),
        created: analyst_time(item.time("created").unwrap_or_else(|| item.modified())).into(),
        modified: analyst_time(item.modified()).into(),
        distribution: if is_analysts(item) && tlp(making.shelf, item) == Some(Tlp::Red) { "0" } else { "1" }
            .into(),
        orgc: made_by.map_or_else(Default::default, Into::into),
        ..Analyst::default()
    }
}

/// The lists in which analysts' words stand.
struct Lists<'m> {
    notes: &'m mut Many<Analyst>,
    opinions: &'m mut Many<Analyst>,
    relationships: &'m mut Many<Analyst>,
}

/// Does something with the lists of a place; false if it has none.
fn on(making: &mut Making<'_, '_>, place: Place, add: impl FnOnce(Lists<'_>)) -> bool {
    let event = &mut making.event;
    macro_rules! lists {
        ($holder:expr) => {
            Lists {
                notes: &mut $holder.notes,
                opinions: &mut $holder.opinions,
                relationships: &mut $holder.relationships,
            }
        };
    }
    let mut nowhere = (Many::default(), Many::default());
    let lists = match place {
        Place::Event => lists!(event),
        Place::Attribute(at) => match event.attributes.all.get_mut(at) {
            Some(one) => lists!(one),
            None => return false,
        },
        Place::Object(at) => match event.objects.all.get_mut(at) {
            Some(one) => lists!(one),
            None => return false,
        },
        Place::Cluster(galaxy, cluster) => {
            let Some(one) =
                event.galaxies.all.get_mut(galaxy).and_then(|one| one.clusters.all.get_mut(cluster))
            else {
                return false;
            };
            Lists { notes: &mut nowhere.0, opinions: &mut nowhere.1, relationships: &mut one.relationships }
        }
    };
    add(lists);
    true
}

fn uuid_of(id: &str) -> Option<String> {
    id.split_once("--").map(|(_, uuid)| uuid.to_owned())
}
