//! The form of Chainalysis' sanctions API: an address, and what it is identified as.
//!
//! Source: Chainalysis, "Sanctions API reference", `GET /api/v1/address/{address}` with a key in `X-API-Key`. What has the form of no
//! address is refused, since an empty list would say that it is clean.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Serialize;

use super::{Refused, Who, ask};
use crate::screening::{Extent, Known, Outcome, Question, Screening};

#[derive(Serialize)]
pub(super) struct Identified {
    identifications: Vec<Identification>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Identification {
    category: &'static str,
    name: String,
    description: String,
    url: String,
}

pub(super) async fn address(
    State(screening): State<Arc<Screening>>,
    who: Who,
    Path(address): Path<String>,
) -> Result<Json<Identified>, Refused> {
    let question = Question::of_kind(address, "wallet");
    let answers = ask(screening, who, ("address", Extent::Listed), vec![question]).await?;
    let identified = answers.results.into_iter().next().map(|answer| match answer.result {
        Outcome::Unreadable => Err(Refused::new(StatusCode::BAD_REQUEST, answer.why.unwrap_or_default())),
        _ => {
            Ok(answer.matches.iter().filter(|known| known.is_in_force()).flat_map(identifications).collect())
        }
    });
    Ok(Json(Identified { identifications: identified.transpose()?.unwrap_or_default() }))
}

/// What a known value is identified as, by each that says so and holds.
pub(super) fn identifications(known: &Known) -> impl Iterator<Item = Identification> {
    known.sources.iter().filter(|source| source.in_force).map(|source| Identification {
        category: if super::trm::is_sanction(source) { "sanctions" } else { "threat intelligence" },
        name: source.name.clone().unwrap_or_else(|| source.indicator.clone()),
        description: source.description.clone().unwrap_or_default(),
        url: source.references.first().cloned().unwrap_or_default(),
    })
}
