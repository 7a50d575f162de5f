//! What the specification fixes of an answer, compared; ids of statuses, tokens of pages, titles and dates are the server's.

use std::collections::HashMap;

use serde_json::Value;

use crate::server::{Answer, Server};

const TAXII: &str = "application/taxii+json;version=2.1";
const FIRST: &str = "x-taxii-date-added-first";
const LAST: &str = "x-taxii-date-added-last";

/// Says how an answer differs from the recorded one; nothing if it agrees.
pub(crate) fn differences(server: &Server, path: &str, recorded: &Value, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            found.push(format!(
                "{path}: {what}\n    recorded: {recorded}\n    answered: {} {}",
                answer.status, answer.body
            ));
        }
    };
    check(recorded["status"] == answer.status.as_u16(), "the status");
    // The reference server answers some errors outside of the specification's form; ours keep to it everywhere.
    check(answer.header("content-type") == Some(TAXII), "the media type");
    check(answer.status != 401 || answer.header("www-authenticate").is_some(), "a challenge (1.6.9)");
    check(
        answer.status != 405 || answer.header("allow").is_some_and(|allow| allow.contains("GET")),
        "`Allow`",
    );
    if answer.status.is_client_error() {
        let body = answer.json();
        check(body["title"].is_string(), "an error has a title (3.6.1)");
        check(body["http_status"] == answer.status.as_str(), "`http_status` is the status");
        return found;
    }
    let (body, mine) = (&recorded["body"], answer.json());
    if body.is_null() {
        return found;
    }
    for name in ["objects", "versions"] {
        let (theirs, ours) = (items(body, name), items(&mine, name));
        check(theirs == ours, name);
    }
    check(body["more"].as_bool().unwrap_or_default() == mine["more"].as_bool().unwrap_or_default(), "`more`");
    check(body["next"].is_string() == mine["next"].is_string(), "`next`");
    let fixed = ["id", "title", "description", "can_read", "can_write", "media_types", "versions"];
    if body.get("can_read").is_some() {
        for name in fixed {
            check(body.get(name) == mine.get(name), name);
        }
    }
    let counts = ["status", "total_count", "success_count", "failure_count", "pending_count"];
    if body.get("total_count").is_some() {
        for name in counts {
            check(body.get(name) == mine.get(name), name);
        }
        for name in ["successes", "failures", "pendings"] {
            check(details(body, name) == details(&mine, name), name);
        }
        check(mine["id"].as_str().is_some_and(|id| id.len() == 36), "a status id is a UUID");
        check(is_date(mine["request_timestamp"].as_str()), "`request_timestamp`");
    }
    if body.get("api_roots").is_some() {
        let roots: Vec<&Value> = mine["api_roots"].as_array().into_iter().flatten().collect();
        check(
            !roots.is_empty() && roots.contains(&&mine["default"]),
            "`default` is one of the API roots (4.1)",
        );
        check(mine["title"].is_string(), "a title");
    }
    if body.get("max_content_length").is_some() {
        check(mine["versions"] == body["versions"], "`versions` (4.2)");
        check(mine["max_content_length"].as_u64().is_some_and(|length| length > 0), "`max_content_length`");
    }
    for (name, row) in [(FIRST, 0), (LAST, usize::MAX)] {
        let header = answer.header(name);
        check(recorded["headers"].get(name).is_some() == header.is_some(), name);
        check(header.is_none() || is_date(header), name);
        if let (Some(header), Some(at)) = (header, date_of(server, path, body, row)) {
            check(header == at, name);
        }
    }
    found
}

/// What stands in a list, without what only the server can know: dates at which things were added, and the order of the
/// list of versions, which is by date added here (section 3.3) and by version at the reference server.
fn items(body: &Value, name: &str) -> Vec<Value> {
    let mut items: Vec<Value> = body[name].as_array().into_iter().flatten().cloned().collect();
    for item in &mut items {
        if let Some(row) = item.as_object_mut().filter(|row| row.contains_key("date_added")) {
            if row["date_added"] == row["version"] {
                row.insert("version".to_owned(), "the date at which it was added".into());
            }
            row.insert("date_added".to_owned(), is_date(row["date_added"].as_str()).into());
        }
        // What has no version of its own has the date at which it was added, with microseconds.
        if item.as_str().is_some_and(|version| version.len() == "2026-01-01T00:00:00.000000Z".len()) {
            *item = "the date at which it was added".into();
        }
    }
    if name == "versions" {
        items.sort_by_key(Value::to_string);
    }
    items
}

/// Which objects of a status went where.
fn details(body: &Value, name: &str) -> Vec<(String, Option<String>)> {
    let details = body[name].as_array().into_iter().flatten();
    let version =
        |detail: &Value| detail["version"].as_str().filter(|text| text.len() < 27).map(str::to_owned);
    details.map(|detail| (detail["id"].as_str().unwrap().to_owned(), version(detail))).collect()
}

/// An RFC 3339 timestamp with six digits (section 2).
fn is_date(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.len() == 27 && text.ends_with('Z') && stix::Timestamp::parse(text).is_ok())
}

/// When the row of the recorded answer was added here, if it is of the data that the server began with.
fn date_of(server: &Server, path: &str, body: &Value, row: usize) -> Option<String> {
    let pick = |name: &str| {
        let items = body[name].as_array()?;
        items.get(row.min(items.len().checked_sub(1)?)).cloned()
    };
    let (id, version) = match (pick("objects"), pick("versions")) {
        (Some(object), _) => {
            let version =
                ["version", "modified", "created"].iter().find_map(|name| object.get(*name)?.as_str());
            (object["id"].as_str()?.to_owned(), version?.to_owned())
        }
        // The newest stands first in what was recorded, and was added last.
        (None, Some(_)) => {
            let versions = body["versions"].as_array()?;
            let turned = versions.len() - 1 - row.min(versions.len() - 1);
            let id = path.split('/').rev().nth(2)?;
            (id.to_owned(), versions[turned].as_str()?.to_owned())
        }
        _ => return None,
    };
    server.added.get(&(id, version)).map(ToString::to_string)
}

/// A recorded path as it is asked here: our API root, our dates, our tokens of pages.
pub(crate) fn translated(server: &Server, path: &str, next: &HashMap<String, String>) -> String {
    let path = ["/trustgroup1/", "/api1/", "/api2/"].iter().fold(path.to_owned(), |path, root| {
        path.strip_prefix(root).map_or_else(|| path.clone(), |rest| format!("/api/{rest}"))
    });
    let Some((path, query)) = path.split_once('?') else { return path };
    let pair = |pair: &str| match pair.split_once('=') {
        Some(("next", token)) => format!("next={}", next.get(token).map_or(token, String::as_str)),
        Some(("added_after", date)) => match stix::Timestamp::parse(date) {
            Ok(at) => format!("added_after={}", date_here(server, at)),
            Err(_) => pair.to_owned(),
        },
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    format!("{path}?{}", query.join("&"))
}

/// The date here behind which the same objects stand as behind `at` there.
fn date_here(server: &Server, at: stix::Timestamp) -> stix::Timestamp {
    let before = server.dates.iter().filter(|(there, _)| *there <= at).map(|(_, here)| *here).max();
    before.unwrap_or_else(|| stix::Timestamp::from_micros(0))
}
