//! The objects by id, parsed, the latest version of each.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};
use stix::{Finding, ObjectId, Timestamp};
use uuid::Uuid;

use super::{Given, Source};

/// A parsed object.
pub(super) struct Item<'g> {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) uuid: Uuid,
    pub(super) json: Map<String, Json>,
    pub(super) added: Timestamp,
    pub(super) from: Option<&'g Source>,
}

impl Item<'_> {
    pub(super) fn text(&self, property: &str) -> &str {
        text(&self.json, property)
    }

    pub(super) fn time(&self, property: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(property)).ok()
    }

    /// When this version was made; observables have no date of their own.
    pub(super) fn modified(&self) -> Timestamp {
        self.time("modified").or_else(|| self.time("created")).unwrap_or(self.added)
    }

    pub(super) fn list(&self, property: &str) -> impl Iterator<Item = &str> {
        texts(self.json.get(property))
    }

    pub(super) fn is_observable(&self) -> bool {
        stix::id::is_observable(&self.kind) || self.kind == "cryptocurrency-wallet"
    }
}

pub(super) fn text<'o>(object: &'o Map<String, Json>, property: &str) -> &'o str {
    object.get(property).and_then(Json::as_str).unwrap_or_default()
}

pub(super) fn texts(list: Option<&Json>) -> impl Iterator<Item = &str> {
    list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// All objects.
pub(super) struct Shelf<'g> {
    /// In the order of their ids.
    pub(super) items: Vec<Item<'g>>,
    places: HashMap<String, usize>,
    /// Clusters that are carried along, by UUID.
    clusters: HashMap<Uuid, usize>,
}

impl<'g> Shelf<'g> {
    pub(super) fn new(given: &[Given<'g>], findings: &mut Vec<Finding>) -> Self {
        let mut items: HashMap<String, Item<'g>> = HashMap::new();
        for (at, given) in given.iter().enumerate() {
            let Some(item) = parsed(given) else {
                let message = "no JSON object with an id; it was left out";
                findings.push(Finding::error("misp-malformed", format!("objects[{at}]"), message));
                continue;
            };
            let newer = items
                .get(&item.id)
                .is_none_or(|known| (known.modified(), known.added) < (item.modified(), item.added));
            if newer {
                items.insert(item.id.clone(), item);
            }
        }
        let mut items: Vec<Item<'g>> = items.into_values().collect();
        items.sort_by(|a, b| a.id.cmp(&b.id));
        let places = items.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect();
        let is_cluster = |item: &&Item<'_>| {
            item.json.contains_key(crate::misp::extension::CLUSTER) || !item.is_observable()
        };
        let mut clusters = HashMap::new();
        for (at, item) in items.iter().enumerate().filter(|(_, item)| is_cluster(item)) {
            let carried = item.json.contains_key(crate::misp::extension::CLUSTER);
            if carried || !clusters.contains_key(&item.uuid) && !super::gather::is_said(&item.kind) {
                clusters.insert(item.uuid, at);
            }
        }
        Self { items, places, clusters }
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Item<'g>> {
        self.items.get(self.place(id)?)
    }

    /// The object that a cluster of this UUID is.
    pub(super) fn cluster(&self, uuid: Uuid) -> Option<&Item<'g>> {
        self.items.get(*self.clusters.get(&uuid)?)
    }
}

fn parsed<'g>(given: &Given<'g>) -> Option<Item<'g>> {
    let json: Map<String, Json> = serde_json::from_str(given.raw).ok()?;
    let id = ObjectId::parse(json.get("id")?.as_str()?).ok()?;
    Some(Item {
        kind: id.object_type().to_owned(),
        uuid: id.uuid(),
        id: id.to_string(),
        json,
        added: given.added,
        from: given.from,
    })
}
