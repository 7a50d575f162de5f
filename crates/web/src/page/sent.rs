//! What was sent with a form of this node's own pages.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::response::Response;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::error;
use super::view::say;
use crate::auth::form::is_from_here;

/// The fields of a form. What was not sent from a page of this node, or can't be read, is refused with a page that says so.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        if !is_from_here(request.headers(), request.uri()) {
            return Err(not_from_here());
        }
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(fault) => Err(unread(&fault)),
        }
    }
}

/// What is answered to a form that was not sent from a page of this node.
pub(super) fn not_from_here() -> Response {
    let what = say(
        "The form was not sent from a page of this node. Open the page and send it there.",
        "이 양식은 이 노드의 화면에서 보낸 것이 아닙니다. 화면을 열어 그곳에서 보내십시오.",
    );
    error(StatusCode::FORBIDDEN, say("Not from here", "이곳에서 보낸 것이 아님"), what)
}

/// What is answered to a form that can't be read.
pub(super) fn unread(fault: &FormRejection) -> Response {
    let what =
        format!("{} {}.", say("The form can't be read:", "양식을 읽을 수 없습니다:"), fault.body_text());
    error(StatusCode::BAD_REQUEST, say("Not read", "읽지 못함"), &what)
}
