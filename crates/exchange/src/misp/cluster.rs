//! Clusters of galaxies and the STIX objects that they are: actors, malware, tools, techniques, places, sectors.
//!
//! A catalogue's cluster (`threat-actor`, `mitre-attack-pattern`, `country` …) becomes the object that misp-stix makes
//! of it, with the cluster's UUID. A STIX object that came from elsewhere becomes a cluster of the galaxy
//! `stix-2.1-TYPE`, as misp-stix does, and comes back from there whole: texts and lists of texts stand under their own
//! names in `meta`, everything else as JSON under `stix2:NAME`.
//!
//! Source: misp-stix mapping documents (galaxies); MISP galaxy format (draft-dulaunoy-misp-galaxy-format).

use serde_json::{Map, Value as Json, json};

use super::wire::{Any, Cluster, Galaxy};

/// Galaxies of STIX objects: this and the type.
const STIX_GALAXY: &str = "stix-2.1-";
/// Before the name of a property whose value is JSON.
const JSON_PREFIX: &str = "stix2:";
/// Properties that are lists of texts, beside those that end in `_types` and `_refs`.
const LISTS: [&str; 11] = [
    "aliases",
    "architecture_execution_envs",
    "authors",
    "capabilities",
    "goals",
    "implementation_languages",
    "labels",
    "personal_motivations",
    "roles",
    "secondary_motivations",
    "sectors",
];

/// Types that MISP has elements of its own for, and those that rule over others; no cluster is read as one.
const NO_CLUSTERS: [&str; 12] = [
    "bundle",
    "extension-definition",
    "grouping",
    "indicator",
    "language-content",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
];

fn is_list(property: &str) -> bool {
    LISTS.contains(&property) || property.ends_with("_types") || property.ends_with("_refs")
}

/// The STIX type that a galaxy's clusters are; `None` for galaxies that have none.
///
/// Source: misp-stix, galaxy mapping.
pub(super) fn stix_type(galaxy: &str) -> Option<&str> {
    if let Some(own) = galaxy.strip_prefix(STIX_GALAXY).or_else(|| galaxy.strip_prefix("stix-2.0-")) {
        return Some(own).filter(|own| !NO_CLUSTERS.contains(own));
    }
    Some(match galaxy {
        "threat-actor" | "360net-threat-actor" | "microsoft-activity-group" | "mitre-ics-groups" => {
            "threat-actor"
        }
        "android" | "backdoor" | "banker" | "cryptominers" | "malpedia" | "mitre-ics-software"
        | "ransomware" | "stealer" => "malware",
        "botnet" | "exploit-kit" | "rat" | "tds" | "tool" => "tool",
        "branded-vulnerability" => "vulnerability",
        "country" | "region" => "location",
        "sector" => "identity",
        "mitre-ics-techniques" => "attack-pattern",
        _ if galaxy.ends_with("attack-pattern") => "attack-pattern",
        _ if galaxy.ends_with("course-of-action") => "course-of-action",
        _ if galaxy.ends_with("intrusion-set") => "intrusion-set",
        _ if galaxy.starts_with("mitre-") && galaxy.ends_with("malware") => "malware",
        _ if galaxy.starts_with("mitre-") && galaxy.ends_with("tool") => "tool",
        _ => return None,
    })
}

/// Whether a galaxy holds STIX objects that came from elsewhere, whole.
pub(super) fn is_stix(galaxy: &str) -> bool {
    galaxy.starts_with(STIX_GALAXY)
}

