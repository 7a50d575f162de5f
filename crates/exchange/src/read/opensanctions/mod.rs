//! Lists of OpenSanctions, and any other in FollowTheMoney's JSON form: an entity a line.
//!
//! Persons, organisations, companies, vessels and whatever else bears a name become identities whose ids depend on the entity's id
//! alone, so that a newer file given with the older one (`--replaces`) makes newer versions of what changed and withdraws
//! what is gone. What STIX has no property for stands in the extension of sanctioned parties, as the reader of OFAC's list
//! writes it. Crypto wallets become observables with an indicator, related to their holder. Sanctions add their programmes
//! to whom they hit; entities of other schemas (ownerships, passports, addresses) are counted in one finding.
//!
//! Source: FollowTheMoney, entity JSON and schemas; OpenSanctions, bulk data, `entities.ftm.json` and `targets.nested.json`.

mod entity;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};
use stix::Finding;
use watch::names::PARTY_EXTENSION;

use self::entity::{Entity, Role};
use super::make::{Dates, Maker};
use super::party::{self, Holder};
use super::{Options, Sink};

/// Longest line, in bytes. An entity with thousands of aliases and addresses has some hundred kilobytes.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most entities of one file; OpenSanctions' default collection has some three million.
const ENTITIES_MAX: usize = 5_000_000;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 8_000;
/// Indicators of wallets are this list's, whatever the file's name.
const LIST: &str = "OpenSanctions";

/// What other entities of the file say of one.
#[derive(Default)]
struct Linked {
    /// Programmes, by the id of whom they hit.
    programmes: HashMap<String, Vec<String>>,
    /// Names, by id, of those who hold wallets.
    holders: HashMap<String, String>,
}

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) {
    let linked = linked(text);
    let dates = Dates::of_file(options);
    let mut make = Maker { sink, options, format: "opensanctions", dates, tlp: None, by: None };
    party::definition(&mut make);
    let (mut seen, mut wallets) = (HashSet::new(), HashSet::new());
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if make.sink.stopped {
            return;
        }
        let path = format!("line {}", at + 1);
        if seen.len() >= ENTITIES_MAX {
            let message =
                format!("the list has more than {ENTITIES_MAX} entities; from here on it was left out");
            make.sink.finding(Finding::error("list-too-large", path, message));
            break;
        }
        let entity = match parsed(line) {
            Ok(entity) => entity,
            Err(message) => {
                make.sink.finding(Finding::error(
                    "entity-unread",
                    path,
                    format!("{message}; the line was skipped"),
                ));
                continue;
            }
        };
        if !seen.insert(entity.id.clone()) {
            let message = format!("the entity {} stands in the list already", entity.id);
            make.sink.finding(Finding::warning("entity-repeated", path, message));
            continue;
        }
        match entity.role() {
            Role::Party => identity(&entity, &linked, &path, &mut make, &mut wallets),
            Role::Wallet => wallet(&entity, &linked, &path, &mut make, &mut wallets),
            Role::Sanction => {}
            Role::Other => *others.entry(entity.schema).or_default() += 1,
        }
    }
    if !others.is_empty() {
        let counts =
            others.iter().map(|(schema, count)| format!("{count} {schema}")).collect::<Vec<_>>().join(", ");
        let message = format!("entities that are no party, wallet or sanction were left out: {counts}");
        make.sink.finding(Finding::warning("schema-left-out", "", message));
    }
}

fn parsed(line: &str) -> Result<Entity, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("an entity has at most {LINE_BYTES_MAX} bytes"));
    }
    super::limit::json(line.as_bytes()).map_err(|error| error.to_string())?;
    Entity::parse(line)
}

