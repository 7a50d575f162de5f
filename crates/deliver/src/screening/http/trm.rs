//! The form of TRM's sanctions API: addresses, and whether each is sanctioned.
//!
//! Source: TRM Labs, "TRM Sanctions API v1", `POST /public/v1/sanctions/screening`. `isSanctioned` is true for whatever is known
//! and holds: who calls this form acts on that one word, so the fields beside it say by whom. An address that can't be read is
//! refused with the whole request, since `false` would say that it is clean.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Refused, Who, ask};
use crate::screening::{Extent, Outcome, Question, Screening, Source};

#[derive(Deserialize)]
pub(super) struct Asked {
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    address: String,
    is_sanctioned: bool,
    /// Names of what says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
}

pub(super) async fn screening(
    State(screening): State<Arc<Screening>>,
    who: Who,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Vec<Told>>, Refused> {
    let asked: Vec<Asked> = serde_json::from_slice(&body?).map_err(Refused::unreadable)?;
    let question = |asked: Asked| Question::of_kind(asked.address, "wallet");
    let answers =
        ask(screening, who, ("trm", Extent::Listed), asked.into_iter().map(question).collect()).await?;
    let unread = answers.results.iter().find(|answer| answer.result == Outcome::Unreadable);
    if let Some(answer) = unread {
        let text = format!("`{}`: {}", answer.value, answer.why.clone().unwrap_or_default());
        return Err(Refused::new(StatusCode::BAD_REQUEST, text));
    }
    let told = answers.results.into_iter().map(|answer| {
        let in_force =
            answer.matches.iter().flat_map(|known| &known.sources).filter(|source| source.in_force);
        let name = |source: &Source| source.name.clone().unwrap_or_else(|| source.indicator.clone());
        Told {
            is_sanctioned: answer.result == Outcome::Match,
            sources: in_force.map(name).collect(),
            address: answer.value,
        }
    });
    Ok(Json(told.collect()))
}

/// Whether a source speaks for a government's list.
pub(super) fn is_sanction(source: &Source) -> bool {
    let texts = [source.name.as_deref(), source.description.as_deref()];
    texts
        .into_iter()
        .flatten()
        .any(|text| text.contains("OFAC") || text.to_ascii_lowercase().contains("sanction"))
}
