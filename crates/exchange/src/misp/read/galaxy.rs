//! Galaxy clusters: each once, as what it is in STIX; where it stands only a reference stays.

use serde_json::{Map, Value as Json, json};
use stix::Tlp;
use uuid::Uuid;

use super::context::{Marks, NO_DATE, may_enter};
use super::event::Reader;
use crate::misp::wire::{Cluster, Galaxy, Many};
use crate::misp::{cluster, extension};

/// A cluster and its galaxy, which is without clusters here.
#[derive(serde::Serialize)]
struct Carried<'c> {
    #[serde(rename = "GalaxyCluster")]
    cluster: &'c Cluster,
    #[serde(rename = "Galaxy")]
    galaxy: &'c Galaxy,
}

impl Reader<'_, '_, '_> {
    /// Hands on the clusters that are new and gives the ids of all. What stays in `galaxies` names them only.
    pub(super) fn galaxies(&mut self, galaxies: &mut Many<Galaxy>, path: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for galaxy in &mut galaxies.all {
            let clusters = std::mem::take(&mut galaxy.clusters.all);
            let mut named = Vec::with_capacity(clusters.len());
            for one in clusters {
                let kind = one.kind.text().or_else(|| galaxy.kind.text()).unwrap_or("unknown").to_owned();
                let uuid = self.cluster_uuid(&kind, &one);
                // One that its organisation keeps to itself is not named in what goes further than it.
                let is_private = self.is_private(&one);
                if is_private {
                    self.private.extend([
                        cluster::tag_name(&kind, one.value.as_str()),
                        one.tag_name.as_str().to_owned(),
                    ]);
                }
                let id = self.cluster(&kind, galaxy, &one, uuid, path);
                self.analysts(&Many::default(), &Many::default(), &one.relationships, &id);
                ids.push(id);
                if is_private {
                    continue;
                }
                named.push(Cluster {
                    uuid: uuid.to_string().into(),
                    kind: kind.into(),
                    value: one.value,
                    tag_name: one.tag_name,
                    local: one.local,
                    relationship_type: one.relationship_type,
                    ..Cluster::default()
                });
            }
            let kind = std::mem::take(&mut galaxy.kind);
            let galaxy_uuid = std::mem::take(&mut galaxy.uuid);
            *galaxy = Galaxy { kind, uuid: galaxy_uuid, clusters: named.into(), ..Galaxy::default() };
        }
        galaxies.all.retain(|galaxy| !galaxy.clusters.is_absent());
        ids
    }

    /// Hands on an object that MISP held whole. Properties of others' own are declared, for strict readers.
    fn emit_whole(&mut self, mut object: Map<String, Json>, path: &str) {
        if object.keys().any(|property| property.starts_with("x_")) && !object.contains_key("extensions") {
            extension::declare(&mut object);
            self.extended = true;
        }
        self.emit_plain(Json::Object(object), path);
    }

    /// Whether a cluster is one organisation's, or another sharing group's, alone. PyMISP writes a distribution of 0 for every
    /// cluster that it makes a picture of, the actors that everybody knows too; a MISP says more of one of its own.
    fn is_private(&self, one: &Cluster) -> bool {
        let is_picture = one.default.0 == Some(false) && one.published.is_absent() && one.orgc.is_absent();
        !is_picture && !may_enter(&one.distribution, None, self.options.circle)
    }

    /// The cluster's UUID; one of its own where it has none, or one that another cluster has too.
    fn cluster_uuid(&mut self, kind: &str, one: &Cluster) -> Uuid {
        let name = format!("{kind}\n{}", one.value.as_str());
        if let Some(given) = cluster::identity(one) {
            let known = self.clusters.entry(given).or_insert_with(|| name.clone());
            if *known == name {
                return given;
            }
        }
        cluster::made_up(kind, one)
    }

    fn cluster(&mut self, kind: &str, galaxy: &Galaxy, one: &Cluster, uuid: Uuid, path: &str) -> String {
        let text = uuid.to_string();
        let mut object =
            cluster::object_of(kind, one, &text, NO_DATE).unwrap_or_else(|| custom(kind, one, &text));
        if self.is_private(one) {
            Marks { tlp: vec![Tlp::Red], ..Marks::default() }.mark(&mut object);
        }
        let id = object.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        self.made.insert(uuid, id.clone());
        if !self.known.insert(id.clone()) {
            return id;
        }
        if cluster::is_stix(kind) && !self.is_private(one) && is_derived(&object, galaxy, one, &text) {
            self.emit_whole(object, path);
        } else {
            self.emit_with(object, extension::CLUSTER, &Carried { cluster: one, galaxy }, path);
        }
        id
    }
}

/// Whether cluster and galaxy are what is made of the object anyway, so that it need not carry them.
fn is_derived(object: &Map<String, Json>, galaxy: &Galaxy, one: &Cluster, uuid: &str) -> bool {
    let mut made = cluster::of_object(object, uuid);
    let same = made.clusters.all.pop().is_some_and(|made| made == *one);
    same && made == *galaxy
}

/// A cluster of a galaxy that STIX has no type for, as misp-stix names it.
fn custom(kind: &str, one: &Cluster, uuid: &str) -> Map<String, Json> {
    let object = json!({
        "type": "x-misp-galaxy-cluster", "spec_version": "2.1", "id": format!("x-misp-galaxy-cluster--{uuid}"),
        "created": NO_DATE, "modified": NO_DATE,
        "labels": [format!("misp:galaxy-type=\"{kind}\"")],
        "x_misp_name": kind, "x_misp_type": kind, "x_misp_value": one.value.as_str(),
        "x_misp_description": one.description.as_str(),
    });
    match object {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}
