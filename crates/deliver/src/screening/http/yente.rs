//! The form of OpenSanctions' yente: entities to compare, and for each what is known that is like it.
//!
//! Source: yente, API reference, `POST /match/{dataset}`; FollowTheMoney's schemata `CryptoWallet` and `LegalEntity` with theirs. A
//! query names an entity's properties; values are asked for exactly. All datasets' names are taken: the lists are those of the
//! member's circles, or of one of them if it is named so.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json_, json};

use super::{Refused, Who, ask};
use crate::screening::{Answer, Known, Outcome, Question, Screening};

/// Entities of one request. Source: yente, `YENTE_MAX_BATCH`.
const QUERIES_MAX: usize = 100;
/// Properties of an entity that are asked about, each value once.
const VALUES_OF_ONE_MAX: usize = 100;
/// Results of an entity, unless another number is asked for, and at most.
const LIMIT: usize = 5;
const LIMIT_MAX: usize = 500;
/// From what score on a result counts as a match.
const THRESHOLD: f64 = 0.7;

/// Properties that hold a value to ask for, and what kind it is.
const PROPERTIES: [(&str, &str); 8] = [
    ("publicKey", "wallet"),
    ("address", "wallet"),
    ("email", "email"),
    ("phone", "phone"),
    ("website", "url"),
    ("ibanCode", "bank-account"),
    ("accountNumber", "bank-account"),
    ("username", "account"),
];

#[derive(Deserialize)]
struct Asked {
    queries: BTreeMap<String, Entity>,
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
    let asked: Asked = serde_json::from_slice(&body?).map_err(Refused::unreadable)?;
    if asked.queries.len() > QUERIES_MAX {
        let text = format!("{} queries at once; at most {QUERIES_MAX} are answered.", asked.queries.len());
        return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    let limit = options.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
    let threshold = options.threshold.unwrap_or(THRESHOLD);
    let questions: Vec<Vec<Question>> = asked.queries.values().map(questions).collect();
    let counts: Vec<usize> = questions.iter().map(Vec::len).collect();
    let answers = ask(screening, who, "match", questions.into_iter().flatten().collect()).await?;
    let mut results = answers.results.into_iter();
    let mut responses = BTreeMap::new();
    for ((name, entity), count) in asked.queries.into_iter().zip(counts) {
        let answers: Vec<Answer> = results.by_ref().take(count).collect();
        responses.insert(name, response(entity, &answers, limit, threshold));
    }
    Ok(Json(Told { responses, limit }))
}

/// What of an entity is asked about.
fn questions(entity: &Entity) -> Vec<Question> {
    let is_wallet = entity.schema == "CryptoWallet";
    let asked = PROPERTIES.iter().filter(|(property, _)| *property != "address" || is_wallet);
    let questions = asked.flat_map(|(property, kind)| {
        let values = match entity.properties.get(*property) {
            Some(Json_::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        let texts = values.iter().filter_map(Json_::as_str);
        texts
            .map(|text| Question { value: text.to_owned(), kind: Some((*kind).to_owned()) })
            .collect::<Vec<_>>()
    });
    questions.take(VALUES_OF_ONE_MAX).collect()
}

fn response(query: Entity, answers: &[Answer], limit: usize, threshold: f64) -> Response {
    let known = answers.iter().flat_map(|answer| answer.matches.iter().map(move |known| (answer, known)));
    let mut results: Vec<Json_> = known.map(|(answer, known)| result(answer, known, threshold)).collect();
    let total = results.len();
    results.truncate(limit);
    let unreadable = answers
        .iter()
        .filter(|answer| answer.result == Outcome::Unreadable)
        .map(|answer| format!("{}: {}", answer.value, answer.why.as_deref().unwrap_or_default()));
    Response {
        status: 200,
        results,
        total: json!({"value": total, "relation": "eq"}),
        unreadable: unreadable.collect(),
        query,
    }
}

/// An entity that is known. Source: FollowTheMoney, as yente writes its entities.
fn result(answer: &Answer, known: &Known, threshold: f64) -> Json_ {
    let score = if known.is_in_force() { 1.0 } else { 0.5 };
    let first = known.sources.first();
    let sources = || known.sources.iter();
    let (schema, property) = match known.kind.as_str() {
        "wallet" => ("CryptoWallet", "publicKey"),
        "email" => ("LegalEntity", "email"),
        "phone" => ("LegalEntity", "phone"),
        "bank-account" => ("BankAccount", "accountNumber"),
        "account" => ("UserAccount", "username"),
        _ => ("LegalEntity", "website"),
    };
    let mut circles: Vec<&str> = sources().map(|source| source.circle.as_str()).collect();
    circles.sort_unstable();
    circles.dedup();
    let caption = first.and_then(|source| source.name.as_deref()).unwrap_or(&known.value);
    let notes: Vec<&str> = sources().filter_map(|source| source.description.as_deref()).collect();
    let urls: Vec<&String> = sources().flat_map(|source| &source.references).collect();
    json!({
        "id": first.map(|source| source.indicator.as_str()),
        "caption": caption,
        "schema": schema,
        "properties": {property: [known.value], "name": [caption], "notes": notes, "sourceUrl": urls},
        "datasets": circles,
        "referents": sources().skip(1).map(|source| &source.indicator).collect::<Vec<_>>(),
        "target": true,
        "first_seen": first.and_then(|source| source.valid_from.as_deref()),
        "last_seen": first.and_then(|source| source.valid_until.as_deref()),
        "score": score,
        "features": {known.by: 1.0},
        "match": answer.result == Outcome::Match && score >= threshold,
    })
}
