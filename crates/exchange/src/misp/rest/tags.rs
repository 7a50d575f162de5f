//! Tags: put on events and attributes, taken off them, listed.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::attribute::{around, change};
use super::error::{Answer, MispError};
use super::filter::Subject;
use super::view::Part;
use super::{Asked, State, json, number, save};
use crate::misp::wire::{Attribute, Event, Tag};

/// Longest name of a tag, in bytes, and most tags at a time.
const NAME_BYTES_MAX: usize = 255 * 4;
const TAGS_MAX: usize = 1_000;

pub(super) fn attach(state: &State, asked: &Asked) -> Answer {
    let (id, names) = named(asked)?;
    let tags: Vec<Tag> =
        names.iter().map(|name| Tag { name: name.as_str().into(), ..Tag::default() }).collect();
    if let Some(tag) = tags.iter().find(|tag| save::circle_named(tag).is_some()) {
        let message = format!(
            "The tag {} says for which circle an event is that comes in; this one is in its circle already.",
            tag.name.as_str()
        );
        return Err(MispError::not_saved(message.as_str(), json!([message])));
    }
    let what = set(state, asked, &id, tags)?;
    let message = match names.as_slice() {
        [one] => format!("Global tag {one}({}) successfully attached to {what}({id}).", number::of_name(one)),
        several => format!("Successfully attached {} tags to {what} ({id})", several.len()),
    };
    Ok(said(asked, &message))
}

pub(super) fn remove(state: &State, asked: &Asked) -> Answer {
    let (id, names) = named(asked)?;
    let name = names.first().ok_or_else(|| MispError::bad_request("Invalid tag"))?;
    let (view, part) = state.part(&asked.who, &id, "target")?;
    let subject = Subject::new(&view, part.event()).ok_or_else(|| MispError::not_found("target"))?;
    let own = match view.attribute(part) {
        Some((attribute, _)) => subject.tags_of(attribute),
        None => subject.tags(),
    };
    if !own.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Err(MispError::not_found("tag"));
    }
    let mut tag = Tag { name: name.as_str().into(), ..Tag::default() };
    tag.extra.insert("deleted".to_owned(), Json::Bool(true));
    let what = set(state, asked, &id, vec![tag])?;
    Ok(said(
        asked,
        &format!("Global tag {name} ({}) successfully removed from {what}({id}).", number::of_name(name)),
    ))
}

fn set(state: &State, asked: &Asked, id: &str, tags: Vec<Tag>) -> Result<&'static str, MispError> {
    let (view, part) = state.part(&asked.who, id, "target")?;
    let (what, sent) = match part {
        Part::Event(_) => ("Event", Event { tags: tags.into(), ..Event::default() }),
        Part::Attribute(..) => {
            ("Attribute", around(&view, part, Attribute { tags: tags.into(), ..Attribute::default() })?)
        }
        Part::Object(..) => {
            return Err(MispError::bad_request("An object has no tags; its attributes have."));
        }
    };
    let saved = change(state, asked, &view, part.event(), &sent)?;
    match saved.findings.iter().find(|finding| finding.severity == stix::Severity::Error) {
        Some(_) if saved.appended.is_empty() => {
            Err(MispError::findings("The tags could not be changed.", &saved.findings))
        }
        _ => Ok(what),
    }
}

/// What is meant and which tags, from path or body.
fn named(asked: &Asked) -> Result<(String, Vec<String>), MispError> {
    let body = asked.json()?;
    let id = asked.call.first().or_else(|| body.get("uuid").and_then(Json::as_str));
    let id = id.ok_or_else(|| MispError::bad_request("Invalid object uuid"))?.to_owned();
    let tags = match (asked.call.args.get(1), body.get("tag")) {
        (Some(name), _) => vec![name.clone()],
        (None, Some(Json::String(name))) => vec![name.clone()],
        (None, Some(Json::Array(list))) => {
            list.iter().filter_map(Json::as_str).map(str::to_owned).take(TAGS_MAX).collect()
        }
        _ => Vec::new(),
    };
    if body.get("local").is_some_and(|local| local.as_bool() == Some(true) || local.as_i64() == Some(1)) {
        let message =
            "Local tags stay on one MISP instance, and this node has none of its own: leave `local` out.";
        return Err(MispError::not_saved(message, json!([message])));
    }
    let tags: Vec<String> =
        tags.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if tags.is_empty() || tags.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(MispError::bad_request("Invalid tag"));
    }
    Ok((id, tags))
}

fn said(asked: &Asked, message: &str) -> axum::response::Response {
    json(
        &json!({ "saved": true, "success": true, "name": message, "message": message, "url": asked.call.path }),
    )
}

/// The tags that the member sees, or those that fit a name.
pub(super) fn list(state: &State, asked: &Asked) -> Answer {
    let mut names = BTreeSet::new();
    for view in state.views(&asked.who)? {
        for at in 0..view.events.len() {
            let Some(subject) = Subject::new(&view, at) else { continue };
            names.extend(subject.tags());
            for (attribute, _) in super::attributes(subject.event) {
                names.extend(subject.tags_of(attribute));
            }
        }
    }
    let wanted = asked
        .parameters()?
        .into_iter()
        .find(|(name, _)| matches!(name.as_str(), "name" | "tag" | "searchall"));
    let wanted =
        wanted.and_then(|(_, value)| value.as_str().map(|text| text.trim_matches('%').to_lowercase()));
    let tag = |name: String| {
        json!({
            "id": number::of_name(&name).to_string(), "name": name, "colour": "#0088cc", "exportable": true,
            "hide_tag": false, "is_galaxy": name.starts_with("misp-galaxy:"), "org_id": "0", "user_id": "0",
        })
    };
    let names = names
        .into_iter()
        .filter(|name| wanted.as_ref().is_none_or(|wanted| name.to_lowercase().contains(wanted.as_str())));
    let tags: Vec<Json> = names.map(tag).collect();
    Ok(match asked.call.action.as_str() {
        "search" => json(&tags.into_iter().map(|tag| json!({ "Tag": tag })).collect::<Vec<_>>()),
        _ => json(&json!({ "Tag": tags })),
    })
}
