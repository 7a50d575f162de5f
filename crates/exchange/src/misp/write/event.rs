//! One event: its own fields, its elements and things, and then what is said of them.

use std::collections::HashMap;

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
}

pub(super) fn event(shelf: &Shelf<'_>, group: Group, findings: &mut Vec<Finding>) -> Event {
    let container = group.container.and_then(|at| shelf.items.get(at));
    let members: Vec<&Item<'_>> = group.members.iter().filter_map(|at| shelf.items.get(*at)).collect();
    let mut making = Making { shelf, event: Event::default(), places: HashMap::new() };
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
        let outer = self.event.tags.clone();
        let elements = match item.kind.as_str() {
            "indicator" => element::indicator(self.shelf, item, &outer, findings).into_iter().collect(),
            "observed-data" => observed::observation(self.shelf, item, &outer, findings),
            _ if item.is_observable() => observed::alone(self.shelf, item, &outer, findings),
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
        let uuid = item.uuid;
        for (at, galaxy) in self.event.galaxies.iter().enumerate() {
            if let Some(inner) =
                galaxy.clusters.iter().position(|one| cluster::is(one, galaxy.kind.as_str(), uuid))
            {
                self.places.insert(item.id.clone(), Place::Cluster(at, inner));
                return;
            }
        }
        let carried = restore::cluster(item);
        // A cluster that came from MISP is marked by what it stands on.
        let mark = if carried.is_none() { tlp(self.shelf, item) } else { part_tlp(self.shelf, item) };
        raise(&mut self.event.tags, mark);
        if carried.is_some() && self.stands_on_an_element(uuid) {
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

    fn stands_on_an_element(&self, uuid: Uuid) -> bool {
        let of_objects = self.event.objects.iter().flat_map(|object| &object.attributes);
        let galaxies =
            self.event.attributes.iter().chain(of_objects).flat_map(|attribute| &attribute.galaxies);
        galaxies.flat_map(|galaxy| &galaxy.clusters).any(|one| cluster::is(one, "", uuid))
    }

    /// Puts a cluster on the event, beside others of its galaxy, with its tag.
    fn galaxy(&mut self, mut galaxy: Galaxy) -> Place {
        for one in &galaxy.clusters {
            let tag = match one.tag_name.text() {
                Some(tag) => tag.to_owned(),
                None => cluster::tag_name(galaxy.kind.as_str(), one.value.as_str()),
            };
            if self.event.tags.iter().all(|known| known.name.as_str() != tag) {
                self.event.tags.all.push(named(&tag));
            }
        }
        let same = self
            .event
            .galaxies
            .iter()
            .position(|known| known.kind == galaxy.kind && known.uuid == galaxy.uuid);
        match same.and_then(|at| Some((at, self.event.galaxies.all.get_mut(at)?))) {
            Some((at, known)) => {
                known.clusters.all.append(&mut galaxy.clusters.all);
                Place::Cluster(at, known.clusters.all.len() - 1)
            }
            None => {
                self.event.galaxies.all.push(galaxy);
                Place::Cluster(self.event.galaxies.all.len() - 1, 0)
            }
        }
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
