//! What clients ask first: the version, who they are, whether a POST arrives whole; and the warning lists.

use policy::MemberId;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;
use watch::guess;

use super::error::{Answer, MispError};
use super::search::warninglists as guard;
use super::{Asked, State, dress, json, number, save};

/// The version of MISP whose protocol is spoken. Instances refuse partners of another major or minor version; hotfixes may
/// differ.
const VERSION: &str = "2.5.24";
/// The version of PyMISP that was tested.
const PYMISP: &str = "2.5.34.4";
/// Most values looked up at a time.
const VALUES_MAX: usize = 10_000;

/// What a member may do here, in MISP's words.
const RIGHTS: &[(&str, bool)] = &[
    ("perm_add", true),
    ("perm_modify", true),
    ("perm_modify_org", true),
    ("perm_publish", true),
    ("perm_sync", true),
    ("perm_sighting", true),
    ("perm_tagger", true),
    ("perm_tag_editor", true),
    ("perm_auth", true),
    ("perm_analyst_data", true),
    ("perm_delegate", false),
    ("perm_admin", false),
    ("perm_site_admin", false),
    ("perm_audit", false),
    ("perm_regexp_access", false),
    ("perm_template", false),
    ("perm_sharing_group", false),
    ("perm_object_template", false),
    ("perm_galaxy_editor", false),
    ("perm_decaying", false),
    ("perm_publish_zmq", false),
    ("perm_publish_kafka", false),
    ("perm_warninglist", false),
];

pub(super) fn version(state: &State, _: &Asked) -> Answer {
    let node = Uuid::new_v5(&Uuid::NAMESPACE_DNS, state.misp.gate.key().name().as_bytes());
    Ok(json(&json!({
        "version": VERSION, "pymisp_recommended_version": PYMISP, "perm_sync": true, "perm_sighting": true,
        "perm_galaxy_editor": false, "perm_analyst_data": true, "uuid": node.to_string(),
        "request_encoding": ["gzip"], "filter_sightings": true,
    })))
}

pub(super) fn pymisp_version() -> Answer {
    Ok(json(&json!({ "version": PYMISP })))
}

/// Says what arrived, so that a partner sees whether something between changes it.
pub(super) fn post_test(asked: &Asked) -> Answer {
    Ok(json(&json!({
        "body": asked.json()?,
        "headers": { "Content-type": "application/json", "Accept": "application/json", "Authorization": "OK" },
    })))
}

/// What a partner can choose from when it says what it wants.
pub(super) fn filtering_rules(state: &State, asked: &Asked) -> Answer {
    let views = state.views(&asked.who)?;
    let events = views.iter().flat_map(|view| &view.events);
    let mut orgs: Vec<String> =
        events.map(|event| dress::org(event.orgc.get()).name.as_str().to_owned()).collect();
    orgs.sort();
    orgs.dedup();
    let mut tags: Vec<String> = Vec::new();
    for view in &views {
        let subjects = (0..view.events.len()).filter_map(|at| super::filter::Subject::new(view, at));
        tags.extend(subjects.flat_map(|subject| subject.tags()));
    }
    tags.sort();
    tags.dedup();
    Ok(json(&json!({ "organisations": orgs, "tags": tags })))
}

pub(super) fn user(state: &State, asked: &Asked) -> Answer {
    let member = asked.who.member;
    let id = number::of(member.uuid()).to_string();
    match asked.call.first() {
        None | Some("me") => {}
        Some(other) if other == id || other.parse() == Ok(member) => {}
        Some(_) => return Err(MispError::not_found("user or not authorised.")),
    }
    let book = state.misp.gate.book();
    let handle = book.member(member).map_or("", |member| member.handle.as_str());
    let node = state.misp.gate.key().name();
    let role_id = number::of_name("bongsu:role:partner").to_string();
    let mut role = Map::new();
    role.insert("id".to_owned(), role_id.as_str().into());
    role.insert("name".to_owned(), "Partner".into());
    role.extend(RIGHTS.iter().map(|(name, right)| ((*name).to_owned(), Json::Bool(*right))));
    let organisation = organisation(state, member);
    Ok(json(&json!({
        "User": {
            "id": id, "org_id": organisation["id"], "server_id": "0", "email": format!("{handle}@{node}"),
            "autoalert": false, "invited_by": "0", "gpgkey": null, "certif_public": "", "termsaccepted": true,
            "role_id": role_id, "change_pw": false, "contactalert": false, "disabled": false, "expiration": null,
            "current_login": "0", "last_login": "0", "force_logout": false, "date_created": "0",
            "date_modified": "0", "password": "*****", "totp": "*****",
        },
        "Role": role,
        "UserSetting": [],
        "Organisation": organisation,
    })))
}

/// The member as an organisation that is on this instance.
pub(super) fn organisation(state: &State, member: MemberId) -> Json {
    let org = dress::org(Some(&save::organisation(state, member)));
    let book = state.misp.gate.book();
    let member = book.member(member);
    json!({
        "id": org.id, "name": org.name, "uuid": org.uuid, "local": true,
        "nationality": member.and_then(|member| member.country.clone()).unwrap_or_default(),
        "sector": member.map(|member| member.sectors.join(", ")).unwrap_or_default(), "type": "", "description": "",
    })
}

/// Which of some values stand on a warning list, and on which.
pub(super) fn warninglists(state: &State, asked: &Asked) -> Answer {
    let body = asked.json()?;
    let inner = body.get("request").or_else(|| body.get("value")).unwrap_or(&body);
    let values: Vec<&str> = match inner {
        Json::String(text) => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
        Json::Array(list) => list.iter().filter_map(Json::as_str).collect(),
        _ => return Err(MispError::bad_request("A value or a list of values is needed.")),
    };
    if values.len() > VALUES_MAX {
        return Err(MispError::bad_request(format!("At most {VALUES_MAX} values are looked up at a time.")));
    }
    let (guard, context) = guard(state);
    let mut found = Map::new();
    for text in values {
        let Some(hold) = guess(text).and_then(|value| guard.check(&value, &context).err()) else { continue };
        let name = hold.list.unwrap_or_else(|| hold.rule.to_owned());
        let row = json!({ "id": number::of_name(&name).to_string(), "name": name, "matched": text });
        found.insert(text.to_owned(), json!([row]));
    }
    // PHP writes an empty map as a list, and clients know it so.
    Ok(match found.is_empty() {
        true => json(&json!([])),
        false => json(&found),
    })
}