/// The cluster of a STIX object, in its galaxy.
pub(super) fn of_object(object: &Map<String, Json>, uuid: &str) -> Galaxy {
    let object_type = text(object, "type");
    let kind = format!("{STIX_GALAXY}{object_type}");
    let name = named(object);
    let words = object_type.split('-').map(capital).collect::<Vec<_>>().join(" ");
    let description = text(object, "description");
    let cluster = Cluster {
        kind: kind.as_str().into(),
        value: name.as_str().into(),
        tag_name: tag_name(&kind, &name).into(),
        description: if description.is_empty() { name.as_str() } else { description }.into(),
        source: "stix".into(),
        authors: Any(Some(json!([]))),
        version: "21".into(),
        uuid: uuid.into(),
        default: false.into(),
        meta: Any(Some(Json::Object(meta_of(object)))),
        ..Cluster::default()
    };
    Galaxy {
        uuid: uuid::Uuid::new_v5(&super::read::MISP_NAMESPACE, kind.as_bytes()).to_string().into(),
        name: format!("STIX 2.1 {words}").into(),
        description: format!("Objects of the STIX 2.1 type {object_type}").into(),
        version: "21".into(),
        icon: "globe".into(),
        namespace: "stix".into(),
        kind: kind.into(),
        clusters: vec![cluster].into(),
        ..Galaxy::default()
    }
}

/// `misp-galaxy:TYPE="NAME"`.
pub(super) fn tag_name(galaxy: &str, cluster: &str) -> String {
    format!("misp-galaxy:{galaxy}=\"{cluster}\"")
}