/// What sanctions and wallets say of others; they may stand before them or behind.
fn linked(text: &str) -> Linked {
    let mut linked = Linked::default();
    let mut holders: HashSet<String> = HashSet::new();
    let worth = |line: &&str| line.contains("\"Sanction\"") || line.contains("\"CryptoWallet\"");
    for entity in text.lines().filter(worth).filter_map(|line| parsed(line).ok()) {
        match entity.role() {
            Role::Sanction => {
                let programmes = entity.programmes();
                for hit in entity.texts("entity") {
                    linked.programmes.entry(hit.to_owned()).or_default().extend(programmes.iter().cloned());
                }
            }
            Role::Wallet => holders.extend(entity.texts("holder").map(str::to_owned)),
            _ => {}
        }
    }
    if !holders.is_empty() {
        for entity in text.lines().filter_map(|line| parsed(line).ok()) {
            if holders.contains(&entity.id) && matches!(entity.role(), Role::Party) {
                let name = entity.name().unwrap_or_default().to_owned();
                linked.holders.insert(entity.id, name);
            }
        }
    }
    linked
}

fn labels(entity: &Entity, programmes: &[String]) -> Vec<String> {
    let topics = entity.texts("topics").map(|topic| format!("opensanctions-topic:{topic}"));
    let programmes = programmes.iter().map(|name| format!("opensanctions-programme:{name}"));
    std::iter::once("opensanctions".to_owned()).chain(topics).chain(programmes).collect()
}

fn identity(
    entity: &Entity,
    linked: &Linked,
    path: &str,
    make: &mut Maker<'_, '_, '_>,
    wallets: &mut HashSet<String>,
) {
    let Some(name) = entity.name() else {
        let message = format!("the entity {} has no name; the line was skipped", entity.id);
        make.sink.finding(Finding::error("entity-unread", path, message));
        return;
    };
    let id = make.id("identity", &[&entity.id]);
    let mut programmes = entity.programmes();
    programmes.extend(linked.programmes.get(&entity.id).into_iter().flatten().cloned());
    programmes.sort_unstable();
    programmes.dedup();
    let labels = labels(entity, &programmes);
    let contacts: Vec<&str> =
        ["email", "phone", "website"].into_iter().flat_map(|key| entity.texts(key)).collect();
    let notes: Vec<&str> = ["notes", "summary"].into_iter().flat_map(|key| entity.texts(key)).collect();
    let description: String = notes.join("\n").chars().take(DESCRIPTION_CHARS_MAX).collect();
    let url = format!("https://www.opensanctions.org/entities/{}/", entity.id);
    let properties = json!({
        "name": name,
        "description": description,
        "identity_class": entity.class(),
        "contact_information": contacts.join(", "),
        "labels": labels,
        "external_references": [{"source_name": LIST, "external_id": entity.id, "url": url}],
        "extensions": {PARTY_EXTENSION: extension(entity, name, &programmes)},
    });
    make.object(&id, properties, path);
    // In the nested form, wallets stand within their holder.
    for nested in entity.nested().filter(|nested| nested.role() == Role::Wallet) {
        let holder = holder(&id, name, &entity.id, &labels, path);
        address(&nested, &holder, make, wallets);
    }
}

fn holder<'h>(id: &'h str, name: &'h str, entity: &str, labels: &'h [String], path: &'h str) -> Holder<'h> {
    Holder { id, list: LIST, name: format!("{name} ({LIST} {entity})"), short: name, labels, path }
}

