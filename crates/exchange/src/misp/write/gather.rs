//! Which object stands in which event.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value as Json;
use uuid::Uuid;

use super::shelf::{Item, Shelf, texts};
use crate::misp::extension;
use crate::misp::read::MISP_NAMESPACE;

/// An event to be: its container, if it has one, and what stands in it, as places on the shelf.
pub(super) struct Group {
    pub(super) uuid: Uuid,
    pub(super) container: Option<usize>,
    pub(super) members: Vec<usize>,
}

/// Types that say something about other objects and stand where those stand.
pub(super) fn is_said(kind: &str) -> bool {
    matches!(kind, "relationship" | "sighting" | "note" | "opinion")
}

/// Types that rule over others, or that are read where they are referred to.
fn is_ruling(kind: &str) -> bool {
    matches!(kind, "marking-definition" | "extension-definition" | "language-content" | "bundle")
}

fn is_container(item: &Item<'_>) -> bool {
    matches!(item.kind.as_str(), "report" | "grouping")
}

pub(super) fn gather(shelf: &Shelf<'_>) -> Vec<Group> {
    let mut groups = containers(shelf);
    let held = referred(shelf);
    let mut group_of: HashMap<usize, usize> = HashMap::new();
    let by_uuid: HashMap<Uuid, usize> =
        groups.iter().enumerate().map(|(at, group)| (group.uuid, at)).collect();
    for at in 0..groups.len() {
        let Some(container) = groups[at].container else { continue };
        group_of.insert(container, at);
        let Some(item) = shelf.items.get(container) else { continue };
        for member in item.list("object_refs").filter_map(|id| shelf.place(id)) {
            let inside = |item: &Item<'_>| item.is_observable() && held.contains(&member);
            if !shelf
                .items
                .get(member)
                .is_some_and(|item| is_container(item) || is_ruling(&item.kind) || inside(item))
            {
                join(member, at, &mut groups, &mut group_of, shelf);
                if let Some(item) = shelf.items.get(member).filter(|item| item.kind == "relationship") {
                    with_ends(item, at, &mut groups, &mut group_of, shelf);
                }
            }
        }
    }
    for (at, item) in shelf.items.iter().enumerate() {
        let uuid = item
            .json
            .get(extension::EVENT_UUID)
            .and_then(Json::as_str)
            .and_then(|text| Uuid::try_parse(text).ok());
        if let Some(group) = uuid.and_then(|uuid| by_uuid.get(&uuid)) {
            join(at, *group, &mut groups, &mut group_of, shelf);
        }
    }
    loose(shelf, &held, &mut groups, &mut group_of);
    about(shelf, &mut groups, &mut group_of);
    groups
}

/// Puts a member into a group. An element belongs to one event; a thing may stand in several.
fn join(
    member: usize,
    group: usize,
    groups: &mut [Group],
    group_of: &mut HashMap<usize, usize>,
    shelf: &Shelf<'_>,
) {
    let is_thing = shelf.items.get(member).is_some_and(is_thing);
    if let Some(known) = group_of.get(&member)
        && (*known == group || !is_thing)
    {
        return;
    }
    group_of.entry(member).or_insert(group);
    if let Some(group) = groups.get_mut(group)
        && (!is_thing || !group.members.contains(&member))
    {
        group.members.push(member);
    }
}

fn is_thing(item: &Item<'_>) -> bool {
    !is_said(&item.kind) && !super::event::is_element(item)
}

/// One group per report or grouping; of an event that was published since, the later of both.
fn containers(shelf: &Shelf<'_>) -> Vec<Group> {
    let mut all: Vec<usize> = (0..shelf.items.len()).filter(|at| is_container(&shelf.items[*at])).collect();
    let created = |at: &usize| shelf.items.get(*at).map(|item| (item.time("created"), item.id.clone()));
    all.sort_by_key(created);
    let mut by_uuid: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut order = Vec::new();
    for at in all {
        let Some(item) = shelf.items.get(at) else { continue };
        match by_uuid.get_mut(&item.uuid) {
            Some(known)
                if shelf.items.get(*known).is_some_and(|known| known.modified() <= item.modified()) =>
            {
                *known = at;
            }
            Some(_) => {}
            None => {
                by_uuid.insert(item.uuid, at);
                order.push(item.uuid);
            }
        }
    }
    order
        .into_iter()
        .map(|uuid| Group { uuid, container: by_uuid.get(&uuid).copied(), members: Vec::new() })
        .collect()
}

