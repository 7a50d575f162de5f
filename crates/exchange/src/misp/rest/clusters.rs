//! Galaxy clusters by themselves: one that stands in an event is looked at.
//!
//! Clusters come with events and go with them; this node has no galaxies of its own to add one to.
//!
//! Source: MISP 2.5, `GalaxyClustersController`; PyMISP 2.5.

use serde_json::json;
use uuid::Uuid;

use super::error::{Answer, MispError};
use super::view::{all_attributes, uuid_of};
use super::{Asked, State, json, number};
use crate::misp::wire::{Cluster, Event, Galaxy, Many, Text};

/// A cluster that stands in an event which the caller sees, by UUID or number, with its galaxy.
pub(super) fn view(state: &State, asked: &Asked) -> Answer {
    let absent = || MispError::not_found("galaxy cluster");
    let id = asked.call.first().ok_or_else(absent)?;
    let views = state.views(&asked.who)?;
    let all = views.iter().flat_map(|view| &view.events).flat_map(clusters);
    let (galaxy, cluster) = all.into_iter().find(|(_, one)| is_meant(one, id)).ok_or_else(absent)?;
    let number =
        |uuid: &Text| uuid_of(uuid).map_or_else(|| "0".to_owned(), |uuid| number::of(uuid).to_string());
    let mut galaxy = Galaxy { clusters: Many::default(), ..galaxy.clone() };
    galaxy.id = number(&galaxy.uuid).into();
    let mut cluster = cluster.clone();
    cluster.id = number(&cluster.uuid).into();
    cluster.galaxy_id = galaxy.id.clone();
    // What was another instance's to say of its sharing groups means nothing here.
    if !matches!(cluster.distribution.text(), Some("1" | "2" | "3")) {
        cluster.distribution = "1".into();
    }
    let wrong = |error: serde_json::Error| MispError::unavailable(&error);
    let mut shown = serde_json::to_value(&cluster).map_err(wrong)?;
    let mut outer = serde_json::to_value(&galaxy).map_err(wrong)?;
    if let (Some(shown), Some(outer)) = (shown.as_object_mut(), outer.as_object_mut()) {
        outer.remove("GalaxyCluster");
        shown.insert("Galaxy".to_owned(), outer.clone().into());
    }
    Ok(json(&json!({ "GalaxyCluster": shown })))
}

/// The clusters of an event and of its attributes, with their galaxies.
fn clusters(event: &Event) -> Vec<(&Galaxy, &Cluster)> {
    let of_attributes = all_attributes(event).flat_map(|(attribute, _)| &attribute.galaxies.all);
    let galaxies = event.galaxies.all.iter().chain(of_attributes);
    galaxies.flat_map(|galaxy| galaxy.clusters.all.iter().map(move |one| (galaxy, one))).collect()
}

fn is_meant(one: &Cluster, id: &str) -> bool {
    let uuid = uuid_of(&one.uuid);
    match Uuid::try_parse(id) {
        Ok(id) => uuid == Some(id),
        Err(_) => uuid.is_some_and(|uuid| number::of(uuid).to_string() == id),
    }
}
