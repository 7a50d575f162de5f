//! Who there is: circles as sharing groups, members and creators as organisations.
//!
//! A circle whose members are hidden from each other shows each itself alone (rule P-8).

use std::collections::BTreeMap;

use policy::Circle;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::error::{Answer, MispError};
use super::view::uuid_of;
use super::{Asked, State, about, dress, json, number};

fn group_of(state: &State, asked: &Asked, circle: &Circle) -> Json {
    let book = state.misp.gate.book();
    let id = number::of(circle.id.uuid()).to_string();
    let title = if circle.title.is_empty() { &circle.handle } else { &circle.title };
    let members = book.visible_members(asked.who.member, circle.id);
    let orgs: Vec<Json> = members
        .iter()
        .map(|member| {
            let org = about::organisation(state, member.id);
            json!({
                "id": number::of_name(&format!("{id}:{}", member.id)).to_string(), "sharing_group_id": id,
                "org_id": org["id"], "extend": false, "Organisation": org,
            })
        })
        .collect();
    json!({
        "SharingGroup": {
            "id": id, "name": title, "uuid": circle.id.to_string(), "releasability": circle.purpose,
            "description": circle.purpose, "active": circle.in_force(asked.who.now), "local": true, "roaming": false,
            "org_count": orgs.len().to_string(), "organisation_uuid": "", "sync_user_id": "0",
        },
        "Organisation": { "id": "0", "name": state.misp.gate.key().name(), "uuid": "" },
        "SharingGroupOrg": orgs,
        "SharingGroupServer": [],
        "editable": false,
        "deletable": false,
    })
}

pub(super) fn groups(state: &State, asked: &Asked) -> Answer {
    let book = state.misp.gate.book();
    let circles = book.circles_of(asked.who.member);
    let groups: Vec<Json> = circles.into_iter().map(|circle| group_of(state, asked, circle)).collect();
    Ok(json(&json!({ "response": groups })))
}

pub(super) fn group(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("sharing group"))?;
    let book = state.misp.gate.book();
    let mut own = book.circles_of(asked.who.member).into_iter();
    let found = own.find(|circle| {
        id.parse() == Ok(circle.id) || number::of(circle.id.uuid()).to_string() == id || circle.handle == id
    });
    let circle = found.ok_or_else(|| MispError::not_found("sharing group"))?;
    Ok(json(&group_of(state, asked, circle)))
}

/// The organisations that the caller can know of: itself, those of its circles, and those that made events that it sees.
fn known(state: &State, asked: &Asked) -> Result<BTreeMap<Uuid, Json>, MispError> {
    let book = state.misp.gate.book();
    let mut known = BTreeMap::new();
    for view in state.views(&asked.who)? {
        for event in &view.events {
            let org = dress::org(event.orgc.get());
            if let Some(uuid) = uuid_of(&org.uuid) {
                let row = json!({
                    "id": org.id, "name": org.name, "uuid": org.uuid, "local": false, "nationality": "", "sector": "",
                    "type": "", "description": "",
                });
                known.entry(uuid).or_insert(row);
            }
        }
    }
    let own = book.circles_of(asked.who.member);
    let members = own.iter().flat_map(|circle| book.visible_members(asked.who.member, circle.id));
    for member in members.map(|member| member.id).chain([asked.who.member]) {
        known.insert(member.uuid(), about::organisation(state, member));
    }
    Ok(known)
}

pub(super) fn organisations(state: &State, asked: &Asked) -> Answer {
    let wanted = asked.call.named("searchall").map(str::to_lowercase);
    let local = match asked.call.named("scope") {
        Some("external") => Some(false),
        Some("all") => None,
        _ => Some(true),
    };
    let fits = |org: &Json| {
        let name = org["name"].as_str().unwrap_or_default().to_lowercase();
        wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str()))
            && local.is_none_or(|local| org["local"].as_bool() == Some(local))
    };
    let rows = known(state, asked)?.into_values().filter(fits).map(|org| json!({ "Organisation": org }));
    Ok(json(&rows.collect::<Vec<_>>()))
}

pub(super) fn organisation(state: &State, asked: &Asked) -> Answer {
    let id = asked.call.first().ok_or_else(|| MispError::not_found("organisation"))?;
    let known = known(state, asked)?;
    let found = known.iter().find(|(uuid, org)| {
        id.parse() == Ok(**uuid) || org["id"].as_str() == Some(id) || org["name"].as_str() == Some(id)
    });
    let (_, org) = found.ok_or_else(|| MispError::not_found("organisation"))?;
    Ok(json(&json!({ "Organisation": org })))
}
