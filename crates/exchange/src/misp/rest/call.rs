//! What is asked for: MISP's way of putting a request into a path.
//!
//! `/events/view/UUID.json`, `/events/restSearch/json/tags:tlp%3Agreen/limit:5`, `/shadowAttributes/index/`: a controller, an
//! action, what is meant, and named parameters with a colon. Controllers are written with underscores or capitals, the
//! suffix `.json` and a slash at the end may stand there or not, and all may stand under `/misp`.

use http::Method;
use percent_encoding::percent_decode_str;

/// Most parts of a path.
const PARTS_MAX: usize = 200;
/// The controllers that are known, in lower case without underscores.
const CONTROLLERS: &[&str] = &[
    "analystdata",
    "attributes",
    "eventreports",
    "events",
    "galaxies",
    "galaxyclusters",
    "objectreferences",
    "organisations",
    "servers",
    "shadowattributes",
    "sharinggroups",
    "sightings",
    "tags",
    "users",
    "warninglists",
];
/// Actions on `/objects`, where this node has a page of its own as well.
const OBJECT_ACTIONS: &[&str] = &["add", "edit", "delete", "view", "restsearch"];

/// A request, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: Method,
    /// In lower case without underscores.
    pub(super) controller: String,
    /// In lower case without underscores; `index` if none is named.
    pub(super) action: String,
    /// What stands behind the action, without named parameters.
    pub(super) args: Vec<String>,
    /// Named parameters and those of the query, in order.
    pub(super) named: Vec<(String, String)>,
    /// The path, as errors name it.
    pub(super) path: String,
}

impl Call {
    /// Takes a request apart. `None` if it names no controller that is known.
    pub(super) fn read(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        let inner = path.strip_prefix("/misp").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let trimmed = inner.trim_matches('/');
        let trimmed = trimmed.strip_suffix(".json").unwrap_or(trimmed);
        let mut parts = trimmed.split('/').take(PARTS_MAX).map(decoded);
        let controller = plain(&parts.next()?);
        if controller != "objects" && !CONTROLLERS.contains(&controller.as_str()) {
            return None;
        }
        let (mut action, mut args, mut named) = (None, Vec::new(), Vec::new());
        for part in parts.filter(|part| !part.is_empty()) {
            match part.split_once(':') {
                Some((name, value)) => named.push((name.to_owned(), value.to_owned())),
                None if action.is_none() => action = Some(plain(&part)),
                None => args.push(part),
            }
        }
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).take(PARTS_MAX) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            named.push((decoded(name), decoded(&value.replace('+', " "))));
        }
        let action = action.unwrap_or_else(|| "index".to_owned());
        Some(Self { method: method.clone(), controller, action, args, named, path: inner.to_owned() })
    }

    /// The first thing that is meant, such as an event.
    pub(super) fn first(&self) -> Option<&str> {
        self.args.first().map(String::as_str)
    }

    /// A named parameter; of one that comes twice the last counts.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        let mut found = self.named.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// Whether a named parameter is there and true.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.named(name).is_some_and(|value| !matches!(value, "" | "0" | "false"))
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a path is MISP's: everything under `/misp`, and what a MISP instance has at its root, so that the node's own
/// address can be given to tools as that of a MISP.
#[must_use]
pub fn is_misp(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    let first = plain(parts.next().unwrap_or_default().trim_end_matches(".json"));
    match first.as_str() {
        "misp" => true,
        // `/objects/CIRCLE/TYPE--UUID` is a page; MISP names objects by UUID or number.
        "objects" => {
            let action = plain(parts.next().unwrap_or_default().trim_end_matches(".json"));
            OBJECT_ACTIONS.contains(&action.as_str()) && !parts.next().is_some_and(|id| id.contains("--"))
        }
        first => CONTROLLERS.contains(&first),
    }
}

/// What a request to MISP's interface does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deeds {
    /// It asks about the node and about who asks.
    About,
    /// It looks at what there is.
    Reads,
    /// It takes something away.
    Removes,
    /// It does anything else.
    Changes,
}

/// Actions that only look, whatever the method; all that search are sent with POST.
const READING: &[&str] = &[
    "index",
    "view",
    "restsearch",
    "search",
    "describetypes",
    "filtereventidsforpush",
    "filtersightinguuidsforpush",
    "filteranalystdataforpush",
    "indexminimal",
    "listsightings",
    "checkvalue",
];

/// What a request does, by its method and path. What is not known counts as a change.
#[must_use]
pub fn deeds(method: &Method, path: &str) -> Deeds {
    let Some(call) = Call::read(method, path, None) else { return Deeds::Changes };
    match (call.controller.as_str(), call.action.as_str()) {
        // The names of tags and organisations are those of the events that are seen.
        ("servers", "getavailablesyncfilteringrules") => Deeds::Reads,
        ("servers" | "users", _) => Deeds::About,
        ("events" | "attributes" | "objects" | "sightings", "delete") => Deeds::Removes,
        (_, action) if READING.contains(&action) => Deeds::Reads,
        _ if *method == Method::DELETE => Deeds::Removes,
        _ => Deeds::Changes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_however_it_is_written() {
        let read = |path: &str| {
            let (path, query) =
                path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
            Call::read(&Method::GET, path, query)
                .map(|call| (call.controller, call.action, call.args, call.named))
        };
        let plain = |controller: &str, action: &str, args: &[&str]| {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            Some((controller.to_owned(), action.to_owned(), args, Vec::new()))
        };
        for path in ["/events/view/7", "/misp/events/view/7/", "/events/view/7.json", "//events/view/7.json"]
        {
            assert_eq!(read(path), plain("events", "view", &["7"]), "{path}");
        }
        assert_eq!(read("/servers/getVersion"), plain("servers", "getversion", &[]));
        for path in ["/sharing_groups", "/sharingGroups/index", "/misp/sharing_groups/index.json"] {
            assert_eq!(read(path), plain("sharinggroups", "index", &[]), "{path}");
        }
        let named = read("/attributes/restSearch/json/value:a%3Ab/uuid[]:x?limit=5&value=c+d").unwrap();
        assert_eq!(named.2, ["json"]);
        let pairs: Vec<String> = named.3.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["value=a:b", "uuid[]=x", "limit=5", "value=c d"]);
        for other in ["/", "/circles/region", "/d/zone.rpz", "/misp", "/mispx/events", "/feeds/index"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn pages_stay_pages() {
        for ours in
            ["/misp/feed/region/manifest.json", "/events/index", "/objects/add/7/8", "/shadowAttributes"]
        {
            assert!(is_misp(ours), "{ours}");
        }
        for page in [
            "/",
            "/objects",
            "/objects?x",
            "/objects/region/indicator--1",
            "/circles/events",
            "/objects/view/indicator--5f3e7f7c-1c5c-4d8b-9a53-4b8f950d210f",
            "/members/x",
            "/style.css",
        ] {
            assert!(!is_misp(page), "{page}");
        }
    }
}
