//! Statuses: what became of an envelope (section 4.3), kept for a while for the member that sent it.

use std::collections::{HashMap, VecDeque};

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use parking_lot::Mutex;
use policy::{Caller, MemberId};
use serde::Serialize;
use uuid::Uuid;

use super::Shared;
use super::error::TaxiiError;
use super::media::TAXII;

/// Bytes of statuses that are kept; the oldest go first.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A status resource.
#[derive(Serialize)]
pub(super) struct Status {
    pub(super) id: Uuid,
    pub(super) status: &'static str,
    pub(super) request_timestamp: String,
    pub(super) total_count: usize,
    pub(super) success_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) successes: Vec<Detail>,
    pub(super) failure_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<Detail>,
    pub(super) pending_count: usize,
}

/// What became of one object.
#[derive(Serialize)]
pub(super) struct Detail {
    pub(super) id: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

#[derive(Default)]
struct Kept {
    texts: HashMap<Uuid, (MemberId, String)>,
    order: VecDeque<Uuid>,
    bytes: usize,
}

/// The statuses that are kept.
#[derive(Default)]
pub(super) struct Statuses {
    kept: Mutex<Kept>,
}

impl Statuses {
    pub(super) fn keep(&self, id: Uuid, member: MemberId, text: String) {
        let mut kept = self.kept.lock();
        kept.bytes += text.len();
        kept.order.push_back(id);
        kept.texts.insert(id, (member, text));
        while kept.bytes > KEPT_BYTES_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            let gone = kept.texts.remove(&oldest).map_or(0, |(_, text)| text.len());
            kept.bytes -= gone;
        }
    }

    fn of(&self, id: Uuid, member: MemberId) -> Option<String> {
        let kept = self.kept.lock();
        kept.texts.get(&id).filter(|(owner, _)| *owner == member).map(|(_, text)| text.clone())
    }
}

pub(super) async fn read(
    State(state): Shared,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, TaxiiError> {
    let Caller::Member(member) = caller else { return Err(TaxiiError::not_found()) };
    let text =
        id.parse().ok().and_then(|id| state.statuses.of(id, member)).ok_or_else(TaxiiError::not_found)?;
    Ok(([(header::CONTENT_TYPE, TAXII)], text).into_response())
}
