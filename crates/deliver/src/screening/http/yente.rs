//! The form of OpenSanctions' yente: entities to compare, and for each what is known that is like it.
//!
//! Source: yente, API reference, `POST /match/{dataset}`; FollowTheMoney's schemata `CryptoWallet` and `LegalEntity` with theirs. A
//! query names an entity's properties: values are asked for exactly, and the names of persons and organisations are compared with
//! those of listed parties. All datasets' names are taken: the lists are those of the member's circles.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json_, json};
use watch::names::ASKED_MAX;

use super::{Refused, Who, ask};
use crate::screening::reading::{More, is_date};
use crate::screening::{Answer, Extent, Known, Listed, Outcome, Question, Screening};

/// Entities of one request. Source: yente, `YENTE_MAX_BATCH`.
const QUERIES_MAX: usize = 100;
/// Properties of an entity that are asked about, each value once.
const VALUES_OF_ONE_MAX: usize = 100;
/// Results of an entity, unless another number is asked for, and at most.
const LIMIT: usize = 5;
const LIMIT_MAX: usize = 500;
/// From what score on a result counts as a match.
const THRESHOLD: f64 = 0.7;

/// From what score on a result is told.
const CUTOFF: f64 = 0.5;

/// Schemata whose names are asked for, and whose names those are.
const NAMED: [(&str, &str); 9] = [
    ("Person", "person"),
    ("Organization", "organization"),
    ("Company", "organization"),
    ("PublicBody", "organization"),
    ("Vessel", "organization"),
    ("Airplane", "organization"),
    ("LegalEntity", "name"),
    ("Asset", "organization"),
    ("Thing", "name"),
];
/// Properties that hold a name, a date of birth or founding, and a country.
const NAMES: [&str; 4] = ["name", "alias", "weakAlias", "previousName"];
const PARTS_OF_NAME: [&str; 5] = ["firstName", "secondName", "middleName", "fatherName", "lastName"];
const BIRTHS: [&str; 2] = ["birthDate", "incorporationDate"];
const COUNTRIES: [&str; 5] = ["country", "nationality", "citizenship", "jurisdiction", "flag"];

/// Properties that hold a value to ask for, and what kind it is: all that it can be, if none is said.
const PROPERTIES: [(&str, &str); 8] = [
    ("publicKey", "wallet"),
    ("address", "wallet"),
    ("email", "email"),
    ("phone", "phone"),
    ("website", ""),
    ("ibanCode", "bank-account"),
    ("accountNumber", "bank-account"),
    ("username", "account"),
];
/// The kind of which nothing may stay unread: a payment hangs on it.
const MUST_BE_READ: &str = "wallet";