/// Objects that stand inside others: observables of an observation, addresses of a connection, creators.
fn referred(shelf: &Shelf<'_>) -> HashSet<usize> {
    let mut held = HashSet::new();
    for item in &shelf.items {
        for (property, value) in &item.json {
            let inside = item.is_observable() || item.kind == "observed-data" && property == "object_refs";
            let named =
                matches!(property.as_str(), "created_by_ref" | "where_sighted_refs" | "observed_data_refs");
            if !inside && (!named || property == "observed_data_refs") {
                continue;
            }
            let mut stack = vec![value];
            while let Some(value) = stack.pop() {
                match value {
                    Json::String(id) => held.extend(shelf.place(id).filter(|at| *at < shelf.items.len())),
                    Json::Array(all) => stack.extend(all),
                    Json::Object(all) => stack.extend(all.values()),
                    _ => {}
                }
            }
        }
    }
    held
}

/// What stands in no report: one event per creator and day.
fn loose(
    shelf: &Shelf<'_>,
    held: &HashSet<usize>,
    groups: &mut Vec<Group>,
    group_of: &mut HashMap<usize, usize>,
) {
    let ends: HashSet<&str> = shelf
        .items
        .iter()
        .filter(|item| item.kind == "relationship")
        .flat_map(|item| [item.text("source_ref"), item.text("target_ref")])
        .collect();
    let mut days: HashMap<(String, String), usize> = HashMap::new();
    for (at, item) in shelf.items.iter().enumerate() {
        let inside = held.contains(&at)
            && (item.is_observable() || item.kind == "identity" && !ends.contains(item.id.as_str()));
        let is_person = item.kind == "identity" && !ends.contains(item.id.as_str()) && held.contains(&at);
        if group_of.contains_key(&at) || is_said(&item.kind) || is_ruling(&item.kind) || inside || is_person {
            continue;
        }
        let creator = item
            .from
            .map_or_else(|| item.text("created_by_ref").to_owned(), |source| source.uuid.to_string());
        let day = item.added.date();
        let group = *days.entry((creator, day)).or_insert_with_key(|(creator, day)| {
            let uuid = Uuid::new_v5(&MISP_NAMESPACE, format!("loose\n{creator}\n{day}").as_bytes());
            groups.push(Group { uuid, container: None, members: Vec::new() });
            groups.len() - 1
        });
        join(at, group, groups, group_of, shelf);
    }
}

/// What is said of something stands where that stands; what is said of what is said, one step later.
fn about(shelf: &Shelf<'_>, groups: &mut [Group], group_of: &mut HashMap<usize, usize>) {
    for _ in 0..3 {
        for (at, item) in shelf.items.iter().enumerate().filter(|(_, item)| is_said(&item.kind)) {
            if group_of.contains_key(&at) {
                continue;
            }
            let first = match item.kind.as_str() {
                "relationship" => vec![item.text("source_ref"), item.text("target_ref")],
                "sighting" => vec![item.text("sighting_of_ref")],
                _ => texts(item.json.get("object_refs")).collect(),
            };
            let group = first.iter().find_map(|id| group_of.get(&shelf.place(id)?)).copied();
            if let Some(group) = group {
                join(at, group, groups, group_of, shelf);
                with_ends(item, group, groups, group_of, shelf);
            }
        }
    }
}

/// A thing that something in the event is related to stands in that event too.
fn with_ends(
    item: &Item<'_>,
    group: usize,
    groups: &mut [Group],
    group_of: &mut HashMap<usize, usize>,
    shelf: &Shelf<'_>,
) {
    for end in [item.text("source_ref"), item.text("target_ref")] {
        if let Some(at) = shelf.place(end).filter(|at| shelf.items.get(*at).is_some_and(is_thing)) {
            join(at, group, groups, group_of, shelf);
        }
    }
}
