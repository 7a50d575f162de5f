//! One value, answered without the layers that stand around all surfaces: who pays or resolves asks this before each thing done.

use axum::Json;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use policy::{Channel, MemberId};

use super::{Refused, few};
use crate::screening::{Extent, Question, Screening};

/// Where one value is asked for.
pub const PATH: &str = "/screening/value";

/// Answers a member's question. `None` if it can't be read, or can't be answered at once: the way through the layers is for that.
pub async fn answer(
    screening: &Screening,
    member: MemberId,
    channel: Channel,
    uri: &Uri,
) -> Option<Response> {
    let Query(question) = Query::<Question>::try_from_uri(uri).ok()?;
    let question = [question];
    let takes_longer = question[0].may_be_name() || screening.looks_at(Extent::Exposed, &question);
    if takes_longer || !screening.is_ready() {
        return None;
    }
    let answers = few(screening, member, channel, "value", &question).await;
    Some(answers.map(Json).map_err(Refused::from).into_response())
}
