//! One event: its own fields, its elements and things, and then what is said of them.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;
use stix::Finding;
use uuid::Uuid;

use super::context::{creator, named, part_tlp, raise, raise_above, seconds, tags, tlp};
use super::element::{self, Element};
use super::gather::{Group, is_said};
use super::shelf::{Item, Shelf};
use super::{observed, restore, said};
use crate::misp::read::{description_uuid, link_uuid};
use crate::misp::wire::{Attribute, Event, Galaxy, Report};
use crate::misp::{cluster, extension};

/// Where in an event an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Event,
    Attribute(usize),
    Object(usize),
    Cluster(usize, usize),
}

/// An event while it is made.
pub(super) struct Making<'s, 'g> {
    pub(super) shelf: &'s Shelf<'g>,
    pub(super) event: Event,
    pub(super) places: HashMap<String, Place>,
    /// What clusters the event has, once the first thing that may be one is looked at. Elements are all there by then.
    known: Option<Known>,
}

/// Clusters by UUID, so that thousands of things are not each compared with all others.
struct Known {
    /// On the event.
    clusters: HashMap<Uuid, Place>,
    /// On attributes.
    on_elements: HashSet<Uuid>,
    tags: HashSet<String>,
}

impl Known {
    fn of(event: &Event) -> Self {
        let mut clusters = HashMap::new();
        for (at, galaxy) in event.galaxies.iter().enumerate() {
            for (inner, one) in galaxy.clusters.iter().enumerate() {
                for uuid in cluster::uuids(one, galaxy.kind.as_str()) {
                    clusters.entry(uuid).or_insert(Place::Cluster(at, inner));
                }
            }
        }
        let of_objects = event.objects.iter().flat_map(|object| &object.attributes);
        let galaxies = event.attributes.iter().chain(of_objects).flat_map(|attribute| &attribute.galaxies);
        let on_elements =
            galaxies.flat_map(|galaxy| &galaxy.clusters).flat_map(|one| cluster::uuids(one, ""));
        let tags = event.tags.iter().map(|tag| tag.name.as_str().to_owned());
        Self { clusters, on_elements: on_elements.collect(), tags: tags.collect() }
    }
}

pub(super) fn event(shelf: &Shelf<'_>, group: Group, findings: &mut Vec<Finding>) -> Event {
    let container = group.container.and_then(|at| shelf.items.get(at));
    let members: Vec<&Item<'_>> = group.members.iter().filter_map(|at| shelf.items.get(*at)).collect();
    let mut making = Making { shelf, event: Event::default(), places: HashMap::new(), known: None };
    match container {
        Some(item) => making.container(item),
        None => making.day(&group, &members),
    }
    // Things come after elements: one that stands on an element need not stand on the event too.
    let (elements, others): (Vec<&Item<'_>>, Vec<&Item<'_>>) =
        members.iter().partition(|item| is_element(item));
    for item in elements.into_iter().chain(others).filter(|item| !is_said(&item.kind)) {
        making.member(item, findings);
    }
    let mut known = restore::said(&making.event);
    // A note with the event's own UUID says that a report of it would have been empty.
    known.insert(group.uuid);
    for item in members.iter().filter(|item| is_said(&item.kind)) {
        if known.insert(item.uuid) {
            said::say(&mut making, item, findings);
        } else {
            raise(&mut making.event.tags, part_tlp(shelf, item));
        }
    }
    making.finish()
}

/// Whether an object becomes an attribute or an object, not a cluster.
pub(super) fn is_element(item: &Item<'_>) -> bool {
    matches!(item.kind.as_str(), "indicator" | "observed-data")
        || item.is_observable()
        || item.json.contains_key(extension::ATTRIBUTE)
        || item.json.contains_key(extension::OBJECT)
}

impl Making<'_, '_> {
    /// The event of a report or grouping.
    fn container(&mut self, item: &Item<'_>) {
        self.places.insert(item.id.clone(), Place::Event);
        let restored = restore::event(item);
        let is_restored = restored.is_some();
        let event = &mut self.event;
        *event = restored.unwrap_or_default();
        event.uuid = item.uuid.to_string().into();
        event.info = item.text("name").into();
        event.orgc = creator(self.shelf, item).map_or_else(Default::default, Into::into);
        if is_restored {
            raise(&mut event.tags, part_tlp(self.shelf, item));
            restore::galaxies(self.shelf, &mut event.galaxies);
            return;
        }
        let published = item.time("published");
        event.date = item.time("created").unwrap_or(item.added).date().into();
        event.published = (item.kind == "report").into();
        event.publish_timestamp = published.map_or_else(|| "0".into(), seconds);
        event.timestamp = seconds(item.modified());
        event.tags = tags(self.shelf, item, &event.tags);
        self.described(item);
    }

    /// A report's description is a text, its references are links.
    fn described(&mut self, item: &Item<'_>) {
        let description = item.text("description");
        if !description.is_empty() {
            self.event.reports.all.push(Report {
                uuid: description_uuid(item.uuid).to_string().into(),
                name: "Description".into(),
                content: description.into(),
                distribution: "5".into(),
                timestamp: seconds(item.modified()),
                deleted: false.into(),
                ..Report::default()
            });
        }
        for reference in item.json.get("external_references").and_then(Json::as_array).into_iter().flatten() {
            let of = |name: &str| reference.get(name).and_then(Json::as_str).unwrap_or_default();
            let (kind, value) =
                if of("url").is_empty() { ("text", of("external_id")) } else { ("link", of("url")) };
            if value.is_empty() {
                continue;
            }
            let comment = match of("description") {
                "" => of("source_name").to_owned(),
                description => format!("{}\n{description}", of("source_name")),
            };
            let link = element::bare(link_uuid(item.uuid, value), kind, value, item);
            self.event.attributes.all.push(Attribute {
                category: "External analysis".into(),
                comment: comment.into(),
                ..link
            });
        }
    }

