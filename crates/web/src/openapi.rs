//! What programs can ask a node over HTTP, as one OpenAPI document, put together of the parts that rooms keep beside their routes.
//!
//! A part is a document of its own. In the whole its operations carry its name as their tag and its ways to log in, and its components
//! stand under names that begin with it, so that two parts can call something alike.
//!
//! Source: OpenAPI Specification 3.1.0.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::{Map, Value, json};

/// This room's parts.
const PARTS: [(&str, &str); 6] = [
    ("node", include_str!("page/openapi.json")),
    ("search", include_str!("page/find_openapi.json")),
    ("asks", include_str!("asks/openapi.json")),
    ("region", include_str!("page/region_openapi.json")),
    ("gaps", include_str!("page/gaps/openapi.json")),
    ("federation", include_str!("federation_openapi.json")),
];

/// Components that all parts share, under one name.
const SHARED: &str = "securitySchemes";

/// Why parts make no whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A part can't be read.
    #[error("the part `{0}` is no OpenAPI document: {1}")]
    Unread(String, String),
    /// Two parts describe the same.
    #[error("`{0}` is described twice, the second time in the part `{1}`")]
    Twice(String, String),
}

static WHOLE: LazyLock<Result<String, ComposeError>> = LazyLock::new(|| {
    let parts = exchange::OPENAPI.into_iter().chain(deliver::OPENAPI).chain(PARTS);
    compose(parts).map(|whole| whole.to_string())
});

/// The whole as JSON; it is put together once.
///
/// # Errors
/// [`ComposeError`], of which a test sees that it does not happen.
pub fn whole() -> Result<&'static str, &'static ComposeError> {
    (*WHOLE).as_ref().map(String::as_str)
}

/// Answers with the whole.
pub(crate) async fn answer() -> Response {
    match whole() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the description of what programs can ask could not be put together");
            (StatusCode::INTERNAL_SERVER_ERROR, "It could not be put together; the node's log says why.\n")
                .into_response()
        }
    }
}

/// Puts parts together, each a name and an OpenAPI document.
///
/// # Errors
/// [`ComposeError`]
pub fn compose<'p>(parts: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Value, ComposeError> {
    let mut whole = Whole::default();
    for (name, text) in parts {
        whole.take(name, text)?;
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bongsu",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What programs can ask a node. Each answer has what its caller may see, and nothing else.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "this node"}],
        "tags": whole.tags,
        "paths": whole.paths,
        "webhooks": whole.webhooks,
        "components": whole.components,
    }))
}

#[derive(Default)]
struct Whole {
    tags: Vec<Value>,
    paths: Map<String, Value>,
    webhooks: Map<String, Value>,
    /// Components by section and name.
    components: Map<String, Value>,
}

/// The members of an object; none of anything else.
fn members(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

impl Whole {
    fn take(&mut self, name: &str, text: &str) -> Result<(), ComposeError> {
        let unread = |why: String| ComposeError::Unread(name.to_owned(), why);
        let mut part: Value = serde_json::from_str(text).map_err(|error| unread(error.to_string()))?;
        rename(&mut part, name);
        let mut part = members(Some(part));
        let Some(description) = part.get("info").and_then(|info| info["description"].as_str()) else {
            return Err(unread("it has no info.description".to_owned()));
        };
        self.tags.push(json!({"name": name, "description": description}));
        let security = part.remove("security").unwrap_or_else(|| json!([]));
        for (section, kept) in [("paths", &mut self.paths), ("webhooks", &mut self.webhooks)] {
            for (path, mut item) in members(part.remove(section)) {
                for (method, operation) in item.as_object_mut().into_iter().flatten() {
                    let Value::Object(operation) = operation else { continue };
                    operation.insert("tags".to_owned(), json!([name]));
                    operation.entry("security").or_insert_with(|| security.clone());
                    operation.entry("operationId").or_insert_with(|| json!(operation_id(method, &path)));
                }
                if kept.insert(path.clone(), item).is_some() {
                    return Err(ComposeError::Twice(path, name.to_owned()));
                }
            }
        }
        for (section, all) in members(part.remove("components")) {
            let is_shared = section == SHARED;
            let kept = self.components.entry(section).or_insert_with(|| json!({}));
            let Value::Object(kept) = kept else { continue };
            for (key, value) in members(Some(all)) {
                let key = if is_shared { key } else { named(name, &key) };
                if kept.insert(key.clone(), value.clone()).is_some_and(|before| before != value) {
                    return Err(ComposeError::Twice(key, name.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// A word with a capital.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The name of a part's component in the whole: `TaxiiEnvelope`.
fn named(part: &str, key: &str) -> String {
    capital(part) + &capital(key)
}

/// A name for an operation that has none, such as `getRegionFlowsCsv`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    words.fold(method.to_owned(), |id, word| id + &capital(word))
}

/// Makes references in a part lead to where its components stand in the whole.
fn rename(value: &mut Value, part: &str) {
    match value {
        Value::Object(all) => {
            for (key, value) in all {
                match value {
                    Value::String(to) if key == "$ref" => {
                        let found = to.strip_prefix("#/components/").and_then(|rest| rest.split_once('/'));
                        if let Some((section, name)) = found.filter(|(section, _)| *section != SHARED) {
                            *to = format!("#/components/{section}/{}", named(part, name));
                        }
                    }
                    value => rename(value, part),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| rename(value, part)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(all) => {
                found.extend(all.get("$ref").and_then(Value::as_str).map(str::to_owned));
                all.values().for_each(|value| references(value, found));
            }
            Value::Array(all) => all.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn the_parts_make_one_whole() {
        let whole: Value = serde_json::from_str(whole().unwrap()).unwrap();
        let mut found = BTreeSet::new();
        references(&whole, &mut found);
        assert!(found.len() > 50, "{found:?}");
        for to in found {
            assert!(whole.pointer(to.strip_prefix('#').unwrap()).is_some(), "{to} leads nowhere");
        }
        let mut ids = BTreeSet::new();
        let paths = whole["paths"].as_object().unwrap();
        assert!(paths.len() > 120, "{}", paths.len());
        for (path, method, operation) in paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(m, o)| (path, m, o)))
        {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is two operations, the second {method} {path}");
            let is_known = |way: &Value| {
                let name = way.as_object().unwrap().keys().next().unwrap();
                whole["components"][SHARED][name].is_object()
            };
            assert!(operation["security"].as_array().unwrap().iter().all(is_known), "{method} {path}");
        }
        assert_eq!(whole["paths"]["/objects.json"]["get"]["operationId"], "getObjectsJson");
        assert_eq!(whole["paths"]["/ready"]["get"]["security"], json!([]));
    }

    #[test]
    fn what_makes_no_whole_is_said() {
        let part = |path: &str| {
            json!({"info": {"description": "x"}, "paths": {path: {"get": {}}},
                   "components": {"schemas": {"It": {"$ref": "#/components/schemas/That"}, "That": {}}}})
            .to_string()
        };
        let (one, other) = (part("/one"), part("/other"));
        let whole = compose([("a", one.as_str()), ("b", other.as_str())]).unwrap();
        assert_eq!(whole["components"]["schemas"]["BIt"], json!({"$ref": "#/components/schemas/BThat"}));
        let twice = compose([("a", one.as_str()), ("b", one.as_str())]);
        assert_eq!(twice, Err(ComposeError::Twice("/one".to_owned(), "b".to_owned())));
        for wrong in ["", "{}", "[]"] {
            assert!(matches!(compose([("a", wrong)]), Err(ComposeError::Unread(..))), "{wrong}");
        }
    }
}
