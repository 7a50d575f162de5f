//! Elements that came from MISP, taken out of the objects that carry them.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use stix::Finding;
use uuid::Uuid;

use super::shelf::{Item, Shelf};
use crate::misp::extension;
use crate::misp::read::{pattern_of_attribute, pattern_of_object, uuid};
use crate::misp::wire::{Analyst, Attribute, Cluster, Event, Flag, Galaxy, Many, Object, Text};

/// The event that a container carries.
pub(super) fn event(item: &Item<'_>) -> Option<Event> {
    carried(item, extension::EVENT)
}

/// The attribute that an object carries, unless its pattern was changed since.
pub(super) fn attribute(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Attribute> {
    let mut attribute: Attribute = carried(item, extension::ATTRIBUTE)?;
    if item.kind == "indicator" && pattern_of_attribute(&attribute).as_deref() != Some(item.text("pattern")) {
        changed(item, findings);
        return None;
    }
    attribute.uuid = item.uuid.to_string().into();
    if item.kind == "observed-data" && attribute.data.is_absent() {
        let artifact = shelf.get(&format!("artifact--{}", item.uuid));
        attribute.data = artifact.and_then(|artifact| artifact.json.get("payload_bin")?.as_str()).into();
    }
    attribute.deleted = deleted(item, attribute.deleted);
    complete(shelf, &mut attribute);
    Some(attribute)
}

/// The object that a STIX object carries, unless its pattern was changed since.
pub(super) fn object(shelf: &Shelf<'_>, item: &Item<'_>, findings: &mut Vec<Finding>) -> Option<Object> {
    let mut object: Object = carried(item, extension::OBJECT)?;
    if item.kind == "indicator" && pattern_of_object(&object).as_deref() != Some(item.text("pattern")) {
        changed(item, findings);
        return None;
    }
    object.uuid = item.uuid.to_string().into();
    object.deleted = deleted(item, object.deleted);
    for attribute in &mut object.attributes.all {
        complete(shelf, attribute);
    }
    Some(object)
}

/// The cluster that a STIX object carries, in its galaxy.
pub(super) fn cluster(item: &Item<'_>) -> Option<Galaxy> {
    let carried = item.json.get(extension::CLUSTER)?;
    let mut galaxy: Galaxy = part(carried, "Galaxy")?;
    let cluster: Cluster = part(carried, "GalaxyCluster")?;
    if galaxy.kind.text().is_none() {
        galaxy.kind = cluster.kind.clone();
    }
    galaxy.clusters = vec![cluster].into();
    Some(galaxy)
}

/// Fills in the clusters that are only named.
pub(super) fn galaxies(shelf: &Shelf<'_>, galaxies: &mut Many<Galaxy>) {
    for galaxy in &mut galaxies.all {
        for named in &mut galaxy.clusters.all {
            let Some(item) = uuid(&named.uuid).and_then(|uuid| shelf.cluster(uuid)) else { continue };
            let Some(mut whole) = cluster(item).or_else(|| super::element::cluster(item)) else { continue };
            let Some(one) = whole.clusters.all.pop() else { continue };
            take_over(one, named);
            let clusters = std::mem::take(&mut galaxy.clusters);
            *galaxy = whole;
            galaxy.clusters = clusters;
            break;
        }
        fill_others(shelf, galaxy);
    }
}

/// Puts the whole cluster where it was named, with what was said there.
fn take_over(mut one: Cluster, named: &mut Cluster) {
    one.local = named.local;
    one.relationship_type = std::mem::take(&mut named.relationship_type);
    if !named.tag_name.is_absent() {
        one.tag_name = std::mem::take(&mut named.tag_name);
    }
    *named = one;
}

fn fill_others(shelf: &Shelf<'_>, galaxy: &mut Galaxy) {
    for named in galaxy.clusters.all.iter_mut().skip(1) {
        let item = uuid(&named.uuid).and_then(|uuid| shelf.cluster(uuid));
        let whole = item.and_then(|item| cluster(item).or_else(|| super::element::cluster(item)));
        if let Some(one) = whole.and_then(|mut whole| whole.clusters.all.pop()) {
            take_over(one, named);
        }
    }
}

/// Every UUID in an event: what is said there already and need not be said again.
pub(super) fn said(event: &Event) -> HashSet<Uuid> {
    let mut known = HashSet::new();
    let mut add = |text: &Text| known.extend(uuid(text));
    for object in &event.objects {
        for reference in &object.references {
            add(&reference.uuid);
        }
        analysts(&[&object.notes, &object.opinions, &object.relationships], &mut add);
    }
    for attribute in event.attributes.iter().chain(event.objects.iter().flat_map(|object| &object.attributes))
    {
        for sighting in &attribute.sightings {
            add(&sighting.uuid);
        }
        analysts(&[&attribute.notes, &attribute.opinions, &attribute.relationships], &mut add);
    }
    for report in &event.reports {
        add(&report.uuid);
    }
    for cluster in event.galaxies.iter().flat_map(|galaxy| &galaxy.clusters) {
        analysts(&[&cluster.relationships], &mut add);
    }
    analysts(&[&event.notes, &event.opinions, &event.relationships], &mut add);
    known
}

fn analysts(lists: &[&Many<Analyst>], add: &mut impl FnMut(&Text)) {
    for analyst in lists.iter().flat_map(|list| list.iter()) {
        add(&analyst.uuid);
    }
}

fn complete(shelf: &Shelf<'_>, attribute: &mut Attribute) {
    galaxies(shelf, &mut attribute.galaxies);
}

fn deleted(item: &Item<'_>, before: Flag) -> Flag {
    if item.json.get("revoked").and_then(Json::as_bool) == Some(true) { true.into() } else { before }
}

fn changed(item: &Item<'_>, findings: &mut Vec<Finding>) {
    let message =
        "its pattern is no longer that of the MISP element that it carries; the element was made anew";
    findings.push(Finding::warning("misp-changed", item.id.clone(), message));
}

fn carried<T: DeserializeOwned>(item: &Item<'_>, name: &str) -> Option<T> {
    T::deserialize(item.json.get(name)?).ok()
}

fn part<T: DeserializeOwned>(carried: &Json, name: &str) -> Option<T> {
    let map: &Map<String, Json> = carried.as_object()?;
    T::deserialize(map.get(name)?).ok()
}
