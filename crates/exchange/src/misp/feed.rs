//! A circle as a MISP feed: what stands in the folder that a static feed is, made for the member that asks.
//!
//! `/misp/feed/CIRCLE/manifest.json` says which events there are and when each was last changed; MISP fetches those that it
//! has not or has older. `hashes.csv` has MD5 of each value, for looking up without fetching. Events that are not published
//! are not in it. Each answer has an entity tag, so that who asks often fetches seldom.
//!
//! Source: MISP's feed format as `feed-generator` writes and `Feed::getNewEventUuids` reads it.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Map, Value as Json, json};
use stix::Timestamp;

use crate::misp::rest::{
    MispError, State, View, Who, attributes, for_feed, hashes, organisation, shown_tags, with_tag,
};
use crate::misp::wire::Strip as _;

const JSON: &str = "application/json";

/// Answers for a path below `/misp/feed`.
pub(crate) fn answer(
    state: &State,
    who: &Who,
    path: &str,
    known: Option<&str>,
) -> Result<Response, MispError> {
    let mut parts = path.trim_matches('/').split('/');
    let circle = parts.next().filter(|name| !name.is_empty());
    let file = parts.next().unwrap_or("manifest.json");
    let (Some(circle), None) = (circle, parts.next()) else { return Err(MispError::not_found("feed")) };
    let circle = state.circle(who, circle).map_err(|_| MispError::not_found("feed"))?;
    let view = state.view(who, circle)?;
    let newest = published(&view).filter_map(|at| view.facts.get(at)).map(|facts| facts.changed).max();
    match file {
        "manifest.json" => {
            let body = made(&view.manifest, || manifest(&view))?;
            state.delivered(who, &view, &[])?;
            Ok(dated(with_tag(body, JSON, known), newest))
        }
        "hashes.csv" => {
            let body = made(&view.hashes, || Ok(hash_list(&view).into()))?;
            Ok(dated(with_tag(body, "text/csv; charset=utf-8", known), newest))
        }
        name => {
            let id = name.strip_suffix(".json").filter(|id| uuid::Uuid::try_parse(id).is_ok());
            let at = id.and_then(|id| view.event(id)).filter(|at| is_published(&view, *at));
            let at = at.ok_or_else(|| MispError::not_found("event"))?;
            let body = event(&view, at)?;
            state.delivered(who, &view, &[at])?;
            Ok(dated(with_tag(body, JSON, known), view.facts.get(at).map(|facts| facts.changed)))
        }
    }
}

/// What is kept, or made now and kept.
fn made(kept: &OnceLock<Bytes>, make: impl FnOnce() -> Result<Bytes, MispError>) -> Result<Bytes, MispError> {
    if let Some(known) = kept.get() {
        return Ok(known.clone());
    }
    let made = make()?;
    Ok(kept.get_or_init(|| made).clone())
}

fn is_published(view: &View, at: usize) -> bool {
    view.events.get(at).is_some_and(|event| event.published.0.unwrap_or(true))
}

fn published(view: &View) -> impl Iterator<Item = usize> + '_ {
    (0..view.events.len()).filter(|at| is_published(view, *at))
}

fn manifest(view: &View) -> Result<Bytes, MispError> {
    let mut rows = Map::new();
    for at in published(view) {
        let (Some(event), Some(facts)) = (view.events.get(at), view.facts.get(at)) else { continue };
        let org = organisation(event.orgc.get());
        let tags: Vec<Json> = shown_tags(view, at)
            .into_iter()
            .map(|(name, colour)| json!({ "name": name, "colour": colour }))
            .collect();
        let row = json!({
            "Orgc": { "id": org.id, "name": org.name, "uuid": org.uuid },
            "Tag": tags,
            "info": event.info.as_str(),
            "date": event.date.as_str(),
            "analysis": event.analysis.text().unwrap_or("2"),
            "threat_level_id": event.threat_level_id.text().unwrap_or("4"),
            "timestamp": facts.changed,
        });
        rows.insert(facts.uuid.to_string(), row);
    }
    serde_json::to_vec(&rows).map(Into::into).map_err(|error| MispError::unavailable(&error))
}

fn hash_list(view: &View) -> String {
    let mut text = String::new();
    for at in published(view) {
        let (Some(event), Some(facts)) = (view.events.get(at), view.facts.get(at)) else { continue };
        for hash in attributes(event).flat_map(|(attribute, _)| hashes(attribute)) {
            text.push_str(&format!("{hash},{}\n", facts.uuid));
        }
    }
    text
}

fn event(view: &View, at: usize) -> Result<Bytes, MispError> {
    let mut event = for_feed(view, at).ok_or_else(|| MispError::not_found("event"))?;
    event.strip();
    // Numbers mean nothing elsewhere, and neither does whether a mail was sent.
    event.org = Default::default();
    serde_json::to_vec(&json!({ "Event": event }))
        .map(Into::into)
        .map_err(|error| MispError::unavailable(&error))
}

/// The answer with its date, as RFC 9110 (5.6.7) writes dates.
fn dated(mut response: Response, seconds: Option<i64>) -> Response {
    let date = seconds.and_then(http_date).and_then(|date| HeaderValue::try_from(date).ok());
    if let Some(date) = date {
        response.headers_mut().insert(header::LAST_MODIFIED, date);
    }
    response
}

fn http_date(seconds: i64) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if !(0..253_402_300_800).contains(&seconds) {
        return None;
    }
    let day = DAYS.get(usize::try_from(seconds / 86_400 % 7).ok()?)?;
    let text = Timestamp::from_micros(seconds * 1_000_000).to_string();
    let month = MONTHS.get(text.get(5..7)?.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some(format!("{day}, {} {month} {} {} GMT", text.get(8..10)?, text.get(..4)?, text.get(11..19)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(http_date(784_111_777).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(http_date(0).as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!((http_date(-1), http_date(i64::MAX)), (None, None));
    }
}