/// What the object is called; its id where it has no name.
fn named(object: &Map<String, Json>) -> String {
    ["name", "abstract", "product", "opinion", "id"]
        .iter()
        .map(|property| text(object, property))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

fn meta_of(object: &Map<String, Json>) -> Map<String, Json> {
    let mut meta = Map::new();
    for (property, value) in object {
        match (property.as_str(), value) {
            ("type" | "id" | "spec_version", _) => {}
            ("name", Json::String(text)) if !text.is_empty() => {}
            // What MISP would shorten, or what is no more than the name, could not be told from nothing.
            ("description", Json::String(said))
                if said.trim() == said && !said.is_empty() && said != text(object, "name") => {}
            ("aliases", Json::Array(all)) if texts(all) => {
                meta.insert("synonyms".into(), value.clone());
            }
            (property, Json::String(_)) if !is_list(property) && !property.starts_with(JSON_PREFIX) => {
                meta.insert(property.into(), value.clone());
            }
            (property, Json::Array(all)) if is_list(property) && texts(all) => {
                meta.insert(property.into(), value.clone());
            }
            (property, value) => {
                meta.insert(format!("{JSON_PREFIX}{property}"), json!([value.to_string()]));
            }
        }
    }
    if object.get("name").is_none_or(|name| name.as_str().is_none_or(str::is_empty)) {
        meta.insert(format!("{JSON_PREFIX}unnamed"), json!(["true"]));
    }
    readable(object, &mut meta);
    meta
}

/// What MISP's users look for under MISP's names: references, ids elsewhere, kill chains.
fn readable(object: &Map<String, Json>, meta: &mut Map<String, Json>) {
    let list = |name: &str| object.get(name).and_then(Json::as_array).into_iter().flatten();
    let of = |part: &Json, name: &str| part.get(name).and_then(Json::as_str).map(str::to_owned);
    let refs: Vec<String> = list("external_references").filter_map(|part| of(part, "url")).collect();
    let ids: Vec<String> = list("external_references").filter_map(|part| of(part, "external_id")).collect();
    let phases: Vec<String> = list("kill_chain_phases")
        .filter_map(|part| Some(format!("{}:{}", of(part, "kill_chain_name")?, of(part, "phase_name")?)))
        .collect();
    for (name, values) in [("refs", refs), ("external_id", ids), ("kill_chain", phases)] {
        if !values.is_empty() && !meta.contains_key(name) {
            meta.insert(name.into(), json!(values));
        }
    }
}

/// The STIX object that a cluster is, without markings of the event: whole for what was STIX before, else what its
/// catalogue says. `None` if there is no type for it or a property that the type must have is missing.
pub(super) fn object_of(
    galaxy: &str,
    cluster: &Cluster,
    uuid: &str,
    no_date: &str,
) -> Option<Map<String, Json>> {
    let object_type = stix_type(galaxy)?;
    let meta = meta(cluster);
    let mut object = Map::new();
    object.insert("type".into(), object_type.into());
    object.insert("spec_version".into(), "2.1".into());
    object.insert("id".into(), format!("{object_type}--{uuid}").into());
    if is_stix(galaxy) {
        restore(&meta, &mut object);
        if !meta.contains_key("stix2:unnamed") {
            object.insert("name".into(), cluster.value.as_str().into());
        }
        if let Some(description) =
            cluster.description.text().filter(|text| *text != cluster.value.as_str().trim())
        {
            object.entry("description").or_insert_with(|| description.into());
        }
        for date in ["created", "modified"] {
            object.entry(date).or_insert_with(|| no_date.into());
        }
        return Some(object);
    }
    let version = cluster.version.text().and_then(|version| version.parse::<i64>().ok()).unwrap_or(0);
    let modified = stix::Timestamp::from_micros(version.clamp(0, 100_000_000_000) * 1_000_000);
    object.insert("created".into(), no_date.into());
    object.insert("modified".into(), modified.to_string().into());
    object.insert("name".into(), cluster.value.text()?.into());
    if let Some(text) = cluster.description.text() {
        object.insert("description".into(), text.into());
    }
    catalogue(object_type, galaxy, &meta, &mut object);
    let placed = object_type != "location" || object.contains_key("country") || object.contains_key("region");
    placed.then_some(object)
}

/// What the catalogues say of a cluster, in STIX's words.
fn catalogue(object_type: &str, galaxy: &str, meta: &Map<String, Json>, object: &mut Map<String, Json>) {
    let synonyms = all(meta, "synonyms");
    match object_type {
        "malware" => {
            object.insert("is_family".into(), true.into());
        }
        "identity" => {
            object.insert("identity_class".into(), "class".into());
        }
        "location" => place(galaxy, meta, object),
        _ => {}
    }
    let has_aliases = matches!(
        object_type,
        "attack-pattern"
            | "campaign"
            | "infrastructure"
            | "intrusion-set"
            | "malware"
            | "threat-actor"
            | "tool"
    );
    if has_aliases && !synonyms.is_empty() {
        object.insert("aliases".into(), json!(synonyms));
    }
    let references = references(galaxy, meta);
    if !references.is_empty() {
        object.insert("external_references".into(), json!(references));
    }
    let phases: Vec<Json> = all(meta, "kill_chain")
        .iter()
        .filter_map(|phase| phase.rsplit_once(':'))
        .filter(|(name, phase)| !name.is_empty() && !phase.is_empty())
        .map(|(name, phase)| json!({ "kill_chain_name": name, "phase_name": phase }))
        .collect();
    if matches!(object_type, "attack-pattern" | "infrastructure" | "malware" | "tool") && !phases.is_empty() {
        object.insert("kill_chain_phases".into(), json!(phases));
    }
    object.insert("labels".into(), json!([format!("misp:galaxy-type=\"{galaxy}\"")]));
}

fn place(galaxy: &str, meta: &Map<String, Json>, object: &mut Map<String, Json>) {
    if galaxy == "country" {
        if let Some(code) = all(meta, "ISO").into_iter().next().filter(|code| code.len() == 2) {
            object.insert("country".into(), code.into());
        }
    } else if let Some(name) = object.get("name").and_then(Json::as_str) {
        let region: String = name.split(" - ").last().unwrap_or(name).to_lowercase().replace(' ', "-");
        object.insert("region".into(), region.into());
    }
}

fn references(galaxy: &str, meta: &Map<String, Json>) -> Vec<Json> {
    let mut references = Vec::new();
    for id in all(meta, "external_id")
        .into_iter()
        .chain(all(meta, "aliases").into_iter().filter(|id| id.starts_with("CVE-")))
    {
        let source = match id.split_once('-').map(|(start, _)| start) {
            Some("CAPEC") => "capec",
            Some("CVE") => "cve",
            Some("CWE") => "cwe",
            _ if galaxy.starts_with("mitre-") => "mitre-attack",
            _ => galaxy,
        };
        references.push(json!({ "source_name": source, "external_id": id }));
    }
    for url in all(meta, "refs") {
        references.push(json!({ "source_name": "url", "url": url }));
    }
    references
}

/// The properties that stand in the cluster of a STIX object.
fn restore(meta: &Map<String, Json>, object: &mut Map<String, Json>) {
    let own = |property: &str| matches!(property, "type" | "id" | "spec_version" | "unnamed");
    for (key, value) in meta.iter().filter(|(key, _)| !own(key.strip_prefix(JSON_PREFIX).unwrap_or(key))) {
        let first = || match value {
            Json::Array(all) => all.first().and_then(Json::as_str),
            Json::String(text) => Some(text.as_str()),
            _ => None,
        };
        if let Some(property) = key.strip_prefix(JSON_PREFIX) {
            if let Some(json) = first().and_then(|text| serde_json::from_str::<Json>(text).ok()) {
                object.insert(property.into(), json);
            }
        } else if key == "synonyms" {
            object.insert("aliases".into(), json!(all(meta, key)));
        } else if matches!(key.as_str(), "refs" | "external_id" | "kill_chain") {
            continue;
        } else if is_list(key) {
            object.insert(key.clone(), json!(all(meta, key)));
        } else if let Some(text) = first() {
            object.insert(key.clone(), text.into());
        }
    }
    // Written by others, who have no JSON there.
    if !object.contains_key("external_references") {
        let references = references("stix", meta);
        if !references.is_empty() {
            object.insert("external_references".into(), json!(references));
        }
    }
    if object.get("type").and_then(Json::as_str) == Some("malware") && !object.contains_key("is_family") {
        object.insert("is_family".into(), true.into());
    }
}

/// The cluster's own UUID. Old versions of MISP sent the collection's in its place and the cluster's among the properties.
pub(super) fn identity(cluster: &Cluster) -> Option<uuid::Uuid> {
    let own = || super::read::uuid(&cluster.uuid);
    let Some(Json::Object(meta)) = &cluster.meta.0 else { return own() };
    all(meta, "uuid").first().and_then(|text| uuid::Uuid::try_parse(text).ok()).or_else(own)
}

/// The UUID of a cluster that has none of its own, or one that another cluster has too.
pub(super) fn made_up(galaxy: &str, cluster: &Cluster) -> uuid::Uuid {
    let name = format!("{galaxy}\n{}", cluster.value.as_str());
    uuid::Uuid::new_v5(&super::read::MISP_NAMESPACE, name.as_bytes())
}

/// Whether a cluster is the one that goes by this UUID in STIX.
pub(super) fn is(cluster: &Cluster, galaxy: &str, uuid: uuid::Uuid) -> bool {
    uuids(cluster, galaxy).any(|one| one == uuid)
}

/// The UUIDs under which a cluster is known: its own, and the one made of its galaxy and value.
pub(super) fn uuids(cluster: &Cluster, galaxy: &str) -> impl Iterator<Item = uuid::Uuid> {
    let galaxy = cluster.kind.text().unwrap_or(galaxy);
    identity(cluster).into_iter().chain([made_up(galaxy, cluster)])
}

/// A cluster's properties, from `meta` or from the list of pairs that MISP also sends.
pub(super) fn meta(cluster: &Cluster) -> Map<String, Json> {
    if let Some(Json::Object(meta)) = &cluster.meta.0 {
        return meta.clone();
    }
    let mut meta: Map<String, Json> = Map::new();
    for pair in cluster.elements.0.as_ref().and_then(Json::as_array).into_iter().flatten() {
        let (Some(key), Some(value)) = (pair.get("key").and_then(Json::as_str), pair.get("value")) else {
            continue;
        };
        if let Some(Json::Array(all)) = meta.get_mut(key) {
            all.push(value.clone());
        } else {
            meta.insert(key.to_owned(), json!([value]));
        }
    }
    meta
}

/// All texts under a name, whether one or a list.
fn all(meta: &Map<String, Json>, name: &str) -> Vec<String> {
    match meta.get(name) {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn texts(all: &[Json]) -> bool {
    !all.is_empty() && all.iter().all(Json::is_string)
}

fn text<'o>(object: &'o Map<String, Json>, property: &str) -> &'o str {
    object.get(property).and_then(Json::as_str).unwrap_or_default()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