#[derive(Deserialize)]
struct Asked {
    queries: BTreeMap<String, Entity>,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, Refused> {
        let asked: Self = serde_json::from_slice(body).map_err(Refused::unreadable)?;
        if asked.queries.len() > QUERIES_MAX {
            let text =
                format!("{} queries at once; at most {QUERIES_MAX} are answered.", asked.queries.len());
            return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        Ok(asked)
    }
}

/// What a body asks of all its entities.
pub(super) fn all_questions(body: &[u8]) -> Result<Vec<Question>, Refused> {
    let asked = Asked::read(body)?;
    let each = asked.queries.iter().map(|(name, entity)| questions(name, entity, CUTOFF));
    Ok(each.collect::<Result<Vec<_>, Refused>>()?.concat())
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Entity {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    schema: String,
    properties: Map<String, Json_>,
}

#[derive(Deserialize)]
pub(super) struct Options {
    limit: Option<usize>,
    threshold: Option<f64>,
    cutoff: Option<f64>,
    /// Ids of entities that are not told, apart by commas.
    exclude_entity_ids: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Told {
    responses: BTreeMap<String, Response>,
    limit: usize,
}

#[derive(Serialize)]
struct Response {
    status: u16,
    results: Vec<Json_>,
    total: Json_,
    query: Entity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
}

pub(super) async fn matches(
    State(screening): State<Arc<Screening>>,
    who: Who,
    Path(_dataset): Path<String>,
    options: Result<Query<Options>, axum::extract::rejection::QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Told>, Refused> {
    let Query(options) = options.map_err(|error| Refused::unreadable(error.body_text()))?;
    let asked = Asked::read(&body?)?;
    let limit = options.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
    let bounds = Bounds {
        limit,
        threshold: options.threshold.unwrap_or(THRESHOLD),
        cutoff: options.cutoff.unwrap_or(CUTOFF),
        excluded: options.exclude_entity_ids.iter().flat_map(|ids| ids.split(',')).map(str::trim).collect(),
    };
    let questions = asked
        .queries
        .iter()
        .map(|(name, entity)| questions(name, entity, bounds.cutoff))
        .collect::<Result<Vec<Vec<Question>>, Refused>>()?;
    let counts: Vec<usize> = questions.iter().map(Vec::len).collect();
    let answers =
        ask(screening, who, ("match", Extent::Listed), questions.into_iter().flatten().collect()).await?;
    let mut results = answers.results.into_iter();
    let mut responses = BTreeMap::new();
    for ((name, entity), count) in asked.queries.into_iter().zip(counts) {
        let answers: Vec<Answer> = results.by_ref().take(count).collect();
        responses.insert(name, response(entity, &answers, &bounds));
    }
    Ok(Json(Told { responses, limit }))
}

/// What is told of what is known.
struct Bounds<'a> {
    limit: usize,
    threshold: f64,
    cutoff: f64,
    excluded: Vec<&'a str>,
}

impl Entity {
    /// The texts of a property.
    fn texts(&self, property: &str) -> impl Iterator<Item = &str> {
        let values = match self.properties.get(property) {
            Some(Json_::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        values.iter().filter_map(Json_::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The texts of several.
    fn all(&self, properties: &[&str]) -> Vec<String> {
        let texts = properties.iter().flat_map(|property| self.texts(property));
        texts.map(str::to_owned).collect()
    }

    /// The question for its names, if it has any.
    fn name(&self, cutoff: f64) -> Option<Question> {
        let (_, kind) = NAMED.iter().find(|(schema, _)| *schema == self.schema)?;
        let mut names = self.all(&NAMES);
        let parts = PARTS_OF_NAME.iter().filter_map(|part| self.texts(part).next()).collect::<Vec<_>>();
        if parts.len() > 1 {
            names.push(parts.join(" "));
        }
        if names.is_empty() {
            return None;
        }
        let first = names.remove(0);
        #[expect(clippy::cast_possible_truncation, reason = "a score between 0 and 1")]
        let least = cutoff.clamp(0.0, 1.0) as f32;
        let (mut births, countries) = (self.all(&BIRTHS), self.all(&COUNTRIES));
        // What is no date contradicts none.
        births.retain(|birth| is_date(birth));
        let more = More { names, births, countries, least: Some(least) };
        Some(Question { more, ..Question::of_kind(first, *kind) })
    }
}

/// What of an entity is asked about. Of what can't be asked nobody is told that nothing is known.
fn questions(name: &str, entity: &Entity, cutoff: f64) -> Result<Vec<Question>, Refused> {
    let refused =
        |text: String| Err(Refused::new(StatusCode::BAD_REQUEST, format!("Query `{name}`: {text}")));
    let is_wallet = entity.schema == "CryptoWallet";
    let asked = PROPERTIES.iter().filter(|(property, _)| *property != "address" || is_wallet);
    let values: Vec<Question> = asked
        .flat_map(|(property, kind)| entity.texts(property).map(|text| Question::of_kind(text, *kind)))
        .collect();
    let unread = values.iter().filter(|question| question.kind.as_deref() == Some(MUST_BE_READ));
    let unread = unread.filter_map(|question| Some((question, question.values().err()?))).next();
    if let Some((question, why)) = unread {
        return refused(format!("`{}` can't be read: {why}.", question.shown()));
    }
    let questions: Vec<Question> = entity.name(cutoff).into_iter().chain(values).collect();
    let names = questions.first().map_or(0, |question| 1 + question.more.names.len());
    match questions.len() {
        _ if names > ASKED_MAX => refused(format!("{names} names; at most {ASKED_MAX} are compared.")),
        0 => refused(format!(
            "nothing of this `{}` is asked about; /screening/openapi.json names what is.",
            entity.schema
        )),
        count if count > VALUES_OF_ONE_MAX => {
            refused(format!("{count} values; at most {VALUES_OF_ONE_MAX} are asked about."))
        }
        _ => Ok(questions),
    }
}

fn response(query: Entity, answers: &[Answer], bounds: &Bounds<'_>) -> Response {
    // Who leaves an entity out leaves out what it says, and nothing of what others say.
    let told = answers.iter().flat_map(|answer| &answer.matches).filter_map(|known| {
        let mut known = known.clone();
        known.sources.retain(|source| !bounds.excluded.contains(&source.indicator.as_str()));
        (!known.sources.is_empty() && score(&known) >= bounds.cutoff).then_some(known)
    });
    let mut told: Vec<Known> = told.collect();
    told.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let total = told.len();
    let results = told.iter().take(bounds.limit).map(|known| result(known, bounds.threshold));
    let unreadable = answers
        .iter()
        .filter(|answer| answer.result == Outcome::Unreadable)
        .map(|answer| format!("{}: {}", answer.value, answer.why.as_deref().unwrap_or_default()));
    Response {
        status: 200,
        results: results.collect(),
        total: json!({"value": total, "relation": "eq"}),
        unreadable: unreadable.collect(),
        query,
    }
}

fn score(known: &Known) -> f64 {
    match &known.party {
        Some(party) => party.score,
        None if known.is_in_force() => 1.0,
        None => 0.5,
    }
}

/// An entity that is known. Source: FollowTheMoney, as yente writes its entities.
fn result(known: &Known, threshold: f64) -> Json_ {
    let first = known.sources.first();
    let sources = || known.sources.iter();
    let mut circles: Vec<&str> = sources().map(|source| source.circle.as_str()).collect();
    circles.sort_unstable();
    circles.dedup();
    let caption = first.and_then(|source| source.name.as_deref()).unwrap_or(&known.value);
    let notes: Vec<&str> = sources().filter_map(|source| source.description.as_deref()).collect();
    let urls: Vec<&String> = sources().flat_map(|source| &source.references).collect();
    let (schema, mut properties) = match &known.party {
        Some(party) => of_party(party),
        None => of_value(known, caption),
    };
    properties.extend([("notes".to_owned(), json!(notes)), ("sourceUrl".to_owned(), json!(urls))]);
    let score = score(known);
    json!({
        "id": first.map(|source| source.indicator.as_str()),
        "caption": caption,
        "schema": schema,
        "properties": properties,
        "datasets": circles,
        "referents": sources().skip(1).map(|source| &source.indicator).collect::<Vec<_>>(),
        "target": true,
        "first_seen": first.and_then(|source| source.valid_from.as_deref()),
        "last_seen": first.and_then(|source| source.valid_until.as_deref()),
        "score": score,
        "features": {known.by: score},
        "match": known.is_in_force() && score >= threshold,
    })
}

fn of_party(party: &Listed) -> (&'static str, Map<String, Json_>) {
    let (schema, born) = match party.schema {
        "person" => ("Person", "birthDate"),
        "organization" => ("Organization", "incorporationDate"),
        _ => ("LegalEntity", "incorporationDate"),
    };
    let mut properties = Map::from_iter([
        ("name".to_owned(), json!(party.names.first().into_iter().collect::<Vec<_>>())),
        ("alias".to_owned(), json!(party.names.iter().skip(1).collect::<Vec<_>>())),
        (born.to_owned(), json!(party.born)),
        ("country".to_owned(), json!(party.countries)),
        ("topics".to_owned(), json!(["sanction"])),
    ]);
    properties.retain(|_, values| values.as_array().is_some_and(|values| !values.is_empty()));
    (schema, properties)
}

fn of_value(known: &Known, caption: &str) -> (&'static str, Map<String, Json_>) {
    let (schema, property) = match known.kind.as_str() {
        "wallet" => ("CryptoWallet", "publicKey"),
        "email" => ("LegalEntity", "email"),
        "phone" => ("LegalEntity", "phone"),
        "bank-account" => ("BankAccount", "accountNumber"),
        "account" => ("UserAccount", "username"),
        _ => ("LegalEntity", "website"),
    };
    let properties = [(property, &known.value), ("name", &caption.to_owned())];
    (schema, properties.map(|(property, value)| (property.to_owned(), json!([value]))).into_iter().collect())
}
