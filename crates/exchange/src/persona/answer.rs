//! `POST /persona/check`: one application or a list of them, as JSON or in any format of `watch::persona::read`; outcomes come back.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use policy::{Caller, Channel};
use serde_json::{Value, json};

use super::check::{BODY_BYTES_MAX, CheckError, Checked, PersonaCheck};
use super::known::KnownError;
use super::told::outcome;

/// The server's routes: `POST /persona/check`.
pub fn router(server: Arc<PersonaCheck>) -> Router {
    Router::new()
        .route("/persona/check", post(answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(server)
}

fn refused(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"error": text}))).into_response()
}

async fn answer(
    State(server): State<Arc<PersonaCheck>>,
    (Extension(caller), Extension(channel)): (Extension<Caller>, Extension<Channel>),
    body: Bytes,
) -> Response {
    let Caller::Member(member) = caller else {
        let text = "An operator is in no circle. Ask with a member's credential, or with `bongsu persona check --as MEMBER`.";
        return refused(StatusCode::FORBIDDEN, text);
    };
    let error = match server.check(member, channel.encrypted, body).await {
        Ok(Checked { outcomes, findings, findings_more, personas }) => {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            let outcomes: Vec<Value> = outcomes.iter().map(outcome).collect();
            return Json(json!({
                "outcomes": outcomes, "findings": findings, "findings_more": findings_more, "personas": personas,
                "threshold": server.weights.threshold,
            }))
            .into_response();
        }
        Err(error) => error,
    };
    match error {
        CheckError::Busy => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        CheckError::Unread(_) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        CheckError::TooLong(_) | CheckError::TooMany(_) => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string())
        }
        CheckError::Known(KnownError::TooMany(_)) => refused(
            StatusCode::INSUFFICIENT_STORAGE,
            &format!("Nothing can be compared: {error}. Tell the node's operator."),
        ),
        CheckError::Known(error) => {
            tracing::error!(%error, "personas could not be read");
            refused(StatusCode::SERVICE_UNAVAILABLE, "The personas could not be read; try again.")
        }
        CheckError::Failed => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
