//! What TAXII servers answer, read leniently: what can be understood is taken, whatever else stands beside it.
//!
//! Objects stay in their own bytes. Servers differ in small things (a number where the specification has a text, `null` for
//! nothing, an empty body for an empty envelope); none of them is worth losing a feed over.

use crate::read::limit;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Most API roots or collections that are looked at.
pub const LISTED_MAX: usize = 10_000;

/// A page of objects. Source: TAXII 2.1, section 3.7.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The objects, each in its own bytes.
    pub objects: Vec<String>,
    /// Whether there is more; `None` if the server does not say.
    pub more: Option<bool>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Reads an envelope. An empty body is an empty envelope.
///
/// # Errors
/// What is wrong with it.
pub fn envelope(body: &[u8]) -> Result<Envelope, String> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, default)]
        objects: Option<Vec<&'a RawValue>>,
        #[serde(default)]
        more: Value,
        #[serde(default)]
        next: Value,
    }
    let text = text(body)?;
    if text.is_empty() {
        return Ok(Envelope::default());
    }
    let wire: Wire<'_> = object(text)?;
    let objects = wire.objects.unwrap_or_default().into_iter().map(|raw| raw.get().to_owned()).collect();
    Ok(Envelope { objects, more: truth(&wire.more), next: token(&wire.next) })
}

/// When objects were added, as a manifest says it. Source: TAXII 2.1, section 5.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRow {
    /// The object's id.
    pub id: String,
    /// When it was added.
    pub date_added: String,
}

/// Reads the rows of a manifest; those without id or date are left out.
///
/// # Errors
/// What is wrong with it.
pub fn manifest(body: &[u8]) -> Result<Vec<ManifestRow>, String> {
    let text = text(body)?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let wire: Value = object(text)?;
    let row = |row: &Value| {
        let property = |name: &str| row.get(name)?.as_str().map(str::to_owned);
        Some(ManifestRow { id: property("id")?, date_added: property("date_added")? })
    };
    Ok(list(&wire, "objects").filter_map(row).collect())
}

/// What stands under the URL that was asked: discovery (4.1), an API root (4.2), or a collection (5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// Where API roots are.
    Discovery {
        /// The server's title.
        title: String,
        /// Its API roots as it names them, the default one first.
        api_roots: Vec<String>,
    },
    /// An API root.
    ApiRoot(ApiRoot),
    /// A collection.
    Collection(Collection),
}

/// An API root. Source: TAXII 2.1, section 4.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRoot {
    /// Its title.
    pub title: String,
    /// The media types that it speaks.
    pub versions: Vec<String>,
    /// Most bytes of what is sent to it.
    pub max_content_length: Option<u64>,
}

/// A collection. Source: TAXII 2.1, section 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its alias.
    pub alias: Option<String>,
    /// Whether this node may read it.
    pub can_read: bool,
    /// Whether this node may add to it.
    pub can_write: bool,
    /// What it holds.
    pub media_types: Vec<String>,
}

/// Reads whichever of the three it is.
///
/// # Errors
/// What is wrong with it, or that it is none of them.
pub fn resource(body: &[u8]) -> Result<Resource, String> {
    let wire: Value = object(text(body)?)?;
    if wire.get("api_roots").is_some() || wire.get("default").is_some() {
        let mut api_roots: Vec<String> = texts(&wire, "api_roots");
        if let Some(default) = wire.get("default").and_then(Value::as_str) {
            api_roots.retain(|root| root != default);
            api_roots.insert(0, default.to_owned());
        }
        return Ok(Resource::Discovery { title: property(&wire, "title"), api_roots });
    }
    if wire.get("can_read").is_some() || wire.get("can_write").is_some() {
        return collection_of(&wire)
            .map(Resource::Collection)
            .ok_or_else(|| "a collection without id".to_owned());
    }
    if wire.get("versions").is_some() || wire.get("max_content_length").is_some() {
        return Ok(Resource::ApiRoot(ApiRoot {
            title: property(&wire, "title"),
            versions: texts(&wire, "versions"),
            max_content_length: wire.get("max_content_length").and_then(Value::as_u64),
        }));
    }
    Err("it is neither discovery, nor an API root, nor a collection".to_owned())
}

/// Reads the list of collections; what has no id is left out. Source: TAXII 2.1, section 5.1.
///
/// # Errors
/// What is wrong with it.
pub fn collections(body: &[u8]) -> Result<Vec<Collection>, String> {
    let wire: Value = object(text(body)?)?;
    Ok(list(&wire, "collections").filter_map(collection_of).collect())
}

/// What became of objects that were added. Source: TAXII 2.1, section 4.3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Its id, under which it can be asked for again.
    pub id: Option<String>,
    /// Whether the server is done.
    pub complete: bool,
    /// How many were taken.
    pub success_count: u64,
    /// How many were not.
    pub failure_count: u64,
    /// How many are still waiting.
    pub pending_count: u64,
    /// Those that were not taken, by id, with the reason.
    pub failures: Vec<(String, String)>,
}