fn extension(entity: &Entity, name: &str, programmes: &[String]) -> Value {
    let mut aliases = Vec::new();
    let mut seen = HashSet::from([name]);
    for (key, kind) in
        [("name", "name"), ("alias", "alias"), ("previousName", "former name"), ("weakAlias", "weak alias")]
    {
        for text in entity.texts(key) {
            if seen.insert(text) {
                aliases.push(json!({"kind": kind, "text": text}));
            }
        }
    }
    let born: Vec<Value> = entity
        .texts("birthDate")
        .map(|text| {
            let is_date = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            if is_date { json!({"text": text, "date": text}) } else { json!({"text": text}) }
        })
        .collect();
    let mut countries: Vec<&str> = ["nationality", "citizenship", "country", "jurisdiction", "flag"]
        .into_iter()
        .flat_map(|key| entity.texts(key))
        .collect();
    countries.sort_unstable();
    countries.dedup();
    let list = |keys: &[&str]| -> Vec<Value> {
        let said =
            keys.iter().flat_map(|key| entity.texts(key).map(move |text| json!({"kind": key, "text": text})));
        said.collect()
    };
    let mut extension = json!({
        "extension_type": "property-extension",
        "number": entity.id,
        "kind": entity.schema,
        "title": entity.texts("title").collect::<Vec<_>>().join(", "),
        "programmes": programmes,
        "topics": entity.texts("topics").collect::<Vec<_>>(),
        "countries": countries,
        "aliases": aliases,
        "addresses": entity.texts("address").collect::<Vec<_>>(),
        "born": born,
        "vessel": if matches!(entity.schema.as_str(), "Vessel" | "Airplane" | "Vehicle") {
            list(&["imoNumber", "mmsi", "callSign", "type", "tonnage", "flag"])
        } else {
            Vec::new()
        },
        "items": list(&[
            "gender", "birthPlace", "position", "passportNumber", "idNumber", "taxNumber", "registrationNumber", "leiCode",
            "swiftBic", "ogrnCode", "innCode", "incorporationDate", "legalForm",
        ]),
    });
    if let Some(members) = extension.as_object_mut() {
        members.retain(|_, value| {
            value.as_array().is_none_or(|list| !list.is_empty())
                && value.as_str().is_none_or(|text| !text.is_empty())
        });
    }
    extension
}

/// A wallet that stands by itself, with the holder whom it names, or with its managing exchange, or as its own.
fn wallet(
    entity: &Entity,
    linked: &Linked,
    path: &str,
    make: &mut Maker<'_, '_, '_>,
    wallets: &mut HashSet<String>,
) {
    let mut programmes = entity.programmes();
    programmes.extend(linked.programmes.get(&entity.id).into_iter().flatten().cloned());
    let labels = labels(entity, &programmes);
    let known: Vec<&str> = entity.texts("holder").filter(|id| linked.holders.contains_key(*id)).collect();
    for held_by in &known {
        let id = make.id("identity", &[held_by]);
        let name = linked.holders.get(*held_by).map_or("", String::as_str);
        address(entity, &holder(&id, name, held_by, &labels, path), make, wallets);
    }
    if known.is_empty() {
        // Whoever holds it, the wallet itself is listed: the list stands for the holder.
        let id = make.id("identity", &[&entity.id]);
        let name = entity.name().unwrap_or("Holder of a listed wallet");
        let url = format!("https://www.opensanctions.org/entities/{}/", entity.id);
        let properties = json!({
            "name": name,
            "identity_class": "unspecified",
            "labels": labels,
            "external_references": [{"source_name": LIST, "external_id": entity.id, "url": url}],
        });
        make.object(&id, properties, path);
        address(entity, &holder(&id, name, &entity.id, &labels, path), make, wallets);
    }
}

fn address(
    entity: &Entity,
    holder: &Holder<'_>,
    make: &mut Maker<'_, '_, '_>,
    wallets: &mut HashSet<String>,
) {
    let currency = entity.texts("currency").collect::<Vec<_>>().join(", ");
    let currency = if currency.is_empty() { "cryptocurrency" } else { &currency };
    let mut is_none = true;
    for key in ["publicKey", "accountId"] {
        if is_none {
            for text in entity.texts(key) {
                is_none = false;
                party::wallet(holder, currency, text, make, wallets);
            }
        }
    }
    if is_none {
        let message = format!("the wallet {} has no address (publicKey)", entity.id);
        make.sink.finding(Finding::warning("wallet-form", holder.path, message));
    }
}