    /// The event of what stands in no report.
    fn day(&mut self, group: &Group, members: &[&Item<'_>]) {
        let latest = members.iter().map(|item| item.modified()).max();
        let first = members.iter().min_by_key(|item| item.added);
        let date = first.map_or_else(String::new, |item| item.added.date());
        let org = first.and_then(|item| creator(self.shelf, item));
        let who = org.as_ref().map_or("several", |org| org.name.as_str());
        self.event.info = format!("Single objects of {who}, {date}").into();
        self.event.uuid = group.uuid.to_string().into();
        self.event.date = date.into();
        self.event.published = true.into();
        self.event.timestamp = latest.map_or_else(|| "0".into(), seconds);
        self.event.publish_timestamp = self.event.timestamp.clone();
        self.event.orgc = org.map_or_else(Default::default, Into::into);
    }

    fn member(&mut self, item: &Item<'_>, findings: &mut Vec<Finding>) {
        if let Some(mut attribute) = restore::attribute(self.shelf, item, findings) {
            raise_above(&mut attribute.tags, &self.event.tags, part_tlp(self.shelf, item));
            return self.add(&item.id, Element::Attribute(Box::new(attribute)));
        }
        if let Some(mut object) = restore::object(self.shelf, item, findings) {
            for attribute in &mut object.attributes.all {
                raise_above(&mut attribute.tags, &self.event.tags, part_tlp(self.shelf, item));
            }
            return self.add(&item.id, Element::Object(Box::new(object)));
        }
        let (shelf, outer) = (self.shelf, &self.event.tags);
        let elements = match item.kind.as_str() {
            "indicator" => element::indicator(shelf, item, outer, findings).into_iter().collect(),
            "observed-data" => observed::observation(shelf, item, outer, findings),
            _ if item.is_observable() => observed::alone(shelf, item, outer, findings),
            _ => return self.thing(item, findings),
        };
        for element in elements {
            self.add(&item.id, element);
        }
    }

    fn add(&mut self, id: &str, element: Element) {
        let place = match element {
            Element::Attribute(attribute) => {
                self.event.attributes.all.push(*attribute);
                Place::Attribute(self.event.attributes.all.len() - 1)
            }
            Element::Object(object) => {
                self.event.objects.all.push(*object);
                Place::Object(self.event.objects.all.len() - 1)
            }
        };
        self.places.entry(id.to_owned()).or_insert(place);
    }

    /// A cluster on the event. One that stands on an attribute alone is only known.
    fn thing(&mut self, item: &Item<'_>, findings: &mut Vec<Finding>) {
        let known = self.known.get_or_insert_with(|| Known::of(&self.event));
        if let Some(place) = known.clusters.get(&item.uuid) {
            self.places.insert(item.id.clone(), *place);
            return;
        }
        let is_on_an_element = known.on_elements.contains(&item.uuid);
        let carried = restore::cluster(item);
        // A cluster that came from MISP is marked by what it stands on.
        let mark = if carried.is_none() { tlp(self.shelf, item) } else { part_tlp(self.shelf, item) };
        raise(&mut self.event.tags, mark);
        if carried.is_some() && is_on_an_element {
            return;
        }
        let Some(galaxy) = carried.or_else(|| element::cluster(item)) else {
            let message = format!("MISP has no place for objects of the type {}; it was left out", item.kind);
            findings.push(Finding::warning("misp-not-held", item.id.clone(), message));
            return;
        };
        let place = self.galaxy(galaxy);
        self.places.insert(item.id.clone(), place);
    }

    /// Puts a cluster on the event, beside others of its galaxy, with its tag.
    fn galaxy(&mut self, mut galaxy: Galaxy) -> Place {
        let known = self.known.get_or_insert_with(|| Known::of(&self.event));
        let galaxies = &mut self.event.galaxies.all;
        let same = galaxies.iter().position(|one| one.kind == galaxy.kind && one.uuid == galaxy.uuid);
        let at = same.unwrap_or(galaxies.len());
        let from = same.and_then(|at| galaxies.get(at)).map_or(0, |galaxy| galaxy.clusters.all.len());
        for (inner, one) in galaxy.clusters.iter().enumerate() {
            let tag = match one.tag_name.text() {
                Some(tag) => tag.to_owned(),
                None => cluster::tag_name(galaxy.kind.as_str(), one.value.as_str()),
            };
            if known.tags.insert(tag.clone()) {
                self.event.tags.all.push(named(&tag));
            }
            for uuid in cluster::uuids(one, galaxy.kind.as_str()) {
                known.clusters.entry(uuid).or_insert(Place::Cluster(at, from + inner));
            }
        }
        match galaxies.get_mut(at) {
            Some(whole) => whole.clusters.all.append(&mut galaxy.clusters.all),
            None => galaxies.push(galaxy),
        }
        Place::Cluster(at, from)
    }

    /// Fills in what MISP expects of every event.
    fn finish(mut self) -> Event {
        let event = &mut self.event;
        for (field, value) in [
            (&mut event.threat_level_id, "4"),
            (&mut event.analysis, "2"),
            (&mut event.distribution, "1"),
            (&mut event.publish_timestamp, "0"),
            (&mut event.timestamp, "0"),
        ] {
            if field.is_absent() {
                *field = value.into();
            }
        }
        if event.published.is_absent() {
            event.published = false.into();
        }
        event.attribute_count = (event.attributes.all.len()
            + event.objects.iter().map(|object| object.attributes.all.len()).sum::<usize>())
        .to_string()
        .into();
        self.event
    }
}