/// Reads a status.
///
/// # Errors
/// What is wrong with it.
pub fn status(body: &[u8]) -> Result<Status, String> {
    let wire: Value = object(text(body)?)?;
    let count = |name: &str, list_name: &str| {
        wire.get(name).and_then(Value::as_u64).unwrap_or_else(|| list(&wire, list_name).count() as u64)
    };
    let failure = |failure: &Value| (property(failure, "id"), property(failure, "message"));
    Ok(Status {
        id: wire.get("id").and_then(Value::as_str).map(str::to_owned),
        complete: wire.get("status").and_then(Value::as_str) == Some("complete"),
        success_count: count("success_count", "successes"),
        failure_count: count("failure_count", "failures"),
        pending_count: count("pending_count", "pendings"),
        failures: list(&wire, "failures").map(failure).collect(),
    })
}

fn text(body: &[u8]) -> Result<&str, String> {
    let text =
        std::str::from_utf8(body).map_err(|error| format!("no UTF-8 at byte {}", error.valid_up_to()))?;
    limit::json(body).map_err(|error| error.to_string())?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

/// Reads a JSON object; serde alone would take a list for a struct's fields in their order.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.starts_with('{') {
        return Err("no JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("no such JSON object: {error}"))
}

fn list<'v>(wire: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    wire.get(name).and_then(Value::as_array).into_iter().flatten().take(LISTED_MAX)
}

fn texts(wire: &Value, name: &str) -> Vec<String> {
    list(wire, name).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn property(wire: &Value, name: &str) -> String {
    wire.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn collection_of(wire: &Value) -> Option<Collection> {
    Some(Collection {
        id: wire.get("id")?.as_str()?.to_owned(),
        title: property(wire, "title"),
        alias: wire.get("alias").and_then(Value::as_str).map(str::to_owned),
        // A server that does not say lets one try.
        can_read: wire.get("can_read").and_then(truth).unwrap_or(true),
        can_write: wire.get("can_write").and_then(truth).unwrap_or(false),
        media_types: texts(wire, "media_types"),
    })
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn token(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_whatever_a_server_makes_of_it() {
        let check = |body: &str, objects: usize, more: Option<bool>, next: Option<&str>| {
            let read = envelope(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!(
                (read.objects.len(), read.more, read.next.as_deref()),
                (objects, more, next),
                "{body}"
            );
        };
        check("", 0, None, None);
        check(" \r\n", 0, None, None);
        check("{}", 0, None, None);
        check("\u{feff}{\"objects\":[]}", 0, None, None);
        check(r#"{"objects":null,"more":null,"next":null}"#, 0, None, None);
        check(r#"{"more":true,"next":17,"objects":[{"a":1.50},2]}"#, 2, Some(true), Some("17"));
        check(r#"{"more":"True","next":"","objects":[{}]}"#, 1, Some(true), None);
        let raw = r#"{"type":"bundle","objects":[ {"b" : 1.0e0} ]}"#;
        assert_eq!(envelope(raw.as_bytes()).unwrap().objects, [r#"{"b" : 1.0e0}"#]);
        for bad in ["[", "[1]", "<html>", r#"{"objects":{}}"#, "null", "{\"objects\":[}"] {
            assert!(envelope(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(envelope(b"\xff").is_err());
    }

    #[test]
    fn an_answer_of_millions_of_nothings_takes_no_memory() {
        let nothings = format!("[{}1]", "1,".repeat(limit::VALUES_MAX));
        for name in ["objects", "next", "collections"] {
            let body = format!("{{\"{name}\":{nothings}}}");
            assert!(envelope(body.as_bytes()).unwrap_err().contains("more than"), "{name}");
            assert!(collections(body.as_bytes()).is_err() && manifest(body.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn what_a_url_names_is_told_by_what_it_holds() {
        let discovery = r#"{"title":"T","default":"/b/","api_roots":["/a/","/b/"]}"#;
        let Ok(Resource::Discovery { api_roots, .. }) = resource(discovery.as_bytes()) else { panic!() };
        assert_eq!(api_roots, ["/b/", "/a/"]);
        let root =
            r#"{"title":"T","versions":["application/taxii+json;version=2.1"],"max_content_length":10}"#;
        assert!(matches!(
            resource(root.as_bytes()),
            Ok(Resource::ApiRoot(ApiRoot { max_content_length: Some(10), .. }))
        ));
        let one = r#"{"id":"x","title":"T","can_read":true,"can_write":false}"#;
        assert!(matches!(
            resource(one.as_bytes()),
            Ok(Resource::Collection(Collection { can_read: true, .. }))
        ));
        assert!(resource(b"{}").is_err() && resource(b"").is_err());
    }
}
